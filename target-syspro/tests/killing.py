"""The target in a process of its own, which dies by SIGKILL: at a named step, or whenever the test says so.

Processes are forked from a server that has imported the target before, so that one takes a tenth of a second to start.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from target_syspro.target import TargetSyspro

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["target_syspro.target", "connector_kit.documents.order", "connector_kit.audit"])


def start(config: dict[str, Any], text: str, out: Path, dies: str = "") -> multiprocessing.Process:
    """Begin a run over `text`; what it writes to stdout goes to `out`. dies: see `_arm`."""
    process = _FORKING.Process(target=_deliver, args=(config, text, str(out), dies))
    process.start()
    return process


def _deliver(config: dict[str, Any], text: str, out: str, dies: str) -> None:
    if dies:
        _arm(dies)
    with Path(out).open("w") as stdout:
        sys.stdout = stdout
        TargetSyspro(config=config).listen(io.StringIO(text))


def _arm(dies: str) -> None:
    """Die at "before module:Class.method" or "after module:Class.method"; "... 3" at its third call."""
    when, place, *nth = dies.split()
    module, _, path = place.partition(":")
    owner_name, _, name = path.rpartition(".")
    owner = import_module(module)
    for part in owner_name.split("."):
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), when, int(nth[0]) if nth else 1))


def _deadly(method: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls = 0

    @wraps(method)
    def wrapped(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if when == "before" and calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **options)
        if when == "after" and calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped
