"""What a stream is made of: service, entity set, change capture and why; and what settings make of the shipped ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connector_kit.errors import ConfigurationError
from connector_kit.odata.capture import Method
from connector_kit.odata.literals import Version
from connector_kit.singer.settings import no_such_streams


@dataclass(frozen=True, slots=True)
class Through:
    """A set of the same service that tells which rows changed; `columns`: the stream's columns, and that set's."""

    entity_set: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    method: Method
    column: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The documents that a stream's rows are parts of; `path`: the navigation properties that lead to the parts."""

    entity_set: str
    key: tuple[str, ...]
    path: tuple[str, ...]
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns that come from the text in one language behind a navigation property."""

    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One stream.

    Args:
        service: the path of the service.
        method, column, others: how changes are found, and by which columns (of the header, where there is one).
        why: the reason for that choice, for the catalog and the README.
        limits: columns that the settings for company codes, years, ledgers and the like apply to.
        documents: whether `start_date` applies: to documents, never to what they refer to.
        overlap: whether `lookback_days` applies: where the date is the document's and later changes move nothing.
        ranges: whether it is read by company code and fiscal year, several at once.
        select: the only columns there are, when not empty.
        further: whether it is one of the setting `services`.
        key_is_set: whether a setting gave the key, which then counts more than the tenant's metadata.
        asked_for: whether a setting names it: it is an error then when it is not there.
    """

    name: str
    service: str
    entity_set: str
    method: Method
    column: str | None
    why: str
    key: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    others_are_moments: bool = False
    limits: tuple[str, ...] = ()
    documents: bool = False
    overlap: bool = False
    ranges: bool = False
    through: tuple[Through, ...] = ()
    header: Header | None = None
    texts: Texts | None = None
    select: tuple[str, ...] = ()
    version: Version = "2.0"
    key_is_set: bool = False
    further: bool = False
    asked_for: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by which changes are found."""
        return (self.column, *self.others) if self.column else ()

    @property
    def by(self) -> str:
        """The capture in a few words, for the README, the catalog and the check."""
        if self.method == "through":
            return "through: " + ", ".join(f"{each.entity_set}.{each.column}" for each in self.through)
        if self.column is None:
            return self.method
        where = f"{self.header.entity_set}." if self.header else ""
        return f"{self.method}: " + ", ".join(f"{where}{name}" for name in (self.column, *self.others))


def version_of(service: str) -> Version:
    """The OData version that a service's path tells."""
    return "4.0" if "/odata4/" in service else "2.0"


def configured(shipped: Sequence[Declaration], config: Mapping[str, Any]) -> Iterator[Declaration]:
    """The shipped streams and those of the setting `services`, as far as `streams` names them, with `keys` and
    `change_capture` applied.

    A setting that is about one stream asks for that stream.

    Raises:
        ConfigurationError: for a name that no stream has, and for a method that a stream can't use.
    """
    chosen: dict[str, str] = dict(config.get("change_capture") or {})
    keys: dict[str, list[str]] = dict(config.get("keys") or {})
    filters: dict[str, str] = dict(config.get("filters") or {})
    wanted = dict.fromkeys(config.get("streams") or ())
    every = not wanted
    known: list[str] = []
    for each in (*shipped, *(_further(part) for part in config.get("services") or ())):
        known.append(each.name)
        own_key = keys.pop(each.name, None)
        method = chosen.pop(each.name, None)
        filtered = filters.pop(each.name, None)
        if every or each.name in wanted:
            named = bool(each.further or each.name in wanted or own_key or method or filtered)
            wanted.pop(each.name, None)
            changed = replace(each, asked_for=named)
            changed = replace(changed, key=tuple(own_key), key_is_set=True) if own_key else changed
            yield captured(changed, method) if method else changed
    no_such_streams("tap-sap-s4hana", known, change_capture=chosen, filters=filters, keys=keys, streams=wanted)


def captured(each: Declaration, method: str, why: str = "as configured") -> Declaration:
    """The stream with another change capture: its own method, or the whole table.

    Raises:
        ConfigurationError: for a method that its columns do not allow.
    """
    if method == each.method:
        return each
    if method == "full_table":
        return replace(each, method="full_table", column=None, others=(), through=(), header=None, why=why)
    raise ConfigurationError(
        system="tap-sap-s4hana",
        subject=f"change capture of stream {each.name}",
        expected=f"{each.method} or full_table" if each.method != "full_table" else "full_table",
        got=method,
        hint="For another column, read the entity set as a further stream through `services`.",
    )


def _further(part: Mapping[str, Any]) -> Declaration:
    """A stream of the setting `services`."""
    path = "/" + str(part["path"]).strip("/")
    column = part.get("replication_key")
    method: Method = part.get("capture") or ("timestamp" if column else "full_table")
    if method != "full_table" and not column:
        raise ConfigurationError(
            system="tap-sap-s4hana",
            subject=f"setting services, {part['entity_set']}",
            expected="a replication_key for its capture",
            got=f"capture {method} without one",
        )
    return Declaration(
        name=part.get("stream") or _snake(str(part["entity_set"])),
        service=path,
        entity_set=str(part["entity_set"]),
        method=method,
        column=column if method != "full_table" else None,
        why="as configured",
        key=tuple(part.get("key") or ()),
        key_is_set=bool(part.get("key")),
        further=True,
        select=tuple(part.get("select") or ()),
        documents=True,
        overlap=True,
        version=part.get("version") or version_of(path),
    )


def _snake(name: str) -> str:
    name = name.removeprefix("A_").removeprefix("I_")
    pairs = zip(" " + name, name, name[1:] + " ", strict=False)
    text = "".join(
        f"_{c.lower()}" if c.isupper() and (not before.isupper() or behind.islower()) else c.lower()
        for before, c, behind in pairs
        if c.isalnum() or c == "_"
    )
    return text.strip("_").replace("__", "_")
