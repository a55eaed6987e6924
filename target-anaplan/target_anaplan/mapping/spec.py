"""The `mappings` setting, read into typed parts. Everything that is wrong with it is told in one message.

Columns and conditions are written in the grammar of `connector_kit.mapping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from connector_kit.mapping.columns import Column, Where, parse_columns, parse_where
from connector_kit.mapping.names import unknown_names
from target_anaplan.mapping.sums import Sums, parse_sums

Kind = Literal["import", "process", "list"]

_MADE_AMOUNTS = {"decimals", "negate", "boolean"}
_MAPPING = {
    "stream",
    "import",
    "process",
    "list",
    "file",
    "key",
    "sum",
    "where",
    "columns",
    "missing_columns",
    "delete",
    "on_reject",
    "max_reject_share",
    "skip_unchanged",
    "ignored_rows",
    "check_counts",
}


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is done for keys that vanished at the source: rows for an import, then another action."""

    import_name: str | None
    columns: tuple[Column, ...]
    action: str | None


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """One entry of `mappings`.

    key: columns that many records have alike, of which the last one wins; none where they are added up. amounts:
    columns that are made numbers or booleans; plain: those that are a field as it is.
    """

    position: int
    stream: str
    kind: Kind
    name: str
    file: str | None
    key: tuple[str, ...]
    sums: Sums | None
    amounts: frozenset[str]
    plain: frozenset[str]
    where: Where | None
    where_fields: tuple[str, ...]
    columns: tuple[Column, ...]
    blank_missing: bool
    deletion: Deletion | None
    on_reject: Literal["fail", "continue"] | None
    max_reject_share: float | None
    skip_unchanged: bool | None
    ignored_rows: Literal["unknown", "accept"] | None
    check_counts: Literal["when_told", "always", "never"] | None

    @property
    def title(self) -> str:
        """For people: "suppliers -> import Suppliers from suppliers.csv"."""
        return f"{self.stream} -> {self.action}"

    @property
    def action(self) -> str:
        """What runs: "import Suppliers from suppliers.csv"."""
        return f"{self.kind} {self.name}"


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[list[StreamMapping], list[str]]:
    """The mappings that can be read, and the faults of all of them, each with its place."""
    faults: list[str] = []
    found: list[StreamMapping] = []
    for position, entry in enumerate(entries):
        own: list[str] = []
        one = _mapping(position, entry, own)
        faults += [f"mappings[{position}] ({entry.get('stream', 'no stream')}): {fault}" for fault in own]
        if one is not None and not own:
            found.append(one)
    return found, faults


def _mapping(position: int, entry: Mapping[str, Any], faults: list[str]) -> StreamMapping | None:
    if unknown := unknown_names(entry, _MAPPING):
        faults.append(f"unknown {unknown}")
    kinds = [kind for kind in ("import", "process", "list") if entry.get(kind)]
    if len(kinds) != 1:
        faults.append("exactly one of import, process and list is needed")
    if not entry.get("stream"):
        faults.append("stream is missing")
    columns = parse_columns(entry.get("columns") or {}, faults)
    if not entry.get("columns"):
        faults.append("columns are missing")
    key = tuple(entry.get("key") or ())
    faults += [
        f"key names column {name}, which is not mapped" for name in key if name not in (entry.get("columns") or {})
    ]
    sums = parse_sums(entry, faults)
    where, where_fields = parse_where(entry.get("where") or {}, faults)
    if faults:
        return None
    return StreamMapping(
        position=position,
        stream=str(entry["stream"]),
        kind=cast("Kind", kinds[0]),
        name=str(entry[kinds[0]]),
        file=entry.get("file"),
        key=() if sums else key,
        sums=sums,
        amounts=_named(entry, lambda options: bool(_MADE_AMOUNTS & set(options))),
        plain=_named(entry, lambda options: set(options) == {"field"}),
        where=where,
        where_fields=where_fields,
        columns=columns,
        blank_missing=entry.get("missing_columns") == "blank",
        deletion=_deletion(entry.get("delete"), faults),
        on_reject=entry.get("on_reject"),
        max_reject_share=entry.get("max_reject_share"),
        skip_unchanged=entry.get("skip_unchanged"),
        ignored_rows=entry.get("ignored_rows"),
        check_counts=entry.get("check_counts"),
    )


def _named(entry: Mapping[str, Any], test: Callable[[Mapping[str, Any]], bool]) -> frozenset[str]:
    """The columns whose options pass a test."""
    columns = {
        str(name): {"field": options} if isinstance(options, str) else options
        for name, options in (entry.get("columns") or {}).items()
    }
    return frozenset(name for name, options in columns.items() if isinstance(options, dict) and test(options))


def _deletion(entry: Mapping[str, Any] | None, faults: list[str]) -> Deletion | None:
    if not entry:
        return None
    if unknown := unknown_names(entry, {"import", "columns", "action"}):
        faults.append(f"delete: unknown {unknown}")
    own: list[str] = []
    columns = parse_columns(entry.get("columns") or {}, own)
    if entry.get("import") and not columns:
        own.append("an import needs columns")
    if not entry.get("import") and not entry.get("action") and not columns:
        own.append("import, action or (for a list) columns are missing")
    faults += [f"delete: {fault}" for fault in own]
    return Deletion(entry.get("import"), columns, entry.get("action"))
