"""A PostgreSQL that hosts reach over TCP, from the wheel's programs; it can be killed and started again."""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import psycopg


@dataclass
class Server:
    """A database folder, and the process that serves it while it runs. `port` stays the same."""

    programs: Path
    folder: Path
    address: str
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Of its superuser."""
        return f"postgresql://postgres@{self.address}:{self.port}/postgres"

    def url_of(self, user: str, password: str) -> str:
        """The URL of a user who is asked for a password."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE USER {user} PASSWORD '{password}'".encode())
            connection.execute(f"CREATE DATABASE {user} OWNER {user}".encode())
        return f"postgresql://{user}:{password}@{self.address}:{self.port}/{user}"

    def start(self) -> None:
        """Start it, and return when it answers: after a kill the old processes may still be on their way out."""
        owner = pwd.getpwuid(self.folder.stat().st_uid).pw_name if os.geteuid() == 0 else None
        addresses = ",".join({"127.0.0.1", self.address})
        command: list[str | Path] = [
            self.programs / "postgres",
            "-D",
            self.folder,
            "-h",
            addresses,
            "-p",
            str(self.port),
        ]
        end = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < end, f"PostgreSQL does not answer: {(self.folder / 'stderr').read_text()[-2000:]}"
            if self.process is None or self.process.poll() is not None:
                with (self.folder / "stderr").open("w") as errors:
                    self.process = subprocess.Popen(  # noqa: S603 - the wheel's program
                        [*command, "-k", self.folder], stdout=subprocess.DEVNULL, stderr=errors, user=owner
                    )
            time.sleep(0.1)

    def kill(self) -> None:
        """As out of memory or a power cut ends it: it says goodbye to nobody."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        """As its service manager stops it: sessions are ended, what they had begun is rolled back."""
        if self.process is not None and self.process.poll() is None:
            self.resume()
            # SIGINT, PostgreSQL's "fast" shutdown; SIGTERM would wait for the sessions' own ends.
            self.process.send_signal(2)
            self.process.wait(30)

    def hang(self) -> None:
        """It is there and answers nothing, until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on, if it hung."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for one in (pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, number)

    def _answers(self) -> bool:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def served(address: str = "127.0.0.1") -> Iterator[Server]:
    """A new server that listens on `address`. ImportError where its wheel, pgserver, does not exist."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = import_module("pgserver")
        programs = import_module("pgserver._commands").POSTGRES_BIN_PATH
    logging.getLogger("pgserver").disabled = True
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has little room
    try:
        # It makes the database and, for root, the user that it runs as; on a socket only, so it is started again.
        pgserver.get_server(folder, cleanup_mode="stop").cleanup()
        rules = (folder / "pg_hba.conf").read_text()
        others = "host all postgres all trust\nhost all all all scram-sha-256\n"
        (folder / "pg_hba.conf").write_text(f"local all all trust\n{others}{rules}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(programs, folder, address, port)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
