"""What an ERP shows of a document, held against the document's reference. Pure.

The reference holds a digest of what the document says, and of facts that no ERP shows: its place among the documents of
its pile, its part, the document that it takes back. The few that are possible are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from connector_kit.documents.lines import Identity, identity
from connector_kit.documents.model import Content, Document, Kind, Line
from connector_kit.documents.references import OF_PILE, digest_of, lines_digest, reference, stored

_MORE = 3  # places and parts beyond the documents that stand: others were refused since, or are gone


@dataclass(frozen=True, slots=True)
class Proved:
    """A document as it was posted, and its place among those of its pile."""

    document: Document
    place: int


def proved(
    like: Document,
    shown: Mapping[str, Content],
    mates: Sequence[Document],
    plan: Iterable[Line],
    *,
    offset: str,
    believe: bool,
) -> dict[str, Proved]:
    """The documents of a pile, by reference: those that the ERP shows as their references say.

    Args:
        like: scope, key, header and period of the pile's documents.
        shown: by reference.
        mates: documents of the pile that are known.
        plan: its lines, which say how it writes codes that the ERP stores with other zeros or letters.
        offset: the account of the recipe's balancing lines, "" without.
        believe: take what the ERP shows also where the reference does not prove it.
    """
    written = {_stored(line): line for line in (*(line for one in mates for line in one.lines), *plan)}
    every = [(one.reference, one.lines) for one in mates]
    every += [(name, lines) for name, content in shown.items() for lines in content.readings]
    opposite: dict[bytes, list[str]] = {}
    for name, lines in every:
        opposite.setdefault(lines_digest(_turned(lines)), []).append(name)
    most = len(mates) + len(shown) + _MORE
    found = {}
    for name, content in shown.items():
        made = [_document(like, name, content, _as_written(lines, written, offset)) for lines in content.readings]
        proof = next((one for document in made for one in _tried(document, opposite, most)), None)
        if proof is None and believe and made:
            proof = Proved(made[0], most)
        if proof is not None:
            found[name] = proof
    return found


def _tried(document: Document, opposite: Mapping[bytes, list[str]], most: int) -> Iterator[Proved]:
    prefix = document.reference[:OF_PILE]
    lines = lines_digest(document.lines, prefix[0])
    reverses = ["", *opposite.get(lines_digest(document.lines), ())]
    for back, place, part in product(reverses, range(most), range(1, most)):
        digest = digest_of(prefix, place, part, back, document.posting_date, lines)
        if reference(prefix, digest) == document.reference:
            kind: Kind = "reversal" if back else "plan" if place == 0 else "difference"
            yield Proved(replace(document, kind=kind, reverses=back, part=part, parts=part), place)


def _document(like: Document, name: str, content: Content, lines: tuple[Line, ...]) -> Document:
    day = content.posting_date
    return replace(like, kind="plan", posting_date=day, document_date=day, lines=lines, reference=name, reverses="")


def _as_written(lines: Sequence[Line], written: Mapping[Identity, Line], offset: str) -> tuple[Line, ...]:
    """Lines of the ERP with the accounts and codes as the plan writes them."""
    found = []
    for line in lines:
        known = written.get(_stored(line))
        if known is not None:
            found.append(replace(known, amount=line.amount, rows=()))
        else:
            mine = bool(offset) and stored(line.account) == stored(offset)
            fields = tuple((name, stored(value)) for name, value in line.fields)
            found.append(Line(offset if mine else stored(line.account), line.amount, line.currency, fields, (), mine))
    return tuple(found)


def _stored(line: Line) -> Identity:
    account, currency, fields = identity(line)
    return stored(account), currency, tuple((name, stored(value)) for name, value in fields)


def _turned(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(replace(line, amount=-line.amount) for line in lines)
