"""Any other transaction business object: its document by configuration, posted once like the shipped ones.

    name: ar_invoice                    # what recipes call it
    business_object: ARSTIN
    root: PostArInvoices
    parameters: {PostingPeriod: C}
    item:                               # in the order of the object's schema
      TransactionType: {constant: I}
      Customer: customer                # a header field of the recipe
      Invoice: invoice
      InvoiceDate: document_date
      InvoiceValue: total
      Details: {each_line: {LedgerCode: account, LedgerValue: amount, Notation: text}}
    look_up: {table: ArInvoice, where: {Customer: customer, Invoice: invoice}, number: Invoice, year: InvoiceYear}
    number: [Invoice]                   # the answer's element that names the document

An element's text is a header field, {constant: ...}, or one of `SPECIAL`. Without a look-up nothing could be posted
once, so it is required.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from typing_extensions import override

from connector_kit.documents.model import Document, Message, Posted, Rules
from connector_kit.documents.rows import NO_DATE
from connector_kit.syspro.find import find, same, variants
from connector_kit.syspro.transactions import Flags, Transactions
from connector_kit.syspro.writing import Node, character_fault

if TYPE_CHECKING:
    from connector_kit.syspro.results import Result
    from connector_kit.syspro.session import EnetSession

SPECIAL = ("reference", "posting_date", "document_date", "year", "period", "total", "kind")
_OF_LINES = ("account", "amount", "currency")
_KNOWN = ("name", "business_object", "root", "parameters", "item", "look_up", "number")
_LOOK_UP = ("table", "where", "number", "year", "reference")


@dataclass(frozen=True, slots=True)
class Text:
    """A leaf: the field that fills it, or its constant text."""

    field: str = ""
    constant: str = ""


@dataclass(frozen=True, slots=True)
class EachLine:
    """An element that comes once per line."""

    parts: Parts


Part: TypeAlias = "Text | EachLine | Parts"
Parts: TypeAlias = "tuple[tuple[str, Part], ...]"


@dataclass(frozen=True, slots=True)
class LookUp:
    """Where a posted document is found again. where: field by column. reference: a column that holds ours, if any."""

    table: str
    where: tuple[tuple[str, str], ...]
    number: str
    year: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A transaction business object as it is configured."""

    name: str
    business_object: str
    root: str
    parameters: Mapping[str, str]
    item: Parts
    look_up: LookUp
    number: tuple[str, ...]

    @property
    def rules(self) -> Rules:
        """What recipes may say about it."""
        header, line = set[str](), set[str]()
        for field, of_line in _fields(self.item, of_line=False):
            (line if of_line else header).add(field)
        keys = tuple(field for _, field in self.look_up.where if field not in SPECIAL)
        return Rules(
            name=self.name,
            required_header=keys,
            header=tuple(sorted({"company_code", *keys, *header} - set(SPECIAL))),
            line=tuple(sorted({"text", *line} - {*_OF_LINES, *SPECIAL})),
            identity=("company_code", *keys),
            currency=False,
            balanced=False,
            dated=False,
        )


def parse(entry: Mapping[str, Any]) -> tuple[Shape | None, list[str]]:
    """The object that an entry describes, and what is wrong with the entry."""
    faults = [f"unknown {name} (there are {', '.join(_KNOWN)})" for name in entry if name not in _KNOWN]
    needed = [name for name in _KNOWN if name != "parameters"]
    faults += [f"{name} is missing" for name in needed if not entry.get(name)]
    look_up = entry.get("look_up") or {}
    if not isinstance(look_up, Mapping):
        return None, [*faults, "look_up takes table, where and number"]
    if not isinstance(look_up.get("where") or {}, Mapping):
        faults.append("look_up: where takes columns and their fields")
    if not isinstance(entry.get("parameters") or {}, Mapping):
        faults.append("parameters take names and values")
    faults += [f"look_up: unknown {name}" for name in look_up if name not in _LOOK_UP]
    faults += [
        f"look_up: {name} is missing" for name in ("table", "where", "number") if look_up and not look_up.get(name)
    ]
    if faults:
        return None, faults
    item = _parts(entry["item"], faults, "item")
    number = entry["number"]
    shape = Shape(
        name=str(entry["name"]),
        business_object=str(entry["business_object"]),
        root=str(entry["root"]),
        parameters={str(name): str(value) for name, value in (entry.get("parameters") or {}).items()},
        item=item,
        look_up=LookUp(
            table=str(look_up["table"]),
            where=tuple((str(column), str(field)) for column, field in look_up["where"].items()),
            number=str(look_up["number"]),
            year=str(look_up.get("year") or ""),
            reference=str(look_up.get("reference") or ""),
        ),
        number=tuple(map(str, number)) if isinstance(number, list) else (str(number),),
    )
    return (None if faults else shape), faults


def _parts(entry: Any, faults: list[str], place: str) -> Parts:  # noqa: ANN401 - a setting's JSON value
    if not isinstance(entry, Mapping):
        faults.append(f"{place}: elements are needed")
        return ()
    return tuple((str(name), _part(one, faults, f"{place} {name}")) for name, one in entry.items())


def _part(entry: Any, faults: list[str], place: str) -> Part:  # noqa: ANN401 - a setting's JSON value
    if isinstance(entry, str):
        return Text(entry)
    if isinstance(entry, Mapping) and set(entry) == {"constant"}:
        return Text(constant=str(entry["constant"]))
    if isinstance(entry, Mapping) and set(entry) == {"each_line"}:
        return EachLine(_parts(entry["each_line"], faults, place))
    return _parts(entry, faults, place)


def _fields(parts: Parts, *, of_line: bool) -> Iterator[tuple[str, bool]]:
    for _, part in parts:
        if isinstance(part, Text):
            if part.field:
                yield part.field, of_line
        elif isinstance(part, EachLine):
            yield from _fields(part.parts, of_line=True)
        else:
            yield from _fields(part, of_line=of_line)


class MappedTransactions(Transactions):
    """Documents of a configured transaction object.

    Args:
        session: of the operator.
        shape: the object.
        company: where documents go that name none.
        flags: how SYSPRO shall treat them.
    """

    def __init__(self, session: EnetSession, shape: Shape, *, company: str, flags: Flags) -> None:
        super().__init__(
            session, shape.rules, business_object=shape.business_object, root=shape.root, company=company, flags=flags
        )
        self._shape = shape

    @override
    def parameters(self, document: Document) -> Mapping[str, str]:
        return self._shape.parameters

    @override
    def item(self, document: Document) -> Sequence[Node]:
        return list(_nodes(self._shape.item, _header(document), document))

    @override
    def faults(self, document: Document) -> Sequence[Message]:
        found = []
        if document.kind != "plan" and "reference" not in dict(self._shape.look_up.where).values():
            found.append(Message("", f"a posted {self.rules.name} can't be changed by another one"))
        if self.flags.unmappable == "reject":
            texts: list[tuple[int | None, str, str]] = [(None, *pair) for pair in document.header.items()]
            texts += [(at, *pair) for at, line in enumerate(document.lines) for pair in line.fields]
            faults = [(at, f"{name}: {text!r} has", character_fault(text)) for at, name, text in texts]
            found += [Message("", f"{what} {fault}", at) for at, what, fault in faults if fault]
        return found

    @override
    def stands(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        look_up = self._shape.look_up
        wanted = {one.reference: {column: _header(one)[field] for column, field in look_up.where} for one in documents}
        columns = [look_up.number, *filter(None, (look_up.year, look_up.reference))]
        rows = find(self._session, look_up.table, columns, list(map(variants, wanted.values())))
        found: dict[str, Posted] = {}
        for document in documents:
            for row in rows:
                if all(same(row[column], text) for column, text in wanted[document.reference].items()):
                    own = not look_up.reference or row[look_up.reference] == document.reference
                    told = "" if own else "was there already"
                    year = row[look_up.year] if look_up.year else ""
                    found[document.reference] = Posted(row[look_up.number], year=year, text=told, existing=not own)
        return found

    @override
    def number(self, document: Document, result: Result) -> Posted | None:
        number = result.first(*self._shape.number)
        return Posted(number, year=document.year) if number else None


def _header(document: Document) -> dict[str, str]:
    days = {"posting_date": document.posting_date, "document_date": document.document_date}
    return {
        **dict.fromkeys(SPECIAL, ""),
        **document.header,
        **{name: day.isoformat() for name, day in days.items() if day != NO_DATE},
        "reference": document.reference,
        "year": document.year,
        "period": document.period,
        "kind": document.kind,
        "total": format(sum((line.amount for line in document.lines), Decimal(0)), "f"),
    }


def _nodes(parts: Parts, values: Mapping[str, str], document: Document) -> Iterator[Node]:
    """Elements with text; those without one are left out."""
    for name, part in parts:
        if isinstance(part, Text):
            if text := part.constant or values.get(part.field, ""):
                yield name, text
        elif isinstance(part, EachLine):
            for line in document.lines:
                own = {"account": line.account, "amount": format(line.amount, "f"), "currency": line.currency}
                yield name, list(_nodes(part.parts, {**values, **dict(line.fields), **own}, document))
        elif inner := list(_nodes(part, values, document)):
            yield name, inner
