"""Is every record that the taps emitted in the trail, with an outcome, and delivered once in a batch?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connector_kit.audit.database import Database
from connector_kit.audit.export import ExportedRecord, export
from connector_kit.audit.keys import key_text

ANSWERS = {"delivered", "deleted", "rejected"}
Filter = Callable[[str, Mapping[str, Any]], bool]


def emitted(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Stream, key and record of all that the taps below a folder wrote; a last line may be half."""
    for file in sorted(folder.rglob("emitted-*")):
        keys: dict[str, list[str]] = {}
        for line in file.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                continue
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                yield stream, key_text([record[name] for name in keys[stream]]), record


def exported(url: str) -> list[ExportedRecord]:
    database = Database(url, create=False)
    try:
        with database.reading() as connection:
            return list(export(connection))
    finally:
        database.close()


def unanswered(url: str, folder: Path, wanted: Filter) -> list[tuple[str, str]]:
    """Records without an outcome, of those that a mapping takes under the ERP's own key."""
    answered = {(one.stream, one.key) for one in exported(url) if one.outcome in ANSWERS}
    asked = {(stream, key) for stream, key, record in emitted(folder) if wanted(stream, record)}
    assert asked, "nothing was emitted"
    return sorted(asked - answered)


def delivered_twice(url: str) -> list[tuple[str, str]]:
    """Keys that one batch delivered more than once."""
    times = Counter((one.batch, one.key) for one in exported(url) if one.outcome == "delivered")
    return sorted(place for place, count in times.items() if count > 1)


def in_doubt(url: str) -> list[tuple[str, str, str]]:
    """Records of batches that nobody settled."""
    return sorted({(one.stream, one.key, one.outcome) for one in exported(url) if one.outcome in {"open", "sending"}})
