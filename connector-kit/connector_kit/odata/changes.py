"""Row versions (SQL Server's `rowversion`): which rows changed, found by a cheap read of keys and versions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from connector_kit.odata.filters import AnyOf, Condition, odata_filter, with_keys
from connector_kit.odata.literals import Value, encode_query

LONGEST_FILTER = 1500
"""Characters, percent-encoded. IIS refuses query strings of more than 2,048 by default."""
MOST_KEYS = 10_000
"""Changed rows that are kept in mind for reading one by one; beyond that all rows are read."""


def version_number(value: str) -> int:
    """A row version's place in the database's count, from the base64 text of its eight bytes, or from 0x… hexadecimal.

    Raises:
        ValueError: when it is neither.
    """
    text = value.strip()
    if text[:2] in {"0x", "0X"}:
        return int(text, 16)
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(raw) != 8:
        raise ValueError("not eight bytes")
    return int.from_bytes(raw, "big")


@dataclass(slots=True)
class Sweep:
    """The result of reading all versions: the keys above a bookmark, how many rows there are, the highest version."""

    changed: list[tuple[Value, ...]] = field(default_factory=list)
    count: int = 0
    rows: int = 0
    highest: int = 0

    def add(self, keys: Iterable[tuple[Value, ...]], versions: Iterable[str | None], above: int) -> None:
        """Take in a page. A row without a version counts as changed."""
        for key, version in zip(keys, versions, strict=True):
            number = version_number(version) if version else None
            self.rows += 1
            if number is None or number > above:
                self.count += 1
                if self.count <= MOST_KEYS:
                    self.changed.append(key)
            if number is not None and number > self.highest:
                self.highest = number

    def mostly_changed(self) -> bool:
        """Whether reading everything costs less than asking for each changed row by its key."""
        return self.count > MOST_KEYS or (self.count > 200 and self.count * 10 > self.rows)


def by_keys(
    key: Sequence[str], rows: Iterable[tuple[Value, ...]], write: Callable[[str, Value], str]
) -> Iterator[Condition]:
    """Conditions that together match the rows with these keys, each short enough for an address."""
    group: list[tuple[Value, ...]] = []
    length = 0
    for row in rows:
        one = with_keys(key, [row])
        size = len(encode_query(odata_filter(one, write))) + 8 if one is not None else 0
        if group and length + size > LONGEST_FILTER:
            yield from _conditions(key, group)
            group, length = [], 0
        group.append(row)
        length += size
    yield from _conditions(key, group)


def keys_in(condition: Condition) -> int:
    """How many keys such a condition names."""
    return len(condition.parts) if isinstance(condition, AnyOf) else 1


def _conditions(key: Sequence[str], group: Sequence[tuple[Value, ...]]) -> Iterator[Condition]:
    condition = with_keys(key, group)
    if condition is not None:
        yield condition
