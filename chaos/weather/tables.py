"""Which rows the weather may touch, and how: the ERP's own rules of what a change stamps and what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

from chaos.weather.events.base import NothingToActOnError, System
from sandbox.testing import Control

Row = Mapping[str, Any]
Operation = dict[str, object]
FOREVER = "9999-12-31"


def text(number: int) -> str:
    """A name that was never there before, with signs that files and filters trip over."""
    odd = ("plain", "it's", '"quoted"', "semi;colon", "Größe", "a,b", "<b>&", "100%", "tab\tless")[number % 8]
    return f"W{number} {odd}"


def amount(number: int) -> str:
    """An amount with two places, negative every third time."""
    return f"{'-' if number % 3 == 0 else ''}{number // 100}.{number % 100:02d}"


def quantity(number: int) -> str:
    """A quantity."""
    return f"{number % 1000}.000000"


def flag(number: int) -> str:
    """Y or N."""
    return "Y" if number % 2 else "N"


def zulu(moment: float) -> str:
    """A point in time as SAP's tables hold it."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%dT%H:%M:%S}.0000000Z"


def day(moment: float) -> str:
    """The UTC day of a point in time."""
    return zulu(moment)[:10]


@dataclass(frozen=True, slots=True)
class Edit:
    """A column that people change.

    ``stamp``: what else SAP changes with it, as operations, from the row and the time. ``page_table``: whose pages
    are counted (SAP: the entity set). ``hidden``: no date shows the change; a full sweep finds it.
    """

    system: System
    table: str
    key: tuple[str, ...]
    column: str
    value: Callable[[int], str]
    page_table: str = ""
    stamp: Callable[[Row, float], list[Operation]] = field(default=lambda _row, _moment: [])
    fits: Callable[[Row], bool] = field(default=lambda _row: True)
    hidden: bool = False


def _partner(row: Row, moment: float) -> list[Operation]:
    values = {"LastChangeDate": day(moment), "LastChangeTime": zulu(moment)[11:19]}
    return [_update("BusinessPartner", {"BusinessPartner": row["Supplier"]}, values)]


def _own_stamp(table: str, *key: str) -> Callable[[Row, float], list[Operation]]:
    def stamp(row: Row, moment: float) -> list[Operation]:
        return [_update(table, {name: row[name] for name in key}, {"LastChangeDateTime": zulu(moment)})]

    return stamp


def _cost_center(row: Row, moment: float) -> list[Operation]:
    key = {name: row[name] for name in ("ControllingArea", "CostCenter", "ValidityEndDate")}
    return [_update("CostCenter", key, {"CostCenterLastChangedOnDate": day(moment)})]


def _update(table: str, key: Mapping[str, object], values: Mapping[str, object]) -> Operation:
    return {"table": table, "op": "update", "key": dict(key), "values": dict(values)}


_ACCOUNT = ("ChartOfAccounts", "GLAccount", "Language")
_CENTER = ("ControllingArea", "CostCenter", "ValidityEndDate", "Language")

EDITS: dict[str, Edit] = {
    "supplier_name": Edit("syspro", "ApSupplier", ("Supplier",), "SupplierName", text),
    "supplier_hold": Edit("syspro", "ApSupplier", ("Supplier",), "OnHold", flag),
    "supplier_city": Edit("syspro", "ApSupplierAddr", ("Supplier",), "SupAddr3", text),
    "customer_name": Edit("syspro", "ArCustomer", ("Customer",), "Name", text),
    "customer_balance": Edit("syspro", "ArCustomerBal", ("Customer",), "CurrentBalance1", amount),
    "stock_on_hand": Edit("syspro", "InvWarehouse", ("StockCode", "Warehouse"), "QtyOnHand", quantity),
    "closing_balance": Edit("syspro", "GenHistory", ("Company", "GlCode", "GlYear"), "ClosingBalPer11", amount),
    "ap_balance": Edit("syspro", "ApInvoice", ("Supplier", "Invoice"), "MthInvBal1", amount),
    "ar_balance": Edit("syspro", "ArInvoice", ("Customer", "Invoice", "DocumentType"), "InvoiceBal1", amount),
    "ap_old_posting": Edit(
        "syspro",
        "ApJnlDistrib",
        ("TrnYear", "TrnMonth", "Journal", "EntryNumber", "SubEntry"),
        "DistrValue",
        amount,
        hidden=True,
    ),
    "sap_supplier_name": Edit("sap", "Supplier", ("Supplier",), "SupplierName", text, "A_Supplier", _partner),
    "sap_account_name": Edit(
        "sap",
        "GLAccountText",
        _ACCOUNT,
        "GLAccountName",
        lambda number: text(number)[:20],
        "A_GLAccountInChartOfAccounts",
        _own_stamp("GLAccountText", *_ACCOUNT),
        lambda row: row["Language"] == "EN",
    ),
    "sap_center_name": Edit(
        "sap",
        "CostCenterText",
        _CENTER,
        "CostCenterName",
        lambda number: text(number)[:20],
        "A_CostCenter_2",
        _cost_center,
        lambda row: row["Language"] == "EN" and row["ValidityEndDate"] == FOREVER,
    ),
    "sap_order_text": Edit(
        "sap",
        "PurchaseOrderItem",
        ("PurchaseOrder", "PurchaseOrderItem"),
        "PurchaseOrderItemText",
        lambda number: text(number)[:40],
        "PurchaseOrderItem",
        _own_stamp("PurchaseOrder", "PurchaseOrder"),
    ),
    "sap_old_invoice_status": Edit(
        "sap",
        "SupplierInvoice",
        ("SupplierInvoice", "FiscalYear"),
        "SupplierInvoiceStatus",
        lambda number: "5A"[number % 2],
        "A_SupplierInvoice",
        hidden=True,
    ),
}


def nth_row(rows: Sequence[dict[str, Any]], nth: int) -> dict[str, Any]:
    """One of the rows, counted round."""
    if not rows:
        raise NothingToActOnError
    return rows[nth % len(rows)]


def edit_operations(edit: Edit, row: Row, value: int, company: str, moment: float) -> list[Operation]:
    """The change and what is stamped with it, as the sandbox's control API takes them."""
    key = {name: row[name] for name in edit.key}
    operations = [_update(edit.table, key, {edit.column: edit.value(value)}), *edit.stamp(row, moment)]
    return [{"company": company, **one} for one in operations] if edit.system == "syspro" else operations


@dataclass(frozen=True, slots=True)
class Part:
    """A row of a table, with its key; ``numbered`` is the column of the key that the new number goes into."""

    table: str
    key: tuple[str, ...]
    numbered: str


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows of SYSPRO that come together under a new number, as copies of rows that are there.

    ``dated``: columns that hold the day on which it happened, which may lie back.
    """

    parts: tuple[Part, ...]
    pattern: str
    dated: tuple[str, ...] = ()

    def inserts(self, control: Control, company: str, number: int, nth: int, when: date) -> list[Operation]:
        """As the sandbox's control API takes them; the ``nth`` row of each table is copied."""
        found: list[Operation] = []
        for part in self.parts:
            row = nth_row(control.rows(company, part.table), nth)
            values: dict[str, object] = {name: value for name, value in row.items() if name != "TimeStamp"}
            values |= {name: f"{when}T00:00:00" for name in self.dated if name in values}
            values[part.numbered] = self.pattern.format(number)
            found.append({"company": company, "table": part.table, "op": "insert", "values": values})
        return found

    def deletes(self, inserted: Sequence[Operation]) -> list[Operation]:
        """The same rows are gone again, in the opposite order; none when none were inserted."""
        found: list[Operation] = []
        for part, one in reversed(list(zip(self.parts, inserted, strict=False))):
            values = one["values"]
            key = {name: values[name] for name in part.key} if isinstance(values, dict) else {}
            found.append({"company": one["company"], "table": part.table, "op": "delete", "key": key})
        return found


NEW_ROWS: dict[str, NewRows] = {
    "supplier": NewRows(
        (Part("ApSupplier", ("Supplier",), "Supplier"), Part("ApSupplierAddr", ("Supplier",), "Supplier")), "W{:04d}"
    ),
    "customer": NewRows(
        (Part("ArCustomer", ("Customer",), "Customer"), Part("ArCustomerBal", ("Customer",), "Customer")), "W{:04d}"
    ),
    "stock": NewRows((Part("InvMaster", ("StockCode",), "StockCode"),), "W-{:04d}"),
    "ap_invoice": NewRows(
        (Part("ApInvoice", ("Supplier", "Invoice"), "Invoice"),), "00000000099{:04d}",
        ("JournalDate", "InvoiceDate", "DueDate"),
    ),
    "ar_invoice": NewRows(
        (Part("ArInvoice", ("Customer", "Invoice", "DocumentType"), "Invoice"),), "00000000098{:04d}", ("InvoiceDate",)
    ),
}  # fmt: skip
"""A supplier, customer or item without documents; an invoice of somebody who is there."""
