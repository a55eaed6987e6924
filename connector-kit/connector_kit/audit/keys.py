"""How a record is named in the trail: its ERP key as text, and two short hashes.

All three are called once per row by a target, so each is one call into C and little else.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_SIZE = 8
DIGEST_SIZE = 16

_encode = msgspec.json.Encoder(decimal_format="number").encode
# Copying a prepared state is quicker than naming the digest's size each time.
_new_hash = blake2b(digest_size=HASH_SIZE).copy
_new_digest = blake2b(digest_size=DIGEST_SIZE).copy


def key_text(values: Sequence[object]) -> str:
    """The values of the key properties, in their order, as a compact JSON array: `["EDU1","000000000000123"]`.

    Two keys are the same record exactly when their texts are equal: "7" and 7 are not, leading zeros stay.
    """
    return _encode(values).decode()


def record_key(raw: bytes) -> str:
    """The key text of a record of a stream without key: a hash of all that it says, since keys are not encrypted."""
    return key_text([row_digest(raw).hex()])


def key_hash(text: str) -> bytes:
    """8 bytes that stand for a key text in the trail's indexes."""
    state = _new_hash()
    state.update(text.encode())
    return state.digest()


def row_digest(row: bytes) -> bytes:
    """16 bytes that change when anything in a row as it is sent (after mapping) changes."""
    state = _new_digest()
    state.update(row)
    return state.digest()
