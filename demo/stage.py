"""What every scene of the demo uses: the running sandbox, Meltano jobs, and what they left in the audit trail."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from connector_kit.audit.database import Database
from connector_kit.audit.document_lines import DocumentLine
from connector_kit.audit.report import RunSummary, runs, summary
from demo.environment import ROOT
from demo.job import JobRun, run_job
from demo.reconcile.core import Comparison
from demo.report import comparison_table, run_table, say_rejects
from sandbox.testing import Control, Running

console = Console(width=110, highlight=False)


@dataclass(slots=True)
class Stage:
    """The sandbox, the folder of this demo, and the environment that its jobs run in."""

    sandbox: Running
    folder: Path
    environment: Mapping[str, str]
    agreed: bool = True
    refused: list[str] = field(default_factory=list)
    """Keys in Anaplan of rows that it rejected on purpose."""
    _jobs: list[str] = field(default_factory=list)

    @property
    def control(self) -> Control:
        """The sandbox's control API."""
        return self.sandbox.control

    def job(self, name: str, **environment: str) -> tuple[JobRun, list[RunSummary]]:
        """Run a Meltano job; what its targets wrote into the trail, the first run first. A failed job ends the demo."""
        self._jobs.append(name)
        log = self.folder / f"{len(self._jobs):02d}-{name}.log"
        started = time.time()
        with console.status(f"meltano run {name} …"):
            done = run_job(name, {**self.environment, **environment}, log)
        if done.code:
            console.print(f"[red]The job ended with exit code {done.code}.[/red] Its output is in {shown(log)}:")
            console.print("\n".join(done.problems()[-10:]) or done.output[-2000:], markup=False)
            sys.exit(1)
        return done, self._since(started)

    def load(self, title: str, source: str, job: str, **environment: str) -> list[RunSummary]:
        """Run a job and show what it did, stream by stream."""
        done, found = self.job(job, **environment)
        console.print(run_table(title, source, found, done.seconds))
        for run in found:
            say_rejects(console, run)
        console.print()
        return found

    def show(self, system: str, comparisons: Sequence[Comparison], beside: str = "Anaplan") -> None:
        """Show whether both sides hold the same, and remember when they don't."""
        console.print(comparison_table(system, comparisons, beside))
        self.agreed = self.agreed and not any(c.differences for c in comparisons)

    def _since(self, moment: float) -> list[RunSummary]:
        database = Database(self.environment["AUDIT_URL"])
        try:
            with database.reading() as connection:
                recent = [line.run for line in runs(connection, 20) if line.started >= moment]
                return [summary(connection, run) for run in reversed(recent)]
        finally:
            database.close()


def documents(found: Sequence[RunSummary]) -> list[DocumentLine]:
    """The documents that some runs posted."""
    return [line for run in found for action in run.actions for line in action.documents if line.state == "posted"]


def sent(found: Sequence[RunSummary]) -> int:
    """Rows that some runs sent."""
    return sum(action.sent for run in found for action in run.actions)


def shown(path: Path) -> str:
    """A path as one would type it from here."""
    return str(path.relative_to(ROOT))
