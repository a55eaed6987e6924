"""An ability of a plugin: a command with its settings and input, what must stand before, and what counts after."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.testing import Control, Running
from testkit.singer import lines

Settings = dict[str, Any]
Contents = dict[str, Any]
"""What counts: by name, what has to be equal to a clean run's."""


@dataclass(frozen=True, slots=True)
class Site:
    """A sandbox and the folder in which an ability is tried."""

    sandbox: Running
    folder: Path

    @property
    def control(self) -> Control:
        """The sandbox's control API."""
        return self.sandbox.control

    def info(self, system: str, *names: str, **renamed: str) -> Settings:
        """Settings out of what the sandbox says of itself: by their names there, or setting=name."""
        told = self.sandbox.info[system]
        return {**{name: told[name] for name in names}, **{name: told[theirs] for name, theirs in renamed.items()}}

    def databases(self) -> Settings:
        """Where the trail and the coordination lie."""
        return {
            "audit_url": f"sqlite:///{self.folder}/audit.db",
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
        }


def _nothing(_: Site) -> None:
    return None


def _no_contents(_: Site) -> Contents:
    return {}


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a plugin can do.

    Args:
        name: for people, the plugin first.
        command: of the plugin.
        settings: its config for a site.
        arguments: beside --config, --catalog and --state.
        prepare: what must stand in the systems before.
        earlier: input of a run before the one that is tried, for what needs a history. A tap's history is a run of its
            own, without input.
        change: what happens in the systems between the earlier run and the one that is tried.
        text: the input, of a target.
        streams: of a tap's catalog, which are selected; None: no catalog.
        contents: what counts in the systems afterwards; a tap's records count in any case.
        volatile: columns that tell of the moment, not of the data.
        switches: of the sandbox's system.
        only: a regular expression; only requests that contain it are endpoints of this ability.
    """

    name: str
    command: str
    settings: Callable[[Site], Settings]
    arguments: tuple[str, ...] = ()
    prepare: Callable[[Site], None] = _nothing
    earlier: str | None = None
    change: Callable[[Site], None] = _nothing
    text: str = ""
    streams: Mapping[str, Sequence[str]] | None = None
    contents: Callable[[Site], Contents] = _no_contents
    only: str = ""
    volatile: tuple[str, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether it writes records."""
        return self.command.startswith("tap-") and not self.arguments

    @property
    def delivers(self) -> bool:
        """Whether it reads messages."""
        return self.command.startswith("target-")


def selected(catalog: Mapping[str, Any], streams: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The catalog with these streams selected, and of each these columns; all of it where none are named."""
    chosen: dict[str, Any] = json.loads(json.dumps(catalog))
    for entry in chosen["streams"]:
        wanted = streams.get(entry["tap_stream_id"])
        for each in entry["metadata"]:
            column = each["breadcrumb"][-1] if each["breadcrumb"] else None
            each["metadata"]["selected"] = wanted is not None and (not wanted or column is None or column in wanted)
    return chosen


def stream_of(
    name: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]], *, version: int = 1, gone: bool = True
) -> str:
    """The messages of a stream that came whole, its STATE behind them. Values are texts or numbers.

    gone: with ACTIVATE_VERSION, which says that there is nothing else.
    """
    numbers = {column for row in rows for column, value in row.items() if not isinstance(value, (str, type(None)))}
    kinds = {column: "number" if column in numbers else "string" for row in rows for column in row}
    properties = {column: {"type": [kind, "null"]} for column, kind in kinds.items()}
    end = [{"type": "ACTIVATE_VERSION", "stream": name, "version": version}] if gone else []
    return lines(
        [
            {
                "type": "SCHEMA",
                "stream": name,
                "schema": {"type": "object", "properties": properties},
                "key_properties": list(key),
            },
            *({"type": "RECORD", "stream": name, "record": dict(row), "version": version} for row in rows),
            *end,
            {"type": "STATE", "value": {"bookmarks": {name: {"version": version}}}},
        ]
    )
