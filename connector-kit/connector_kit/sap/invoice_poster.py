"""Posts supplier invoices, and knows those that are there already.

Facts: SAP's KBAs 1859210 and 2389365: the check for duplicates may not work for postings through an API, so that what
stands is looked up before. Duplicates that SAP finds by itself are told by the messages M8 108 and F5 117.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connector_kit.documents.meant import lines_meant
from connector_kit.documents.model import Document, Message, Outcome, Posted, Refused, Unknown, Unsent, together
from connector_kit.documents.references import OF_PILE
from connector_kit.odata.filters import AllOf, AnyOf, Compare, odata_filter
from connector_kit.odata.literals import literal
from connector_kit.sap import lookup
from connector_kit.sap.csrf import ODataWriter, RefusedByRulesError
from connector_kit.sap.doubt import FAILURES, in_doubt, not_logged_on
from connector_kit.sap.supplier_invoices import (
    RULES,
    SERVICE,
    SET,
    MemoItems,
    faults,
    payload,
    reference_of,
    signed_gross,
)

if TYPE_CHECKING:
    from connector_kit.sap.connecting import SapConnection

_SELECT = (
    "SupplierInvoice,FiscalYear,CompanyCode,InvoicingParty,SupplierInvoiceIDByInvcgParty,AssignmentReference,"
    "ReverseDocument,IsReversal,DocumentCurrency,InvoiceGrossAmount,SupplierInvoiceIsCreditMemo"
)
_DUPLICATE = frozenset({"M8/108", "F5/117"})
_NUMBER = re.compile(r"\b(\d{10})\b(?:\D+(\d{4})\b)?")
_PER_REQUEST = 20  # references in one address


class SupplierInvoices:
    """The supplier invoices of a tenant.

    Args:
        connection: the tenant.
        memo_items: see `payload`.
        per_call: how many invoices are looked up at once before they are posted one by one.
    """

    rules = RULES
    books = None

    def __init__(self, connection: SapConnection, *, memo_items: MemoItems = "credit", per_call: int = 20) -> None:
        self._connection = connection
        self._memo_items = memo_items
        self._writer = ODataWriter(connection, SERVICE)
        self.system = connection.system
        self.per_call = per_call

    def time(self) -> float | None:
        """By SAP's last answer."""
        return self._connection.session.time()

    def check(self, document: Document) -> Sequence[Message]:
        """What SAP would refuse for certain."""
        return faults(document)

    def validate(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """What can be told without posting: SAP has no test run for invoices, so only duplicates are found."""
        try:
            standing = self._standing(documents)
        except FAILURES as error:
            return [in_doubt(error)] * len(documents)
        return [standing.get(document.reference, Posted("")) for document in documents]

    def post(self, documents: Sequence[Document]) -> Iterator[Outcome]:
        """Post those that are not there."""
        if unsent := not_logged_on(self._connection):
            yield from [unsent] * len(documents)
            return
        try:
            standing = self._standing(documents)
        except FAILURES as error:
            yield from [Unsent(str(error))] * len(documents)
            return
        for document in documents:
            yield standing.get(document.reference) or self._post(document)

    def look_up(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        """The invoices with the documents' suppliers and references: our own, and other people's of the same year.

        Cancelled ones don't count, and neither do those of other people that are about another amount.

        Raises:
            ConnectorError: SAP can't be asked.
        """
        return {name: one for name, one in self._standing(documents).items() if isinstance(one, Posted)}

    def _standing(self, documents: Sequence[Document]) -> dict[str, Posted | Refused]:
        wanted: dict[tuple[str, str], list[Document]] = {}
        for document in documents:
            wanted.setdefault((document.company, document.header.get("supplier", "")), []).append(document)
        found: dict[str, Posted | Refused] = {}
        for (company, supplier), some in wanted.items():
            standing: dict[str, list[dict[str, Any]]] = {}
            for row in self._rows(company, supplier, list(dict.fromkeys(map(reference_of, some)))):
                standing.setdefault(row["SupplierInvoiceIDByInvcgParty"].strip().upper(), []).append(row)
            for document in some:
                posted = _standing(document, standing.get(reference_of(document).upper(), ()))
                if posted:
                    found[document.reference] = posted
        return found

    def _rows(self, company: str, supplier: str, references: Sequence[str]) -> Iterator[dict[str, Any]]:
        # An upper-case field by SAP's metadata: stored so, and whether a filter's literal is converted is not known.
        forms = list(dict.fromkeys(form for one in references for form in (one, one.upper())))
        for at in range(0, len(forms), _PER_REQUEST):
            some = tuple(Compare("SupplierInvoiceIDByInvcgParty", "eq", one) for one in forms[at : at + _PER_REQUEST])
            parties = AnyOf(tuple(Compare("InvoicingParty", "eq", form) for form in _forms(supplier)))
            condition = AllOf((Compare("CompanyCode", "eq", company), parties, AnyOf(some)))
            text = odata_filter(condition, lambda _, value: literal(value, version="2.0"))
            yield from lookup.read(
                self._connection, SERVICE, SET, where=text, select=_SELECT, what=f"invoices of supplier {supplier}"
            )

    def _post(self, document: Document) -> Outcome:
        what = f"invoice {reference_of(document)} of supplier {document.header.get('supplier')}"
        try:
            answer = self._writer.post(SET, payload(document, self._memo_items), what=what)
        except RefusedByRulesError as refusal:
            return self._refused(document, refusal)
        except FAILURES as error:
            return in_doubt(error)
        number = str(answer.get("SupplierInvoice") or "")
        if not number:
            return Unknown(f"{what}: an answer without a number")
        return Posted(number, document.company, str(answer.get("FiscalYear") or ""))

    def _refused(self, document: Document, refusal: RefusedByRulesError) -> Outcome:
        duplicate = next((one for one in refusal.messages if one.code in _DUPLICATE), None)
        if duplicate is not None:
            return self._duplicate(document, duplicate.text)
        told = [(one, lines_meant(one.text, document) or (None,)) for one in refusal.messages]
        return Refused(tuple(Message(one.code, one.text, at) for one, places in told for at in places))

    def _duplicate(self, document: Document, text: str) -> Outcome:
        """SAP says that it is there already: as what, is looked up, or read from the message."""
        try:
            standing = self.look_up([document]).get(document.reference)
        except FAILURES:
            standing = None
        if standing is None:
            quoted = _NUMBER.search(text)
            standing = Posted(quoted[1] if quoted else "", document.company, (quoted and quoted[2]) or document.year)
        return Posted(standing.number, standing.company, standing.year, text, existing=True)


def _forms(supplier: str) -> tuple[str, ...]:
    """A supplier as it is given, and a number also with and without the zeros that SAP stores before it."""
    plain = supplier.lstrip("0")
    forms = (supplier, plain.zfill(10), plain) if supplier.isdigit() and plain else (supplier,)
    return tuple(dict.fromkeys(forms))


def _standing(document: Document, rows: Sequence[Mapping[str, Any]]) -> Posted | Refused | None:
    """Our own invoices with the reference, whatever their year; else one of the same year, as a duplicate.

    One that is about another amount, or that this plan brought with other lines, keeps this one from being posted.
    """
    live = [row for row in rows if not row.get("ReverseDocument") and row.get("IsReversal") is not True]
    own = [row for row in live if str(row.get("AssignmentReference", "")).strip() == document.reference]
    same = [row for row in live if not document.year or row["FiscalYear"] == document.year]
    if own:
        return together([Posted(row["SupplierInvoice"], row["CompanyCode"], row["FiscalYear"]) for row in own])
    if not same:
        return None
    currency = document.lines[0].currency if document.lines else ""
    for row in same:
        changed = str(row.get("AssignmentReference", ""))[:OF_PILE] == document.reference[:OF_PILE]
        if not changed and (_gross(row), row.get("DocumentCurrency")) == (signed_gross(document), currency):
            return Posted(row["SupplierInvoice"], row["CompanyCode"], row["FiscalYear"], existing=True)
    there = ", ".join(
        f"{row['SupplierInvoice']}/{row['FiscalYear']} over {_gross(row)} {row.get('DocumentCurrency')}" for row in same
    )
    mine = f"{signed_gross(document)} {currency}"
    text = f"it stands as {there}, and would be posted over {mine}: cancel it there, or correct it"
    return Refused((Message("", text),))


def _gross(row: Mapping[str, Any]) -> Decimal:
    amount = Decimal(str(row.get("InvoiceGrossAmount") or 0)).normalize() + 0
    return -amount if row.get("SupplierInvoiceIsCreditMemo") else amount
