"""Databases that are damaged, foreign or of another version, and what is packed in them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

import click
from fuzz.target import fuzzed

from connector_kit.audit import Block, Rejected, Trail, key_hash, key_text, row_digest
from connector_kit.audit.codec import Codec
from connector_kit.audit.command import cli
from connector_kit.coordination import connect
from connector_kit.errors import ConnectorError

_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-stores-"))
KEY = "A" * 43 + "="
SCHEMA = b'{"type":"SCHEMA","stream":"s","schema":{"type":"object"},"key_properties":["id"]}\n'


def _trail() -> bytes:
    path = _FOLDER / "new.db"
    with Trail.open(f"sqlite:///{path}") as trail:
        run = trail.begin_run(plugin="target-x", version="1", destination="D")
        batch = run.begin_batch(
            system="S", stream="s", scope="D/s", action="import", schema=SCHEMA, key_properties=["id"]
        )
        keys = [key_text([str(number)]) for number in range(4)]
        raws = [json.dumps({"id": number}).encode() for number in range(4)]
        batch.add(Block(0, keys, list(map(key_hash, keys)), list(map(row_digest, raws)), raws))
        batch.sending(file="s.csv")
        batch.settle(
            outcome="delivered", tasks=["T"], counts={"read": 4}, rejects=[Rejected(2, keys[2], "reason", "message")]
        )
        run.finish("delivered", "")
    return _whole(path)


def _whole(path: Path) -> bytes:
    """The database in one file, without what lies beside it."""
    copy = path.with_suffix(".copy")
    copy.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    return copy.read_bytes()


def _coordination() -> bytes:
    path = _FOLDER / "new-coordination.db"
    with connect(f"sqlite:///{path}") as coordinator:
        coordinator.limiter("x", per_minute=600).acquire()
    return _whole(path)


def _written(name: str, data: bytes) -> Path:
    folder = _FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "file.db"
    path.write_bytes(data)
    return path


TRAIL, COORDINATION = _trail(), _coordination()
_TOKENS = [b"\x00" * 64, b"\xff" * 16, b"audit_version", b"0009", b"SQLite format 3\x00", b"CREATE TABLE"]
_COMMANDS = (
    ("runs",),
    ("show",),
    ("show", "--json"),
    ("record", "s", "2"),
    ("failures",),
    ("export", "--run", "last"),
    ("replay",),
)


def _asked(path: Path) -> None:
    """Everything that a person asks of a trail."""
    failed: ConnectorError | None = None
    for command in _COMMANDS:
        try:
            _run(["--url", f"sqlite:///{path}", *command])
        except ConnectorError as error:
            failed = error
        except click.ClickException:
            continue
    if failed is not None:
        raise failed


def _run(arguments: list[str]) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with mock.patch.object(sys, "stdout", out), contextlib.suppress(SystemExit):
        cli.main(arguments, prog_name="audit", standalone_mode=False)
    out.flush()


@fuzzed(
    "stores/trail-file", TRAIL, b"", b"no database at all, but a text of some length" * 40, tokens=_TOKENS, share=0.05
)
def trail_file(data: bytes) -> None:
    path = _written("trail", data)
    _asked(path)
    with Trail.open(f"sqlite:///{path}") as trail:
        trail.begin_run(plugin="target-x", version="1", destination="D").finish("failed", "x")


@fuzzed(
    "stores/trail-values",
    json.dumps({"audit_failures.reason": "x\x1b[2J", "audit_runs.started": 1e300}),
    json.dumps({"audit_blocks.payload": "x", "audit_blocks.encoding": 9}),
    json.dumps({"audit_version.version_num": "0009"}),
    json.dumps(
        {
            "audit_schemas.message": "{",
            "audit_blocks.keys": "x",
            "audit_batches.counts": "[",
            "audit_runs.details": None,
        }
    ),
    tokens=[
        f'"{table}.{column}": '.encode()
        for table, columns in {
            "audit_runs": (
                "id",
                "plugin",
                "destination",
                "details",
                "outcome",
                "started",
                "ended",
                "message",
                "host",
                "process",
            ),
            "audit_batches": (
                "outcome",
                "counts",
                "tasks",
                "key_properties",
                "row_count",
                "file",
                "stream",
                "whole",
                "id",
            ),
            "audit_blocks": ("payload", "keys", "encoding", "seqs", "row_count", "first_seq"),
            "audit_failures": ("seq", "key_text", "key_hash", "reason", "message", "closed"),
            "audit_schemas": ("message",),
            "audit_scopes": ("key_properties",),
            "audit_version": ("version_num",),
        }.items()
        for column in columns
    ],
    share=0.1,
)
def trail_values(data: bytes) -> None:
    """What the tables hold is another program's, or was changed by hand."""
    try:
        changes = json.loads(data)
    except (ValueError, RecursionError):
        return
    path = _written("values", TRAIL)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for place, value in changes.items() if isinstance(changes, dict) else ():
            table, _, column = str(place).partition(".")
            stored = value if isinstance(value, (str, int, float, type(None))) else json.dumps(value)
            with contextlib.suppress(sqlite3.Error, OverflowError, UnicodeError):
                connection.execute(f'UPDATE "{table}" SET "{column}" = ?', (stored,))
        connection.commit()
    _asked(path)


@fuzzed("stores/coordination", COORDINATION, b"", b"text" * 2000, tokens=_TOKENS, share=0.05)
def coordination(data: bytes) -> None:
    path = _written("coordination", data)
    with connect(f"sqlite:///{path}") as coordinator:
        coordinator.limiter("x", per_minute=600_000).acquire()
        with coordinator.lock("y", purpose="p", wait_seconds=0.0) as lease:
            lease.assert_held()
        str(coordinator.status())


_CODEC = Codec.of(KEY)


@fuzzed(
    "stores/sealed",
    Codec().seal(b'{"a": 1}\n{"b": 2}'),
    _CODEC.seal(b'{"a": 1}'),
    _CODEC.seal_text("message").encode(),
    b"[1]",
)
def sealed(data: bytes) -> None:
    text = data.decode("latin-1")
    for call in (
        lambda: Codec().unseal(1, data),
        lambda: _CODEC.unseal(2, data),
        lambda: _CODEC.unseal(len(data), data),
        lambda: _CODEC.open_text(text),
        lambda: _CODEC.open_text("sealed message " + text),
        lambda: _CODEC.unseal_json(text),
    ):
        with contextlib.suppress(ConnectorError):
            call()


@fuzzed("stores/audit-key", KEY, f"{KEY}, {'B' * 43}", tokens=[b"=", b",", b"-", b"_", b"\xc3\xa4"])
def audit_key(data: bytes) -> None:
    codec = Codec.of(data.decode("utf-8", "replace"))
    if codec.keys:
        assert codec.unseal(codec.encoding, codec.seal(b"x")) == b"x"


@fuzzed(
    "stores/urls",
    "sqlite:///{}/a.db",
    "postgresql://u:p@127.0.0.1:1/d",
    "sqlite:///:memory:",
    tokens=[
        b"sqlite:////",
        b"postgres",
        b"?mode=ro",
        b"%00",
        b"%ff",
        b"\x00",
        b"..",
        b"[",
        b":99999",
        b"~x/",
        b"mysql",
    ],
    share=0.2,
)
def urls(data: bytes) -> None:
    """No database is made outside of the folder: of a path, the last part alone is taken."""
    text = data.decode("utf-8", "surrogateescape")
    here = Path.cwd()
    os.chdir(_FOLDER)
    try:
        if "postgres" not in text.lower() and not _leads_away(text):
            with contextlib.suppress(ConnectorError):
                Trail.open(text).close()
            with contextlib.suppress(ConnectorError):
                connect(text).close()
    finally:
        os.chdir(here)


def _leads_away(text: str) -> bool:
    path = unquote(text.partition("://")[2]).removeprefix("/")
    return path.startswith(("/", "~")) or ".." in path
