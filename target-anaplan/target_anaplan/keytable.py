"""A flat table of the keys that wait for delivery: 16 bytes per slot, where a Python dict takes well over 100."""

from __future__ import annotations

from array import array

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

    def put(self, key: int, value: int) -> None:
        """Set or replace the row's hash of a key."""
        keys, mask = self._keys, self._mask
        slot = key & mask
        while found := keys[slot]:
            if found == key:
                self._values[slot] = value
                return
            slot = (slot + 1) & mask
        keys[slot] = key
        self._values[slot] = value
        self.count += 1
        if self.count > self._limit:
            self._grow()

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self.count = 0
        self._allot(4 * len(keys) if len(keys) < 1 << 16 else 2 * len(keys))
        for key, value in zip(keys, values, strict=True):
            if key:
                self.put(key, value)

    def merge(self, other: KeyTable) -> None:
        """Take over everything of `other`."""
        for key, value in zip(other._keys, other._values, strict=True):
            if key:
                self.put(key, value)
