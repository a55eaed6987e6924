"""Changes on demand: at once, or when so many pages of a table have been served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from sandbox.syspro.store import CompanyStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row. ``key`` for update and delete; an insert may give its key in ``key`` or in ``values``."""

    company: str
    table: str
    op: Literal["insert", "update", "delete"]
    key: dict[str, str | int | float] = {}
    values: dict[str, str | int | float | None] = {}


class AfterPages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When so many more pages of a table (of any company) have been served."""

    table: str
    pages: int


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations that are applied together."""

    operations: list[Operation]
    after_pages: AfterPages | None = None


def apply(stores: Mapping[str, CompanyStore], operations: Sequence[Operation]) -> int:
    """All of them or, with StoreError, none; how many rows changed."""
    companies = {operation.company for operation in operations}
    unknown = companies - set(stores)
    if unknown:
        raise StoreError(f"no company {', '.join(sorted(unknown))}")
    for company in companies:
        stores[company].connection.execute("BEGIN")
    try:
        for operation in operations:
            _apply_one(stores[operation.company], operation)
    except StoreError:
        for company in companies:
            stores[company].connection.execute("ROLLBACK")
        raise
    for company in companies:
        stores[company].changed()
        stores[company].connection.execute("COMMIT")
    return len(operations)


def _apply_one(store: CompanyStore, operation: Operation) -> None:
    if operation.op == "insert":
        store.insert(operation.table, {**operation.key, **operation.values})
    elif operation.op == "update":
        store.update(operation.table, operation.key, operation.values)
    else:
        store.delete(operation.table, operation.key)


@dataclass(slots=True)
class _Armed:
    table: str
    pages: int
    operations: Sequence[Operation]


class PageTriggers:
    """Changes that wait for pages to be served."""

    def __init__(self, stores: Mapping[str, CompanyStore]) -> None:
        self._stores = stores
        self._armed: list[_Armed] = []

    def arm(self, after: AfterPages, operations: Sequence[Operation]) -> None:
        """Wait for ``after.pages`` more pages."""
        self._armed.append(_Armed(after.table, after.pages, operations))

    def served(self, _company: str, table: str) -> None:
        """A page was served."""
        for armed in [each for each in self._armed if each.table == table]:
            armed.pages -= 1
            if armed.pages <= 0:
                self._armed.remove(armed)
                apply(self._stores, armed.operations)

    def waiting(self) -> int:
        """How many changes still wait."""
        return len(self._armed)

    def clear(self) -> None:
        """Forget them."""
        self._armed.clear()
