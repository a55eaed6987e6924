"""A scheduler's host and two workers, each with a disk of its own; PostgreSQL carries all that they share."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from orchestration.checkout import checkout

from demo.environment import MELTANO, ROOT, clean_environment, plugin_environment

EXAMPLE = ROOT / "examples" / "dagster"
PROGRAMS = ROOT / ".venv-dagster" / "bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, question: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)


@dataclass
class Host:
    """A machine: its folders, its environment, its processes."""

    name: str
    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str) -> None:
        log = (self.folder / "log").open("ab")
        self.processes.append(
            subprocess.Popen(
                [PROGRAMS / command[0], *command[1:]],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
        log.close()

    def said(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def programs(self) -> dict[int, str]:
        """Meltano and the plugins that it has started here."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                own = f"HOME={self.environment['HOME']}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if own and (str(MELTANO) in words or "/.meltano/" in words):
                    found[int(folder.name)] = words
        return found

    def meltano(self) -> int | None:
        """Meltano's process."""
        return next((pid for pid, words in self.programs().items() if f"{MELTANO} " in words), None)

    def may_run(self, job: str) -> bool:
        """Whether a run of the job could begin."""
        with (Path(self.environment["HOME"]) / f".local/state/connector-kit/jobs/{job}.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def kill_run(self) -> None:
        """SIGKILL to Dagster's own process of the run, as out of memory ends it: not to what it started."""
        meltano = self.meltano()
        assert meltano is not None
        parent = Path(f"/proc/{meltano}/stat").read_text().rpartition(")")[2].split()[1]
        os.kill(int(parent), signal.SIGKILL)

    def end(self, how: signal.Signals) -> None:
        """All its processes at once, as a machine that loses its power (SIGKILL) or is shut down (SIGTERM)."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        for process in self.processes:
            _wait(process)
        self.processes.clear()


@dataclass
class Fleet:
    """The installation, and questions to its database."""

    folder: Path
    server: str
    info: Mapping[str, Any]
    workers: dict[str, Host] = field(default_factory=dict)

    def url(self, database: str) -> str:
        return urlsplit(self.server)._replace(path=f"/{database}").geturl()

    def build(self, jobs: Mapping[str, str]) -> None:
        """`jobs`: what each worker serves."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            for database in ("dagster", "meltano", "connectors"):
                connection.execute(f'CREATE DATABASE "{database}"'.encode())
        ports = {name: free_port() for name in jobs}
        places = {f"WORKER_{name.upper()}_PORT": str(port) for name, port in ports.items()}
        places |= {f"WORKER_{name.upper()}_HOST": "127.0.0.1" for name in jobs}
        self.scheduler = self._host("scheduler", places)
        shutil.copy(EXAMPLE / "workspace.yaml", self.scheduler.folder)
        for name, served in jobs.items():
            host = self.workers[name] = self._host(name, {**self._meltano(name), "WORKER_JOBS": served})
            host.environment["PORT"] = str(ports[name])
            self.start(name)
        for name in jobs:
            self.await_worker(name)
        self.start_scheduler()

    def start_scheduler(self) -> None:
        self.scheduler.start("dagster-daemon", "run", "-w", "workspace.yaml")

    def start(self, name: str) -> None:
        """A worker's code server, as its service manager starts it."""
        host = self.workers[name]
        module = str(EXAMPLE / "definitions.py")
        host.start("dagster", "api", "grpc", "-h", "127.0.0.1", "-p", host.environment["PORT"], "-f", module)

    def await_worker(self, name: str) -> None:
        port = int(self.workers[name].environment["PORT"])
        until(f"worker {name}", lambda: _listens(port))

    def _host(self, name: str, environment: Mapping[str, str]) -> Host:
        folder = self.folder / name
        for part in ("home", "tmp", "dagster"):
            (folder / part).mkdir(parents=True)
        shutil.copy(EXAMPLE / "dagster.yaml", folder / "dagster")
        own = {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "DAGSTER_HOME": str(folder / "dagster"),
            "DAGSTER_PG_URL": self.url("dagster"),
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        }
        return Host(name, folder, clean_environment({**own, **environment}))

    def _meltano(self, name: str) -> dict[str, str]:
        """A checkout of the project on the worker's own disk, and the URLs that all workers have in common."""
        project = checkout(self.folder / name / "project")
        settings = plugin_environment(self.info, project)
        del settings["MELTANO_STATE_BACKEND_URI"]  # state is in Meltano's database
        shared = {key: self.url("connectors") for key in settings if key.endswith(("COORDINATION_URL", "AUDIT_URL"))}
        database = self.url("meltano").replace("postgresql:", "postgresql+psycopg:")
        return {
            **settings,
            **shared,
            "MELTANO_DATABASE_URI": database,
            "MELTANO_PROJECT": str(project),
            "MELTANO_BIN": str(MELTANO),
            "MELTANO_ENVIRONMENT": "sandbox",
        }

    def launch(self, worker: str, job: str) -> None:
        """Ask the scheduler for a run, as its page does."""
        command = [PROGRAMS / "dagster", "job", "launch", "-w", "workspace.yaml", "-l", f"worker-{worker}", "-j", job]
        host = self.scheduler
        done = subprocess.run(
            command, cwd=host.folder, env=host.environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def terminate(self, job: str) -> None:
        """Stop the job's last run, as the scheduler's page does."""
        program = (
            "import sys, dagster as dg\n"
            "with dg.DagsterInstance.get() as instance:\n"
            "    [record] = instance.get_run_records(dg.RunsFilter(job_name=sys.argv[1]), limit=1)\n"
            "    instance.report_run_canceling(record.dagster_run)\n"
            "    sys.exit(not instance.run_launcher.terminate(record.dagster_run.run_id))\n"
        )
        command = [PROGRAMS / "python", "-c", program, job]
        own = self.scheduler.environment
        done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    def tick(self, worker: str, schedule: str) -> str:
        """What a schedule's tick on this worker decides, as its code server evaluates it, two minutes later."""
        program = (
            "import sys, dagster as dg; sys.path.insert(0, sys.argv[1]); import definitions as d; d._STARTING = 0\n"
            "found = d.defs.get_schedule_def(sys.argv[2])\n"
            "with dg.DagsterInstance.get() as instance:\n"
            "    tick = found.evaluate_tick(dg.build_schedule_context(instance))\n"
            "    print(tick.skip_message or tick.run_requests[0].run_config)\n"
        )
        host = self.workers[worker]
        command = [PROGRAMS / "python", "-c", program, str(EXAMPLE), schedule]
        done = subprocess.run(command, env=host.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def runs(self, job: str) -> list[str]:
        """The states of a job's runs, oldest first."""
        with psycopg.connect(self.url("dagster")) as connection:
            found = connection.execute("SELECT status FROM runs WHERE pipeline_name = %s ORDER BY id", (job,))
            return [status for (status,) in found.fetchall()]

    def stop(self) -> None:
        for host in (self.scheduler, *self.workers.values()):
            host.end(signal.SIGTERM)


@contextlib.contextmanager
def fleet(folder: Path, server: str, info: Mapping[str, Any], jobs: Mapping[str, str]) -> Iterator[Fleet]:
    found = Fleet(folder, server, info)
    try:
        found.build(jobs)
        yield found
    finally:
        found.stop()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:  # a code server waits for its runs
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(15)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
