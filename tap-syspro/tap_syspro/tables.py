"""What is known of SYSPRO's tables: columns, types and keys of a company database, for sites without `$metadata`.

The facts come from published inspections of a real SYSPRO 7 company database and from reporting SQL over such databases
(GL tables). SYSPRO 8 has the same tables, some with wider or further columns. Types in tables.json: `s20` text of up
to 20 characters, `n14.2` decimal(14,2), `d` date, `v` row version; a question mark behind a type marks a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import msgspec

from connector_kit.odata.schema import Field, Kind

ROW_VERSION = "TimeStamp"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's key and columns."""

    key: tuple[str, ...]
    fields: tuple[Field, ...]


@lru_cache(maxsize=1)
def known_tables() -> Mapping[str, Table]:
    """The shipped tables by name."""
    raw = msgspec.json.decode(files("tap_syspro").joinpath("tables.json").read_bytes())
    return {
        name: Table(tuple(each["key"]), tuple(Field(column, _kind(code)) for column, code in each["columns"].items()))
        for name, each in raw.items()
    }


def _kind(code: str) -> Kind:
    code = code.rstrip("?")
    if code[0] == "n":
        return "integer" if code.endswith(".0") else "decimal"
    kinds: Mapping[str, Kind] = {"s": "string", "d": "date", "v": "binary"}
    return kinds[code[0]]
