"""Whether keys come in the order that the server compares by: what pages behind a key rest on.

A page is asked for as "behind this key". Where a server sorts otherwise than it compares, or does not sort at all, rows
between two pages are lost without a word. So keys must grow, within a page and from page to page. In which order is not
known beforehand: text may be sorted by code points or without regard to case. Where it is not code points, the server
itself is asked whether it compares neighbours as it sorted them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from operator import lt
from typing import Any

from connector_kit.errors import RefusedError
from connector_kit.odata.moments import sortable_moment
from connector_kit.odata.schema import Kind

Key = tuple[Any, ...]
Pair = tuple[Key, Key]
Agrees = Callable[[Sequence[Pair]], "bool | None"]
"""Whether the server says of all pairs that the second lies behind the first; None where it can't be asked."""

_MOMENTS = frozenset({"date", "timestamp", "time"})
_NUMBERS = frozenset({"decimal", "integer", "boolean"})


class OutOfOrderError(RefusedError):
    """Keys do not come in the order that pages are asked for by: rows between pages may be missing."""


class KeyOrder:
    """Takes in the keys of a read, page by page.

    Args:
        kinds: the key columns' kinds.
        after: the key that the read begins behind, where it does.
    """

    def __init__(self, kinds: Sequence[Kind], after: Sequence[Any] = ()) -> None:
        self._kinds = tuple(kinds)
        self._last: Key | None = tuple(after) or None
        self._fold: Callable[[str], str] | None = None
        self._confirmed = False

    def comparable(self, key: Key) -> Key:
        """A key as it sorts in the order found so far."""
        return _columnwise([key], self._kinds, self._fold)[0]

    def grows(self, keys: Sequence[Key]) -> bool:
        """Whether a page's keys lie behind the ones before, by their values as they are."""
        chain = list(keys) if self._last is None else [self._last, *keys]
        self._last = keys[-1] if keys else self._last
        return grow(_columnwise(chain, self._kinds, None))

    def falls(self, keys: Sequence[Key]) -> bool:
        """Whether a page's keys come in the opposite order, behind the ones before."""
        chain = list(keys) if self._last is None else [self._last, *keys]
        self._last = keys[-1] if keys else self._last
        return any(grow(_columnwise(chain, self._kinds, fold)[::-1]) for fold in (None, str.upper, str.lower))

    def fault(self, keys: Sequence[Key], agrees: Agrees) -> str:
        """What is wrong with a page's keys, in words; empty when they grow as the server compares."""
        chain = list(keys) if self._last is None else [self._last, *keys]
        self._last = keys[-1] if keys else self._last
        if grow(_columnwise(chain, self._kinds, self._fold)):
            return ""
        folds = [fold for fold in (None, str.upper, str.lower) if grow(_columnwise(chain, self._kinds, fold))]
        if folds and self._confirmed and self._fold is not None and folds[0] is not None:
            self._fold = folds[0]
            return ""
        if any(first == second for first, second in pairwise(_columnwise(chain, self._kinds, None))):
            return "the same key again"
        answer = agrees(self._doubtful(chain))
        if answer is False or (answer is None and not folds):
            return "keys in another order than the server compares by"
        if folds:
            self._fold, self._confirmed = folds[0], answer is True
        return ""

    def _doubtful(self, chain: Sequence[Key]) -> list[Pair]:
        """A few neighbours for each order that they contradict, of those that no order explains where there are any."""
        against = [
            [at for at, (one, other) in enumerate(pairwise(_columnwise(chain, self._kinds, fold))) if not one < other]
            for fold in (None, str.upper)
        ]
        nowhere = sorted(set(against[0]).intersection(against[1]))
        some = {places[at] for places in (nowhere, *against) if places for at in (0, len(places) // 2)}
        return [(chain[at], chain[at + 1]) for at in sorted(some)]


def grow(keys: Sequence[Key]) -> bool:
    """Whether each is greater than the one before."""
    return all(map(lt, keys, islice(keys, 1, None)))


def _columnwise(keys: Sequence[Key], kinds: Sequence[Kind], fold: Callable[[str], str] | None) -> Sequence[Key]:
    """The keys as they compare; the same list where each value compares as it is."""
    if fold is None and _MOMENTS.isdisjoint(kinds):
        return keys
    columns = []
    for column, kind in zip(zip(*keys, strict=True), kinds, strict=True):
        if kind in _MOMENTS:
            columns.append([_moment(value, kind) for value in column])
        elif fold is None or kind in _NUMBERS:
            columns.append(list(column))
        else:
            columns.append(list(map(fold, column)))
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=20_000)
def _moment(value: Any, kind: Kind) -> Any:  # noqa: ANN401 - a key's value
    return sortable_moment(value, kind)
