"""What one round left behind: what the invariants look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.weather.contents import Everything, Memory
from chaos.weather.events.base import System
from chaos.weather.plans import Group, Plans, Sums

Lines = Sequence[Mapping[str, Any]]
"""Singer messages, numbers as Decimal."""


@dataclass
class Part:
    """One tap with its target in a run: what they wrote, and how they ended. ``tap_lines`` are those that the target
    could read; ``states`` those that the target wrote; ``trail`` the run as `audit show --json` has it.
    """

    flow: str
    name: str
    tap_exit: int
    target_exit: int
    tap_errors: str
    target_errors: str
    tap_lines: Lines = ()
    states: Sequence[Mapping[str, Any]] = ()
    trail: Mapping[str, Any] = field(default_factory=dict)
    struck: bool = False
    hung: bool = False

    @property
    def well(self) -> bool:
        """Whether both say that all went well."""
        return self.tap_exit == 0 and self.target_exit == 0

    def records(self) -> Counter[str]:
        """How many records of each stream the tap wrote."""
        return Counter(str(line["stream"]) for line in self.tap_lines if line.get("type") == "RECORD")


@dataclass
class Held:
    """What both sides held at a moment."""

    erp: Everything = field(default_factory=dict)
    anaplan: Everything = field(default_factory=dict)


@dataclass
class Posted:
    """What stands in the ERP of plans and planned invoices.

    ``references``: of each document that we posted, with how often it stands. ``sums``: per document group what its
    documents add up to. ``invoices``: per number the amounts that stand.
    """

    references: Counter[str] = field(default_factory=Counter)
    sums: dict[Group, Sums] = field(default_factory=dict)
    invoices: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class Seen:
    """A round: its runs, both sides before and behind it, what planners did, what the servers report, what is left.

    ``disturbed``: something could keep the ERP from being read as it is (data that changes meanwhile, two runs at
    once). ``hidden``: changes that only a sweep finds. ``stale``: the trail does not know all that was delivered, so
    what is gone from the ERP may stand in Anaplan. ``came``: per stream and version the keys in Anaplan of all records
    that ever came under it. ``rejected``: places in Anaplan (list or module, key)
    whose rejection the trail explains. ``planned_apart``: in the end, where plans and books differ.
    """

    system: System
    parts: list[Part] = field(default_factory=list)
    before: Held = field(default_factory=Held)
    after: Held = field(default_factory=Held)
    memory: Memory = field(default_factory=Memory)
    plans: Plans | None = None
    posted: Posted = field(default_factory=Posted)
    came: Mapping[tuple[str, object], set[str]] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    sessions: int = 0
    disturbed: bool = False
    hidden: bool = False
    stale: bool = False
    narrowed: bool = False
    foreign: bool = False
    rate_eaten: bool = False
    rejected: Mapping[tuple[str, str], str] = field(default_factory=dict)
    planned_apart: Sequence[str] = ()
    secrets: Sequence[str] = ()
    written: Sequence[Path] = ()
    leftovers: Sequence[str] = ()
    ended: bool = False

    @property
    def inbound(self) -> list[Part]:
        """Those that read the ERP."""
        return [part for part in self.parts if part.flow.endswith("to-anaplan")]
