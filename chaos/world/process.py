"""A command of the plugins as a process of its own, forked from a server that has imported them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from chaos.patching import install
from chaos.world.acts import Act
from chaos.world.steps import Steps, arm
from testkit.forked import FORKING

_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process finds where it runs.

    variables: its environment, whole; folder: where it starts; host: "a" to "h"; clock: the file of the world's time;
    largest_file: bytes that any of its files may have; seed: of its random numbers, such as those in pauses.
    """

    variables: Mapping[str, str]
    folder: Path
    host: str = "a"
    clock: Path | None = None
    largest_file: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """What is done to a process from within: `acts` at a `Request` or a `Step`; `counted`: steps are counted anyway.
    `file`: of `Steps`. `begin`: called before the command, in its process; what it gives is called when that has ended.
    """

    file: Path
    acts: Sequence[Act] = ()
    counted: bool = False
    begin: Callable[[], Callable[[], None]] | None = None


def start(
    command: str, arguments: Sequence[str], files: tuple[int, int, int], surroundings: Surroundings, watch: Watch
) -> BaseProcess:
    """Begin a command of this environment, such as "tap-syspro".

    `files`: descriptors for its input, output and errors; the caller closes its own ones.
    """
    handed = tuple(_Handed(file) for file in files)
    everything = (_entry_point(command), [command, *arguments], handed, surroundings, watch)
    process = FORKING.Process(target=_run, args=everything, daemon=True)
    process.start()
    return process


@cache
def _entry_point(command: str) -> str:
    (found,) = {entry.value for entry in entry_points(group="console_scripts", name=command)}
    return found


class _Handed:
    """A descriptor that reaches the forked process; a number there."""

    def __init__(self, file: int) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _received, (DupFd(self._file),)


def _received(duplicate: Any) -> int:  # noqa: ANN401 - it has another class in each way of starting processes
    return int(duplicate.detach())


def _run(
    entry_point: str, command: list[str], files: tuple[int, int, int], surroundings: Surroundings, watch: Watch
) -> None:
    """In the forked process: as the command's script would run."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    # The pipe of output is written through: what a killed process had not flushed is lost, as it would be.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the process's life
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    sys.argv = command
    _settle(surroundings)
    arm(watch.acts, Steps(watch.file), counted=watch.counted)
    module, _, function = entry_point.partition(":")
    ended = watch.begin() if watch.begin else None
    try:
        getattr(import_module(module), function)()
    finally:
        if ended is not None:
            ended()


def _settle(surroundings: Surroundings) -> None:
    with contextlib.suppress(AttributeError, OSError):  # elsewhere than on Linux
        ctypes.CDLL(None).prctl(_DIES_WITH_ITS_PARENT, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(surroundings.variables)
    os.chdir(surroundings.folder)
    time.tzset()
    tempfile.tempdir = None
    random.seed(f"{surroundings.seed} {sys.argv[0]}")
    socket.gethostname = lambda: f"host-{surroundings.host}"
    if surroundings.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (surroundings.largest_file, resource.RLIM_INFINITY))
    if surroundings.clock is not None:
        install(surroundings.clock, surroundings.host)
