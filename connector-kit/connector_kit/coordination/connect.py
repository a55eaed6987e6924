"""From a URL to a coordinator."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote

from connector_kit.coordination.base import SYSTEM, Coordinator
from connector_kit.errors import ConfigurationError
from connector_kit.private_files import private_folder
from connector_kit.redaction import register_url

log = logging.getLogger(__name__)


def connect(url: str | None = None) -> Coordinator:
    """The coordinator behind `url`.

    - None: a file in the user's state folder; all runs of this user on this host share it.
    - `sqlite:///relative.db`, `sqlite:////absolute.db`: processes of one host; the file must be on a local disk.
    - `postgresql://user:password@host/database`: processes of several hosts. A connection pooler between must
      work per session, because locks belong to the session.

    Raises:
        ConfigurationError: another kind of URL, a folder that can't be written, a driver that is not installed.
        UnavailableError: the PostgreSQL server does not answer.
    """
    if url is None:
        return _sqlite(default_file())
    register_url(url)
    kind, separator, rest = url.partition("://")
    scheme = kind.partition("+")[0] if separator else ""
    path = unquote(rest.partition("?")[0].partition("#")[0])
    if scheme == "sqlite" and path.startswith("/") and len(path) > 1 and "\0" not in path:
        return _sqlite(Path(path[1:]))
    if scheme in {"postgresql", "postgres"}:
        from connector_kit.coordination.postgres import PostgresCoordinator  # noqa: PLC0415 - psycopg is optional

        return PostgresCoordinator(f"postgresql://{rest}")
    raise ConfigurationError(
        system=SYSTEM,
        subject="setting coordination_url",
        expected="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE",
        got=f"a URL that begins with {scheme or 'nothing'}://",
    )


def default_file() -> Path:
    """The per-user file (XDG Base Directory Specification; LOCALAPPDATA on Windows).

    A user without a writable home, as in many containers, gets one in a private folder among the temporary files.
    """
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".local" / "state") / "connector-kit"
        private_folder(folder)
        if os.access(folder, os.W_OK):
            return folder / "coordination.db"
    except (OSError, RuntimeError):  # RuntimeError: this user has no home at all
        pass
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"connector-kit-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.lstat().st_uid != user:
        raise ConfigurationError(
            system=SYSTEM,
            subject=f"folder {folder}",
            expected="a folder of this user",
            got="one of somebody else",
            hint="Set coordination_url to a file that this user may write.",
        )
    log.warning("The user's state folder can't be written; rates and locks are shared through %s", folder)
    return folder / "coordination.db"


def _sqlite(path: Path) -> Coordinator:
    from connector_kit.coordination.sqlite import SqliteCoordinator  # noqa: PLC0415 - only what is used is imported

    return SqliteCoordinator(path)
