"""One run of a Meltano job, as a scheduler would start it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.environment import MELTANO, ROOT, clean_environment


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a run ended: exit code, seconds, and all that Meltano and the plugins printed."""

    code: int
    seconds: float
    output: str

    def problems(self) -> list[str]:
        """The lines that a person should read."""
        words = (" error ", "[error", "ERROR", "CRITICAL", "WARNING", "[warning")
        return [line for line in self.output.splitlines() if any(word in line for word in words)]


def run_job(job: str, environment: Mapping[str, str], log: Path) -> JobRun:
    """`meltano run JOB` in the environment `sandbox`; its output also goes to the file `log`."""
    return meltano(["run", job], environment, log)


def meltano(command: Sequence[str], environment: Mapping[str, str], log: Path, timeout: float = 600) -> JobRun:
    """A Meltano command in the environment `sandbox`."""
    started = time.monotonic()
    done = subprocess.run(
        [MELTANO, "--environment", "sandbox", *command],
        cwd=ROOT,
        env=clean_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        umask=0o077,  # Meltano writes settings and state by it
        text=True,
        timeout=timeout,
        check=False,
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout, encoding="utf-8")
    return JobRun(done.returncode, time.monotonic() - started, done.stdout)
