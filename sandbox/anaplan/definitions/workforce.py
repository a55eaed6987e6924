"""A second, small model of another team in the same workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.builder import Builder
from sandbox.anaplan.definitions.common import TEXT

if TYPE_CHECKING:
    from sandbox.anaplan.schema import ModelDefinition


def workforce() -> ModelDefinition:
    """Employees by department."""
    build = Builder("Workforce", "UNLOCKED")
    build.list("Employees", {"Department": TEXT})
    build.list_import("Employees", "employees.csv", ("Code", "Name", "Department"))
    return build.finished()
