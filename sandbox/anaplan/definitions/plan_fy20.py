"""An archived model that still is the source of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.builder import Builder
from sandbox.anaplan.calendar import TIME
from sandbox.anaplan.definitions.common import NUMBER

if TYPE_CHECKING:
    from sandbox.anaplan.schema import ModelDefinition


def plan_fy20() -> ModelDefinition:
    """Balances of a year that is over."""
    build = Builder("Plan FY20", "ARCHIVED")
    build.list("Accounts")
    build.module("GL Balances", ("Accounts", TIME), {"Closing Balance": NUMBER, "Movement": NUMBER})
    return build.finished()
