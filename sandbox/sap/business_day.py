"""One more day of business: new, back-dated, edited and reversed, with the books in balance afterwards.

Posting dates follow the seeded ones; what SAP stamps itself (creation and change) carries the sandbox's clock, so that
several days of business on one day of the clock share their change dates.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import timestamp
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.master_changes import Changes, Counts, MasterChanges
from sandbox.sap.posting.invoices import next_invoice
from sandbox.sap.seed import chart
from sandbox.sap.seed.calendar import TODAY, decimal
from sandbox.sap.seed.ledger import expense
from sandbox.sap.seed.lookup import INTEGRATION_USER, open_invoice, some_supplier
from sandbox.sap.seed.orders import FIRST_ORDER, drawn_order, write_orders
from sandbox.sap.seed.organisation import COMPANIES, cost_centers_of
from sandbox.sap.seed.partners import Partner
from sandbox.sap.seed.payables import Charge, Invoice, book_invoices, pay

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.sap.journal import Journal
    from sandbox.sap.odata.writes import Function
    from sandbox.sap.store import Row, Store

KINDS = ("new", "edited", "back_dated", "reversed")
_BACK_DAYS = 60


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
            rng = Random(f"{self._seed}/sap/day {day}")
            _Day(Changes(self._store, rng, day, self._now(), counts), self._journal).run(self._cancel)
        return {kind: dict(sorted(tables.items())) for kind, tables in counts.items()}


class _Day:
    def __init__(self, changes: Changes, journal: Journal) -> None:
        self._day = changes
        self._journal = journal
        self._date = date_of(changes.number)
        self._company = COMPANIES[changes.number % len(COMPANIES)]

    def run(self, cancel: Function) -> None:
        """The day, in the order in which things happen: masters before the postings that use them."""
        masters = MasterChanges(self._day, self._company)
        center, account = masters.new_cost_center(), masters.new_account()
        masters.rename_cost_center()
        masters.move_cost_center(center)
        masters.rename_account()
        masters.rename_supplier()
        supplier = masters.new_supplier()
        self._post(
            Entry(
                self._company.code, "SA", self._date, self._date,
                (
                    EntryLine(account, decimal(123_456), self._company.currency, "New account", center),
                    EntryLine(chart.ACCRUALS, decimal(-123_456), self._company.currency, "New account"),
                ),
                header_text=f"Day {self._day.number}", user="GL_ACCT",
            ),
            "new",
        )  # fmt: skip
        self._invoice(supplier, account, center)
        for _ in range(2):
            other = some_supplier(self._day.store, self._day.rng)
            centers = cost_centers_of(self._day.store, other.company.code)
            account = self._day.rng.choice(chart.expense_accounts(self._day.store))
            self._invoice(other, account, self._day.rng.choice(centers))
        self._ordinary_entries()
        self._reverse_old_entry()
        self._pay_open_invoice()
        self._change_order()
        self._new_order()
        self._cancel_invoice(cancel)

    def _post(self, entry: Entry, kind: str) -> tuple[str, str]:
        posted = self._journal.post(entry, created=self._day.moment)
        self._day.count(kind, "JournalHeader")
        self._day.count(kind, "JournalLine", 2 * len(entry.lines))
        return posted

    def _invoice(self, supplier: Partner, account: str, center: str) -> None:
        charge = Charge(self._day.rng.randint(10_000, 500_000), account, center, text=f"Day {self._day.number}")
        reference = f"D{self._day.number}-{self._day.rng.randrange(16**6):06X}"
        invoice = Invoice(next_invoice(self._day.store), supplier, self._date, reference, (charge,))
        posted = book_invoices(self._day.store, self._journal, self._day.rng, [invoice], self._day.moment)[0]
        for table, rows in (("SupplierInvoice", 1), ("JournalHeader", 1), ("JournalLine", 2 * int(posted.item))):
            self._day.count("new", table, rows)

    def _ordinary_entries(self) -> None:
        """Some of today, one of two months ago that is entered only now."""
        accounts = chart.expense_accounts(self._day.store)
        for kind, when in (("new", self._date), ("back_dated", self._date - timedelta(_BACK_DAYS))):
            for company in COMPANIES:
                centers = cost_centers_of(self._day.store, company.code)
                self._post(expense(self._day.rng, company, when, accounts, centers), kind)

    def _reverse_old_entry(self) -> None:
        found = self._day.one(
            'SELECT "CompanyCode", "AccountingDocument", "FiscalYear" FROM "JournalHeader"'
            ' WHERE "AccountingDocumentType" = \'SA\' AND NOT "IsReversed" AND NOT "IsReversal"'
            ' AND "PostingDate" < ? AND "AccountingDocCreatedByUser" <> ?'
            ' ORDER BY "PostingDate" DESC, "AccountingDocument"',
            (self._date - timedelta(30)).isoformat(),
            INTEGRATION_USER,  # what a plan brought is for planners to take back
        )
        if found:
            self._journal.reverse(found[0], found[1], found[2], self._date, "01", self._day.moment)
            self._day.count("reversed", "JournalHeader")

    def _pay_open_invoice(self) -> None:
        posted = open_invoice(self._day.store, self._day.rng, self._date)
        if posted is not None:
            pay(self._journal, self._date, [posted], self._day.moment)
            self._day.count("new", "JournalHeader")
            self._day.count("new", "JournalLine", 4)

    def _change_order(self) -> None:
        """One piece more: the item has no time stamp, the header's moves."""
        found = self._day.one('SELECT "PurchaseOrder", "PurchaseOrderItem" FROM "PurchaseOrderItem" ORDER BY 1, 2')
        if not found:
            return
        key: Row = {"PurchaseOrder": found[0], "PurchaseOrderItem": found[1]}
        item = self._day.store.get("PurchaseOrderItem", key) or {}
        quantity, price = int(item["OrderQuantity"] or 0) + 1000, int(item["NetPriceAmount"] or 0)
        value = quantity * price // 1000
        self._day.update(
            "PurchaseOrderItem", key, {"OrderQuantity": quantity, "NetAmount": value, "EffectiveAmount": value}
        )
        self._day.update(
            "PurchaseOrderScheduleLine", {**key, "ScheduleLine": "0001"}, {"ScheduleLineOrderQuantity": quantity}
        )
        changed = timestamp(self._day.moment)
        self._day.update("PurchaseOrder", {"PurchaseOrder": found[0]}, {"LastChangeDateTime": changed})

    def _new_order(self) -> None:
        supplier = some_supplier(self._day.store, self._day.rng)
        accounts, centers = (
            chart.expense_accounts(self._day.store),
            cost_centers_of(self._day.store, supplier.company.code),
        )
        number = self._day.store.next_number("", "", "EBELN", FIRST_ORDER)
        order = drawn_order(self._day.rng, number, supplier, self._date, accounts, centers)
        write_orders(self._day.store, self._day.rng, [order])
        changed = timestamp(self._day.moment)
        created = f"{self._day.moment:%Y-%m-%d}"
        self._day.store.update(
            "PurchaseOrder", {"PurchaseOrder": order.number}, {"LastChangeDateTime": changed, "CreationDate": created}
        )
        self._day.count("new", "PurchaseOrder")
        self._day.count("new", "PurchaseOrderItem", len(order.items))

    def _cancel_invoice(self, cancel: Function) -> None:
        """An older invoice that nobody paid; none of its dates tells of it."""
        posted = open_invoice(self._day.store, self._day.rng, self._date, by_hand=True)
        if posted is None:
            return
        cancel({
            "SupplierInvoice": posted.number, "FiscalYear": posted.fiscal_year, "PostingDate": self._date,
            "ReversalReason": "01",
        })  # fmt: skip
        self._day.count("reversed", "SupplierInvoice")
        self._day.count("reversed", "JournalHeader")
        self._day.count("new", "SupplierInvoice")
