"""A whole installation per test: a sandbox, a folder for state and trail, and `meltano run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.environment import MELTANO, plugin_environment
from demo.job import JobRun, meltano, run_job
from demo.reconcile import syspro
from sandbox.testing import Control, Running, running

JOB = "syspro-to-anaplan"


@dataclass
class Installation:
    sandbox: Running
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def control(self) -> Control:
        return self.sandbox.control

    def log(self) -> Path:
        return self.folder / f"run-{len(list(self.folder.glob('run-*.log')))}.log"

    def run(self, *options: str, **environment: str) -> JobRun:
        return run_job(JOB, self.environment | environment, self.log(), *options)

    def run_schedule(self, name: str) -> JobRun:
        return meltano(["schedule", "run", name], self.environment, self.log())

    def run_well(self, *options: str, **environment: str) -> JobRun:
        done = self.run(*options, **environment)
        assert done.code == 0, done.output[-6000:]
        return done

    def differences(self) -> list[str]:
        """Where Anaplan does not hold what SYSPRO holds; also fails when there was nothing to compare."""
        comparisons = syspro.compare(self.control, self.sandbox.info["syspro"]["companies"])
        assert all(c.expected for c in comparisons), comparisons
        return [f"{c.name}: {d}" for c in comparisons for d in c.differences]

    def odata_pages(self, table: str, since: float = 0) -> int:
        return sum(
            1
            for r in self.control.requests("syspro")
            if f"/{table}?" in r["path"] and r["status"] == 200 and r["start"] >= since
        )


@pytest.fixture(scope="session")
def servers() -> Iterator[Running]:
    with running(size="small") as sandbox:
        yield sandbox


@pytest.fixture
def installation(servers: Running, tmp_path: Path) -> Installation:
    assert MELTANO.exists(), "Meltano is not set up: run `make setup`"
    servers.control.reset()
    return Installation(servers, tmp_path, plugin_environment(servers.info, tmp_path))
