"""The trail and the coordination that a world's hosts share, and what becomes of databases.

Each lies in a SQLite file or in a database of a PostgreSQL server of the world's own, and can be lost, restored from an
older copy, and moved; the server can go, come back and hang.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from typing_extensions import Self

from chaos.world.room import empty
from testkit.own_postgres import Server, served

if TYPE_CHECKING:
    from chaos.clock import Clock
    from chaos.world.acts import Act
    from chaos.world.world import Said

Part = Literal["audit", "coordination"]
Kind = Literal["sqlite", "postgresql"]
PARTS: tuple[Part, ...] = ("audit", "coordination")


class Stores:
    """A context manager; SQLite at first.

    Args:
        folder: for the files.
        clock: the world's time, in which a server lives as well.
        command: runs a command of the plugins.
    """

    def __init__(self, folder: Path, clock: Clock, command: Callable[..., Said]) -> None:
        self.folder = folder
        self._clock = clock
        self._command = command
        self._stack = ExitStack()
        self._server: Server | None = None
        self._watched = 0
        self._made = 0
        self._urls: dict[Part, str] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir()
        self.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def audit_url(self) -> str:
        """Where the trail lies."""
        return self._urls["audit"]

    @property
    def coordination_url(self) -> str:
        """Where rates and leases lie."""
        return self._urls["coordination"]

    @property
    def kind(self) -> Kind:
        """What carries the trail."""
        return "postgresql" if self._urls["audit"].startswith("postgresql:") else "sqlite"

    def clear(self) -> None:
        """Both are new, and files."""
        self.up()
        empty(self.folder)
        self._urls = {part: self._new(part, "sqlite") for part in PARTS}

    def use(self, kind: Kind) -> None:
        """Both are new, in databases of this kind."""
        self._urls = {part: self._new(part, kind) for part in PARTS}

    def lose(self, part: Part) -> None:
        """Nothing of it is left."""
        url = self._urls[part]
        if url.startswith("sqlite:"):
            _remove(_file(url))
        else:
            self._administer(f'DROP DATABASE "{_name(url)}" WITH (FORCE)', f'CREATE DATABASE "{_name(url)}"')
            self._follow(url)

    def keep(self, part: Part) -> str:
        """A copy as of now, for `restore`: the URL of a database that nobody writes to."""
        return self._duplicate(part, self._urls[part])

    def restore(self, part: Part, copy: str) -> None:
        """What came after the copy was made is forgotten; the part is where the copy is, a file or in the server."""
        self._urls[part] = self._duplicate(part, copy)

    def move(self, kind: Kind) -> None:
        """The trail goes into a new database of this kind, as the command `audit copy` brings it there; coordination
        begins anew. RuntimeError when it does not go well.
        """
        target = self._new("audit", kind)
        if self._exists(self._urls["audit"]):
            said = self._command("audit", "copy", self._urls["audit"], target)
            if said.code:
                raise RuntimeError(f"audit copy: exit code {said.code}: {said.stderr}")
        self._urls = {"audit": target, "coordination": self._new("coordination", kind)}

    def free_locks(self) -> None:
        """As an administrator frees what a process holds that stands still: others may have it."""
        for file in self.folder.glob(f"{_name(self.coordination_url)}*.lock"):
            file.unlink(missing_ok=True)
        if self._server is not None:
            name = _name(self.coordination_url)
            self._administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608  a name of ours

    # The server.

    def down(self) -> None:
        """The server goes as a power cut ends it. Without one nothing happens."""
        if self._server is not None:
            self._server.kill()

    def up(self) -> None:
        """The server answers, whatever was done to it."""
        if self._server is not None:
            self._server.resume()
            self._server.start()
            self._watch(self._server)

    def hang(self) -> None:
        """The server is there and answers nothing, until `up`."""
        if self._server is not None:
            self._server.hang()

    def disturb(self, act: Act) -> None:
        """An act on the database, and its end."""
        self.down() if act.does == "SIGKILL" else self.hang()
        time.sleep(act.seconds)
        self.up()

    def _new(self, part: Part, kind: Kind) -> str:
        self._made += 1
        name = f"{part}_{self._made}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder}/{name}.db"
        self._administer(f'CREATE DATABASE "{name}"')
        url = self._url_of(name)
        self._follow(url)
        return url

    def _duplicate(self, part: Part, url: str) -> str:
        self._made += 1
        name = f"{part}_{self._made}"
        if url.startswith("sqlite:"):
            copy = self.folder / f"{name}.db"
            if _file(url).exists():
                with closing(sqlite3.connect(_file(url))) as source, closing(sqlite3.connect(copy)) as target:
                    source.backup(target)
                copy.chmod(0o600)
            return f"sqlite:///{copy}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{_name(url)}"')
        found = self._url_of(name)
        self._follow(found)
        return found

    def _exists(self, url: str) -> bool:
        return url.startswith("postgresql:") or _file(url).exists()

    def _url_of(self, name: str) -> str:
        return f"{self._running().url.rpartition('/')[0]}/{name}"

    def _administer(self, *statements: str) -> None:
        import psycopg  # noqa: PLC0415 - only for those who ask for a server

        with psycopg.connect(self._running().url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _follow(self, url: str) -> None:
        from chaos.database_time import follow  # noqa: PLC0415 - see above

        follow(self._clock.path, url, self._running().folder)

    def _running(self) -> Server:
        if self._server is None:
            self._server = self._stack.enter_context(served())
            self._watch(self._server)
        return self._server

    def _watch(self, server: Server) -> None:
        """Time stands while the server works; each start of it is another process."""
        assert server.process is not None
        if server.process.pid != self._watched:
            self._watched = server.process.pid
            self._clock.watch(self._watched)


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _remove(file: Path) -> None:
    for one in file.parent.glob(f"{file.name}*"):
        shutil.rmtree(one) if one.is_dir() else one.unlink()
