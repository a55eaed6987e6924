"""The tables of a company database: columns, types, keys. Read once from ``columns.txt``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

Kind = Literal["varchar", "decimal", "datetime", "bit", "rowversion"]
Stored = str | int | None

_CODE = re.compile(r"^(?P<letter>[sdtbv])(?P<size>\d*)(?:\.(?P<scale>\d+))?(?P<guess>~?)$")
_KINDS: dict[str, Kind] = {"s": "varchar", "d": "decimal", "t": "datetime", "b": "bit", "v": "rowversion"}
_DATE = re.compile(r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T\d\d:\d\d:\d\d)?$")
MIDNIGHT = "T00:00:00"

# What a poll filters on: the business dates of each table.
_BOOKMARKS = {
    "ApInvoice": ("InvoiceDate", "JournalDate"),
    "ApInvoicePay": ("JournalDate",),
    "ApJnlSummary": ("TrnDate",),
    "ArInvoice": ("InvoiceDate",),
    "ArInvoicePay": ("JournalDate",),
    "ArTrnSummary": ("InvoiceDate",),
    "ArTrnDetail": ("InvoiceDate",),
    "GenJournalCtl": ("PostDate", "JournalDate"),
    "GenJournalDetail": ("EntryDate",),
    "GenTransaction": ("JnlDate",),
    "InvMovements": ("EntryDate",),
    "PorMasterHdr": ("OrderEntryDate",),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Decimals of scale 0 are stored as INTEGER, others as TEXT with all their digits: exact, and ready
    to be written; datetimes as ``YYYY-MM-DDTHH:MM:SS``; row versions as INTEGER.
    """

    name: str
    kind: Kind
    size: int = 0
    scale: int = 0
    nullable: bool = False

    @property
    def whole(self) -> bool:
        """Stored as INTEGER."""
        return self.kind in {"bit", "rowversion"} or (self.kind == "decimal" and self.scale == 0)

    @property
    def default(self) -> Stored:
        """What SYSPRO stores when nothing was entered: blank, zero, or null where nulls are allowed."""
        if self.nullable:
            return None
        if self.kind == "decimal":
            return 0 if self.scale == 0 else f"0.{'0' * self.scale}"
        return ""

    @property
    def ddl(self) -> str:
        """The column's definition for SQLite."""
        kind = "INTEGER" if self.whole else "TEXT"
        if self.nullable:
            return f'"{self.name}" {kind}'
        default = repr(self.default) if isinstance(self.default, str) else str(self.default)
        return f'"{self.name}" {kind} NOT NULL DEFAULT {default}'

    def stored(self, value: object) -> Stored:
        """``value`` as stored; ValueError, naming the column, when it does not fit."""
        if value is None:
            if not self.nullable:
                raise ValueError(f"{self.name}: null in a column that is not nullable")
            return None
        if self.kind == "varchar":
            if not isinstance(value, str) or len(value) > self.size:
                raise ValueError(f"{self.name}: expected text of up to {self.size} characters, got {value!r}")
            return value
        if self.kind == "datetime":
            if not isinstance(value, str) or not _DATE.match(value):
                raise ValueError(f"{self.name}: expected YYYY-MM-DD, got {value!r}")
            return value if "T" in value else value + MIDNIGHT
        return self._number(value)

    def _number(self, value: object) -> Stored:
        try:
            number = Decimal(str(value))
            exact = number.quantize(Decimal(1).scaleb(-self.scale))
        except InvalidOperation:
            raise ValueError(f"{self.name}: expected a number, got {value!r}") from None
        digits = self.size or 19
        if exact != number or len(exact.as_tuple().digits) > digits:
            raise ValueError(f"{self.name}: expected decimal({digits},{self.scale}), got {value!r}")
        return int(exact) if self.scale == 0 else format(exact, "f")


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its primary key (column names) and its columns in database order."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    bookmarks: tuple[str, ...] = field(default=())

    @property
    def ddl(self) -> str:
        """CREATE TABLE; without a row id, so that the key is the table's order."""
        columns = ", ".join(column.ddl for column in self.columns.values())
        key = ", ".join(f'"{name}"' for name in self.key)
        return f'CREATE TABLE "{self.name}" ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID'

    @property
    def index_ddl(self) -> list[str]:
        """CREATE INDEX for each bookmark date."""
        return [f'CREATE INDEX "{self.name}.{name}" ON "{self.name}" ("{name}")' for name in self.bookmarks]


def _column(declared: str) -> Column:
    name, code, *null = declared.split()
    match = _CODE.match(code)
    if match is None:
        raise ValueError(f"columns.txt: no type {code!r} for {name}")
    size, scale = int(match["size"] or 0), int(match["scale"] or 0)
    return Column(name, _KINDS[match["letter"]], size, scale, nullable=bool(null))


def _parse(text: str) -> dict[str, Table]:
    tables = {}
    for section in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        head, _, body = section.partition("\n")
        name, _, key = head.partition("] ")
        columns = [_column(" ".join(declared.split())) for declared in body.split(",")]
        by_name = {column.name: column for column in columns}
        # a key column is never null, whatever its type allows
        tables[name] = Table(name, tuple(key.split()), by_name, _BOOKMARKS.get(name, ()))
    return tables


TABLES = _parse((Path(__file__).parent / "columns.txt").read_text(encoding="utf-8"))
