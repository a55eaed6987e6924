"""The streams: table, change capture and why.

Few SYSPRO tables know when a row changed, and all their dates are business dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from connector_kit.errors import ConfigurationError
from connector_kit.odata.capture import Method
from connector_kit.singer.settings import no_such_streams
from tap_syspro.tables import ROW_VERSION, known_tables

Shape = Literal["rows", "balances", "distributions"]
_NO_DATE = "no column tells when a row changed"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One stream.

    Args:
        method, column: how changes are found, and by which column.
        why: the reason for that choice, for the catalog and the README.
        date: the date column that serves `date` capture, where the default is another method.
        year, period: the columns of the fiscal period, where the table has them.
        shape: "balances" turns a year's row into one record per period; "distributions" adds the posting's header.
        asked_for: whether a setting names it: it is an error then when its table is not there.
    """

    name: str
    table: str
    method: Method
    column: str | None
    why: str
    key: tuple[str, ...] = ()
    date: str | None = None
    year: str = ""
    period: str = ""
    shape: Shape = "rows"
    asked_for: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row; empty when only the site's metadata can tell."""
        known = known_tables().get(self.table)
        return self.key or (known.key if known else ())


def _whole(name: str, table: str, why: str = _NO_DATE, **more: Any) -> Declaration:  # noqa: ANN401 - the other members
    return Declaration(name, table, "full_table", None, why, **more)


def _dated(name: str, table: str, column: str, why: str, **more: Any) -> Declaration:  # noqa: ANN401 - the other members
    return Declaration(name, table, "date", column, why, date=column, **more)


# In the order in which they are read: what others refer to comes first, so that a run that breaks off has not brought
# postings without their invoices, nor invoices without their suppliers.
SHIPPED: tuple[Declaration, ...] = (
    _whole("gl_accounts", "GenMaster"),
    _whole("suppliers", "ApSupplier"),
    _whole("supplier_addresses", "ApSupplierAddr"),
    _whole("customers", "ArCustomer"),
    _whole("customer_balances", "ArCustomerBal"),
    _whole("stock", "InvMaster"),
    _whole("stock_warehouses", "InvWarehouse", "quantities change with no date but that of the last movement"),
    _dated("ap_invoices", "ApInvoice", "JournalDate", "a back-dated invoice still gets the date of its journal"),
    _dated("ap_payments", "ApInvoicePay", "JournalDate", "payments are added, each with its journal's date"),
    _dated("ap_postings", "ApJnlSummary", "TrnDate", "posting headers are added, never edited"),
    Declaration(
        "ap_distributions",
        "ApJnlDistrib",
        "period",
        "TrnPeriod",
        "the table has no date, only the fiscal period; TrnPeriod is computed from it (YYYYMM)",
        year="TrnYear",
        period="TrnMonth",
        shape="distributions",
    ),
    _dated("ar_invoices", "ArInvoice", "InvoiceDate", "the only date of the table that every invoice has"),
    _dated("ar_payments", "ArInvoicePay", "JournalDate", "payments are added, each with its journal's date"),
    _dated(
        "ar_invoice_summaries", "ArTrnSummary", "InvoiceDate", "registers are added", year="TrnYear", period="TrnMonth"
    ),
    _dated("ar_lines", "ArTrnDetail", "InvoiceDate", "register lines are added", year="TrnYear", period="TrnMonth"),
    _whole("gl_balances", "GenHistory", "one row per account and year, edited by every posting", shape="balances"),
    _dated("gl_journals", "GenJournalCtl", "PostDate", "null until posted: unposted journals are read each time"),
    _dated(
        "gl_journal_lines",
        "GenJournalDetail",
        "EntryDate",
        "lines get the day of entry",
        year="GlYear",
        period="GlPeriod",
    ),
    _dated(
        "gl_transactions",
        "GenTransaction",
        "JnlDate",
        "posted transactions are added",
        year="GlYear",
        period="GlPeriod",
    ),
    _dated("stock_movements", "InvMovements", "EntryDate", "movements are added", year="TrnYear", period="TrnMonth"),
    _dated(
        "purchase_orders", "PorMasterHdr", "OrderEntryDate", "orders are entered with it; later edits need the sweep"
    ),
    _whole("purchase_order_lines", "PorMasterDetail", "receipts change lines of any age"),
    _dated("sales_orders", "SorMaster", "EntrySystemDate", "the day of entry, which can't be typed over"),
    _whole("sales_order_lines", "SorDetail", "shipments change lines of any age"),
)


def declarations(config: Mapping[str, Any]) -> Iterator[Declaration]:
    """The shipped streams and those of the setting `tables`, with the settings `keys` and `change_capture` applied.

    A setting that is about one stream asks for that stream.

    Raises:
        ConfigurationError: for a name that no stream has, and for a method that a stream can't use.
    """
    chosen: dict[str, str] = dict(config.get("change_capture") or {})
    keys: dict[str, list[str]] = dict(config.get("keys") or {})
    filters: dict[str, str] = dict(config.get("filters") or {})
    known: list[str] = []
    for each in (*SHIPPED, *(_further(table) for table in config.get("tables") or ())):
        known.append(each.name)
        own_key = keys.pop(each.name, None)
        method = chosen.pop(each.name, None)
        filtered = filters.pop(each.name, None)
        changed = replace(each, asked_for=bool(each.asked_for or own_key or method or filtered))
        changed = replace(changed, key=tuple(own_key)) if own_key else changed
        yield _captured(changed, method) if method else changed
    no_such_streams("tap-syspro", known, change_capture=chosen, filters=filters, keys=keys)


def _further(table: Mapping[str, Any]) -> Declaration:
    name = str(table["table"])
    column = table.get("replication_key")
    declared = Declaration(
        name=table.get("stream") or _snake(name),
        table=name,
        method="date" if column else "full_table",
        column=column,
        why="as configured",
        key=tuple(table.get("key") or ()),
        date=column,
        asked_for=True,
    )
    method = table.get("capture")
    return _captured(declared, method) if method else declared


def _captured(each: Declaration, method: str) -> Declaration:
    why = each.why if method == each.method else "as configured"
    if method == "full_table":
        return replace(each, method="full_table", column=None, why=why)
    if method == "row_version":
        return replace(
            each, method="row_version", column=ROW_VERSION, why="the site exposes row versions: they show every edit"
        )
    if method == "date" and each.date:
        return replace(each, method="date", column=each.date, why=why)
    if method == "period" and each.year:
        column = each.year.removesuffix("Year") + "Period"
        return replace(each, method="period", column=column if each.method != "period" else each.column, why=why)
    raise ConfigurationError(
        system="tap-syspro",
        subject=f"change capture of stream {each.name}",
        expected="a method that its table has columns for",
        got=method,
        hint="Use full_table or row_version, or give the stream a replication_key in `tables`.",
    )


def _snake(name: str) -> str:
    text = "".join(f"_{c.lower()}" if c.isupper() else c for c in name if c.isalnum() or c == "_")
    return text.strip("_")
