"""A history: rounds of events and runs. From a seed, as JSON, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from chaos.weather.events import AnyEvent
from chaos.weather.events.base import Host

Flow = Literal["syspro-to-anaplan", "sap-to-anaplan", "plan-to-sap", "plan-to-syspro"]
FLOWS: tuple[Flow, ...] = ("syspro-to-anaplan", "sap-to-anaplan", "plan-to-sap", "plan-to-syspro")


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One run of a flow on a host."""

    flow: Flow
    host: Host = "a"


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Events, then runs: one, or two at the same time."""

    events: tuple[AnyEvent, ...] = ()
    runs: tuple[Run, ...] = ()


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens. ``database``: where trail and coordination stand. ``broke``: the invariant that it violated."""

    seed: int
    rounds: tuple[Round, ...]
    database: Literal["sqlite", "postgresql"] = "sqlite"
    broke: str = ""

    @property
    def flows(self) -> tuple[Flow, ...]:
        """Those that run in it, in the order of `FLOWS`."""
        used = {run.flow for one in self.rounds for run in one.runs}
        return tuple(flow for flow in FLOWS if flow in used)

    @property
    def size(self) -> int:
        """Events and runs."""
        return sum(len(one.events) + len(one.runs) for one in self.rounds)


def read(path: Path) -> History:
    """A history from its file; msgspec.ValidationError when it is none."""
    return msgspec.json.decode(path.read_bytes(), type=History)


def write(history: History, path: Path) -> None:
    """As indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(history), indent=2) + b"\n")
