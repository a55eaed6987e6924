"""A PostgreSQL that hosts reach over TCP, from the wheel's programs."""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest


@contextlib.contextmanager
def postgres(address: str = "127.0.0.1") -> Iterator[str]:
    """The URL of a new server that listens on `address`; skipped where the wheel does not exist."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        programs = pytest.importorskip("pgserver._commands").POSTGRES_BIN_PATH
        pgserver = pytest.importorskip("pgserver")
    logging.getLogger("pgserver").disabled = True
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has little room
    try:
        # It makes the database and, for root, the user that it runs as; on a socket only, so it is started again.
        pgserver.get_server(folder, cleanup_mode="stop").cleanup()
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        owner = pwd.getpwuid(folder.stat().st_uid).pw_name if os.geteuid() == 0 else None
        with (folder / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [
                    programs / "postgres",
                    "-D",
                    folder,
                    "-h",
                    ",".join({"127.0.0.1", address}),
                    "-p",
                    str(port),
                    "-k",
                    folder,
                ],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                user=owner,
            )
        try:
            _await(f"postgresql://postgres@127.0.0.1:{port}/postgres", process)
            yield f"postgresql://postgres@{address}:{port}/postgres"
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not _answers(url):
        assert process.poll() is None, "PostgreSQL did not start"
        assert time.monotonic() < end, "PostgreSQL does not answer"
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
