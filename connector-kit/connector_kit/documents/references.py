"""The reference that a document bears in the ERP: it says whose document it is, and proves what stands in it.

Sixteen digits and capital letters, as ERPs store them, a letter first, because some read all-digit keys as numbers: one
letter for the form, six for the unit (what one delivery replaces as a whole), five for the pile (what is compared as
one), four for the document. Unit and pile are digests of the object, the stream and the values of the recipe's columns,
the same in every trail: an ERP finds the documents of a unit by a range. The last part is a digest of what the document
says and of its place in its pile, so that what an ERP shows can be held against it.

The form names the rule by which digests are made. A later rule takes another letter and leaves those of this one
comparable: references and plans' digests begin with the letter of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from hashlib import blake2b

import msgspec

from connector_kit.documents.lines import identity
from connector_kit.documents.model import Document, Line

FORM = "A"
LENGTH = 16
_UNIT, _PILE, _OWN = 6, 5, 4
OF_UNIT = 1 + _UNIT
OF_PILE = OF_UNIT + _PILE
_ZERO = Decimal(0)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def stored(code: str) -> str:
    """A code by which two ways of writing it are known as one: "0063005000" and "63005000", "ab1" and "AB1"."""
    bare = code.strip()
    return (bare.lstrip("0") or "0") if bare.isascii() and bare.isdecimal() else bare.upper()


def _facts(lines: Iterable[Line]) -> object:
    """Sums and where they land; not texts, rows, or how an ERP adds lines up. Codes as ERPs store them."""
    sums: dict[tuple[str, str, tuple[tuple[str, str], ...]], Decimal] = {}
    for line in lines:
        account, currency, fields = identity(line)
        place = (stored(account), currency, tuple([(name, stored(value)) for name, value in fields]))
        sums[place] = sums.get(place, _ZERO) + line.amount
    return [(*place, f"{amount.normalize():f}") for place, amount in sorted(sums.items()) if amount]


FORMS: Mapping[str, Callable[[Iterable[Line]], object]] = {FORM: _facts}
"""What of lines goes into digests, by form."""


def lines_digest(lines: Iterable[Line], form: str = FORM) -> bytes:
    """The form's letter and 16 bytes that change when an amount or where it lands changes."""
    return form.encode() + _digest(FORMS[form](lines))


def same_lines(digest: bytes, lines: Iterable[Line]) -> bool:
    """Whether a digest is that of these lines, by the rule by which it was made. Not of forms that are not known."""
    form = digest[:1].decode("latin-1")
    return form in FORMS and lines_digest(lines, form) == digest


def unit_prefix(home: str, unit: bytes, form: str = FORM) -> str:
    """How the references of a unit's documents begin. home: the object and the stream."""
    return form + _letters(_digest(["unit", form, home, unit.hex()]), _UNIT)


def pile_prefix(home: str, unit: bytes, pile: bytes, form: str = FORM) -> str:
    """How the references of a pile's documents begin."""
    own = _letters(_digest(["pile", form, home, unit.hex(), pile.hex()]), _PILE)
    return unit_prefix(home, unit, form) + own


def document_digest(prefix: str, document: Document, place: int) -> bytes:
    """16 bytes for all that a document is.

    prefix: of its pile. place: how many documents of the pile were posted before: the same amounts, posted again after
    they were taken back, are another document.
    """
    lines = lines_digest(document.lines, prefix[0])
    return digest_of(prefix, place, document.part, document.reverses, document.posting_date, lines)


def digest_of(prefix: str, place: int, part: int, reverses: str, posting_date: date, lines: bytes) -> bytes:
    """`document_digest` of a document that says this; lines: `lines_digest`."""
    return _digest([prefix, place, part, reverses, posting_date.isoformat(), lines.hex()])


def reference(prefix: str, digest: bytes) -> str:
    """The reference of a document. digest: `document_digest`."""
    return prefix + _letters(digest, _OWN)


def _digest(facts: object) -> bytes:
    return blake2b(msgspec.json.encode(facts), digest_size=16).digest()


def _letters(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest, "big")
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        found.append(_DIGITS[digit])
    return "".join(found)
