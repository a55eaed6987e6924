"""Rows for every entity set of the CAP project, from its model alone: ten thousand and some, the same for a seed."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

HOSTILE = [
    "O'Neil", "''", "A&B", "50%", "a+b", "#1", "x/y", "(x)", "a,b", "a;b", '"q"', "back\\", "null", "%27", "a b",
    " lead", "ÄÖÜ", "äöü", "İstanbul", "ﬀ", "漢字", "😀", "é", "e\u0301", "a eq b", "Zebra", "apple", "Apple",
]  # fmt: skip
"""Texts that a filter, an address, a JSON text or an order may break on; two differ in case alone."""

ORDERS = [f"45{number:08}" for number in range(300)]
INVOICES = [f"51{number:08}" for number in range(250)]
UPPER = list(dict.fromkeys(text.upper()[:10] for text in HOSTILE))
"""The same as SAP has most keys: without small letters."""
PARTNERS = [*(f"{number:010}" for number in range(500)), *UPPER]
CENTERS = [*(f"{number:010}" for number in range(300)), *(text[:10] for text in HOSTILE)]
COMPANIES, YEARS = ["1010", "1710"], ["2025", "2026"]
DOMAINS: Mapping[str, list[str]] = {
    "CompanyCode": COMPANIES,
    "Ledger": ["0L", "2L"],
    "ChartOfAccounts": ["YCOA"],
    "GLAccount": [f"{number:010}" for number in range(10_000, 10_300)],
    "ControllingArea": ["A000"],
    "CostCenter": CENTERS,
    "ValidityEndDate": ["9999-12-31"],
    "Language": ["DE", "EN"],
    "BusinessPartner": PARTNERS,
    "AddressID": ["1", "2"],
    "Supplier": PARTNERS[::2],
    "Customer": PARTNERS[1::2],
    "PurchasingOrganization": ["1010"],
    "PurchaseOrder": ORDERS,
    "PurchasingDocument": ORDERS,
    "PurchaseOrderItem": ["00010", "00020"],
    "PurchasingDocumentItem": ["00010", "00020"],
    "AccountAssignmentNumber": ["01"],
    "ScheduleLine": ["0001"],
    "SupplierInvoice": INVOICES,
    "FiscalYear": YEARS[:1],
    "SupplierInvoiceItem": ["000001", "000002"],
    "OrdinalNumber": ["0001"],
    "TaxCode": ["V1"],
    "SupplierInvoiceTaxCounter": ["000001"],
    "AccountingDocument": [f"1{number:09}" for number in range(250)],
    "AccountingDocumentItem": ["001", "002"],
}
LINES = [("0L", "0L", company, year, document, f"{line:06}")
         for company, year in product(COMPANIES, YEARS)
         for document in DOMAINS["AccountingDocument"][:150]
         for line in (1, 2)]  # fmt: skip
LINE_KEY = ("SourceLedger", "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem")
FIXED: Mapping[str, list[str]] = {"CompanyCode": COMPANIES, "FiscalYear": YEARS, "ChartOfAccounts": ["YCOA"]}
"""Columns outside the key that settings select by."""
NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)


def fill(database: Path, definitions: Mapping[str, Any], seed: int = 12) -> int:
    """Fill all tables; how many rows."""
    rows = 0
    with sqlite3.connect(database) as connection:
        for name, entity in definitions.items():
            if entity["kind"] == "entity":
                rows += insert(connection, name, entity, keys_of(name, entity), random.Random(f"{seed} {name}"))
    return rows


def keys_of(name: str, entity: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    """The keys of a table's rows."""
    if name.endswith(".GLAccountLineItem"):
        return ({"ID": f"{at:08}", **dict(zip(LINE_KEY, line, strict=True))} for at, line in enumerate(LINES))
    columns = [column for column, each in entity["elements"].items() if each.get("key")]
    return (dict(zip(columns, values, strict=True)) for values in product(*(DOMAINS[each] for each in columns)))


def insert(
    connection: sqlite3.Connection,
    name: str,
    entity: Mapping[str, Any],
    keys: Iterable[Mapping[str, Any]],
    rng: random.Random,
) -> int:
    """Rows with these values, and random ones in all other columns."""
    columns = {column: each for column, each in entity["elements"].items() if "target" not in each}
    makers = {column: maker(column, each, rng) for column, each in columns.items()}
    if name.endswith(".A_BusinessPartner"):  # the number of its supplier and customer is the partner's
        keys = [{**key, "Supplier": key["BusinessPartner"], "Customer": key["BusinessPartner"]} for key in keys]
    rows = [[key[column] if column in key else make() for column, make in makers.items()] for key in keys]
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    connection.executemany(f"INSERT OR REPLACE INTO {table_of(name)} ({names}) VALUES ({places})", rows)
    return len(rows)


def table_of(name: str) -> str:
    """The table that CAP makes of an entity."""
    return name.replace(".", "_")


def maker(column: str, element: Mapping[str, Any], rng: random.Random) -> Callable[[], Any]:
    """What makes values of a column, null and empty ones among them."""
    if column in FIXED:
        return lambda: rng.choice(FIXED[column])
    length, scale = element.get("length", 40), element.get("scale") or 0

    def text() -> str | None:
        return rng.choice([None, "", f"{rng.randrange(10**6)}"[:length], rng.choice(HOSTILE)[:length].strip() or "x"])

    def number() -> str:
        digits = min(element.get("precision", 9), 15)
        whole = rng.randrange(-(10**digits) + 1, 10**digits)
        return str(Decimal(whole).scaleb(-scale))

    def moment() -> datetime:
        return NOW - timedelta(seconds=rng.randrange(300 * 86400))

    def there(make: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: next(value for value in iter(make, ...) if value is not None)

    makers: dict[str, Callable[[], Any]] = {
        "cds.Boolean": lambda: rng.choice([0, 1]),
        "cds.Decimal": number,
        "cds.Double": lambda: rng.randrange(1000) / 8,
        "cds.Integer": lambda: rng.randrange(200),
        "cds.Date": lambda: rng.choice([None, moment().date().isoformat()]),
        "cds.Time": lambda: rng.choice([None, f"{rng.randrange(24):02}:{rng.randrange(60):02}:00"]),
        "cds.DateTime": lambda: moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cds.Timestamp": lambda: moment().strftime("%Y-%m-%dT%H:%M:%S.") + f"{rng.randrange(1000):03}Z",
        "cds.UUID": lambda: str(UUID(int=rng.getrandbits(128))),
    }
    if column in {"CreationDate", "CostCenterCreationDate", "AccountingDocumentCreationDate"}:
        return lambda: moment().date().isoformat()
    make = makers.get(element["type"], text)
    return there(make) if element.get("notNull") else make


@dataclass(frozen=True, slots=True)
class Rows:
    """The project's rows, to be changed within one transaction."""

    connection: sqlite3.Connection
    definitions: Mapping[str, Any]

    def insert(self, name: str, rng: random.Random, **key: str) -> None:
        """A row with that key and random values."""
        insert(self.connection, name, self.definitions[name], [key], rng)

    def edit(self, name: str, text: str, **key: str) -> None:
        """Write a text into the first column that is neither key, date nor anything that settings select by."""
        column = next(
            column
            for column, each in self.definitions[name]["elements"].items()
            if each.get("type") == "cds.String" and each.get("length", 40) >= len(text) and not each.get("key")
            if column not in {**FIXED, **DOMAINS} and column not in LINE_KEY
        )
        self.put(name, column, text, **key)

    def put(self, name: str, column: str, value: str, **key: str) -> None:
        """Write a value."""
        self._run(f"UPDATE {table_of(name)} SET {column} = ?", (value,), key)

    def delete(self, name: str, **key: str) -> None:
        """The rows vanish."""
        self._run(f"DELETE FROM {table_of(name)}", (), key)

    def _run(self, statement: str, values: tuple[str, ...], key: Mapping[str, str]) -> None:
        condition = " AND ".join(f"{each} = ?" for each in key)
        self.connection.execute(f"{statement} WHERE {condition}", (*values, *key.values()))


def plain(value: Any, kind: str) -> Any:
    """A value of SQLite or of a record in one form, to be compared: dates and times as they are."""
    if value is None or kind in {"cds.String", "cds.Date", "cds.Time"}:
        return value
    if kind == "cds.Boolean":
        return bool(value)
    if kind in {"cds.Decimal", "cds.Double", "cds.Integer"}:
        return Decimal(str(value)).normalize()
    if kind in {"cds.DateTime", "cds.Timestamp"}:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return str(value).lower()


def stored(database: Path, name: str, entity: Mapping[str, Any], where: str = "1=1") -> list[dict[str, Any]]:
    """The rows of a table in comparable form."""
    kinds = {column: each["type"] for column, each in entity["elements"].items() if "target" not in each}
    with sqlite3.connect(database) as connection:
        rows = connection.execute(f"SELECT {', '.join(kinds)} FROM {table_of(name)} WHERE {where}").fetchall()
    return [{c: plain(v, kinds[c]) for c, v in zip(kinds, row, strict=True)} for row in rows]


def sent(records: Iterable[Mapping[str, Any]], entity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A stream's records in comparable form, with the columns that the table has."""
    kinds = {column: each["type"] for column, each in entity["elements"].items() if "target" not in each}
    return [{c: plain(v, kinds[c]) for c, v in record.items() if c in kinds} for record in records]


def canonical(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> list[str]:
    """Rows as sorted texts."""
    return sorted(json.dumps({c: str(row.get(c)) for c in sorted(columns)}, ensure_ascii=False) for row in rows)
