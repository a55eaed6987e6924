"""What the books hold, read straight from the journal: totals and documents, independent of OData."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.sap.catalogue import TABLES
from sandbox.sap.catalogue.values import exact, shown

if TYPE_CHECKING:
    from sandbox.sap.store import Row, Store

_DIMENSIONS = ("Ledger", "CompanyCode", "GLAccount", "FiscalYear", "FiscalPeriod", "CompanyCodeCurrency")
_NAMES = ("ledger", "company_code", "account", "fiscal_year", "period", "currency")


def balances(store: Store) -> list[dict[str, str]]:
    """Totals in company code currency per ledger, company code, account, fiscal year and period, as exact strings."""
    columns = ", ".join(f'"{name}"' for name in _DIMENSIONS)
    found = store.connection.execute(
        f'SELECT {columns}, SUM("AmountInCompanyCodeCurrency") FROM "JournalLine" GROUP BY {columns} ORDER BY {columns}'
    )
    return [{**dict(zip(_NAMES, row[:-1], strict=True)), "amount": exact(row[-1])} for row in found]


def documents(store: Store, reference: str) -> list[dict[str, object]]:
    """Documents with this DocumentReferenceID, each a header with its lines in all ledgers."""
    headers = list(store.select("JournalHeader", '"DocumentReferenceID" = ?', (reference,)))
    where = '"Ledger" IN (\'0L\', \'2L\') AND "CompanyCode" = ? AND "FiscalYear" = ? AND "AccountingDocument" = ?'
    return [
        {
            **_readable("JournalHeader", header),
            "lines": [
                _readable("JournalLine", line)
                for line in store.select(
                    "JournalLine",
                    where,
                    (header["CompanyCode"], header["FiscalYear"], header["AccountingDocument"]),
                )
            ],
        }
        for header in headers
    ]


def _readable(table: str, row: Row) -> dict[str, object]:
    return {name: shown(TABLES[table].columns[name], value) for name, value in row.items()}
