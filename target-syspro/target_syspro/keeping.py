"""The `objects` setting, read into typed parts: which stream keeps which records of SYSPRO. All faults in one message.

    objects:
      - stream: suppliers
        object: supplier                  # | customer, or business_object and root of any other setup object
        key: {Supplier: Code}
        columns: {SupplierName: Name, TermsCode: Terms, Branch: {constant: "10"}, Email: Mail}
        owns: [SupplierName, Email]       # elements that updates carry; the others are for new records only
        mode: upsert                      # | update_only | add_only
        deletes: never                    # | delete
        on_conflict: overwrite            # | keep | reject
        blanks: keep                      # | clear
        where: {Status: Approved}

Columns and conditions are written in the grammar of `connector_kit.mapping`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from connector_kit.mapping.columns import Column, Where, parse_columns, parse_where
from connector_kit.mapping.names import close_names
from connector_kit.syspro.masters import MASTERS, SetupObject, column

Mode = Literal["upsert", "update_only", "add_only"]
OnConflict = Literal["overwrite", "keep", "reject"]

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "mode": ("upsert", "update_only", "add_only"),
    "deletes": ("never", "delete"),
    "on_conflict": ("overwrite", "keep", "reject"),
    "blanks": ("keep", "clear"),
}
_OWN_OBJECT = ("business_object", "root", "table", "parameters")
_KNOWN = ("stream", "object", *_OWN_OBJECT, "elements", "key", "columns", "owns", "where", "recheck", *_CHOICES)


@dataclass(frozen=True, slots=True)
class Keeping:
    """One entry of `objects`. key and columns are named by their elements, the key's in its order.

    owns: the elements that an update carries. recheck: compare with SYSPRO also what did not change at the source.
    """

    position: int
    stream: str
    master: SetupObject
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    owns: frozenset[str]
    mode: Mode
    deletes: bool
    on_conflict: OnConflict
    clear_blanks: bool
    recheck: bool
    where: Where | None
    where_fields: tuple[str, ...]

    @property
    def title(self) -> str:
        """For people: "suppliers -> supplier"."""
        return f"{self.stream} -> {self.master.name}"

    @property
    def fields(self) -> set[str]:
        """The fields of a record that it needs."""
        return {*(field for one in (*self.key, *self.columns) for field in one.fields), *self.where_fields}


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[list[Keeping], list[str]]:
    """The entries that can be read, and the faults of all of them, each with its place."""
    found: list[Keeping] = []
    faults: list[str] = []
    for position, entry in enumerate(entries):
        own: list[str] = []
        one = _keeping(position, entry, own)
        faults += [f"objects[{position}] ({entry.get('stream', 'no stream')}): {fault}" for fault in own]
        if one is not None and not own:
            found.append(one)
    titles = [one.title for one in found]
    faults += [f"objects: {title} comes twice" for title in dict.fromkeys(titles) if titles.count(title) > 1]
    return found, faults


def _keeping(position: int, entry: Mapping[str, Any], faults: list[str]) -> Keeping | None:
    if unknown := sorted(set(entry) - set(_KNOWN)):
        faults.append(f"unknown {', '.join(unknown)} (there are {', '.join(_KNOWN)})")
    faults += [f"{name} is missing" for name in ("stream", "key") if not entry.get(name)]
    master = _master(entry, faults)
    if master is None:
        return None
    key = {one.name: one for one in parse_columns(entry.get("key") or {}, faults, of="key")}
    columns = parse_columns(entry.get("columns") or {}, faults, of="column")
    if set(key) != set(master.key) and entry.get("key"):
        faults.append(f"key is {', '.join(master.key)}, got {', '.join(key)}")
    _check_elements(master, [one.name for one in columns], faults)
    choices = {name: _choice(name, entry, among, faults) for name, among in _CHOICES.items()}
    names = [one.name for one in columns]
    owns = [str(name) for name in entry["owns"]] if entry.get("owns") is not None else names
    if strange := sorted(set(owns) - set(names)):
        faults.append(f"owns names {', '.join(strange)}, which columns do not map")
    if not master.table and choices["mode"] == "upsert":
        faults.append("upsert needs the table in which records are found (table), or let mode be update_only")
    if not master.table and choices["on_conflict"] != "overwrite":
        faults.append(f"on_conflict: {choices['on_conflict']} needs the table in which records are found (table)")
    where, where_fields = parse_where(entry.get("where") or {}, faults)
    if faults:
        return None
    return Keeping(
        position=position,
        stream=str(entry["stream"]),
        master=master,
        key=tuple(key[name] for name in master.key),
        columns=columns,
        owns=frozenset(owns),
        mode=cast("Mode", choices["mode"]),
        deletes=choices["deletes"] == "delete",
        on_conflict=cast("OnConflict", choices["on_conflict"]),
        clear_blanks=choices["blanks"] == "clear",
        recheck=bool(entry.get("recheck", False)),
        where=where,
        where_fields=where_fields,
    )


def _master(entry: Mapping[str, Any], faults: list[str]) -> SetupObject | None:
    """A shipped object, with further elements where the site has them, or one of the site's own."""
    shipped = MASTERS.get(str(entry.get("object")))
    if shipped is None and not (entry.get("business_object") and entry.get("root")):
        faults.append(f"object is one of {', '.join(MASTERS)}, or give business_object and root of another")
        return None
    if shipped is not None and (both := [name for name in _OWN_OBJECT if entry.get(name)]):
        faults.append(f"{', '.join(both)} and object exclude each other")
        return None
    made = shipped or SetupObject(
        name=str(entry.get("object") or entry["business_object"]),
        business_object=str(entry["business_object"]),
        root=str(entry["root"]),
        key=tuple(map(str, entry.get("key") or {})),
        table=str(entry.get("table") or ""),
        parameters={str(name): str(value) for name, value in (entry.get("parameters") or {}).items()},
    )
    further, tables = dict(made.fields), dict(made.tables)
    for name, told in (entry.get("elements") or {}).items():
        options = {"type": told} if isinstance(told, str) else dict(told)
        try:
            further[name] = column(name, str(options.get("type", "s")))
        except ValueError:
            faults.append(f"elements {name}: type is s50, n14.2 or d, got {options['type']}")
        if options.get("table"):
            tables[name] = str(options["table"])
    return replace(made, fields=further, tables=tables)


def _check_elements(master: SetupObject, names: list[str], faults: list[str]) -> None:
    """SYSPRO ignores elements that it does not know, so misspelled ones are found here."""
    if master.name not in MASTERS:
        return
    faults += [
        f"{master.business_object} has no element {name}{close_names(name, list(master.fields))}; "
        f"if your site has, name it in elements"
        for name in names
        if name not in master.fields
    ]
    faults += [f"{name} belongs to the key" for name in names if name in master.key]


def _choice(name: str, entry: Mapping[str, Any], among: tuple[str, ...], faults: list[str]) -> str:
    given = str(entry.get(name, among[0]))
    if given not in among:
        faults.append(f"{name} is one of {', '.join(among)}, got {given}")
    return given
