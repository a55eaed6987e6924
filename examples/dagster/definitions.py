"""Meltano's jobs and schedules as Dagster's: what a worker's code server loads.

A worker is one host with a checkout of this project. It serves the jobs that WORKER_JOBS names (comma-separated; all
when it is not set), and their runs are processes on it. A job belongs to one worker: what keeps two hosts apart
beyond that is the connectors' own coordination, not the orchestrator.

Variables: MELTANO_PROJECT (folder of meltano.yml), MELTANO_BIN, MELTANO_ENVIRONMENT, WORKER_JOBS, WORKER_LOCKS
(folder on this host's own disk).
"""

# Without `from __future__ import annotations`: Dagster reads the annotations of what it calls.

import fcntl
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Path(os.environ.get("MELTANO_PROJECT", ROOT))
MELTANO = os.environ.get("MELTANO_BIN", str(ROOT / ".venv-meltano" / "bin" / "meltano"))
ENVIRONMENT = os.environ.get("MELTANO_ENVIRONMENT", "prod")
LOCKS = Path(os.environ.get("WORKER_LOCKS", Path.home() / ".local" / "state" / "connector-kit" / "jobs"))

# How long a stopped run may take to cancel its Anaplan task and to leave its sessions.
_LAST_WORDS = 60.0
_STARTING = 120.0
_LINES_OF_A_FAILURE = 15
# What a schedule adds to the environment, such as TAP_SYSPRO_FULL_SWEEP.
_CONFIG = {"env": dg.Field(dg.Map(str, str), default_value={})}
_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def project(kind: str) -> list[dict[str, Any]]:
    """The entries of `jobs` or `schedules` in meltano.yml and the files that it includes."""
    main = yaml.safe_load((PROJECT / "meltano.yml").read_text("utf-8"))
    files = [path for pattern in main.get("include_paths", ()) for path in sorted(PROJECT.glob(pattern))]
    parts = [main, *(yaml.safe_load(path.read_text("utf-8")) or {} for path in files)]
    return [entry for part in parts for entry in part.get(kind) or ()]


def dagster_name(name: str) -> str:
    """Dagster's names have no hyphens."""
    return name.replace("-", "_")


@contextmanager
def alone(job: str) -> Iterator[int | None]:
    """A file's number when no other process of this worker runs the job, else None.

    Who gets the file passed on holds the lock, too: a run whose own process was killed is not over while its `meltano`
    lives. The kernel frees the lock of processes that died.
    """
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / f"{job}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()


def meltano_job(name: str) -> dg.JobDefinition:
    """One Meltano job as one step: its tasks keep their order, and Meltano writes the state of each."""

    @dg.op(name=f"run_{dagster_name(name)}", tags={"kind": "meltano"}, config_schema=_CONFIG)
    def run(context: dg.OpExecutionContext) -> None:
        with alone(name) as lock:
            if lock is None:
                raise dg.Failure(f"{name} is still running on this worker.", allow_retries=False)
            # --force: this worker knows that nobody runs the job. Meltano alone would wait five minutes after a kill.
            command = [MELTANO, f"--environment={ENVIRONMENT}", "run", "--force", name]
            code, last = _streamed(context, command, {**os.environ, "NO_COLOR": "1", **context.op_config["env"]}, lock)
        if code:
            raise dg.Failure(f"meltano run {name} ended with {code}:\n{last}")

    @dg.job(name=dagster_name(name), description=f"meltano run {name}")
    def job() -> None:
        run()

    return job


def _streamed(
    context: dg.OpExecutionContext, command: list[str], environment: Mapping[str, str], lock: int
) -> tuple[int, str]:
    """Run a command, its lines in the run's compute log; its exit code and its last lines.

    When the run is stopped in Dagster, the command gets SIGTERM and the time to clean up. A process group of its own
    would survive this worker: it stays in ours.
    """
    lines: deque[str] = deque(maxlen=_LINES_OF_A_FAILURE)
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=PROJECT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[lock],
    )
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
        return process.wait(), "".join(lines)
    except BaseException:
        context.log.warning("Stopped: %s gets SIGTERM", command[-1])
        process.send_signal(signal.SIGTERM)
        process.wait(_LAST_WORDS)
        raise
    finally:
        if process.poll() is None:
            process.kill()


def meltano_schedule(entry: Mapping[str, Any], job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """A Meltano schedule. It is switched on in Dagster; while the job still runs, a tick is skipped."""
    env = {name: str(value) for name, value in (entry.get("env") or {}).items()}

    @dg.schedule(name=dagster_name(entry["name"]), job=job, cron_schedule=entry["interval"])
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        with alone(entry["job"]) as lock:
            if lock is None:
                return dg.SkipReason(f"{entry['job']} is still running.")
            end_lost_runs(context.instance, job.name)
        return dg.RunRequest(run_config={"ops": {f"run_{job.name}": {"config": {"env": env}}}})

    return schedule


def end_lost_runs(instance: dg.DagsterInstance, job: str) -> list[str]:
    """Runs that Dagster takes for running although nobody does: their process or their host died. Call when `alone`.

    Dagster's own run monitoring asks the launchers of containers only.
    """
    lost = []
    for record in instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_UNFINISHED)):
        if record.start_time and time.time() - record.start_time > _STARTING:
            instance.report_run_failed(record.dagster_run, "Its worker died. The next run resumes from the last state.")
            lost.append(record.dagster_run.run_id)
    return lost


def definitions() -> dg.Definitions:
    """The jobs of this worker and their schedules."""
    served = [name for name in os.environ.get("WORKER_JOBS", "").split(",") if name]
    jobs = {e["name"]: meltano_job(e["name"]) for e in project("jobs") if not served or e["name"] in served}
    if unknown := set(served) - set(jobs):
        raise ValueError(f"WORKER_JOBS names jobs that meltano.yml does not have: {', '.join(sorted(unknown))}")
    schedules = [meltano_schedule(e, jobs[e["job"]]) for e in project("schedules") if e.get("job") in jobs]
    return dg.Definitions(jobs=list(jobs.values()), schedules=schedules)


defs = definitions()
