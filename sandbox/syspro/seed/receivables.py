"""Customers, their invoices with lines, payments and balances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.syspro.seed import names
from sandbox.syspro.seed.calendar import DAYS, TODAY, later, money, previous_month_end, stored
from sandbox.syspro.seed.chart import BANK, BRANCHES, DEBTORS, SALES, SALES_TAX
from sandbox.syspro.store import columns

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from sandbox.syspro.seed.calendar import Day
    from sandbox.syspro.seed.ledger import Ledger
    from sandbox.syspro.seed.sizes import Sizes
    from sandbox.syspro.seed.stock import Item
    from sandbox.syspro.store import Loader, Row

REGISTERS, PAYMENT_JOURNALS = 20_000, 60_000
CLASSES = ("RETAIL", "TRADE", "EXPORT", "GOVERNMENT")
_TERMS = {"30": 30, "14": 14, "60": 60, "CA": 0}
_INVOICE = columns(
    "Customer Invoice DocumentType NextPaymEntry InvoiceDate SalesOrder CustomerPoNumber Salesperson Branch TermsCode "
    "InvoiceBal1 InvoiceBal2 InvoiceBal3 InvoiceYear InvoiceMonth YearInvBalZero MonthInvBalZero CurrencyValue "
    "PostCurrency ConvRate MulDiv TaxPortion OrigInvRate"
)
_PAYMENT = columns(
    "Customer Invoice DocumentType EntryNumber TrnType JournalDate Journal Reference TrnValue TrnYear TrnMonth "
    "PostValue PostCurrency PostConvRate PostMulDiv Branch PaymentNumber"
)
_SUMMARY = columns(
    "TrnYear TrnMonth Register Invoice SummaryLine InvoiceDate Branch Salesperson Customer CustomerPoNumber "
    "MerchandiseValue TaxValue ExchangeRate MulDiv Currency MerchandiseCost DocumentType SalesOrder TermsCode Operator"
)
_DETAIL = columns(
    "TrnYear TrnMonth Register Invoice SummaryLine DetailLine InvoiceDate Branch Salesperson Customer StockCode "
    "Warehouse ProductClass CustomerClass QtyInvoiced NetSalesValue TaxValue CostValue LineType DocumentType GlYear "
    "GlPeriod SalesOrder CustomerPoNumber TransactionGlCode CostGlCode"
)


@dataclass(frozen=True, slots=True)
class Customer:
    """What the invoices need to know of their customer."""

    code: str
    name: str
    branch: str
    terms: str
    klass: str
    salesperson: str


@dataclass(slots=True)
class _Sums:
    balances: list[int] = field(default_factory=lambda: [0, 0, 0])
    sales: dict[tuple[int, int], int] = field(default_factory=dict)
    profit: int = 0
    count: int = 0
    first: date | None = None
    last: date | None = None
    last_payment: date | None = None


class Receivables:
    """Generates the AR side of one company."""

    def __init__(self, rng: Random, sizes: Sizes, ledger: Ledger, loader: Loader, items: list[Item]) -> None:
        self._rng = rng
        self._sizes = sizes
        self._ledger = ledger
        self._loader = loader
        self._items = items
        self._payments = [0] * len(DAYS)
        self._number = 100_000
        self._month_ends = (previous_month_end(0), previous_month_end(1))
        self._invoiced = [ledger.journal(day, "AR", REGISTERS + day.index, "AR invoices") for day in DAYS]
        self._paid = [ledger.journal(day, "AR", PAYMENT_JOURNALS + day.index, "AR payments") for day in DAYS]
        self.customers: list[Customer] = []

    def generate(self) -> None:
        """All customers with everything that hangs on them, in the order of their codes."""
        self.customers = sorted(self._make_customers(), key=lambda customer: customer.code)
        weights = [1 / (3 + self._rng.randrange(len(self.customers))) for _ in self.customers]
        share = self._sizes.ar_invoices / sum(weights)
        due = 0.0
        for customer, weight in zip(self.customers, weights, strict=True):
            due += weight * share
            count = int(due)
            due -= count
            sums = _Sums()
            for index in sorted(self._rng.choices(range(len(DAYS)), k=count)):
                self._write_invoice(customer, DAYS[index], sums)
            self._write_customer(customer, sums)

    def _make_customers(self) -> list[Customer]:
        rng = self._rng
        customers = []
        for number in range(self._sizes.customers):
            if number < len(names.HARD_CUSTOMERS):
                code, name = names.HARD_CUSTOMERS[number]
            else:
                code, name = names.padded(200 + number * 3), names.company_name(rng)
            branch = BRANCHES[number % self._sizes.branches][0]
            person = f"{branch}{rng.randint(1, 9)}"
            customers.append(Customer(code, name, branch, rng.choice(list(_TERMS)), rng.choice(CLASSES), person))
        return customers

    def _write_invoice(self, customer: Customer, day: Day, sums: _Sums) -> None:
        rng = self._rng
        self._number += 1
        number = names.padded(self._number)
        kind = "C" if rng.random() < 0.03 else "I"
        order = names.padded(self._number * 2)
        reference = f"PO {rng.randint(1000, 99999)}" if rng.random() < 0.8 else f"{customer.name[:12]}/{day.month}"
        net, cost = self._write_lines(customer, day, number, kind, order, reference)
        tax = net // 10
        value = net + tax
        self._loader.add("ArTrnSummary", _SUMMARY, (
            day.year, day.month, REGISTERS + day.index, number, 1, day.text, customer.branch, customer.salesperson,
            customer.code, reference, money(net), money(tax), "1.000000", "M", self._ledger.currency, money(cost), kind,
            order, customer.terms, "INTEG",
        ))  # fmt: skip
        heading = self._invoiced[day.index]
        self._ledger.post(heading, DEBTORS, value)
        self._ledger.post(heading, SALES_TAX, -tax)
        paid = self._pay(
            customer, number, kind, value, later(day.date, _TERMS[customer.terms] + rng.randrange(12)), sums
        )
        balance = value - sum(amount for _, amount in paid)
        previous = [
            value - sum(amount for when, amount in paid if when <= end) if day.date <= end else 0
            for end in self._month_ends
        ]
        zero = paid[-1][0] if paid and not balance else None
        self._loader.add("ArInvoice", _INVOICE, (
            customer.code, number, kind, len(paid) + 1, day.text, order, reference, customer.salesperson,
            customer.branch, customer.terms, money(balance), money(previous[0]), money(previous[1]), day.year,
            day.month,
            zero.year if zero else 0, zero.month if zero else 0, money(value), self._ledger.currency, "1.000000", "M",
            money(tax), "1.000000",
        ))  # fmt: skip
        for place, amount in enumerate((balance, *previous)):
            sums.balances[place] += amount
        sums.sales[day.year, day.month] = sums.sales.get((day.year, day.month), 0) + net
        sums.profit += net - cost if day.year == TODAY.year else 0
        sums.count += 1
        sums.first = sums.first or day.date
        sums.last = day.date

    def _write_lines(
        self, customer: Customer, day: Day, number: str, kind: str, order: str, reference: str
    ) -> tuple[int, int]:
        rng, heading = self._rng, self._invoiced[day.index]
        net = cost = 0
        for line in range(1, rng.choice((1, 1, 2, 2, 3, 4)) + 1):
            item = self._items[rng.randrange(len(self._items))]
            quantity = rng.randint(1, 40) * (-1 if kind == "C" else 1)
            line_net, line_cost = quantity * item.price, quantity * item.cost
            sales, cost_of_sales = SALES[item.group]
            sales_account, cost_account = f"{customer.branch}-{sales}", f"{customer.branch}-{cost_of_sales}"
            self._loader.add("ArTrnDetail", _DETAIL, (
                day.year, day.month, REGISTERS + day.index, number, 1, line, day.text, customer.branch,
                customer.salesperson, customer.code, item.code, item.warehouse, item.product_class, customer.klass,
                f"{quantity}.000000", money(line_net), money(line_net // 10), money(line_cost), "1", kind, day.year,
                day.month, order, reference, sales_account, cost_account,
            ))  # fmt: skip
            self._ledger.post(heading, sales_account, -line_net)
            self._ledger.post(heading, cost_account, line_cost)
            self._ledger.post(heading, f"{customer.branch}-1200", -line_cost)
            net += line_net
            cost += line_cost
        return net, cost

    def _pay(
        self, customer: Customer, number: str, kind: str, value: int, when: date, sums: _Sums
    ) -> list[tuple[date, int]]:
        rng = self._rng
        if kind == "C" or when > TODAY or rng.random() < 0.08:
            return []
        amounts = [value] if rng.random() < 0.92 else [value // 2, value - value // 2]
        paid = []
        for entry, amount in enumerate(amounts, start=1):
            while when.weekday() > 4:
                when = later(when, 1)
            if when > TODAY:
                break
            index = _INDEX[when]
            self._payments[index] += 1
            day = DAYS[index]
            self._loader.add("ArInvoicePay", _PAYMENT, (
                customer.code, number, kind, entry, "P", day.text, PAYMENT_JOURNALS + index, f"REMIT {day.date:%d%m%y}",
                money(amount), day.year, day.month, money(amount), self._ledger.currency, "1.000000", "M",
                customer.branch, self._payments[index],
            ))  # fmt: skip
            self._ledger.post(self._paid[index], BANK, amount)
            self._ledger.post(self._paid[index], DEBTORS, -amount)
            paid.append((day.date, amount))
            sums.last_payment = max(sums.last_payment or day.date, day.date)
            when = later(when, 20)
        return paid

    def _write_customer(self, customer: Customer, sums: _Sums) -> None:
        rng = self._rng
        street, city, postal_code = names.address(rng)
        row: Row = {
            "Customer": customer.code, "Name": customer.name, "ShortName": names.short_name(customer.name),
            "CustomerType": "", "CreditStatus": str(rng.randrange(4)), "CreditLimit": rng.randint(1, 80) * 1000,
            "InvoiceCount": sums.count, "Salesperson": customer.salesperson, "CustomerClass": customer.klass,
            "Branch": customer.branch, "TermsCode": customer.terms, "BalanceType": "I", "TaxStatus": "N",
            "DateLastSale": stored(sums.last) if sums.last else None,
            "DateLastPay": stored(sums.last_payment) if sums.last_payment else None,
            "Telephone": f"+1 555 {rng.randint(1000, 9999)}", "Contact": "Purchasing",
            "Currency": self._ledger.currency,
            "DateCustAdded": stored(later(sums.first or TODAY, -60)),
            "CustomerOnHold": "Y" if rng.random() < 0.04 else "N",
            "Email": f"ap{rng.randint(1, 999)}@example.com", "SoldToAddr1": street, "SoldToAddr3": city,
            "SoldPostalCode": postal_code, "ShipToAddr1": street, "ShipToAddr3": city, "ShipPostalCode": postal_code,
            "LanguageCode": "EN",
        }  # fmt: skip
        self._loader.put("ArCustomer", row)
        this_year = {month: value for (year, month), value in sums.sales.items() if year == TODAY.year}
        last_year = sum(value for (year, _), value in sums.sales.items() if year == TODAY.year - 1)
        months: Row = {f"SalesValMth{month}": money(value) for month, value in this_year.items()}
        self._loader.put("ArCustomerBal", {
            "Customer": customer.code, "CurrentBalance1": money(sums.balances[0]),
            "CurrentBalance2": money(sums.balances[1]), "CurrentBalance3": money(sums.balances[2]),
            "MtdSales1": money(this_year.get(TODAY.month, 0)), "YtdSales": money(sum(this_year.values())),
            "YtdProfit": money(sums.profit), "PrevYearSales": last_year // 100,
            "ValCurrentInv": money(sums.balances[0]), **months,
        })  # fmt: skip
        if rng.random() < 0.3:
            self._loader.put("ArMultAddress", {
                "Customer": customer.code, "AddrCode": "WEST", "ShipToName": customer.name, "ShipToAddr1": street,
                "ShipToAddr3": city, "ShipPostalCode": postal_code, "LanguageCode": "EN",
            })  # fmt: skip
        if rng.random() < 0.1:
            self._loader.put("ArCustomer+", {"Customer": customer.code, "Region": "East", "Rating": "3.25"})


_INDEX = {day.date: day.index for day in DAYS}
