"""What came of the cells, as a table: a row per endpoint, a column per fault."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.matrix.abilities import ABILITIES
from chaos.matrix.addresses import ADDRESSES
from chaos.matrix.cell import Cell, Mark, Result
from chaos.matrix.endpoints import Endpoint
from chaos.matrix.faults import FAULTS

_WORST: Sequence[Mark] = ("X", "~", "!", "=", ".")
LEGEND = (
    "= recovered   ! failed in one clear line, the next run made it good   ~ known, see known.py   X violation   "
    ". not reached"
)
_COLUMNS = (*FAULTS, *ADDRESSES)


def _marks(results: Iterable[Result]) -> dict[tuple[str, Endpoint], dict[str, str]]:
    """By plugin and endpoint, then fault: one sign, the worst of what came of it."""
    found: dict[tuple[str, Endpoint], dict[str, set[Mark]]] = defaultdict(lambda: defaultdict(set))
    for one in results:
        row = (ABILITIES[one.cell.ability].command, one.cell.endpoint)
        found[row][one.cell.fault].add(one.mark)
    return {
        row: {fault: next(mark for mark in _WORST if mark in marks) for fault, marks in columns.items()}
        for row, columns in sorted(found.items())
    }


def text(results: Sequence[Result]) -> Iterator[str]:
    """For a terminal: signs in the order of the faults, which a legend numbers."""
    used = {one.cell.fault for one in results}
    faults = [fault for fault in _COLUMNS if fault in used]
    yield LEGEND
    yield from (f"{number:>3}  {fault}" for number, fault in enumerate(faults, start=1))
    heads = ["".join(f"{number:02d}"[place] for number in range(1, len(faults) + 1)) for place in (0, 1)]
    plugin = ""
    for (command, endpoint), columns in _marks(results).items():
        if command != plugin:
            plugin = command
            yield ""
            yield from heads
        yield (
            "".join(columns.get(fault, " ") for fault in faults) + f"  {command}  {endpoint.method} {endpoint.pattern}"
        )
    yield ""
    yield total(results)


def markdown(results: Sequence[Result]) -> Iterator[str]:
    """For a page: per plugin and kind of fault, how many endpoints recovered, failed clearly, and were violated."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for (command, _), columns in _marks(results).items():
        for fault, mark in columns.items():
            counts[fault][command][mark] += 1
    plugins = sorted({command for columns in counts.values() for command in columns})
    yield "| fault | " + " | ".join(plugins) + " |"
    yield "|---" * (len(plugins) + 1) + "|"
    for fault in _COLUMNS:
        if fault in counts:
            cells = [_shown(counts[fault][plugin]) for plugin in plugins]
            yield f"| {fault} | " + " | ".join(cells) + " |"


def _shown(marks: Counter[str]) -> str:
    return " ".join(f"{marks[mark]}{mark}" for mark in ("=", "!", "~", "X") if marks[mark])


def total(results: Sequence[Result]) -> str:
    """The cells by sign, in a line."""
    marks = Counter(one.mark for one in results)
    rows = len(_marks(results))
    return (
        f"{len(results)} cells of {rows} endpoints: {marks['=']} recovered, {marks['!']} failed clearly and were made"
        f" good, {marks['~']} known, {marks['X']} violations, {marks['.']} not reached"
    )


def save(results: Sequence[Result], path: Path, **told: Any) -> None:  # noqa: ANN401 - of JSON
    """All of it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [asdict(one) for one in results]
    path.write_text(json.dumps({**told, "total": total(results), "cells": cells}, indent=1), encoding="utf-8")


def load(path: Path) -> list[Result]:
    """What `save` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        Result(
            Cell(**{**one["cell"], "endpoint": Endpoint(**one["cell"]["endpoint"])}),
            one["mark"],
            one["said"],
            one["why"],
            one["seconds"],
        )
        for one in found
    ]
