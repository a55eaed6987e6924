"""What a target that keeps to Singer's words holds after the messages of all runs: upserts, and versions in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[Any, ...]


@dataclass
class Replica:
    """Rows by stream and key. `doubles` counts the records of one run whose key came before in that run."""

    rows: dict[str, dict[Key, dict[str, Any]]] = field(default_factory=dict)
    doubles: int = 0
    _versions: dict[str, dict[Key, int | None]] = field(default_factory=dict)

    def take(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """The messages of one run, in their order."""
        keys: dict[str, tuple[str, ...]] = {}
        seen: set[tuple[str, Key]] = set()
        for message in messages:
            stream = message.get("stream", "")
            if message["type"] == "SCHEMA":
                keys[stream] = tuple(message["key_properties"])
            elif message["type"] == "RECORD":
                record = dict(message["record"])
                key = tuple(record[name] for name in keys[stream])
                self.doubles += (stream, key) in seen
                seen.add((stream, key))
                self._put(stream, key, record, message.get("version"))
            elif message["type"] == "ACTIVATE_VERSION":
                self._activate(stream, message["version"])

    def _put(self, stream: str, key: Key, record: dict[str, Any], version: int | None) -> None:
        if record.get("_sdc_deleted_at"):
            self.rows.get(stream, {}).pop(key, None)
            return
        self.rows.setdefault(stream, {})[key] = record
        self._versions.setdefault(stream, {})[key] = version

    def _activate(self, stream: str, version: int) -> None:
        for key in [key for key, of in self._versions.get(stream, {}).items() if of != version]:
            del self._versions[stream][key]
            self.rows[stream].pop(key, None)

    def records(self, stream: str) -> list[dict[str, Any]]:
        """A stream's rows."""
        return list(self.rows.get(stream, {}).values())
