"""Runs a plugin's command many times, each in a process of its own that starts with the imports already done.

`python forked.py MODULE` reads one case as JSON from each line of stdin and answers each with its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from connector_kit.http.retry import Retry
from connector_kit.http.session import HttpSession


def _child(module: Any, case: dict[str, Any]) -> None:
    folder = Path(case["folder"])
    os.chdir(folder)
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name, flags in ((0, case["stdin"], os.O_RDONLY), (1, "stdout", write), (2, "stderr", write)):
        os.dup2(os.open(name, flags, 0o600), number)
    os.environ.update(case["environment"])
    os.umask(case.get("umask", 0o022))
    sys.argv = [module.__name__, *case["arguments"]]
    _impatient(case.get("patience", 2.0))
    if defect := case.get("defect"):
        _break(defect)
    module.main()


def _impatient(seconds: float) -> None:
    """One retry, no long pauses, and an answer within so many seconds."""
    Retry.__init__.__defaults__ = (2, *(Retry.__init__.__defaults__ or ())[1:])
    pause = time.sleep
    time.sleep = lambda seconds: pause(min(seconds, 0.02))
    Retry.wait = lambda self, failures, retry_after: 0.01  # type: ignore[method-assign]
    HttpSession.__init__.__kwdefaults__["timeout"] = (seconds, seconds)


def _break(words: str) -> None:
    """A defect in the program: the first request ends in an exception that quotes what it was called with."""

    def request(self: object, *arguments: object, **options: object) -> object:
        try:
            {}[words]
        except KeyError as error:
            raise RuntimeError(f"what nobody expected: {words}") from error

    HttpSession.request = request  # type: ignore[method-assign,assignment]


def _run(module: Any, case: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            _child(module, case)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            sys.excepthook(*sys.exc_info())  # as the interpreter would
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    deadline = time.monotonic() + case.get("seconds", 60)
    signals = [getattr(signal, case["signal"])] if "signal" in case else []
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if signals and _there(case["signal_when"]):
            os.kill(pid, signals.pop())
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _there(pattern: str) -> bool:
    """Whether there is a file whose path is, or matches, `pattern`."""
    return any(Path("/").glob(pattern.lstrip("/")))


def _import_all(package: str) -> None:
    """What runs import when they need it."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


if __name__ == "__main__":
    plugin = importlib.import_module(sys.argv[1])
    for name in ("connector_kit", sys.argv[1].partition(".")[0]):
        _import_all(name)
    for name in ("psycopg", "keyring.backends", "cryptography.x509"):
        importlib.import_module(name)
    # Through a handle of its own: the children's stdin must not have been read ahead.
    with os.fdopen(os.dup(0)) as cases:
        for line in cases:
            print(json.dumps(_run(plugin, json.loads(line))), flush=True)
