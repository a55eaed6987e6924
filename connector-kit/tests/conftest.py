"""Fixtures of the shared parts: both databases of coordination, and other processes."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import uuid
import warnings
from pathlib import Path

import psycopg
import pytest

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))

from local_server import serving

WORKER = Path(__file__).with_name("coordination_worker.py")


@pytest.fixture(scope="session")
def postgres_server():
    """A real PostgreSQL from a wheel; skipped where there is none for the platform."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the session's runtime folder, which it does not need
        pgserver = pytest.importorskip("pgserver")
    # A short path: the server listens on a socket in this folder.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        # It logs once more when the interpreter ends, to a stream that pytest has closed by then.
        logging.getLogger("pgserver").disabled = True
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server):
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS coordination_rate, coordination_lock, coordination_waiter")
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def coordination_url(request, tmp_path):
    """Both databases that coordination works with."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/coordination.db"
    return request.getfixturevalue("postgres_url")


class Worker:
    """Another process; it waits for `go` once it is ready."""

    def __init__(self, *arguments, script=WORKER):
        self.process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", str(script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._seen = {}

    def peek(self, key):
        """The next line that says `key`, which stays to be read."""
        while key not in self._seen:
            line = self.process.stdout.readline()
            assert line, f"no {key}: {self.process.stderr.read()}"
            self._seen.update(json.loads(line))
        return self._seen[key]

    def read(self, key):
        """The next line that says `key`."""
        self.peek(key)
        return self._seen.pop(key)

    def read_log(self, words):
        """The next line of the log with these words."""
        while True:
            line = self.process.stderr.readline()
            assert line, f"nothing logged with {words}"
            if words in line:
                return line

    def go(self):
        self.read("ready")
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def workers():
    """Starts processes, and ends them with the test."""
    started = []

    def start(*arguments, **options):
        started.append(Worker(*arguments, **options))
        return started[-1]

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()
        for stream in (worker.process.stdin, worker.process.stdout, worker.process.stderr):
            stream.close()


@pytest.fixture
def serve():
    """Starts local servers: `serve(answer)` or `serve([answer, answer, ...])`, the last of which is repeated."""
    with contextlib.ExitStack() as running:

        def start(answers, **options):
            if callable(answers):
                return running.enter_context(serving(answers, **options))
            left = list(answers)
            return running.enter_context(serving(lambda asked: left.pop(0) if len(left) > 1 else left[0], **options))

        yield start


@pytest.fixture(params=["sqlite", "postgres"])
def audit_url(request, tmp_path):
    """An empty trail: a file, or a schema of its own in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'audit.db'}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"audit_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")
