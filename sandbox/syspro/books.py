"""Postings to the general ledger of a live company: journals, transactions, history and balances stay in step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from sandbox.syspro.seed.calendar import TODAY, Day, cents, day_number, money
from sandbox.syspro.seed.chart import PROFIT_AND_LOSS, RETAINED
from sandbox.syspro.seed.ledger import PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.syspro.store import CompanyStore, Row


class Posting(NamedTuple):
    """One ledger line in cents, debit positive, with its sub-ledger documents."""

    account: str
    cents: int
    reference: str
    supplier: str = ""
    ap_invoice: str = ""
    customer: str = ""
    ar_invoice: str = ""
    comment: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A journal without its number: the period it belongs to, its date as stored, where it comes from, how far it got.

    Only a posted one has a PostDate and moves balances.
    """

    year: int
    period: int
    date: str
    source: str
    sub_journal: int
    reference: str
    notation: str = ""
    operator: str = "INTEG"
    state: Literal["posted", "authorised", "entered", "held"] = "posted"


def company_day(store: CompanyStore) -> Day:
    """The company's date: the last day of business."""
    noted = store.note("date")
    return day_number(-1, date.fromisoformat(noted) if noted else TODAY)


def current_period(store: CompanyStore) -> tuple[int, int]:
    """(year, period) that is open at present."""
    year, _, period = (store.note("period") or f"{TODAY.year}-{TODAY.month}").partition("-")
    return int(year), int(period)


class Books:
    """Collects the postings of one day; ``close`` writes them. ``count(kind, table)`` hears of every row."""

    def __init__(self, store: CompanyStore, day: Day, count: Callable[[str, str], None]) -> None:
        self._store = store
        self._day = day
        self._count = count
        self._journals: dict[tuple[str, int], list[Posting]] = defaultdict(list)
        (self.currency,) = store.connection.execute('SELECT "Currency" FROM "GenMaster" LIMIT 1').fetchone()

    def post(
        self, source: str, sub_journal: int, account: str, cents: int, reference: str,
        *, supplier: str = "", ap_invoice: str = "", customer: str = "", ar_invoice: str = "",
    ) -> None:  # fmt: skip
        """Add a line to the day's journal of that source and number."""
        posting = Posting(account, cents, reference, supplier, ap_invoice, customer, ar_invoice)
        self._journals[source, sub_journal].append(posting)

    def close(self) -> None:
        """Write the day's journals and move the balances."""
        day = self._day
        self._open_period()
        for (source, sub_journal), postings in self._journals.items():
            title = f"{source} {sub_journal}"
            self.enter(Heading(day.year, day.month, day.text, source, sub_journal, title), postings)
        self._journals.clear()

    def post_waiting_journal(self) -> None:
        """Post one journal that was entered earlier and not yet posted, if there is one."""
        waiting = next(self._store.select("GenJournalCtl", '"PostDate" IS NULL'), None)
        if waiting is None:
            return
        key: Row = {name: waiting[name] for name in ("GlYear", "GlPeriod", "GlJournal")}
        self._store.update("GenJournalCtl", key, {
            "PostDate": self._day.text, "JnlStatus": "P", "Authorised": "Y", "AuthorisedBy": "ADMIN",
            "PostedBy": "ADMIN", "JnlPrintFlag": "Y",
        })  # fmt: skip
        self._count("edited", "GenJournalCtl")
        where = '"GlYear" = ? AND "GlPeriod" = ? AND "Journal" = ?'
        for line in list(self._store.select("GenJournalDetail", where, tuple(key.values()))):
            names = ("GlYear", "GlPeriod", "Journal", "EntryNumber")
            self._store.update("GenJournalDetail", {name: line[name] for name in names}, {"EntryPosted": "Y"})
            self._count("edited", "GenJournalDetail")
            posting = Posting(str(line["GlCode"]), cents(str(line["EntryValue"])), str(line["Reference"]))
            year, period = int(line["GlYear"] or 0), int(line["GlPeriod"] or 0)
            heading = Heading(year, period, self._day.text, "GL", 0, str(waiting["Reference"]))
            self._transact(heading, int(line["Journal"] or 0), posting)

    def enter(self, heading: Heading, postings: Sequence[Posting]) -> int:
        """Write one journal with its lines, and move the balances when it is posted; its number."""
        (last,) = self._store.connection.execute('SELECT max("GlJournal") FROM "GenJournalCtl"').fetchone()
        number, posted = int(last or 0) + 1, heading.state == "posted"
        authorised = heading.state in {"posted", "authorised"}
        self._insert("GenJournalCtl", {
            "GlYear": heading.year, "GlPeriod": heading.period, "GlJournal": number, "JournalDate": heading.date,
            "PostDate": self._day.text if posted else None, "JnlPrintFlag": "Y" if posted else "N",
            "NumOfEntries": len(postings), "JnlPostingType": "N",
            "DebitAmount": money(sum(each.cents for each in postings if each.cents > 0)),
            "CreditAmount": money(-sum(each.cents for each in postings if each.cents < 0)),
            "Source": heading.source[:1], "JournalSource": heading.source, "Operator": heading.operator,
            "JnlStatus": {"posted": "P", "held": "H"}.get(heading.state, "N"), "Reference": heading.reference,
            "AuthorisedBy": "ADMIN" if authorised else "", "PostedBy": "ADMIN" if posted else "",
            "Authorised": "Y" if authorised else "N", "Notation": heading.notation,
        })  # fmt: skip
        for entry, posting in enumerate(postings, start=1):
            when = posting.date or heading.date
            self._insert("GenJournalDetail", {
                "GlYear": heading.year, "GlPeriod": heading.period, "Journal": number, "EntryNumber": entry,
                "EntryType": "N", "GlCode": posting.account, "Reference": posting.reference,
                "Comment": posting.comment, "EntryValue": money(posting.cents), "EntryPosted": "Y" if posted else "N",
                "InterCompanyFlag": "N", "Company": self._store.company, "Type": "N",
                "CurrencyValue": money(posting.cents), "PostCurrency": self.currency, "Source": heading.source[:1],
                "CommitmentFlag": "N", "SubModJournal": heading.sub_journal, "SubModArInvoice": posting.ar_invoice,
                "EntryDate": when, "TransactionDate": when, "DocumentDate": when,
            })  # fmt: skip
            if posted:
                self._transact(heading, number, posting)
        return number

    def _transact(self, heading: Heading, journal: int, posting: Posting) -> None:
        company, account, year, period = self._store.company, posting.account, heading.year, heading.period
        (line,) = self._store.connection.execute(
            'SELECT coalesce(max("GlLine"), 0) + 1 FROM "GenTransaction" '
            'WHERE "Company" = ? AND "GlCode" = ? AND "GlYear" = ? AND "GlPeriod" = ?',
            (company, account, year, period),
        ).fetchone()
        self._insert("GenTransaction", {
            "Company": company, "GlCode": account, "GlYear": year, "GlPeriod": period, "GlLine": line,
            "Source": heading.source[:1], "Journal": journal, "JnlDate": heading.date,
            "TransactionDate": posting.date or heading.date, "Reference": posting.reference,
            "Comment": posting.comment, "EntryValue": money(posting.cents), "SubModJournal": heading.sub_journal,
            "SubModArInvoice": posting.ar_invoice, "SubModApInvoice": posting.ap_invoice,
            "SubModSupplier": posting.supplier, "SubModCustomer": posting.customer,
        })  # fmt: skip
        self._move_history(account, year, period, posting.cents)
        self._move_master(account, (year, period), posting.cents)

    def _move_history(self, account: str, year: int, period: int, amount: int) -> None:
        """The balances from the period on; those of later years that have begun, by what was carried into them."""
        names = [f"ClosingBalPer{number}" for number in range(period, PERIODS + 1)]
        self._add_to_history(account, year, names, amount)
        every = ["BeginYearBalance", *(f"ClosingBalPer{number}" for number in range(1, PERIODS + 1))]
        for later in range(year + 1, current_period(self._store)[0] + 1):
            self._add_to_history(self._carried_to(account), later, every, amount)

    def _carried_to(self, account: str) -> str:
        """Where an account's balance goes at a year's end."""
        master = self._store.get("GenMaster", (self._store.company, account)) or {}
        return RETAINED if master.get("AccountType") in PROFIT_AND_LOSS else account

    def _add_to_history(self, account: str, year: int, names: Sequence[str], amount: int) -> None:
        key: Row = {"Company": self._store.company, "GlCode": account, "GlYear": year}
        history = self._store.get("GenHistory", tuple(key.values()))
        if history is None:
            history = self._store.insert("GenHistory", key)
            self._count("new", "GenHistory")
        self._update("GenHistory", key, {name: money(cents(str(history[name])) + amount) for name in names})

    def _move_master(self, account: str, period: tuple[int, int], amount: int) -> None:
        """The current balance; what is posted ahead joins it when its period opens."""
        now = current_period(self._store)
        if period > now:
            return
        carried = self._carried_to(account) if period[0] < now[0] else account
        key: Row = {"Company": self._store.company, "GlCode": carried}
        master = self._store.get("GenMaster", tuple(key.values())) or {}
        moved = {"CurrentBalance": amount}
        if period == now:
            moved["PtdDrValue" if amount > 0 else "PtdCrValue"] = abs(amount)
        else:
            moved["PrevPerEndBal"] = amount
        values: Row = {name: money(cents(str(master[name])) + each) for name, each in moved.items()}
        self._update("GenMaster", key, values)

    def _open_period(self) -> None:
        """The first day of a new month opens a period; the first day of a new year, a year."""
        before = current_period(self._store)
        now = (self._day.year, self._day.month)
        self._store.write_note("period", f"{now[0]}-{now[1]:02d}")
        self._store.write_note("date", self._day.date.isoformat())
        if before[0] != now[0]:
            self._open_year()
        if before != now:
            self._open_accounts(*now)

    def _open_accounts(self, year: int, period: int) -> None:
        """Every account's balance at the period's beginning, and what was posted ahead into the period."""
        company = self._store.company
        ahead: dict[tuple[str, str], int] = defaultdict(int)
        for row in self._store.select("GenTransaction", '"GlYear" = ? AND "GlPeriod" = ?', (year, period)):
            amount = cents(str(row["EntryValue"]))
            ahead[str(row["GlCode"]), "PtdDrValue" if amount > 0 else "PtdCrValue"] += abs(amount)
        for master in list(self._store.select("GenMaster")):
            code = str(master["GlCode"])
            history = self._store.get("GenHistory", (company, code, year)) or {}
            previous = "BeginYearBalance" if period == 1 else f"ClosingBalPer{period - 1}"
            self._update("GenMaster", {"Company": company, "GlCode": code}, {
                "PrevPerEndBal": history.get(previous, "0.00"),
                "CurrentBalance": history.get(f"ClosingBalPer{period}", "0.00"),
                **{name: money(ahead[code, name]) for name in ("PtdDrValue", "PtdCrValue")},
            })  # fmt: skip

    def _open_year(self) -> None:
        """Balances are carried forward; profit and loss start from nothing, their sum goes to retained earnings."""
        kinds = {str(row["GlCode"]): str(row["AccountType"]) for row in self._store.select("GenMaster")}
        begin: dict[str, int] = {}
        result = 0
        for row in list(self._store.select("GenHistory", '"GlYear" = ?', (self._day.year - 1,))):
            code, closing = str(row["GlCode"]), cents(str(row[f"ClosingBalPer{PERIODS}"]))
            if kinds.get(code, "") in PROFIT_AND_LOSS:
                result += closing
                closing = 0
            begin[code] = closing
        begin[RETAINED] = begin.get(RETAINED, 0) + result
        every = ["BeginYearBalance", *(f"ClosingBalPer{number}" for number in range(1, PERIODS + 1))]
        for code, balance in begin.items():
            self._add_to_history(code, self._day.year, every, balance)

    def _insert(self, table: str, values: Row) -> None:
        self._store.insert(table, values)
        self._count("new", table)

    def _update(self, table: str, key: Row, values: Row) -> None:
        self._store.update(table, key, values)
        self._count("edited", table)
