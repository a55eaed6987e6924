"""GENTJL: general ledger journals, posted or left to be posted.

Source of the elements: WarehouseManagement (C# code in production). What the reply names is not published, so where
the journal's number stands and what it is called are switches.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sandbox.syspro.books import Books, Heading, Posting, company_day, current_period
from sandbox.syspro.enet.faults import MISSING, NOT_ALLOWED, NOT_FOUND, ON_HOLD, PERIOD, UNBALANCED, UNUSUAL
from sandbox.syspro.enet.fields import Fields
from sandbox.syspro.enet.process import Checked, parameters_of, process
from sandbox.syspro.enet.replies import transaction_reply
from sandbox.syspro.enet.xml import text_of
from sandbox.syspro.seed.calendar import money, stored
from sandbox.syspro.seed.chart import FORCED, RETAINED

if TYPE_CHECKING:
    from lxml import etree

    from sandbox.syspro.enet.calls import Call, Registry
    from sandbox.syspro.enet.process import Pairs

ROOT = "PostGlJournal"
_PERIODS = 12
_LINE = "JournalDetails"


def register(registry: Registry) -> None:
    """Add the object."""
    registry.add("GENTJL", "post")(post_journals)


def post_journals(call: Call) -> str:
    """Post the document's journals."""
    result = process(call, ROOT, Journals(call))
    place = call.switches.text("posting_reply")
    return transaction_reply(ROOT, result, call.switches, numbers_in="key" if place == "mixed" else place)


def uncounted(kind: str, table: str) -> None:
    """Nobody counts the rows that business objects write."""


class Journals:
    """One document of journals."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._day = company_day(call.store)
        self._books = Books(call.store, self._day, uncounted)
        self._action = text_of(parameters_of(call, ROOT), "ActionType", "A")

    def check(self, item: etree._Element) -> Checked:
        """Read one journal."""
        fields = Fields(item, self._call.switches)
        if self._action != "A":
            fields.fault("", "", NOT_ALLOWED, f"Action type '{self._action}' is not supported")
        fields.choice("JournalType", ("N",), "N")
        if given := fields.given("JournalNumber"):
            fields.fault("JournalNumber", given, NOT_ALLOWED, "Journal number must be blank when adding")
        if fields.choice("CancelJournal", ("Y", "N"), "N") == "Y":
            fields.fault("CancelJournal", "Y", NOT_FOUND, "There is no journal to cancel")
        reference = fields.text("JournalReference", 30)
        heading = self._heading(fields, reference)
        postings = [
            self._line(Fields(line, self._call.switches, fields.faults, _LINE, number), reference)
            for number, line in enumerate(item.findall(_LINE), start=1)
        ]
        total = sum(posting.cents for posting in postings)
        if not postings:
            fields.fault("", "", MISSING, "Journal has no entries")
        elif total:
            fields.fault("", "", UNBALANCED, f"Journal does not balance, difference {money(total)}")
        key: Pairs = (("JournalReference", reference),) if reference else ()
        return Checked(key, fields.faults, lambda: self._enter(heading, postings))

    def _heading(self, fields: Fields, reference: str) -> Heading:
        notation = fields.text("Notation", 100)
        day = fields.day("JournalDate", self._day.date) or self._day.date
        year, period = self._period(fields)
        if (day.year, day.month) != (year, period):
            words = f"Journal date {day} is outside of period {period} of {year}"
            fields.fault("JournalDate", str(day), UNUSUAL, words, warning=True)
        authorised = fields.choice("AuthorizeJournal", ("A", "Y", "N"), "N") != "N"
        wanted = fields.choice("PostJournal", ("Y", "N"), "N") == "Y"
        held = fields.choice("HoldJournal", ("Y", "N"), "N") == "Y"
        currency = fields.text("Currency", 3)
        if currency not in {"", self._books.currency}:
            fields.fault("Currency", currency, NOT_ALLOWED, f"Currency '{currency}' is not that of the company")
        operator = self._call.session.operator.code
        return Heading(
            year, period, stored(day), "GL", 0, reference, notation, operator,
            "held" if held else "posted" if wanted and authorised else "authorised" if authorised else "entered",
        )  # fmt: skip

    def _period(self, fields: Fields) -> tuple[int, int]:
        """The year and period to post into, checked against those that are open."""
        now = current_period(self._call.store)
        named = ("PostingYear", "PostingPeriod")
        if self._call.switches.text("journal_period") == "swapped":
            named = ("PostingPeriod", "PostingYear")
        year, period = fields.whole(named[0], now[0]), fields.whole(named[1], now[1])
        if not 1 <= period <= _PERIODS:
            fields.fault(named[1], str(period), PERIOD, f"Period {period} of {year} does not exist")
            return now
        distance = (year - now[0]) * _PERIODS + period - now[1]
        switches = self._call.switches
        closed = {each.strip() for each in switches.text("closed_periods").split(",")}
        open_ = -switches.number("gl_open_back") <= distance <= switches.number("gl_open_ahead")
        if not open_ or f"{year}-{period:02d}" in closed:
            fields.fault(named[1], str(period), PERIOD, f"Period {period} of {year} is closed")
        return year, period

    def _line(self, fields: Fields, reference: str) -> Posting:
        account = fields.text("LedgerCode", 35, required=True)
        check_account(self._call, fields, "LedgerCode", account)
        amount = fields.money("EntryAmount", required=True)
        when: date | None = fields.day("Date")
        own = fields.text("Reference", 50)
        comment = fields.text("Comment", 250)
        return Posting(account, amount, own or reference, comment=comment, date=stored(when) if when else "")

    def _enter(self, heading: Heading, postings: list[Posting]) -> Pairs:
        number = self._books.enter(heading, postings)
        return (
            ("JournalYear", str(heading.year)),
            ("JournalPeriod", f"{heading.period:02d}"),
            (self._call.switches.text("journal_element"), f"{number:010d}"),
        )

    def finish(self) -> Pairs:
        """Every journal is complete by itself."""
        return ()


def check_account(call: Call, fields: Fields, element: str, code: str) -> None:
    """Note when nothing may be posted to a ledger code."""
    if not code:
        return
    master = call.store.get("GenMaster", (call.store.company, code))
    if master is None:
        fields.fault(element, code, NOT_FOUND, f"Ledger code '{code}' not found")
    elif code in {FORCED, RETAINED} or master["AccountType"] in {"S", "T"}:
        fields.fault(element, code, NOT_ALLOWED, f"Ledger code '{code}' may not be posted to")
    elif master["AccOnHldFlag"] == "Y":
        fields.fault(element, code, ON_HOLD, f"Ledger code '{code}' is on hold")
