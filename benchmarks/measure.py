"""Run a command, or two in a pipe, and read off the wall clock and each process's peak memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# As a scheduler would start it: compiled files are kept, pipes are buffered.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}}


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds by the wall clock; the largest resident memory of any of the processes, in MB."""

    seconds: float
    megabytes: float


def measure(*commands: Sequence[str | Path], stdin: Path | None = None, stdout: Path | None = None) -> Measured:
    """Run the commands as one pipe.

    Raises:
        RuntimeError: a command failed; carries the end of what it wrote to stderr.
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context((stdin or Path(os.devnull)).open("rb"))
        sink = stack.enter_context((stdout or Path(os.devnull)).open("wb"))
        logs = [stack.enter_context(Path(f"var/bench/stderr-{n}.log").open("w+")) for n in range(len(commands))]
        started = time.monotonic()
        processes: list[subprocess.Popen[bytes]] = []
        for command, log in zip(commands, logs, strict=True):
            last = len(processes) == len(commands) - 1
            upstream = processes[-1].stdout if processes else source
            out = sink if last else subprocess.PIPE
            process = subprocess.Popen(command, stdin=upstream, stdout=out, stderr=log, env=ENVIRONMENT)
            if processes and processes[-1].stdout:
                processes[-1].stdout.close()
            processes.append(process)
        peak = 0
        for process, log in zip(processes, logs, strict=True):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = max(peak, usage.ru_maxrss)
            if process.returncode:
                log.seek(0)
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}: {log.read()[-2000:]}")
        return Measured(time.monotonic() - started, peak / 1024)


@contextlib.contextmanager
def server(*arguments: str) -> Iterator[str]:
    """One of `benchmarks.servers`; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server has no stdout")
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.communicate()
