"""APSTIN: invoices of suppliers with their ledger distribution.

Source of the elements: WarehouseManagement and WCF_Client_Test (C# code in production). The value includes freight,
sundry charges and tax; the distribution is what is left of it, in the company's or the supplier's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sandbox.syspro.books import Books, Heading, Posting, company_day, current_period
from sandbox.syspro.enet.faults import EXISTS, MISSING, NOT_ALLOWED, NOT_FOUND, ON_HOLD, PERIOD, UNBALANCED, UNUSUAL
from sandbox.syspro.enet.fields import Fields, stored_key
from sandbox.syspro.enet.journals import check_account, uncounted
from sandbox.syspro.enet.process import Checked, parameters_of, process
from sandbox.syspro.enet.replies import transaction_reply
from sandbox.syspro.enet.xml import text_of
from sandbox.syspro.seed.calendar import money, stored
from sandbox.syspro.seed.chart import CREDITORS, PURCHASE_TAX
from sandbox.syspro.seed.payables import RATES, TERMS

if TYPE_CHECKING:
    from lxml import etree

    from sandbox.syspro.enet.calls import Call, Registry
    from sandbox.syspro.enet.process import Pairs
    from sandbox.syspro.store import Row

ROOT = "PostApInvoice"
_FIRST_JOURNAL, _LAST_JOURNAL = 30_001, 49_999  # of postings through business objects, in the sandbox's data
_PERIODS = {"C": 0, "P": 1, "B": 2}
_LINE = "LedgerDistribution"


def register(registry: Registry) -> None:
    """Add the object."""
    registry.add("APSTIN", "post")(post_invoices)


def post_invoices(call: Call) -> str:
    """Post the document's invoices: one journal of the sub-ledger and one of the general ledger."""
    result = process(call, ROOT, Invoices(call))
    place = call.switches.text("posting_reply")
    return transaction_reply(ROOT, result, call.switches, numbers_in="item" if place == "mixed" else place)


@dataclass(slots=True)
class _Invoice:
    """One invoice; amounts in cents of the company's currency, ``foreign`` in the supplier's."""

    supplier: str
    number: str
    master: Row
    value: int
    foreign: int
    rate: int
    invoice_date: date
    due: date
    discount_date: date | None
    discount: int
    reference: str
    notation: str
    branch: str
    tax_code: str
    lines: list[tuple[str, str, int]] = field(default_factory=list)  # account, type, cents


class Invoices:
    """One document of invoices."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._store = call.store
        self._day = company_day(call.store)
        self._books = Books(call.store, self._day, uncounted)
        parameters = parameters_of(call, ROOT)
        self._period_code = text_of(parameters, "PostingPeriod", "C")
        self._local_lines = text_of(parameters, "LedgerDistributionCurrency", "L") != "F"
        months = current_period(call.store)[0] * 12 + current_period(call.store)[1] - 1
        months -= _PERIODS.get(self._period_code, 0)
        self._year, self._month = months // 12, months % 12 + 1
        self._journal = self._next_journal()
        self._postings: list[Posting] = []
        self._entries = 0

    def _next_journal(self) -> int:
        sql = 'SELECT max("Journal") FROM "ApJnlSummary" WHERE "Journal" BETWEEN ? AND ?'
        (last,) = self._store.connection.execute(sql, (_FIRST_JOURNAL, _LAST_JOURNAL)).fetchone()
        return _FIRST_JOURNAL if last is None else int(last) + 1

    def check(self, item: etree._Element) -> Checked:
        """Read one invoice."""
        fields = Fields(item, self._call.switches)
        self._check_period(fields)
        fields.choice("TransactionCode", ("I",), "I")
        supplier = stored_key(fields.text("Supplier", 15, required=True))
        number = fields.text("Invoice", 20, required=True)
        if self._call.switches.text("numeric_invoices") == "padded":
            number = stored_key(number)
        master = self._supplier(supplier, fields)
        if master is not None and number and self._store.get("ApInvoice", (supplier, number)) is not None:
            text = f"Invoice '{number}' already exists for supplier '{supplier}'"
            fields.fault("Invoice", number, EXISTS, text)
        invoice = self._read(fields, supplier, number, master or {})
        key: Pairs = (("Supplier", supplier), ("Invoice", number))
        return Checked(key, fields.faults, lambda: self._enter(invoice))

    def _check_period(self, fields: Fields) -> None:
        open_ = {each.strip() for each in self._call.switches.text("ap_open_periods").split(",")}
        closed = {each.strip() for each in self._call.switches.text("closed_periods").split(",")}
        code = self._period_code
        if code not in _PERIODS:
            fields.fault("", "", PERIOD, f"Posting period '{code}' is invalid")
        elif code not in open_ or f"{self._year}-{self._month:02d}" in closed:
            fields.fault("", "", PERIOD, f"Period {self._month} of {self._year} is closed")

    def _supplier(self, supplier: str, fields: Fields) -> Row | None:
        master = self._store.get("ApSupplier", (supplier,)) if supplier else None
        if supplier and master is None:
            fields.fault("Supplier", supplier, NOT_FOUND, f"Supplier '{supplier}' not found")
        if master is not None and master["OnHold"] == "Y":
            only = self._call.switches.text("supplier_on_hold") == "warning"
            fields.fault("Supplier", supplier, ON_HOLD, f"Supplier '{supplier}' is on hold", warning=only)
        return master

    def _read(self, fields: Fields, supplier: str, number: str, master: Row) -> _Invoice:
        foreign = fields.money("TransactionValue", required=True)
        if foreign < 0:
            fields.fault("TransactionValue", money(foreign), NOT_ALLOWED, "Transaction value may not be negative")
        rate = self._rate(fields, str(master.get("Currency", "")))
        when = fields.day("InvoiceDate", self._day.date) or self._day.date
        due = fields.day("DueDate", when + timedelta(TERMS.get(str(master.get("TermsCode", "")), 30))) or when
        if due < when:
            fields.fault("DueDate", str(due), UNUSUAL, f"Due date {due} is before the invoice date", warning=True)
        if when > self._day.date:
            fields.fault("InvoiceDate", str(when), UNUSUAL, f"Invoice date {when} is in the future", warning=True)
        invoice = _Invoice(
            supplier=supplier,
            number=number,
            master=master,
            value=_converted(foreign, rate),
            foreign=foreign,
            rate=rate,
            invoice_date=when,
            due=due,
            discount_date=fields.day("DiscountDate"),
            discount=_converted(self._discount(fields, foreign), rate),
            reference=fields.text("TransactionReference", 30),
            notation=fields.text("JournalNotation", 100) or fields.text("Notation", 100),
            branch=fields.text("Branch", 10) or str(master.get("Branch", "")),
            tax_code=fields.text("TaxCode", 3),
        )
        self._distribute(fields, invoice)
        return invoice

    def _rate(self, fields: Fields, currency: str) -> int:
        """Hundredths of the company's currency for one of the supplier's."""
        local = self._books.currency
        if not currency or currency == local:
            return 100
        return fields.money("ExchRateAtEntry") or RATES.get(currency, RATES[local]) * 100 // RATES[local]

    @staticmethod
    def _discount(fields: Fields, value: int) -> int:
        basis = fields.choice("DiscountBasis", ("T", "P", "V"), "T")
        number = fields.money("DiscountPercentageValue")
        if basis == "P":
            return (fields.money("DiscountableValue") or value) * number // 10_000
        return number if basis == "V" else 0

    def _distribute(self, fields: Fields, invoice: _Invoice) -> None:
        """The lines of the ledger: the given ones, charges and tax; what is not distributed goes to the supplier's
        own expense account only when no line is given at all.
        """
        rate, local = invoice.rate, self._local_lines
        charges = [
            (PURCHASE_TAX, "T", fields.money("TaxValue")),
            (str(invoice.master.get("FreightGlCode", "")), "F", fields.money("FreightCharge")),
            (str(invoice.master.get("MerchGlCode", "")), "O", fields.money("MiscellaneousCharge")),
        ]
        lines = [(account, kind, _converted(amount, rate)) for account, kind, amount in charges if amount]
        rest = invoice.value - sum(amount for _, _, amount in lines)
        given = [
            self._line(Fields(line, self._call.switches, fields.faults, _LINE, number))
            for number, line in enumerate(fields.parent.findall(_LINE), start=1)
        ]
        if not given:
            account = str(invoice.master.get("MerchGlCode", ""))
            if not account and invoice.master:
                fields.fault(_LINE, "", MISSING, "Ledger distribution is missing")
            given = [(account, rest if local else _unconverted(rest, rate))]
        total = sum(amount for _, amount in given)
        expected = rest if local else invoice.foreign - sum(amount for _, _, amount in charges)
        if total != expected:
            text = f"Ledger distribution {money(total)} does not equal the transaction value {money(expected)}"
            fields.fault("", "", UNBALANCED, text)
        amounts = [amount if local else _converted(amount, rate) for _, amount in given]
        amounts[-1] += rest - sum(amounts)  # what conversion line by line leaves over
        merchandise = [(account, "M", amount) for (account, _), amount in zip(given, amounts, strict=True)]
        invoice.lines = merchandise + lines

    def _line(self, fields: Fields) -> tuple[str, int]:
        account = fields.text("LedgerCode", 35, required=True)
        check_account(self._call, fields, "LedgerCode", account)
        return account, fields.money("LedgerValue", required=True)

    def _enter(self, invoice: _Invoice) -> Pairs:
        self._entries += 1
        entry = self._entries
        place: Row = {"TrnYear": self._year, "TrnMonth": self._month, "Journal": self._journal, "EntryNumber": entry}
        for line, (account, kind, amount) in enumerate(invoice.lines, start=1):
            self._store.insert("ApJnlDistrib", {
                **place, "SubEntry": line, "ExpenseGlCode": account, "ExpenseType": kind, "DistrValue": money(amount),
                "Reference": invoice.reference, "TaxCode": invoice.tax_code, "Notation": invoice.notation,
            })  # fmt: skip
            self._post(account, amount, invoice)
        self._post(CREDITORS, -invoice.value, invoice)
        rate = f"{invoice.rate // 100}.{invoice.rate % 100:02d}0000"
        common: Row = {
            "Supplier": invoice.supplier, "Invoice": invoice.number, "Branch": invoice.branch,
            "Reference": invoice.reference, "Currency": invoice.master["Currency"], "ExchangeRate": rate,
            "InvoiceDate": stored(invoice.invoice_date), "DueDate": stored(invoice.due), "EntryNumber": entry,
            "Journal": self._journal, "MulDiv": "M",
        }  # fmt: skip
        self._store.insert("ApJnlSummary", {
            **common, **place, "TransactionCode": "I", "TrnDate": self._day.text, "InvoiceValue": money(invoice.value),
            "DiscountValue": money(invoice.discount), "SupplierGlCode": CREDITORS, "GlYear": self._year,
            "GlPeriod": self._month, "Operator": self._call.session.operator.code, "Notation": invoice.notation,
        })  # fmt: skip
        self._insert_invoice(invoice, common, rate)
        self._move_supplier(invoice)
        return (("Journal", f"{self._journal:010d}"), ("TrnYear", str(self._year)), ("TrnMonth", f"{self._month:02d}"))

    def _insert_invoice(self, invoice: _Invoice, common: Row, rate: str) -> None:
        months = _PERIODS[self._period_code]
        balances: Row = {f"MthInvBal{number + 1}": money(invoice.value) for number in range(months + 1)}
        discount_date = invoice.discount_date
        self._store.insert("ApInvoice", {
            **common, **balances, "NextPaymEntry": 1, "JournalDate": self._day.text, "InvoiceYear": self._year,
            "OrigInvValue": money(invoice.value), "OrigDiscValue": money(invoice.discount), "Bank": "MAIN",
            "InvoiceMonth": self._month, "ConvRate": rate, "OrigInvRate": rate, "DiscActiveFlag": "N",
            "DiscountDate": stored(discount_date) if discount_date else None, "FirstTaxCode": invoice.tax_code,
            "CurrencyValue": money(invoice.foreign), "PostCurrency": invoice.master["Currency"],
        })  # fmt: skip

    def _move_supplier(self, invoice: _Invoice) -> None:
        key: Row = {"Supplier": invoice.supplier}
        master = self._store.get("ApSupplier", (invoice.supplier,)) or invoice.master
        balance = int(str(master["CurrentBalance"]).replace(".", "")) + invoice.value
        self._store.update("ApSupplier", key, {
            "CurrentBalance": money(balance), "LastPurchDate": stored(invoice.invoice_date),
            "FirstPurchDate": master["FirstPurchDate"] or stored(invoice.invoice_date),
        })  # fmt: skip

    def _post(self, account: str, amount: int, invoice: _Invoice) -> None:
        self._postings.append(
            Posting(
                account,
                amount,
                invoice.reference or invoice.number,
                supplier=invoice.supplier,
                ap_invoice=invoice.number,
                comment=invoice.notation,
            )
        )

    def finish(self) -> Pairs:
        """The journal of the general ledger; its number."""
        operator, title = self._call.session.operator.code, f"AP {self._journal}"
        heading = Heading(self._year, self._month, self._day.text, "AP", self._journal, title, operator=operator)
        return (("GlJournal", f"{self._books.enter(heading, self._postings):010d}"),)


def _converted(amount: int, rate: int) -> int:
    """Cents of the supplier's currency in the company's, rounded half up."""
    return (abs(amount) * rate + 50) // 100 * (-1 if amount < 0 else 1)


def _unconverted(amount: int, rate: int) -> int:
    return (abs(amount) * 100 + rate // 2) // rate * (-1 if amount < 0 else 1)
