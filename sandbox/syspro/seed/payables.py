"""Suppliers, their invoices, payments and GL distributions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox.syspro.seed import names
from sandbox.syspro.seed.calendar import DAYS, TODAY, later, money, previous_month_end, stored
from sandbox.syspro.seed.chart import BANK, BRANCHES, CREDITORS, EXPENSES, PURCHASE_TAX
from sandbox.syspro.seed.ledger import Link
from sandbox.syspro.store import columns

if TYPE_CHECKING:
    from random import Random

    from sandbox.syspro.seed.calendar import Day
    from sandbox.syspro.seed.ledger import Ledger
    from sandbox.syspro.seed.sizes import Sizes
    from sandbox.syspro.store import Loader, Row

IDLE = 3  # suppliers that nothing refers to
INVOICE_JOURNALS, PAYMENT_JOURNALS = 10_000, 50_000
CLASSES = ("MATERIAL", "SERVICE", "FREIGHT", "OVERHEAD")
TERMS = {"30": 30, "14": 14, "60": 60, "CA": 0}
RATES = {"USD": 100, "EUR": 108, "GBP": 126}
_INVOICE = columns(
    "Supplier Invoice NextPaymEntry JournalDate Journal Branch InvoiceDate DiscountDate DueDate Reference OrigInvValue "
    "OrigDiscValue MthInvBal1 MthInvBal2 MthInvBal3 DiscActiveFlag InvoiceStatus Currency Bank InvoiceYear "
    "InvoiceMonth YearInvBalZero MonthInvBalZero ExchangeRate FirstTaxCode CurrencyValue PostCurrency ConvRate MulDiv "
    "EntryNumber PaymentNumber OrigInvRate"
)
_PAYMENT = columns(
    "Supplier Invoice EntryNumber TrnType JournalDate Journal PaymentReference TrnValue TrnYear TrnMonth PostValue "
    "PostCurrency PostConvRate PostMulDiv PaymentNumber SummaryEntryNumber"
)
_SUMMARY = columns(
    "TrnYear TrnMonth Journal EntryNumber Supplier Invoice TransactionCode TrnDate InvoiceValue SupplierGlCode Branch "
    "Reference Currency ExchangeRate MulDiv InvoiceDate DueDate GlYear GlPeriod Operator"
)
_DISTRIBUTION = columns(
    "TrnYear TrnMonth Journal EntryNumber SubEntry ExpenseGlCode ExpenseType DistrValue Reference TaxCode"
)


@dataclass(frozen=True, slots=True)
class Supplier:
    """What the invoices need to know of their supplier."""

    code: str
    name: str
    branch: str
    terms: str
    currency: str
    expense: str
    style: int


@dataclass(slots=True)
class _Sums:
    balance: int = 0
    first: date | None = None
    last: date | None = None
    last_payment: date | None = None
    by_month: dict[int, int] | None = None


class Payables:
    """Generates the AP side of one company."""

    def __init__(self, rng: Random, sizes: Sizes, ledger: Ledger, loader: Loader) -> None:
        self._rng = rng
        self._sizes = sizes
        self._ledger = ledger
        self._loader = loader
        self._entries = [0] * len(DAYS)
        self._payments = [0] * len(DAYS)
        headings = ledger.journal
        self._invoiced = [headings(day, "AP", INVOICE_JOURNALS + day.index, "AP invoices") for day in DAYS]
        self._paid = [headings(day, "AP", PAYMENT_JOURNALS + day.index, "AP payments") for day in DAYS]
        self._month_ends = (previous_month_end(0), previous_month_end(1))
        self.suppliers: list[Supplier] = []
        """Those that documents may name."""

    def generate(self) -> None:
        """All suppliers with everything that hangs on them, in the order of their codes."""
        made = self._make_suppliers()
        self.suppliers = made[:-IDLE]
        idle = {supplier.code for supplier in made[-IDLE:]}
        made.sort(key=lambda supplier: supplier.code)
        weights = [0.0 if s.code in idle else 1 / (3 + self._rng.randrange(len(made))) for s in made]
        share = self._sizes.ap_invoices / sum(weights)
        due = 0.0
        for supplier, weight in zip(made, weights, strict=True):
            due += weight * share
            count = int(due)
            due -= count
            self._write_supplier(supplier, self._write_invoices(supplier, count))

    def _make_suppliers(self) -> list[Supplier]:
        rng, head = self._rng, self._ledger.currency
        suppliers = []
        for number in range(self._sizes.suppliers):
            if number < len(names.HARD_SUPPLIERS):
                code, name = names.HARD_SUPPLIERS[number]
            else:
                code, name = names.padded(1000 + number * 7), names.company_name(rng)
            branch = BRANCHES[number % self._sizes.branches][0]
            currency = head if rng.random() < 0.85 else rng.choice([c for c in RATES if c != head])
            expense = f"{branch}-{rng.choice(EXPENSES)}"
            terms = rng.choice(list(TERMS))
            suppliers.append(Supplier(code, name, branch, terms, currency, expense, rng.randrange(40)))
        return suppliers

    def _write_invoices(self, supplier: Supplier, count: int) -> _Sums:
        rng = self._rng
        sums = _Sums(by_month={})
        sequence = rng.randint(100, 9000)
        for index in sorted(rng.choices(range(len(DAYS)), k=count)):
            sequence += rng.randint(1, 4)
            day = DAYS[index]
            number = names.document_number(rng, supplier.style, day.year, sequence)
            self._write_invoice(supplier, number, day, sums)
        return sums

    def _write_invoice(self, supplier: Supplier, number: str, day: Day, sums: _Sums) -> None:
        rng = self._rng
        net = int(rng.lognormvariate(10.6, 1.3)) + 100
        tax = net // 10 if rng.random() < 0.7 else 0
        value = net + tax
        self._entries[day.index] += 1
        entry = self._entries[day.index]
        invoice_date = later(day.date, -rng.randrange(6))
        due = later(invoice_date, TERMS[supplier.terms])
        rate = RATES[supplier.currency] * 100 // RATES[self._ledger.currency]
        conversion = f"{rate // 100}.{rate % 100:02d}0000"
        reference = f"{supplier.name[:18]} {day.month:02d}/{day.year}"
        link = Link(reference, "", supplier.code, number)
        self._distribute(supplier, day, entry, net, tax, link)
        self._loader.add("ApJnlSummary", _SUMMARY, (
            day.year, day.month, INVOICE_JOURNALS + day.index, entry, supplier.code, number, "I", day.text,
            money(value), CREDITORS, supplier.branch, reference, supplier.currency, conversion, "M",
            stored(invoice_date),
            stored(due), day.year, day.month, "INTEG",
        ))  # fmt: skip
        paid = self._pay(supplier, number, value, later(due, rng.randrange(10)), conversion, link, sums)
        balance = value - sum(amount for _, amount in paid)
        previous = [
            value - sum(amount for when, amount in paid if when <= end) if day.date <= end else 0
            for end in self._month_ends
        ]
        zero = paid[-1][0] if paid and not balance else None
        held = balance and rng.random() < 0.02
        self._loader.add("ApInvoice", _INVOICE, (
            supplier.code, number, len(paid) + 1, day.text, INVOICE_JOURNALS + day.index, supplier.branch,
            stored(invoice_date), stored(later(invoice_date, 10)) if supplier.terms == "60" else None, stored(due),
            reference, money(value), money(net // 50) if supplier.terms == "60" else "0.00", money(balance),
            money(previous[0]), money(previous[1]), "N", "H" if held else "", supplier.currency, "MAIN", day.year,
            day.month, zero.year if zero else 0, zero.month if zero else 0, conversion, "A" if tax else "",
            money(value * 100 // rate), supplier.currency, conversion, "M", entry, 0, conversion,
        ))  # fmt: skip
        sums.balance += balance
        sums.first = sums.first or invoice_date
        sums.last = invoice_date
        if sums.by_month is not None and day.year == TODAY.year:
            sums.by_month[day.month] = sums.by_month.get(day.month, 0) + value

    def _distribute(self, supplier: Supplier, day: Day, entry: int, net: int, tax: int, link: Link) -> None:
        rng, ledger, heading = self._rng, self._ledger, self._invoiced[day.index]
        parts = [(supplier.expense, net)]
        if rng.random() < 0.3:
            other = f"{supplier.branch}-{rng.choice(EXPENSES)}"
            first = net * rng.randint(20, 80) // 100
            parts = [(supplier.expense, first), (other, net - first)]
        if tax:
            parts.append((PURCHASE_TAX, tax))
        for line, (account, amount) in enumerate(parts, start=1):
            self._loader.add("ApJnlDistrib", _DISTRIBUTION, (
                day.year, day.month, INVOICE_JOURNALS + day.index, entry, line, account,
                "T" if account == PURCHASE_TAX else "M", money(amount), link.reference, "A" if tax else "",
            ))  # fmt: skip
            ledger.post(heading, account, amount, link)
        ledger.post(heading, CREDITORS, -net - tax, link)

    def _pay(
        self, supplier: Supplier, number: str, value: int, when: date, conversion: str, link: Link, sums: _Sums
    ) -> list[tuple[date, int]]:
        rng = self._rng
        if when > TODAY or rng.random() < 0.05:
            return []
        amounts = [value] if rng.random() < 0.9 else [value // 3, value - value // 3]
        if rng.random() < 0.04:
            amounts[-1] -= amounts[-1] // 4  # paid in part
        paid = []
        for entry, amount in enumerate(amounts, start=1):
            index = _first_on_or_after(when)
            if index is None:
                break
            day = DAYS[index]
            self._payments[index] += 1
            self._loader.add("ApInvoicePay", _PAYMENT, (
                supplier.code, number, entry, "P", day.text, PAYMENT_JOURNALS + index, f"EFT {day.date:%Y%m%d}",
                money(amount), day.year, day.month, money(amount), supplier.currency, conversion, "M",
                index * 1000 + self._payments[index] % 1000, self._payments[index],
            ))  # fmt: skip
            self._ledger.post(self._paid[index], CREDITORS, amount, link)
            self._ledger.post(self._paid[index], BANK, -amount, link)
            paid.append((day.date, amount))
            sums.last_payment = max(sums.last_payment or day.date, day.date)
            when = later(when, 15)
        return paid

    def _write_supplier(self, supplier: Supplier, sums: _Sums) -> None:
        rng = self._rng
        street, city, postal_code = names.address(rng)
        months = sums.by_month or {}
        row: Row = {
            "Supplier": supplier.code, "SupplierName": supplier.name, "SupShortName": names.short_name(supplier.name),
            "SupplierType": "P", "SupplierClass": rng.choice(CLASSES), "Bank": "MAIN", "Branch": supplier.branch,
            "Telephone": f"+1 555 {rng.randint(1000, 9999)}", "Contact": "Accounts, receivable",
            "Email": f"ar{rng.randint(1, 999)}@example.com", "Currency": supplier.currency,
            "CurrentBalance": money(sums.balance), "LastPurchDate": stored(sums.last) if sums.last else None,
            "FirstPurchDate": stored(sums.first) if sums.first else None, "TermsCode": supplier.terms,
            "LctRequired": "N", "GrnMatchReqd": "Y", "MerchGlCode": supplier.expense, "FreightGlCode":
            f"{supplier.branch}-5020", "PurchOrdAllowed": "Y", "TaxRegnNum": f"GB{rng.randint(10**8, 10**9 - 1)}",
            "BankAccount": str(rng.randint(10**7, 10**8 - 1)), "ChLanguage": "05", "DateSuppAdded":
            stored(later(sums.first or TODAY, -30)), "OnHold": "Y" if rng.random() < 0.03 else "N",
            "PayByEft": "Y" if rng.random() < 0.6 else "N",
            "LastChequeDate": stored(sums.last_payment) if sums.last_payment else None,
            **{f"PurchValMth{month}": money(value) for month, value in months.items()},
        }  # fmt: skip
        self._loader.put("ApSupplier", row)
        self._loader.put("ApSupplierAddr", {
            "Supplier": supplier.code, "SupAddr1": street,
            "SupAddr2": 'Unit 5, Block "C"' if rng.random() < 0.1 else "",
            "SupAddr3": city, "SupPostalCode": postal_code, "RemitName": supplier.name, "RemitAddr1": street,
            "RemitAddr3": city, "RemitPostalCode": postal_code, "LanguageCode": "EN",
        })  # fmt: skip
        self._loader.put("ApSupplierExt", {"Supplier": supplier.code, "CreditLimit": rng.randint(1, 50) * 1000})
        if rng.random() < 0.2:
            custom: Row = {"Supplier": supplier.code, "Region": "West", "Rating": "4.50", "ReviewDate": stored(TODAY)}
            self._loader.put("ApSupplier+", custom)


def _first_on_or_after(when: date) -> int | None:
    """The index of the business day on or after ``when``; None when that lies ahead."""
    for shift in range(3):
        index = _INDEX.get(later(when, shift))
        if index is not None:
            return index
    return None


_INDEX = {day.date: day.index for day in DAYS}
