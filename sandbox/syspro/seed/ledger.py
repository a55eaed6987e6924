"""The general ledger: collects what the sub-ledgers post, writes journals, transactions, balances per period."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sandbox.syspro.seed.calendar import FIRST_YEAR, TODAY, money
from sandbox.syspro.seed.chart import PROFIT_AND_LOSS, RETAINED, Account
from sandbox.syspro.store import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.syspro.seed.calendar import Day
    from sandbox.syspro.store import Loader
    from sandbox.syspro.tables import Stored


class Link(NamedTuple):
    """Where a ledger line comes from."""

    reference: str = ""
    comment: str = ""
    supplier: str = ""
    ap_invoice: str = ""
    customer: str = ""
    ar_invoice: str = ""


class Heading(NamedTuple):
    """A journal before it has its number: when, from which module, the module's own journal, posted or not."""

    date: str
    source: str
    sub_journal: int
    posted: bool
    year: int
    month: int
    title: str


NO_LINK = Link()
_CTL = columns(
    "GlYear GlPeriod GlJournal JournalDate PostDate JnlPrintFlag NumOfEntries DebitAmount CreditAmount JnlPostingType "
    "Source JournalSource Operator JnlStatus Reference AuthorisedBy PostedBy Authorised Notation"
)
_DETAIL = columns(
    "GlYear GlPeriod Journal EntryNumber EntryType GlCode Reference Comment EntryValue EntryPosted InterCompanyFlag "
    "Company CurrencyValue PostCurrency Source Type CommitmentFlag SubModJournal SubModArInvoice EntryDate "
    "TransactionDate DocumentDate"
)
_TRANSACTION = columns(
    "Company GlCode GlYear GlPeriod GlLine Source Journal JnlDate TransactionDate Reference EntryValue Comment "
    "SubModJournal SubModArInvoice SubModApInvoice SubModSupplier SubModCustomer SubModRef"
)
_MASTER = columns(
    "Company GlCode Description AccountType GlGroup ReportIndex1 CurrentBalance PrevPerEndBal PtdDrValue PtdCrValue "
    "ControlAccFlag AccOnHldFlag AnalysisRequired Currency"
)
_HISTORY = ("Company", "GlCode", "GlYear", "BeginYearBalance", *(f"ClosingBalPer{n}" for n in range(1, 16)))
PERIODS = 15


def closings(begin: int, movements: Sequence[int]) -> list[int]:
    """Cumulative closing balances of 15 periods from twelve movements; the last three repeat the twelfth."""
    balances, balance = [], begin
    for movement in movements:
        balance += movement
        balances.append(balance)
    return balances + [balance] * (PERIODS - len(balances))


class Ledger:
    """Collects postings in cents, debit positive. ``detail`` keeps a line per document, else one per account."""

    def __init__(self, company: str, currency: str, accounts: Iterable[Account], *, detail: bool) -> None:
        self.company = company
        self.currency = currency
        self.accounts = {account.code: account for account in accounts}
        self.detail = detail
        self._journals: dict[Heading, dict[tuple[str, Link], int]] = defaultdict(dict)

    def journal(self, day: Day, source: str, sub_journal: int, title: str, *, posted: bool = True) -> Heading:
        """The journal of one module, day and number."""
        return Heading(day.text, source, sub_journal, posted, day.year, day.month, title)

    def post(self, heading: Heading, account: str, cents: int, link: Link = NO_LINK) -> None:
        """Add a line to a journal."""
        lines = self._journals[heading]
        key = (account, link if self.detail else NO_LINK)
        lines[key] = lines.get(key, 0) + cents

    def write(self, loader: Loader) -> None:
        """All tables of the general ledger."""
        movements: dict[str, dict[tuple[int, int], int]] = {code: defaultdict(int) for code in self.accounts}
        debits: dict[str, int] = defaultdict(int)
        numbers: dict[tuple[str, int, int], int] = defaultdict(int)
        for number, heading in enumerate(sorted(self._journals), start=1):
            lines = [(key, value) for key, value in self._journals[heading].items() if value]
            self._write_journal(loader, heading, number, lines)
            if not heading.posted:
                continue
            for (account, link), value in lines:
                place = (account, heading.year, heading.month)
                numbers[place] += 1
                loader.add(
                    "GenTransaction",
                    _TRANSACTION,
                    self._transaction(heading, number, account, numbers[place], value, link),
                )
                movements[account][heading.year, heading.month] += value
                if (heading.year, heading.month) == (TODAY.year, TODAY.month) and value > 0:
                    debits[account] += value
        self._write_balances(loader, movements, debits)

    def _transaction(
        self, heading: Heading, number: int, account: str, line: int, value: int, link: Link
    ) -> tuple[Stored, ...]:
        return (
            self.company, account, heading.year, heading.month, line, heading.source[:1], number, heading.date,
            heading.date, link.reference or heading.title, money(value), link.comment, heading.sub_journal,
            link.ar_invoice, link.ap_invoice, link.supplier, link.customer, link.reference[:30],
        )  # fmt: skip

    def _write_journal(
        self, loader: Loader, heading: Heading, number: int, lines: Sequence[tuple[tuple[str, Link], int]]
    ) -> None:
        debit = sum(value for _, value in lines if value > 0)
        credit = -sum(value for _, value in lines if value < 0)
        posted = heading.posted
        loader.add("GenJournalCtl", _CTL, (
            heading.year, heading.month, number, heading.date, heading.date if posted else None, "Y" if posted else "N",
            len(lines), money(debit), money(credit), "N", heading.source[:1], heading.source, "INTEG",
            "P" if posted else "N", heading.title[:30], "ADMIN" if posted else "", "ADMIN" if posted else "",
            "Y" if posted else "N", "",
        ))  # fmt: skip
        for entry, ((account, link), value) in enumerate(lines, start=1):
            loader.add("GenJournalDetail", _DETAIL, (
                heading.year, heading.month, number, entry, "N", account, link.reference or heading.title, link.comment,
                money(value), "Y" if posted else "N", "N", self.company, money(value), self.currency,
                heading.source[:1],
                "N", "N", heading.sub_journal, link.ar_invoice, heading.date, heading.date, heading.date,
            ))  # fmt: skip

    def _write_balances(
        self, loader: Loader, movements: dict[str, dict[tuple[int, int], int]], debits: dict[str, int]
    ) -> None:
        retained = 0
        begin = {code: account.opening for code, account in self.accounts.items()}
        now: dict[str, list[int]] = {}
        for year in range(FIRST_YEAR, TODAY.year + 1):
            begin[RETAINED] += retained
            retained = 0
            for code, account in self.accounts.items():
                balances = closings(begin[code], [movements[code][year, month] for month in range(1, 13)])
                amounts = [money(balance) for balance in (begin[code], *balances)]
                loader.add("GenHistory", _HISTORY, (self.company, code, year, *amounts))
                now[code] = balances
                if account.kind in PROFIT_AND_LOSS:
                    retained += balances[-1]
                    begin[code] = 0
                else:
                    begin[code] = balances[-1]
        for code, account in self.accounts.items():
            current = movements[code][TODAY.year, TODAY.month]
            loader.add("GenMaster", _MASTER, (
                self.company, code, account.description, account.kind, account.group, code.partition("-")[0],
                money(now[code][-1]), money(now[code][-1] - current), money(debits[code]),
                money(debits[code] - current), "N", "N", "N", self.currency,
            ))  # fmt: skip
