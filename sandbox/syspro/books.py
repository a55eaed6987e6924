"""Postings to the general ledger of a live company: journals, transactions, history and balances stay in step."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sandbox.syspro.seed.calendar import Day, cents, money
from sandbox.syspro.seed.chart import PROFIT_AND_LOSS, RETAINED
from sandbox.syspro.seed.ledger import PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._open_period()
        for (source, sub_journal), postings in self._journals.items():
            self._write_journal(source, sub_journal, postings)
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
            self._transact(year, period, int(line["Journal"] or 0), "GL", 0, posting)

    def _write_journal(self, source: str, sub_journal: int, postings: list[Posting]) -> None:
        day = self._day
        (last,) = self._store.connection.execute('SELECT max("GlJournal") FROM "GenJournalCtl"').fetchone()
        number = int(last or 0) + 1
        self._insert("GenJournalCtl", {
            "GlYear": day.year, "GlPeriod": day.month, "GlJournal": number, "JournalDate": day.text,
            "PostDate": day.text, "JnlPrintFlag": "Y", "NumOfEntries": len(postings), "JnlPostingType": "N",
            "DebitAmount": money(sum(each.cents for each in postings if each.cents > 0)),
            "CreditAmount": money(-sum(each.cents for each in postings if each.cents < 0)),
            "Source": source[:1], "JournalSource": source, "Operator": "INTEG", "JnlStatus": "P",
            "Reference": f"{source} {sub_journal}", "AuthorisedBy": "ADMIN", "PostedBy": "ADMIN", "Authorised": "Y",
        })  # fmt: skip
        for entry, posting in enumerate(postings, start=1):
            self._insert("GenJournalDetail", {
                "GlYear": day.year, "GlPeriod": day.month, "Journal": number, "EntryNumber": entry, "EntryType": "N",
                "GlCode": posting.account, "Reference": posting.reference, "EntryValue": money(posting.cents),
                "EntryPosted": "Y", "InterCompanyFlag": "N", "Company": self._store.company, "Type": "N",
                "CurrencyValue": money(posting.cents), "PostCurrency": self.currency, "Source": source[:1],
                "CommitmentFlag": "N", "SubModJournal": sub_journal, "SubModArInvoice": posting.ar_invoice,
                "EntryDate": day.text, "TransactionDate": day.text, "DocumentDate": day.text,
            })  # fmt: skip
            self._transact(day.year, day.month, number, source, sub_journal, posting)

    def _transact(self, year: int, period: int, journal: int, source: str, sub_journal: int, posting: Posting) -> None:
        company, account = self._store.company, posting.account
        (line,) = self._store.connection.execute(
            'SELECT coalesce(max("GlLine"), 0) + 1 FROM "GenTransaction" '
            'WHERE "Company" = ? AND "GlCode" = ? AND "GlYear" = ? AND "GlPeriod" = ?',
            (company, account, year, period),
        ).fetchone()
        self._insert("GenTransaction", {
            "Company": company, "GlCode": account, "GlYear": year, "GlPeriod": period, "GlLine": line,
            "Source": source[:1], "Journal": journal, "JnlDate": self._day.text, "TransactionDate": self._day.text,
            "Reference": posting.reference, "EntryValue": money(posting.cents), "SubModJournal": sub_journal,
            "SubModArInvoice": posting.ar_invoice, "SubModApInvoice": posting.ap_invoice,
            "SubModSupplier": posting.supplier, "SubModCustomer": posting.customer,
        })  # fmt: skip
        self._move_history(account, year, period, posting.cents)
        master = self._store.get("GenMaster", (company, account)) or {}
        side = "PtdDrValue" if posting.cents > 0 else "PtdCrValue"
        self._update("GenMaster", {"Company": company, "GlCode": account}, {
            "CurrentBalance": money(cents(str(master["CurrentBalance"])) + posting.cents),
            side: money(cents(str(master[side])) + abs(posting.cents)),
        })  # fmt: skip

    def _move_history(self, account: str, year: int, period: int, amount: int) -> None:
        key: Row = {"Company": self._store.company, "GlCode": account, "GlYear": year}
        history = self._store.get("GenHistory", tuple(key.values()))
        if history is None:
            history = self._store.insert("GenHistory", key)
            self._count("new", "GenHistory")
        names = [f"ClosingBalPer{number}" for number in range(period, PERIODS + 1)]
        self._update("GenHistory", key, {name: money(cents(str(history[name])) + amount) for name in names})

    def _open_period(self) -> None:
        """The first day of a new month closes the period; the first day of a new year, the year."""
        before = self._store.note("period") or ""
        now = f"{self._day.year}-{self._day.month:02d}"
        self._store.write_note("period", now)
        if before and before != now:
            for master in list(self._store.select("GenMaster")):
                key: Row = {"Company": master["Company"], "GlCode": master["GlCode"]}
                opened: Row = {"PrevPerEndBal": master["CurrentBalance"], "PtdDrValue": "0.00", "PtdCrValue": "0.00"}
                self._update("GenMaster", key, opened)
        if before and before[:4] != now[:4]:
            self._open_year()

    def _open_year(self) -> None:
        """Balances are carried forward; profit and loss start from nothing, their sum goes to retained earnings."""
        kinds = {str(row["GlCode"]): str(row["AccountType"]) for row in self._store.select("GenMaster")}
        begin: dict[str, int] = {}
        result = 0
        for row in self._store.select("GenHistory", '"GlYear" = ?', (self._day.year - 1,)):
            code, closing = str(row["GlCode"]), cents(str(row[f"ClosingBalPer{PERIODS}"]))
            if kinds.get(code, "") in PROFIT_AND_LOSS:
                result += closing
                closing = 0
            begin[code] = closing
        begin[RETAINED] = begin.get(RETAINED, 0) + result
        for code, balance in begin.items():
            amounts: Row = {f"ClosingBalPer{number}": money(balance) for number in range(1, PERIODS + 1)}
            key: Row = {"Company": self._store.company, "GlCode": code, "GlYear": self._day.year}
            self._insert("GenHistory", {**key, "BeginYearBalance": money(balance), **amounts})
            self._update(
                "GenMaster", {"Company": self._store.company, "GlCode": code}, {"CurrentBalance": money(balance)}
            )

    def _insert(self, table: str, values: Row) -> None:
        self._store.insert(table, values)
        self._count("new", table)

    def _update(self, table: str, key: Row, values: Row) -> None:
        self._store.update(table, key, values)
        self._count("edited", table)
