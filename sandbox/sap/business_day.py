"""One more day of business: new, back-dated, edited and reversed, with the books in balance afterwards.

Posting dates follow the seeded ones; what SAP stamps itself (creation and change) carries the sandbox's clock, so that
several days of business on one day of the clock share their change dates.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import second, timestamp
from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.posting.invoices import next_invoice
from sandbox.sap.seed import chart, names
from sandbox.sap.seed.calendar import FOREVER, TODAY, decimal
from sandbox.sap.seed.ledger import expense
from sandbox.sap.seed.lookup import open_invoice, some_supplier
from sandbox.sap.seed.orders import FIRST_ORDER, drawn_order, write_orders
from sandbox.sap.seed.organisation import COMPANIES, cost_center, cost_center_text, cost_centers_of
from sandbox.sap.seed.partners import Partner, write_partners
from sandbox.sap.seed.payables import Charge, Invoice, book_invoices, pay

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.sap.journal import Journal
    from sandbox.sap.odata.writes import Function
    from sandbox.sap.schema import Stored
    from sandbox.sap.seed.organisation import Company
    from sandbox.sap.store import Row, Store

Counts = dict[str, dict[str, int]]
KINDS = ("new", "edited", "back_dated", "reversed")
_BACK_DAYS = 60
_NEW_SUPPLIERS = 390_000
_NEW_ACCOUNTS = 65_500_000


def date_of(day: int) -> date:
    """The ``day``-th business day after the seeded last one."""
    when = TODAY
    for _ in range(day):
        when += timedelta(1)
        while when.weekday() > 4:
            when += timedelta(1)
    return when


class BusinessDay:
    """Business on demand. ``cancel`` is the function import of that name, ``now`` the time that SAP stamps."""

    def __init__(
        self, store: Store, journal: Journal, cancel: Function, now: Callable[[], datetime], seed: int
    ) -> None:
        self._store = store
        self._journal = journal
        self._cancel = cancel
        self._now = now
        self._seed = seed

    def run(self, day: int) -> Counts:
        """Do the business of a day; per kind of change and table, how many rows. StoreError when done before."""
        with self._store.transaction():
            counts: Counts = {kind: {} for kind in KINDS}
            _Day(self._store, self._journal, Random(f"{self._seed}/sap/day {day}"), day, self._now(), counts).run(
                self._cancel
            )
        return {kind: dict(sorted(tables.items())) for kind, tables in counts.items()}


class _Day:
    def __init__(
        self, store: Store, journal: Journal, rng: Random, number: int, moment: datetime, counts: Counts
    ) -> None:
        self._store = store
        self._journal = journal
        self._rng = rng
        self._number = number
        self._moment = moment
        self._counts = counts
        self._date = date_of(number)
        self._company: Company = COMPANIES[number % len(COMPANIES)]

    def run(self, cancel: Function) -> None:
        """The day, in the order in which things happen: masters before the postings that use them."""
        center, account = self._new_cost_center(), self._new_account()
        self._rename_cost_center()
        self._move_cost_center(center)
        self._rename_account()
        self._rename_supplier()
        supplier = self._new_supplier()
        self._post(
            Entry(
                self._company.code, "SA", self._date, self._date,
                (
                    EntryLine(account, decimal(123_456), self._company.currency, "New account", center),
                    EntryLine(chart.ACCRUALS, decimal(-123_456), self._company.currency, "New account"),
                ),
                header_text=f"Day {self._number}", user="GL_ACCT",
            ),
            "new",
        )  # fmt: skip
        self._invoice(supplier, account, center)
        for _ in range(2):
            other = some_supplier(self._store, self._rng)
            centers = cost_centers_of(self._store, other.company.code)
            self._invoice(other, self._rng.choice(chart.expense_accounts(self._store)), self._rng.choice(centers))
        self._ordinary_entries()
        self._reverse_old_entry()
        self._pay_open_invoice()
        self._change_order()
        self._new_order()
        self._cancel_invoice(cancel)

    def _count(self, kind: str, table: str, rows: int = 1) -> None:
        self._counts[kind][table] = self._counts[kind].get(table, 0) + rows

    def _insert(self, table: str, *rows: Row) -> None:
        self._store.insert(table, rows)
        self._count("new", table, len(rows))

    def _update(self, table: str, key: Row, values: Row) -> None:
        self._store.update(table, key, values)
        self._count("edited", table)

    def _one(self, sql: str, *parameters: Stored) -> tuple[str, ...] | None:
        """A row drawn from the query's result, always the same for the same day and data."""
        rows = self._store.connection.execute(f"{sql} LIMIT 500", parameters).fetchall()
        return self._rng.choice(rows) if rows else None

    def _post(self, entry: Entry, kind: str) -> tuple[str, str]:
        posted = self._journal.post(entry, created=self._moment)
        self._count(kind, "JournalHeader")
        self._count(kind, "JournalLine", 2 * len(entry.lines))
        return posted

    def _new_cost_center(self) -> str:
        company, start = self._company, "2026-01-01"
        number = f"{int(company.digits) * 1_000_000 + 190_000 + self._number:010d}"
        row = cost_center(
            company, number, start, FOREVER, f"{company.code}-SLS", "YB103", "YB15", "V", f"{self._moment:%Y-%m-%d}"
        )
        clock = f"{self._moment:%H:%M:%S}"
        self._insert("CostCenter", {**row, "CostCenterCreationTime": clock, "CostCenterLastChangedAtTime": clock})
        text = cost_center_text(number, FOREVER, start, "EN", f"Project {self._number}")
        self._insert("CostCenterText", text)
        return number

    def _new_account(self) -> str:
        account, changed = f"{_NEW_ACCOUNTS + self._number:010d}", second(self._moment)
        template = self._store.get("GLAccount", {"ChartOfAccounts": CHART, "GLAccount": "0065000000"}) or {}
        self._insert("GLAccount", {
            **template, "GLAccount": account, "GLAccountExternal": account.lstrip("0"), "LastChangeDateTime": changed,
            "CreationDate": f"{self._moment:%Y-%m-%d}", "CreatedByUser": "GL_ACCT",
        })  # fmt: skip
        for language, name in (("EN", f"Project costs {self._number}"), ("DE", f"Projektkosten {self._number}")):
            self._insert("GLAccountText", chart.account_text(account, language, name, name, changed[:19]))
        return account

    def _touch_cost_center(self, key: Row, values: Row) -> None:
        self._update("CostCenter", key, {
            **values, "CostCenterLastChangedOnDate": f"{self._moment:%Y-%m-%d}",
            "CostCenterLastChangedAtTime": f"{self._moment:%H:%M:%S}", "CostCenterLastChangedByUser": "CONTROLLER",
        })  # fmt: skip

    def _some_cost_center(self, but: str) -> Row:
        found = self._one(
            'SELECT "CostCenter" FROM "CostCenterText" WHERE "Language" = \'EN\' AND "ValidityEndDate" = ?'
            ' AND "CostCenter" <> ? ORDER BY "CostCenter"',
            FOREVER, but,
        )  # fmt: skip
        number = found[0] if found else but
        return {"ControllingArea": CONTROLLING_AREA, "CostCenter": number, "ValidityEndDate": FOREVER}

    def _rename_cost_center(self) -> None:
        key = self._some_cost_center("")
        name = f"Renamed {self._number}"
        text = {"CostCenterName": name, "CostCenterDescription": f"{name}: «neu» & more"}
        self._update("CostCenterText", {**key, "Language": "EN"}, {**text})
        self._touch_cost_center(key, {})

    def _move_cost_center(self, but: str) -> None:
        key = self._some_cost_center(but)
        row = self._store.get("CostCenter", key) or {}
        area = "ADM" if not str(row["CostCenterStandardHierArea"]).endswith("ADM") else "FIN"
        self._touch_cost_center(key, {"CostCenterStandardHierArea": f"{row['CompanyCode']}-{area}"})

    def _rename_account(self) -> None:
        """Only the text's own time stamp moves."""
        found = self._one('SELECT "GLAccount" FROM "GLAccountText" WHERE "Language" = \'EN\' ORDER BY "GLAccount"')
        if found:
            key: Row = {"ChartOfAccounts": CHART, "GLAccount": found[0], "Language": "EN"}
            name = f"Renamed {self._number}"
            changed = second(self._moment)
            values: Row = {"GLAccountName": name, "GLAccountLongName": name, "LastChangeDateTime": changed}
            self._update("GLAccountText", key, values)

    def _rename_supplier(self) -> None:
        """Its business partner tells that it changed; the supplier has no date of its own."""
        supplier = some_supplier(self._store, self._rng)
        name = f"{supplier.name.partition(' (since day')[0][:30]} (since day {self._number})"
        self._update("Supplier", {"Supplier": supplier.number}, {"SupplierName": name, "SupplierFullName": name})
        self._update("BusinessPartner", {"BusinessPartner": supplier.number}, {
            "BusinessPartnerName": name, "BusinessPartnerFullName": name, "OrganizationBPName1": name[:40],
            "SearchTerm1": names.search_term(name), "LastChangedByUser": "BUYER", **self._stamps(),
        })  # fmt: skip

    def _stamps(self) -> Row:
        return {
            "LastChangeDate": f"{self._moment:%Y-%m-%d}", "LastChangeTime": f"{self._moment:%H:%M:%S}",
            "ETag": f"BUYER{self._moment:%Y%m%d%H%M%S}",
        }  # fmt: skip

    def _new_supplier(self) -> Partner:
        company = self._company
        number = f"{int(company.digits) * 1_000_000 + _NEW_SUPPLIERS + self._number:010d}"
        name = f"{names.company_name(self._rng)} {self._number}"
        place = self._rng.choice(names.CITIES)
        partner = Partner(number, name, company, place, True, False, f"{self._moment:%Y-%m-%d}")
        write_partners(self._store, self._rng, [partner])
        self._store.update("BusinessPartner", {"BusinessPartner": number}, self._stamps())
        for table in ("BusinessPartner", "Supplier", "SupplierCompany"):
            self._count("new", table)
        return partner

    def _invoice(self, supplier: Partner, account: str, center: str) -> None:
        charge = Charge(self._rng.randint(10_000, 500_000), account, center, text=f"Day {self._number}")
        reference = f"D{self._number}-{self._rng.randrange(16**6):06X}"
        invoice = Invoice(next_invoice(self._store), supplier, self._date, reference, (charge,))
        posted = book_invoices(self._store, self._journal, self._rng, [invoice], self._moment)[0]
        for table, rows in (("SupplierInvoice", 1), ("JournalHeader", 1), ("JournalLine", 2 * int(posted.item))):
            self._count("new", table, rows)

    def _ordinary_entries(self) -> None:
        """Some of today, one of two months ago that is entered only now."""
        accounts = chart.expense_accounts(self._store)
        for kind, when in (("new", self._date), ("back_dated", self._date - timedelta(_BACK_DAYS))):
            for company in COMPANIES:
                centers = cost_centers_of(self._store, company.code)
                self._post(expense(self._rng, company, when, accounts, centers), kind)

    def _reverse_old_entry(self) -> None:
        found = self._one(
            'SELECT "CompanyCode", "AccountingDocument", "FiscalYear" FROM "JournalHeader"'
            ' WHERE "AccountingDocumentType" = \'SA\' AND NOT "IsReversed" AND NOT "IsReversal"'
            ' AND "PostingDate" < ? ORDER BY "PostingDate" DESC, "AccountingDocument"',
            (self._date - timedelta(30)).isoformat(),
        )
        if found:
            self._journal.reverse(found[0], found[1], found[2], self._date, "01", self._moment)
            self._count("reversed", "JournalHeader")

    def _pay_open_invoice(self) -> None:
        posted = open_invoice(self._store, self._rng, self._date)
        if posted is not None:
            pay(self._journal, self._date, [posted], self._moment)
            self._count("new", "JournalHeader")
            self._count("new", "JournalLine", 4)

    def _change_order(self) -> None:
        """One piece more: the item has no time stamp, the header's moves."""
        found = self._one('SELECT "PurchaseOrder", "PurchaseOrderItem" FROM "PurchaseOrderItem" ORDER BY 1, 2')
        if not found:
            return
        key: Row = {"PurchaseOrder": found[0], "PurchaseOrderItem": found[1]}
        item = self._store.get("PurchaseOrderItem", key) or {}
        quantity, price = int(item["OrderQuantity"] or 0) + 1000, int(item["NetPriceAmount"] or 0)
        value = quantity * price // 1000
        self._update(
            "PurchaseOrderItem", key, {"OrderQuantity": quantity, "NetAmount": value, "EffectiveAmount": value}
        )
        self._update(
            "PurchaseOrderScheduleLine", {**key, "ScheduleLine": "0001"}, {"ScheduleLineOrderQuantity": quantity}
        )
        changed = timestamp(self._moment)
        self._update("PurchaseOrder", {"PurchaseOrder": found[0]}, {"LastChangeDateTime": changed})

    def _new_order(self) -> None:
        supplier = some_supplier(self._store, self._rng)
        accounts, centers = chart.expense_accounts(self._store), cost_centers_of(self._store, supplier.company.code)
        number = self._store.next_number("", "", "EBELN", FIRST_ORDER)
        order = drawn_order(self._rng, number, supplier, self._date, accounts, centers)
        write_orders(self._store, self._rng, [order])
        changed = timestamp(self._moment)
        created = f"{self._moment:%Y-%m-%d}"
        self._store.update(
            "PurchaseOrder", {"PurchaseOrder": order.number}, {"LastChangeDateTime": changed, "CreationDate": created}
        )
        self._count("new", "PurchaseOrder")
        self._count("new", "PurchaseOrderItem", len(order.items))

    def _cancel_invoice(self, cancel: Function) -> None:
        """An older invoice that nobody paid; none of its dates tells of it."""
        posted = open_invoice(self._store, self._rng, self._date)
        if posted is None:
            return
        cancel({
            "SupplierInvoice": posted.number, "FiscalYear": posted.fiscal_year, "PostingDate": self._date,
            "ReversalReason": "01",
        })  # fmt: skip
        self._count("reversed", "SupplierInvoice")
        self._count("reversed", "JournalHeader")
        self._count("new", "SupplierInvoice")
