"""What the project's Meltano files say of plugins, their settings and columns, jobs and schedules.

Tests and drivers that start plugins without Meltano take from here what they start them with: what is tried is what is
shipped.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_MELTANO = Path(__file__).resolve().parent.parent / "meltano"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A task of a job: the names of its extractor and its loader."""

    tap: str
    target: str

    def __str__(self) -> str:
        return f"{self.tap}-to-{self.target}"


@cache
def _project() -> list[Mapping[str, Any]]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(_MELTANO.glob("*.yml"))]


@cache
def _plugins() -> dict[str, dict[str, Any]]:
    return {
        plugin["name"]: plugin for file in _project() for kind in file.get("plugins", {}).values() for plugin in kind
    }


def lineage(name: str) -> Iterator[Mapping[str, Any]]:
    """The plugin's definition and those that it inherits from, the eldest first. KeyError: there is none."""
    plugin = _plugins()[name]
    if "inherit_from" in plugin:
        yield from lineage(plugin["inherit_from"])
    yield plugin


def command_of(name: str) -> str:
    """The command of a plugin."""
    return str(next(lineage(name))["executable"])


def can(name: str, capability: str) -> bool:
    """Whether a plugin has a capability, such as `state`."""
    return capability in next(lineage(name))["capabilities"]


def config_of(name: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A plugin's settings: those of the files, and over them those of the environment's variables, as Meltano does."""
    found: dict[str, Any] = {}
    for plugin in lineage(name):
        found |= copy.deepcopy(plugin.get("config", {}))
    kinds = {setting["name"]: setting["kind"] for setting in next(lineage(name))["settings"]}
    for plugin in lineage(name):
        prefix = plugin["name"].upper().replace("-", "_")
        for setting, kind in kinds.items():
            value = (environment or {}).get(f"{prefix}_{setting.upper()}")
            if value is not None:
                found[setting] = _read(kind, value)
    return found


def _read(kind: str, value: str) -> Any:  # noqa: ANN401 - a setting's value
    if kind in {"array", "object"}:
        return json.loads(value)
    if kind == "boolean":
        return value.lower() in {"true", "1", "yes", "on"}
    return int(value) if kind == "integer" else value


def catalog_of(name: str, discovered: Mapping[str, Any]) -> dict[str, Any]:
    """The discovered catalog with what the files select of it: all of it where they say nothing."""
    rules = [rule for plugin in lineage(name) for rule in plugin.get("select", ())] or ["*.*"]
    catalog = copy.deepcopy(dict(discovered))
    for stream in catalog["streams"]:
        parts = [rule.partition(".") for rule in rules]
        columns = [column for named, _, column in parts if fnmatchcase(stream["tap_stream_id"], named)]
        for entry in stream["metadata"]:
            column = ".".join(entry["breadcrumb"][1::2])
            chosen = any(fnmatchcase(column, rule) for rule in columns) if column else bool(columns)
            entry["metadata"]["selected"] = chosen
    return catalog


@cache
def jobs() -> Mapping[str, Sequence[Pipeline]]:
    """The jobs that are shipped, by name."""
    return {
        job["name"]: tuple(Pipeline(*task.split()) for task in job["tasks"])
        for file in _project()
        for job in file.get("jobs", ())
    }


@cache
def schedules() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """The schedules: by name, the job and the variables that it is run with."""
    return {
        schedule["name"]: (schedule["job"], schedule.get("env", {}))
        for file in _project()
        for schedule in file.get("schedules", ())
    }
