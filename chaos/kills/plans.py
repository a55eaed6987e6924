"""Plans that change, as amounts by place, and as the messages of a tap that read all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from testkit.singer import lines


def revised(
    rng: Random, amounts: Mapping[tuple[str, ...], Decimal], places: Sequence[Sequence[str]]
) -> dict[tuple[str, ...], Decimal]:
    """Some amounts change, some rows go, some come."""
    kept = {
        place: amount + rng.choice([Decimal(0), Decimal(0), Decimal(1), Decimal("-0.07")])
        for place, amount in amounts.items()
        if rng.random() < 0.8
    }
    for _ in range(rng.randint(1, 4)):
        kept[tuple(map(rng.choice, places))] = Decimal(rng.randint(-99999, 99999)) / 100
    return kept


def stream(
    name: str, texts: Sequence[str], key: Sequence[str], rows: Sequence[Mapping[str, Any]], *, plan: int, version: int
) -> str:
    """The messages of a stream that came whole; its STATE is {"plan": the plan's number}."""
    properties = {**{one: {"type": ["string", "null"]} for one in texts}, "Amount": {"type": ["number", "null"]}}
    messages: list[dict[str, Any]] = [
        {
            "type": "SCHEMA",
            "stream": name,
            "schema": {"type": "object", "properties": properties},
            "key_properties": list(key),
        },
        *({"type": "RECORD", "stream": name, "record": dict(row), "version": version} for row in rows),
        {"type": "ACTIVATE_VERSION", "stream": name, "version": version},
        {"type": "STATE", "value": {"plan": plan}},
    ]
    return lines(messages)


_PILE = 12  # signs of a reference that all documents have which one plan's document became


def undone(lines: Iterable[tuple[str, object, Decimal]]) -> set[str]:
    """References of the documents that took each other back. lines: reference, place and amount of each."""
    sums: dict[str, dict[object, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    references: dict[str, set[str]] = defaultdict(set)
    for reference, place, amount in lines:
        sums[reference[:_PILE]][place] += amount
        references[reference[:_PILE]].add(reference)
    return {one for pile, own in references.items() if not any(sums[pile].values()) for one in own}


def compared(landed: Mapping[Any, Decimal], planned: Mapping[Any, Decimal]) -> list[str]:
    """Where the amounts differ; a place that is missing holds nothing."""
    return [
        f"{place}: {landed.get(place, Decimal(0))} stands, {planned.get(place, Decimal(0))} was planned"
        for place in sorted({*landed, *planned})
        if landed.get(place, Decimal(0)) != planned.get(place, Decimal(0))
    ]
