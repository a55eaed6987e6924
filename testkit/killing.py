"""A Singer target in a process of its own, which dies by SIGKILL: at a named step, or whenever the test says so."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from testkit.forked import FORKING

_P = ParamSpec("_P")
_T = TypeVar("_T")


def start(target: str, config: dict[str, Any], text: str, out: Path, dies: str = "") -> BaseProcess:
    """Begin a run of ``target`` ("module:Class") over ``text``; what it writes to stdout goes to ``out``.

    ``dies``: "before module:Class.method" or "after module:Class.method"; with a number behind it, at that call.
    """
    process = FORKING.Process(target=_deliver, args=(target, config, text, str(out), dies))
    process.start()
    return process


def _deliver(target: str, config: dict[str, Any], text: str, out: str, dies: str) -> None:
    if dies:
        _arm(dies)
    with Path(out).open("w") as stdout:
        sys.stdout = stdout
        module, _, name = target.partition(":")
        getattr(import_module(module), name)(config=config).listen(io.StringIO(text))


def _arm(dies: str) -> None:
    when, place, *nth = dies.split()
    module, _, path = place.partition(":")
    owner_name, _, name = path.rpartition(".")
    owner = import_module(module)
    for part in owner_name.split("."):
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), when, int(nth[0]) if nth else 1))


def _deadly(method: Callable[_P, _T], when: str, nth: int) -> Callable[_P, _T]:
    calls = 0

    @wraps(method)
    def wrapped(*args: _P.args, **options: _P.kwargs) -> _T:
        nonlocal calls
        calls += 1
        if when == "before" and calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **options)
        if when == "after" and calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped
