"""The tenant's models: one hub per ERP, where actuals arrive and plans are made, and two neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.definitions.finance_hub import finance_hub
from sandbox.anaplan.definitions.plan_fy20 import plan_fy20
from sandbox.anaplan.definitions.s4_finance import s4_finance
from sandbox.anaplan.definitions.workforce import workforce

if TYPE_CHECKING:
    from sandbox.anaplan.schema import ModelDefinition


def all_models() -> tuple[ModelDefinition, ...]:
    """The tenant's models, the main one first."""
    return (finance_hub(), workforce(), plan_fy20(), s4_finance())
