"""From a request's entries to documents: each is completed, checked and posted, or refused with its messages."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from sandbox.sap.posting import messages
from sandbox.sap.posting.books import Books
from sandbox.sap.posting.checks import Rules, check_entry
from sandbox.sap.posting.determination import completed
from sandbox.sap.soap.confirmation import LOGICAL_SYSTEM, Outcome

if TYPE_CHECKING:
    from sandbox.core.switches import Switches
    from sandbox.sap.entry import Entry
    from sandbox.sap.journal import Journal
    from sandbox.sap.posting.messages import Message
    from sandbox.sap.soap.request import BulkRequest, EntryRequest
    from sandbox.sap.store import Store

NO_NUMBER = "0000000000"


class _NotForReal(Exception):  # noqa: N818  a way out of a transaction, nothing went wrong
    """Rolls a posting back that was only tried."""


class Poster:
    """Posts bulk requests, one transaction for each entry."""

    def __init__(self, store: Store, journal: Journal, switches: Switches) -> None:
        self._store = store
        self._journal = journal
        self._switches = switches
        self._used: set[str] = set()

    def clear(self) -> None:
        """Forget which message ids were used."""
        self._used.clear()

    def post(self, request: BulkRequest) -> tuple[list[Outcome], list[Message]]:
        """What became of each entry, and messages about the request as a whole."""
        if not request.message_id and self._switches.text("message_ids") == "required":
            missing = messages.no_ids()
            return [Outcome(each.message_id, (missing,)) for each in request.entries], [missing]
        books = Books(self._store)
        entries = [(each, *self._examined(each, request, books)) for each in request.entries]
        self._used |= {each.message_id for each in request.entries}
        if self._switches.text("bulk") == "all_or_none" and any(problems for _, _, problems in entries):
            entries = [
                (each, entry, problems or [messages.sub_message_failed(each.message_id)])
                for each, entry, problems in entries
            ]
        return [self._outcome(each, entry, problems, request.test_run) for each, entry, problems in entries], []

    def _examined(self, each: EntryRequest, request: BulkRequest, books: Books) -> tuple[Entry, list[Message]]:
        """The entry as it would be posted, and everything that speaks against it."""
        entry, problems = self._signed(each)
        problems += self._identified(each, request)
        if each.foreign:
            problems.append(messages.sub_message_failed(each.message_id))
        entry = completed(books, entry)
        return entry, problems + check_entry(books, entry, Rules.of(self._switches))

    def _identified(self, each: EntryRequest, request: BulkRequest) -> list[Message]:
        if not each.message_id:
            return [messages.no_ids()] if self._switches.text("message_ids") == "required" else []
        policy = self._switches.text("duplicate_ids")
        twice = Counter(other.message_id for other in request.entries)[each.message_id] > 1
        if (policy != "accepted" and twice) or (policy == "ever" and each.message_id in self._used):
            return [messages.sub_message_failed(each.message_id)]
        return []

    def _signed(self, each: EntryRequest) -> tuple[Entry, list[Message]]:
        """The debit/credit codes beside the signs of the amounts; beside IsNegativePosting either code is taken."""
        policy = self._switches.text("debit_credit_mismatch")
        marked = self._switches.text("negative_posting") == "refused"
        lines, problems = [], []
        for line, (item, code) in zip(each.entry.lines, each.items, strict=True):
            debit = line.amount > 0 or (line.amount == 0 and code == "S")
            expected = line.negative or code in {"", "S" if debit else "H"}
            if (not expected and policy == "error") or (line.negative and marked):
                problems.append(messages.negative_posting(item))
            turned = not expected and policy == "negative_posting"
            lines.append(replace(line, negative=True) if turned else line)
        return replace(each.entry, lines=tuple(lines)), problems

    def _outcome(self, each: EntryRequest, entry: Entry, problems: list[Message], test_run: bool) -> Outcome:
        kind = entry.reference_type
        if problems:
            return Outcome(each.message_id, (messages.refused(kind, LOGICAL_SYSTEM), *problems))
        if test_run:
            passed = (messages.checked(kind, LOGICAL_SYSTEM),)
            return Outcome(each.message_id, passed, NO_NUMBER, entry.company_code)
        if each.test_run:
            document, year = self._number_only(entry)
            passed = (messages.checked(kind, LOGICAL_SYSTEM),)
        else:
            with self._store.transaction():
                document, year = self._journal.post(entry)
            passed = (messages.posted(kind, f"{document}{entry.company_code}{year}", LOGICAL_SYSTEM),)
        return Outcome(each.message_id, passed, document, entry.company_code, year)

    def _number_only(self, entry: Entry) -> tuple[str, str]:
        """Takes a document number and posts nothing: what an entry's own test indicator does (a known trap)."""
        drawn: list[str] = []
        with contextlib.suppress(_NotForReal):
            self._try(entry, drawn)
        document, year, number_range = drawn
        with self._store.transaction():
            self._store.next_number(entry.company_code, year, number_range, int(document))
        return document, year

    def _try(self, entry: Entry, drawn: list[str]) -> NoReturn:
        """Posts and rolls back; ``drawn`` receives document, fiscal year and the number range."""
        with self._store.transaction():
            drawn += self._journal.post(entry)
            where = '"CompanyCode" = ? AND "FiscalYear" = ? AND "LastNumber" = ?'
            taken = (entry.company_code, drawn[1], int(drawn[0]))
            drawn += [str(row["NumberRange"]) for row in self._store.select("NumberRange", where, taken)]
            raise _NotForReal
