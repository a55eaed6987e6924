"""The one way into the books: a journal entry becomes a header and one line per ledger. Nothing is checked here."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import second
from sandbox.sap.document import GLOBAL_CURRENCY, HEADER, LINE, Document, amounts_in, opposite
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    from sandbox.sap.entry import Entry, EntryLine
    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Row, Store

LEDGERS = ("0L", "2L")
# SAP's usual number ranges by document type; the first number of each.
_FIRST_NUMBERS = {
    "AA": 3_100_000_000, "DG": 1_600_000_000, "DR": 1_800_000_000, "DZ": 1_400_000_000, "KG": 1_700_000_000,
    "KR": 1_900_000_000, "KZ": 1_500_000_000, "RE": 5_100_000_000, "RV": 9_000_000_000, "WE": 5_000_000_000,
}  # fmt: skip
_OTHER_NUMBERS = 100_000_000
_DOCUMENT = '"CompanyCode" = ? AND "FiscalYear" = ? AND "AccountingDocument" = ?'
_FLUSH = 5000  # lines that a bulk load keeps in memory


class Journal:
    """Posts and reverses. ``now`` is the time of creation; ``change_moves`` says whether clearing and reversal move
    the LastChangeDateTime of the lines that they touch (not known of SAP).
    """

    def __init__(
        self, store: Store, now: Callable[[], datetime], change_moves: Callable[[], bool] = lambda: True
    ) -> None:
        self._store = store
        self._now = now
        self._change_moves = change_moves
        self._headers: list[tuple[Stored, ...]] = []
        self._lines: list[tuple[Stored, ...]] = []
        self._changes: dict[str, list[tuple[Stored, ...]]] = defaultdict(list)
        """Statements that change lines and headers of documents that may not be written yet."""
        self._bulk = False
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._companies: dict[str, tuple[str, str]] = {}
        self._assignments: dict[str, tuple[str, str, str]] = {}

    @contextlib.contextmanager
    def bulk(self) -> Iterator[None]:
        """Many entries: written in batches, visible at the end. Inside the caller's transaction, by nobody else."""
        self._bulk = True
        try:
            yield
            self._flush()
            for (company_code, year, first), last in self._numbers.items():
                key = {"CompanyCode": company_code, "FiscalYear": year, "NumberRange": _range_name(first)}
                if self._store.get("NumberRange", key) is None:
                    self._store.insert("NumberRange", [{**key, "LastNumber": last}])
                else:
                    self._store.update("NumberRange", key, {"LastNumber": last})
        finally:
            self._bulk = False
            self._numbers.clear()
            self._forget()

    def post(self, entry: Entry, *, created: datetime | None = None) -> tuple[str, str]:
        """(AccountingDocument, FiscalYear) of the new entry. StoreError when its company code or a rate is missing."""
        currency, variant = self._company(entry.company_code)
        year, period = fiscal_year_and_period(variant, entry.posting_date)
        number = self._number(entry.company_code, year, _FIRST_NUMBERS.get(entry.document_type, _OTHER_NUMBERS))
        moment = created or self._now()
        common = Document(entry, number, year, period, currency, moment)
        amounts = amounts_in(entry.lines, currency), amounts_in(entry.lines, GLOBAL_CURRENCY)
        ledgers = (entry.ledger_group,) if entry.ledger_group else LEDGERS
        lines: list[tuple[Stored, ...]] = []
        for index, (line, company_amount, global_amount) in enumerate(zip(entry.lines, *amounts, strict=True), 1):
            if line.amount_in_company_currency is not None:
                company_amount = line.amount_in_company_currency  # noqa: PLW2901  what was entered wins over the rate
            assignment = self._assignment(line, entry.posting_date)
            values = common.line(index, line, assignment, company_amount, global_amount)
            lines += [(ledger, *values) for ledger in ledgers]
        self._headers.append(common.header())
        self._lines += lines
        if not self._bulk:
            self._flush()
            self._forget()
        elif len(self._lines) > _FLUSH:
            self._flush()
        return number, year

    def reverse(
        self,
        company_code: str,
        document: str,
        fiscal_year: str,
        posting_date: date,
        reason: str = "01",
        at: datetime | None = None,
    ) -> tuple[str, str]:
        """Post the opposite and mark both; (document, year) of the new entry. StoreError when there is no such
        document or it is reversed already.
        """
        self._flush()
        key: Row = {"CompanyCode": company_code, "FiscalYear": fiscal_year, "AccountingDocument": document}
        header = self._store.get("JournalHeader", key)
        if header is None or header["IsReversed"]:
            raise StoreError(f"JournalHeader: no document with key {key} that is not reversed")
        with self._store.transaction():
            lines = self._first_ledger_lines(company_code, document, fiscal_year)
            entry = opposite(header, lines, posting_date, reason)
            moment = at or self._now()
            number, year = self.post(entry, created=moment)
            place = (company_code, fiscal_year, document)
            back = '"ReverseDocument" = ?, "ReverseDocumentFiscalYear" = ?, "IsReversed" = 1'
            self._change_header(back, (number, year), place)
            if self._change_moves():
                self._change_header('"LastChangeDate" = ?', (f"{moment:%Y-%m-%d}",), place)
            self._change_lines('"IsReversed" = 1, "ReversalReferenceDocument" = ?', (number,), place, moment)
            self._flush()
        return number, year

    def clear(
        self,
        items: Sequence[tuple[str, str, str, str]],
        clearing: tuple[str, str],
        day: date,
        at: datetime | None = None,
    ) -> None:
        """Open items (company code, document, fiscal year, item of three digits) are cleared by a document."""
        number, year = clearing
        moment = at or self._now()
        changes = '"IsCleared" = 1, "ClearingDate" = ?, "ClearingAccountingDocument" = ?, "ClearingDocFiscalYear" = ?'
        for company_code, document, fiscal_year, item in items:
            key = (company_code, fiscal_year, document)
            self._change_lines(changes, (day.isoformat(), number, year), key, moment, f"{item:0>6}")
            if self._change_moves():
                self._change_header('"LastChangeDate" = ?', (f"{moment:%Y-%m-%d}",), key)
        if not self._bulk:
            self._flush()

    def _change_header(self, changes: str, values: tuple[Stored, ...], key: tuple[str, str, str]) -> None:
        self._changes[f'UPDATE "JournalHeader" SET {changes} WHERE {_DOCUMENT}'].append((*values, *key))

    def _change_lines(
        self, changes: str, values: tuple[Stored, ...], key: tuple[str, str, str], moment: datetime, item: str = ""
    ) -> None:
        """Change the lines of a document in every ledger, or one of them."""
        if self._change_moves():
            changes, values = f'{changes}, "LastChangeDateTime" = ?', (*values, second(moment))
        where, chosen = (f'{_DOCUMENT} AND "LedgerGLLineItem" = ?', (*key, item)) if item else (_DOCUMENT, key)
        statement = f"UPDATE \"JournalLine\" SET {changes} WHERE \"Ledger\" IN ('0L', '2L') AND {where}"
        self._changes[statement].append((*values, *chosen))

    def _first_ledger_lines(self, company_code: str, document: str, fiscal_year: str) -> list[Row]:
        rows = list(
            self._store.select(
                "JournalLine",
                f"\"Ledger\" IN ('0L', '2L') AND {_DOCUMENT}",
                (company_code, fiscal_year, document),
            )
        )
        return [row for row in rows if row["Ledger"] == rows[0]["Ledger"]]

    def _flush(self) -> None:
        try:
            self._store.insert_many("JournalHeader", HEADER, self._headers)
            self._store.insert_many("JournalLine", LINE, self._lines)
            for statement, values in self._changes.items():
                self._store.connection.executemany(statement, values)
        finally:  # what the database refused must not come back with the next entry
            self._headers.clear()
            self._lines.clear()
            self._changes.clear()

    def _forget(self) -> None:
        self._companies.clear()
        self._assignments.clear()

    def _number(self, company_code: str, year: str, first: int) -> str:
        if not self._bulk:
            return f"{self._store.next_number(company_code, year, _range_name(first), first):010d}"
        key = (company_code, year, first)
        if key not in self._numbers:
            stored = {"CompanyCode": company_code, "FiscalYear": year, "NumberRange": _range_name(first)}
            row = self._store.get("NumberRange", stored)
            self._numbers[key] = int(row["LastNumber"] or 0) if row else first - 1
        self._numbers[key] += 1
        return f"{self._numbers[key]:010d}"

    def _company(self, company_code: str) -> tuple[str, str]:
        """(currency, fiscal year variant)."""
        if company_code not in self._companies:
            row = self._store.get("CompanyCode", {"CompanyCode": company_code})
            if row is None:
                raise StoreError(f"CompanyCode: there is no {company_code}")
            self._companies[company_code] = (str(row["Currency"]), str(row["FiscalYearVariant"]))
        return self._companies[company_code]

    def _assignment(self, line: EntryLine, day: date) -> tuple[str, str, str]:
        """(profit center, segment, functional area): what was entered, or what the cost center says."""
        center, segment, area = "", "", ""
        if line.cost_center:
            if line.cost_center not in self._assignments:
                self._assignments[line.cost_center] = self._derived(line.cost_center, day)
            center, segment, area = self._assignments[line.cost_center]
        return line.profit_center or center, line.segment or segment, line.functional_area or area

    def _derived(self, cost_center: str, day: date) -> tuple[str, str, str]:
        row = self._store.connection.execute(
            'SELECT c."ProfitCenter", COALESCE(p."Segment", \'\'), c."FunctionalArea" FROM "CostCenter" c'
            ' LEFT JOIN "ProfitCenter" p ON p."ProfitCenter" = c."ProfitCenter"'
            ' WHERE c."CostCenter" = ? AND c."ValidityEndDate" >= ? ORDER BY c."ValidityEndDate" LIMIT 1',
            (cost_center, f"{day:%Y-%m-%d}"),
        ).fetchone()
        return tuple(row) if row else ("", "", "")


def _range_name(first: int) -> str:
    return f"RF_BELEG {first // 100_000_000:02d}"
