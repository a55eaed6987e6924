"""What SAP shows of journal entries by the beginning of their reference, and of their lines.

Facts: A_OperationalAcctgDocItemCube has one row per line, DocumentReferenceID and AccountingDocumentItem can be
filtered and sorted, and references are stored in capital letters (metadata). Every document with an entry view has the
item 001. Ranges are asked for (ge, le), which every OData service knows, with an upper end that is in range in any
collation. Whether amounts have the sign of their side is not documented: both readings are tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from connector_kit.documents.model import Content, Line, Listed, Posted
from connector_kit.documents.references import LENGTH
from connector_kit.errors import RefusedError
from connector_kit.numerals import whole
from connector_kit.odata.filters import AllOf, AnyOf, Compare, odata_filter
from connector_kit.odata.literals import literal
from connector_kit.sap.lookup import ENTRY_VIEW, LEDGER_VIEW, View, read

if TYPE_CHECKING:
    from connector_kit.odata.filters import Condition
    from connector_kit.sap.connecting import SapConnection

_PREFIXES = 20  # in one address, which stays below 3,000 characters
_REFERENCES = 40
_HEAD = "CompanyCode,FiscalYear,AccountingDocument,IsReversed,IsReversal"
_LINE = "GLAccount,AmountInTransactionCurrency,TransactionCurrency,DebitCreditCode,PostingDate"
_FIELDS = {
    "assignment_reference": "AssignmentReference",
    "cost_center": "CostCenter",
    "customer": "Customer",
    "functional_area": "FunctionalArea",
    "partner_profit_center": "PartnerProfitCenter",
    "partner_segment": "PartnerSegment",
    "profit_center": "ProfitCenter",
    "segment": "Segment",
    "supplier": "Supplier",
    "tax_code": "TaxCode",
    "trading_partner": "PartnerCompany",
    "transaction_type": "FinancialTransactionType",
}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JournalBooks:
    """The journal entries of a tenant. by_ledger: whether documents may have no entry view (`lookup`)."""

    connection: SapConnection
    by_ledger: bool

    def listed(self, prefixes: Sequence[str], companies: Collection[str]) -> Iterator[Listed]:  # noqa: ARG002 - as Books has it
        """Every document of the tenant whose reference begins like one of these.

        Raises:
            ConnectorError: SAP does not say, or its list can't be whole.
        """
        found: dict[str, dict[Posted, bool]] = {}
        for view in (ENTRY_VIEW, *([LEDGER_VIEW] if self.by_ledger else [])):
            for at in range(0, len(prefixes), _PREFIXES):
                for row in self._ranges(view, prefixes[at : at + _PREFIXES]):
                    live = row.get("IsReversed") is not True and row.get("IsReversal") is not True
                    one = Posted(row["AccountingDocument"], row["CompanyCode"], row["FiscalYear"])
                    found.setdefault(row[view.field].strip(), {})[one] = live
        for name, documents in found.items():
            live_ones = tuple(one for one, live in documents.items() if live)
            yield Listed(name, live_ones, tuple(one for one, live in documents.items() if not live))

    def _ranges(self, view: View, prefixes: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Rows in the order of their references, page after page behind the last one, until there is none."""
        last, ends = "", list[str]()
        while True:
            after = last
            for row in self._page(view, prefixes, after):
                name = row[view.field].strip()
                if not name.startswith(tuple(prefixes)) or name < last or (after and name == after):
                    raise self._not_whole(view, prefixes, last, name)
                last = name
                yield row
            if last == after:
                break
            ends.append(last)
        if len(ends) > 1:  # a page may have ended between two documents that bear the same reference
            for at in range(0, len(ends), _REFERENCES):
                equal = tuple(Compare(view.field, "eq", name) for name in ends[at : at + _REFERENCES])
                yield from self._heads(view, AnyOf(equal))

    def _page(self, view: View, prefixes: Sequence[str], after: str) -> Iterator[dict[str, Any]]:
        parts: list[Condition] = []
        for prefix in prefixes:
            upper = Compare(view.field, "le", prefix.ljust(LENGTH, "Z"))
            if after < prefix:
                parts.append(AllOf((Compare(view.field, "ge", prefix), upper)))
            elif after < prefix.ljust(LENGTH, "Z"):
                parts.append(AllOf((Compare(view.field, "gt", after), upper)))
        if parts:
            yield from self._heads(view, AnyOf(tuple(parts)))

    def _heads(self, view: View, condition: Condition) -> Iterator[dict[str, Any]]:
        if view is ENTRY_VIEW:
            condition = AllOf((Compare("AccountingDocumentItem", "eq", "001"), condition))
        yield from self._read(view, condition, f"{_HEAD},{view.field}", order=view.field)

    def _not_whole(self, view: View, prefixes: Sequence[str], last: str, name: str) -> RefusedError:
        return RefusedError(
            system=self.connection.system,
            subject=view.entity_set,
            expected=f"documents in the order of {view.field}, from {max(last, min(prefixes))} on",
            got=name or "one without a reference",
            hint="The service does not keep to $filter or $orderby, so what stands can't be told. "
            "With look_up_first: false it is not asked for.",
        )

    def contents(self, documents: Sequence[Listed], fields: Collection[str]) -> Mapping[str, Content]:
        """Documents of the entry view, line by line; a field that the view does not have stays out."""
        known = {name: _FIELDS[name] for name in sorted(fields) if name in _FIELDS}
        companies: dict[str, list[Listed]] = {}
        for one in documents:
            companies.setdefault(one.first.company, []).append(one)
        found: dict[str, Content] = {}
        for company, some in companies.items():
            for at in range(0, len(some), _REFERENCES):
                found.update(self._lines(company, some[at : at + _REFERENCES], known))
        return found

    def _lines(self, company: str, some: Sequence[Listed], known: Mapping[str, str]) -> Iterable[tuple[str, Content]]:
        equal = AnyOf(tuple(Compare(ENTRY_VIEW.field, "eq", one.reference) for one in some))
        select = ",".join(dict.fromkeys((*_HEAD.split(","), ENTRY_VIEW.field, *_LINE.split(","), *known.values())))
        select += ENTRY_VIEW.more
        wanted = {(one.reference, one.first.number, one.first.year) for one in some}
        rows: dict[str, dict[str, Row]] = {}
        for row in self._read(ENTRY_VIEW, AllOf((Compare("CompanyCode", "eq", company), equal)), select):
            name = row[ENTRY_VIEW.field].strip()
            if (name, row["AccountingDocument"], row["FiscalYear"]) in wanted:
                rows.setdefault(name, {})[row["AccountingDocumentItem"]] = row
        for name, lines in rows.items():
            day = _day(next(iter(lines.values())).get("PostingDate"))
            readings = [tuple(_line(row, known, turned) for row in lines.values()) for turned in (False, True)]
            if day is not None and all(line is not None for line in readings[0]):
                yield name, Content(day, tuple(tuple(filter(None, one)) for one in readings))

    def _read(self, view: View, condition: Condition, select: str, order: str = "") -> Iterator[dict[str, Any]]:
        text = odata_filter(condition, lambda _, value: literal(value, version="2.0"))
        return read(
            self.connection, view.service, view.entity_set, where=text, select=select, order=order, what="documents"
        )


def _line(row: Row, known: Mapping[str, str], turned: bool) -> Line | None:
    try:
        amount = Decimal(str(row["AmountInTransactionCurrency"]))
    except (InvalidOperation, KeyError):
        return None
    if turned:
        amount = -abs(amount) if row.get("DebitCreditCode") == "H" else abs(amount)
    fields = tuple((name, str(row[column])) for name, column in known.items() if row.get(column))
    return Line(str(row.get("GLAccount") or ""), amount, str(row.get("TransactionCurrency") or ""), fields)


def _day(text: object) -> date | None:
    digits = str(text).removeprefix("/Date(").removesuffix(")/")
    milliseconds = whole(digits.removeprefix("-"))
    if milliseconds is None:
        return None
    try:
        since = timedelta(milliseconds=-milliseconds if digits.startswith("-") else milliseconds)
        return (datetime(1970, 1, 1, tzinfo=timezone.utc) + since).date()
    except OverflowError:
        return None
