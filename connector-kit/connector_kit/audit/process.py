"""Who writes to the trail, and whether it still lives."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def host() -> str:
    """The host as far as process numbers mean something: its name, its boot, its process namespace.

    A container with the same name, or the same host after a restart, is another one.
    """
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # not Linux: the name has to do
    return "|".join(parts)


def process() -> str:
    """The process that asks: its number and when it began, because numbers are used again."""
    pid = os.getpid()
    return f"{pid}:{_began(pid)}"


def is_alive(process: str) -> bool | None:
    """Whether a process of this host (as named by `process`) lives; None when that can't be told here."""
    if sys.platform == "win32":
        return None
    pid, _, began = process.partition(":")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's, and alive
    return _began(int(pid)) == began


def _began(pid: int) -> str:
    try:
        # The command's name, in parentheses, may hold spaces; the start time is the 22nd field, the 20th after it.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
