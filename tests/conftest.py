"""A whole installation per test: a sandbox, a folder for state and trail, and `meltano run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.environment import MELTANO, plugin_environment
from demo.job import JobRun, meltano, run_job
from demo.reconcile import sap, syspro
from demo.reconcile.core import Comparison
from sandbox.testing import Control, Running, running


@dataclass
class Installation:
    """What every flow needs; a subclass names the job and compares both sides."""

    sandbox: Running
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    job = ""

    @property
    def control(self) -> Control:
        return self.sandbox.control

    def log(self) -> Path:
        return self.folder / f"run-{len(list(self.folder.glob('run-*.log')))}.log"

    def run(self, job: str = "", **environment: str) -> JobRun:
        return run_job(job or self.job, self.environment | environment, self.log())

    def run_schedule(self, name: str) -> JobRun:
        return meltano(["schedule", "run", name], self.environment, self.log())

    def run_well(self, job: str = "", **environment: str) -> JobRun:
        done = self.run(job, **environment)
        assert done.code == 0, done.output[-6000:]
        return done

    def compare(self) -> list[Comparison]:
        raise NotImplementedError

    def differences(self) -> list[str]:
        """Where Anaplan does not hold what the ERP holds; also fails when there was nothing to compare."""
        comparisons = self.compare()
        assert all(c.expected for c in comparisons), comparisons
        return [f"{c.name}: {d}" for c in comparisons for d in c.differences]

    def writes_since(self, moment: float) -> list[dict]:
        """Requests that changed a model or started something in it."""
        found = self.control.requests("anaplan", moment)
        return [r for r in found if r["method"] != "GET" and "/models/" in r["path"]]


class FromSyspro(Installation):
    job = "syspro-to-anaplan"

    def compare(self) -> list[Comparison]:
        return syspro.compare(self.control, self.sandbox.info["syspro"]["companies"])


class FromSap(Installation):
    job = "sap-to-anaplan"

    def compare(self) -> list[Comparison]:
        return sap.compare(self.control, self.sandbox.info["anaplan"]["models"]["S4 Finance"])


@pytest.fixture(scope="session")
def servers() -> Iterator[Running]:
    assert MELTANO.exists(), "Meltano is not set up: run `make setup`"
    with running(size="small") as sandbox:
        yield sandbox


@pytest.fixture
def from_syspro(servers: Running, tmp_path: Path) -> FromSyspro:
    servers.control.reset()
    return FromSyspro(servers, tmp_path, plugin_environment(servers.info, tmp_path))


@pytest.fixture
def from_sap(servers: Running, tmp_path: Path) -> FromSap:
    servers.control.reset()
    return FromSap(servers, tmp_path, plugin_environment(servers.info, tmp_path))
