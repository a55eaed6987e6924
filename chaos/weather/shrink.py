"""The shortest history that still fails: delta debugging over events and runs, then smaller numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from chaos.weather.events import AnyEvent
from chaos.weather.history import History, Round, Run

T = TypeVar("T")
Fails = Callable[[History], bool]
Unit = tuple[int, AnyEvent | Run]
"""The number of a round, and something that is in it."""


def ddmin(units: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """A part of ``units``, in their order, that still fails, and of which no single one can be left out.

    Zeller and Hildebrandt's delta debugging, with complements alone: ``fails`` is asked O(n²) times at worst.
    """
    kept, pieces = list(units), 2
    while len(kept) > 1:
        length = -(-len(kept) // pieces)
        for start in range(0, len(kept), length):
            without = kept[:start] + kept[start + length :]
            if fails(without):
                kept, pieces = without, max(pieces - 1, 2)
                break
        else:
            if length == 1:
                break
            pieces = min(pieces * 2, len(kept))
    return kept if len(kept) != 1 or not fails([]) else []


def shortest(history: History, fails: Fails) -> History:
    """``history`` without what its failure does not need. ``fails`` plays a history."""
    kept = ddmin(_units(history), lambda units: fails(_of(history, units)))
    return _smaller_numbers(_of(history, kept), fails)


def _units(history: History) -> list[Unit]:
    return [(at, one) for at, each in enumerate(history.rounds) for one in (*each.events, *each.runs)]


def _of(history: History, units: Sequence[Unit]) -> History:
    """The history that has only these units; rounds without any are left out."""
    rounds = []
    for at in sorted({at for at, _ in units}):
        own = [one for place, one in units if place == at]
        events = tuple(one for one in own if not isinstance(one, Run))
        rounds.append(Round(events, tuple(one for one in own if isinstance(one, Run))))
    return msgspec.structs.replace(history, rounds=tuple(rounds))


def _smaller_numbers(history: History, fails: Fails) -> History:
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(history):
            if fails(candidate):
                history, smaller = candidate, True
                break
    return history


def _candidates(history: History) -> Iterator[History]:
    """The history with one number made smaller."""
    for at, each in enumerate(history.rounds):
        for place, event in enumerate(each.events):
            for changed in _with_smaller(event):
                events = (*each.events[:place], changed, *each.events[place + 1 :])
                rounds = (*history.rounds[:at], msgspec.structs.replace(each, events=events), *history.rounds[at + 1 :])
                yield msgspec.structs.replace(history, rounds=rounds)


def _with_smaller(event: AnyEvent) -> Iterator[AnyEvent]:
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        for less in dict.fromkeys((type(value)(0), type(value)(1), value // 2)):
            if abs(less) < abs(value):
                yield msgspec.structs.replace(event, **{name: less})
