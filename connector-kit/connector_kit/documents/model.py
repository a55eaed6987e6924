"""What is posted, what becomes of it, and what the engine asks of an ERP (`Poster`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

Kind = Literal["plan", "difference", "reversal"]

TEXT = "text"
"""The one field of a line that says nothing about where its amount lands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document.

    account, amount (debit positive, credit negative, exact), currency ("" where the object has none).
    fields: (name, value) pairs sorted by name, blank values left out: cost_center, profit_center, tax_code, text ...
    rows: numbers, in the batch of the trail, of the records that it came from; () when the line takes back what
    earlier records brought. offset: made by the recipe's `offset`, not by a row.
    """

    account: str
    amount: Decimal
    currency: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    rows: tuple[int, ...] = ()
    offset: bool = False

    def get(self, name: str) -> str:
        """A field's value, "" when the line has none."""
        return next((value for field, value in self.fields if field == name), "")


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it is to be posted.

    scope, key: the values of the recipe's `scope` and `document` columns. header: the recipe's header columns by name,
    blank ones left out. year, period: of the fiscal year, e.g. "2026" and "11" (1 to 16, no leading zero); "" for
    objects without dates of their own. reference: see `references`; no two
    documents share one. part of parts: from 1. reverses: the reference of the document that this one takes back.
    """

    scope: tuple[str, ...]
    key: tuple[str, ...]
    kind: Kind
    header: Mapping[str, str]
    posting_date: date
    document_date: date
    year: str
    period: str
    lines: tuple[Line, ...]
    reference: str
    part: int = 1
    parts: int = 1
    reverses: str = ""

    @property
    def company(self) -> str:
        """The header's `company_code`."""
        return self.header.get("company_code", "")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the ERP. row: index of the line in the document it is about, from 0; None: of the document."""

    code: str
    text: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What the ERP calls the document. text: what else it says of it, for people.

    existing: it was there already, posted by somebody else (a duplicate). differs: it does not stand as it was posted
    (taken back since, or there twice), as text says.
    """

    number: str
    company: str = ""
    year: str = ""
    text: str = ""
    existing: bool = False
    differs: bool = False


def together(standing: Sequence[Posted]) -> Posted:
    """The first of the documents under one reference, and in its text all others: a reversal, or the same twice."""
    first, *others = standing
    if not others:
        return first
    more = ", ".join("/".join(filter(None, (one.number, one.year))) for one in others)
    return replace(first, text="; ".join(filter(None, (first.text, f"stands also as {more}"))), differs=True)


@dataclass(frozen=True, slots=True)
class Refused:
    """The ERP said no, in full. It is certain that nothing was posted."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, one that can't be read, or a gateway's: the document may have been posted, or may still be.

    again: whether a second request may fare better, once it is certain that the first one posted nothing.
    """

    error: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Unsent:
    """It is certain that the ERP did not begin to work on it: no connection, no permission, over the limit."""

    error: str


Outcome = Posted | Refused | Unknown | Unsent


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fixed for one kind of object of one ERP.

    name: how recipes call it, e.g. "journal_entry". required_header, header: names a recipe must, may give.
    required_line, line: the same for the lines, beside account, amount and currency. identity: the header fields that,
    with year and period, say where amounts land: a document whose identity changes is another document.
    balanced: debits and credits have to be equal per currency. dated: it has a posting date and a fiscal period.
    replaces: posting replaces what stood for the same cells (plan data); then a document holds the whole plan of its
    key, with zeros for cells that left it, and no reversals or differences are made.
    max_lines: of one document.
    """

    name: str
    required_header: tuple[str, ...] = ("company_code",)
    header: tuple[str, ...] = ()
    required_line: tuple[str, ...] = ()
    line: tuple[str, ...] = (TEXT,)
    identity: tuple[str, ...] = ("company_code",)
    currency: bool = True
    balanced: bool = True
    dated: bool = True
    replaces: bool = False
    max_lines: int = 999


@dataclass(frozen=True, slots=True)
class Listed:
    """What an ERP has under a reference. live: documents that stand, one unless it was posted twice.

    dead: documents that were reversed there, and the reversals.
    """

    reference: str
    live: tuple[Posted, ...]
    dead: tuple[Posted, ...] = ()

    @property
    def first(self) -> Posted:
        """The document that bears the reference."""
        return (*self.live, *self.dead)[0]


@dataclass(frozen=True, slots=True)
class Content:
    """What an ERP shows of a document. readings: its lines, in each way in which the ERP's amounts can be read."""

    posting_date: date
    readings: tuple[tuple[Line, ...], ...]


class Books(Protocol):
    """What an ERP shows of documents by their references."""

    def listed(self, prefixes: Sequence[str], companies: Collection[str]) -> Iterable[Listed]:
        """Everything that bears a reference with one of these beginnings, each reference once.

        companies: the `company_code`s of the documents that are known, "" for one that names none.

        Raises:
            ConnectorError: it can't be told, or the list is not whole.
        """

    def contents(self, documents: Sequence[Listed], fields: Collection[str]) -> Mapping[str, Content]:
        """Documents by their references; those that can't be read are left out.

        fields: the fields of lines, beside account, amount and currency, that are asked for.

        Raises:
            ConnectorError: the ERP does not say.
        """


class Poster(Protocol):
    """One kind of object of one ERP."""

    @property
    def books(self) -> Books | None:
        """Finds documents by the beginning of their references, where the ERP can."""

    @property
    def system(self) -> str:
        """For people: "SAP S/4HANA"."""

    @property
    def rules(self) -> Rules:
        """What is fixed."""

    @property
    def per_call(self) -> int:
        """How many documents `post` is given at most."""

    def time(self) -> float | None:
        """Seconds since 1970 on the ERP's clock now, by its last answer; None when that does not tell."""

    def check(self, document: Document) -> Sequence[Message]:
        """What the ERP would refuse for certain: lengths, missing fields, characters. Asks nobody."""

    def validate(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """The ERP's own test run; posts nothing. One outcome per document, in order: `Posted("")` if it would post."""

    def post(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """Post; one outcome per document, in order, as they become known.

        All leave at once, in one request or in several at the same time, and a request that may have arrived is not
        repeated: what is not answered `settle_seconds` after the call began counts as lost.
        A lost answer is `Unknown` and never an exception. If it raises or ends early all the same, the documents
        without an outcome are unknown.
        """

    def look_up(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        """What stands in the ERP, by reference; references that are not there are left out.

        Raises:
            ConnectorError: it can't be told.
        """
