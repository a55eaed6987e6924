"""Everything that can happen, by what it happens to."""

from __future__ import annotations

from typing import Any, Union, get_args

from chaos.weather.events.base import Event, NothingToActOnError
from chaos.weather.events.clocks import ClockEvent
from chaos.weather.events.data import DataEvent
from chaos.weather.events.faults import FaultEvent
from chaos.weather.events.lies import LieEvent
from chaos.weather.events.planning import PlanEvent
from chaos.weather.events.processes import ProcessEvent
from chaos.weather.events.runs import RunEvent
from chaos.weather.events.stores import StoreEvent

AnyEvent = Union[  # noqa: UP007  a union of unions and a single class reads alike on every Python
    DataEvent, PlanEvent, FaultEvent, LieEvent, ProcessEvent, ClockEvent, StoreEvent, RunEvent
]
KINDS: tuple[type[Any], ...] = get_args(AnyEvent)
"""The classes."""

__all__ = ["KINDS", "AnyEvent", "Event", "NothingToActOnError"]
