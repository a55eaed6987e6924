"""The rows of the matrix: which endpoints each plugin uses, by which ability; a file that a test holds to be true."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from chaos.matrix.abilities import ABILITIES
from chaos.matrix.addresses import ADDRESSES, ROWS
from chaos.matrix.cell import Cell
from chaos.matrix.endpoints import Endpoint
from chaos.matrix.faults import FAULTS
from chaos.matrix.trial import Bench

FILE = Path(__file__).parent / "endpoints.tsv"
Rows = dict[tuple[str, Endpoint], str]
"""By plugin and endpoint: the ability by which it is tried."""


def recorded(bench: Bench) -> Rows:
    """What a clean run of every ability asks for. Of several abilities of a plugin the first one is taken."""
    rows: Rows = {}
    for name, ability in ABILITIES.items():
        for endpoint in bench.clean(ability).endpoints:
            rows.setdefault((ability.command, endpoint), name)
    return rows


def stored() -> Rows:
    """What the file says."""
    rows: Rows = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        ability, system, method, pattern = line.split("\t")
        rows[ABILITIES[ability].command, Endpoint(system, method, pattern)] = ability
    return rows


def store(rows: Rows) -> None:
    """Write the file."""
    places = {name: place for place, name in enumerate(ABILITIES)}
    ordered = sorted(rows.items(), key=lambda row: (places[row[1]], row[0][1]))
    lines = [f"{ability}\t{e.system}\t{e.method}\t{e.pattern}\n" for (_, e), ability in ordered]
    FILE.write_text("".join(lines), encoding="utf-8")


def differing(old: Rows, new: Rows) -> list[str]:
    """Endpoints that only one of them has."""
    gone = [f"- {command}: {endpoint}" for command, endpoint in sorted(old.keys() - new.keys())]
    return gone + [f"+ {command}: {endpoint}" for command, endpoint in sorted(new.keys() - old.keys())]


def cells(rows: Rows, mode: str = "seeded", seed: int = 1) -> list[Cell]:
    """Every address that may be wrong, and every endpoint with every fault: `once`, `always`, `both`, or one of the two
    by the seed (`seeded`).
    """
    rng = random.Random(seed)
    modes = {"once": (False,), "always": (True,), "both": (False, True)}
    addressed = [Cell(ability, endpoint, fault, True) for ability, endpoint in ROWS for fault in ADDRESSES]
    return addressed + [
        Cell(ability, endpoint, fault, always)
        for (_, endpoint), ability in rows.items()
        for fault in FAULTS
        for always in modes.get(mode, (rng.random() < 0.5,))
    ]


def share(rows: Rows, seed: int) -> Iterator[Cell]:
    """One fault per endpoint, by the seed."""
    rng = random.Random(seed)
    for (_, endpoint), ability in rows.items():
        yield Cell(ability, endpoint, rng.choice(list(FAULTS)), rng.random() < 0.5)
