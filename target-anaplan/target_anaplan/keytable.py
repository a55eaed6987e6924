"""A flat table of the keys that wait for delivery: 16 bytes per slot, where a Python dict takes well over 100."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

_FULL = 0.6
_FIRST = 1024


class KeyTable:
    """From a key's hash to a hash of its last row; both any 64-bit numbers, 0 excepted. Open addressing."""

    __slots__ = ("_keys", "_limit", "_mask", "_values", "count")

    def __init__(self) -> None:
        self.count = 0
        self._allot(_FIRST)

    def _allot(self, size: int) -> None:
        self._mask = size - 1
        self._limit = int(size * _FULL)
        self._keys = array("q", bytes(8 * size))
        self._values = array("q", bytes(8 * size))

    def get(self, key: int) -> int:
        """The row's hash, 0 when the key isn't there."""
        keys, mask = self._keys, self._mask
        slot = key & mask
        while found := keys[slot]:
            if found == key:
                return self._values[slot]
            slot = (slot + 1) & mask
        return 0

    def holds_any(self, numbers: Iterable[int]) -> bool:
        """Whether one of the keys is there."""
        if not self.count:
            return False
        keys, mask = self._keys, self._mask
        for key in numbers:
            slot = key & mask
            while found := keys[slot]:
                if found == key:
                    return True
                slot = (slot + 1) & mask
        return False

    def put_all(self, numbers: Iterable[int], values: Sequence[int]) -> None:
        """Set or replace the rows' hashes of many keys."""
        while self.count + len(values) > self._limit:
            self._grow()
        keys, mask, rows = self._keys, self._mask, self._values
        added = 0
        for key, value in zip(numbers, values, strict=True):
            slot = key & mask
            while (found := keys[slot]) and found != key:
                slot = (slot + 1) & mask
            added += not found
            keys[slot] = key
            rows[slot] = value
        self.count += added

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self.count = 0
        self._allot(2 * len(keys))
        self._take(keys, values)

    def _take(self, keys: array[int], values: array[int]) -> None:
        """Slice by slice, so that memory stays flat."""
        for start in range(0, len(keys), _FIRST):
            part = slice(start, start + _FIRST)
            pairs = [(key, value) for key, value in zip(keys[part], values[part], strict=True) if key]
            self.put_all([key for key, _ in pairs], [value for _, value in pairs])

    def merge(self, other: KeyTable) -> None:
        """Take over everything of `other`."""
        self._take(other._keys, other._values)
