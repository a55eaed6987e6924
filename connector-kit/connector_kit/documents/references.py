"""The reference that a document bears in the ERP: made from what the document is, so that it can be looked up.

A letter and then digits and capital letters, because some ERPs read all-digit keys as numbers. With length n there
are 26 * 36^(n-1) of them: for 16 characters two of a million documents share one with odds of 1 in 10^13, for 10
characters of 1 in 5,000. The trail notices, and the second document takes another (`nonce`).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from connector_kit.documents.lines import identity
from connector_kit.documents.model import Document, Line

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS = _DIGITS[10:]


def lines_digest(lines: Iterable[Line]) -> bytes:
    """16 bytes that change when an amount or where it lands changes; not with texts, rows or their order."""
    facts = sorted((*identity(line), str(line.amount.normalize())) for line in lines if line.amount)
    return blake2b(msgspec.json.encode(facts), digest_size=16).digest()


def document_digest(scope: str, document: Document, identity_fields: Iterable[str], stands: Iterable[str]) -> bytes:
    """16 bytes for all that a document is: where it goes, its key, its amounts, and what stood before it.

    scope: destination, object and stream. stands: the references of what was posted of the same pile, in order: the
    same amounts posted again after they were taken back are another document.
    """
    facts = (
        scope,
        document.scope,
        document.key,
        document.kind,
        document.part,
        document.parts,
        document.reverses,
        document.year,
        document.period,
        document.posting_date,
        [document.header.get(name, "") for name in identity_fields],
        list(stands),
        lines_digest(document.lines).hex(),
    )
    return blake2b(msgspec.json.encode(facts), digest_size=16).digest()


def reference(digest: bytes, length: int, nonce: int = 0) -> str:
    """`length` characters for a document's digest."""
    wide = blake2b(digest + nonce.to_bytes(4, "big"), digest_size=64).digest()
    number, letter = divmod(int.from_bytes(wide, "big"), len(_LETTERS))
    found = [_LETTERS[letter]]
    for _ in range(length - 1):
        number, digit = divmod(number, len(_DIGITS))
        found.append(_DIGITS[digit])
    return "".join(found)
