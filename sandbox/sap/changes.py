"""Changes on demand: at once, or when so many pages of an entity set have been served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from sandbox.sap.store import StoreError, table_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.sap.store import Store

Json = str | int | float | bool | None


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row. ``key`` for update and delete; an insert may give its key in ``key`` or in ``values``."""

    table: str
    op: Literal["insert", "update", "delete"]
    key: dict[str, Json] = {}
    values: dict[str, Json] = {}


class AfterPages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When so many more pages of an entity set have been served."""

    set: str
    pages: int


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Operations that are applied together."""

    operations: list[Operation]
    after_pages: AfterPages | None = None


def apply(store: Store, operations: Sequence[Operation]) -> int:
    """All of them or, with StoreError, none; how many rows changed. Nothing is done to change dates: set them."""
    with store.transaction():
        for each in operations:
            key, values = store.as_stored(each.table, each.key), store.as_stored(each.table, each.values)
            if each.op == "insert":
                missing = [name for name in table_called(each.table).key if name not in key and name not in values]
                if missing:
                    raise StoreError(f"{each.table}: insert without {', '.join(missing)}")
                store.insert(each.table, [{**key, **values}])
            elif each.op == "update":
                store.update(each.table, key, values)
            else:
                store.delete(each.table, key)
    return len(operations)


@dataclass(slots=True)
class _Armed:
    entity_set: str
    pages: int
    operations: Sequence[Operation]


class PageTriggers:
    """Changes that wait for pages to be served."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._armed: list[_Armed] = []

    def arm(self, after: AfterPages, operations: Sequence[Operation]) -> None:
        """Wait for ``after.pages`` more pages."""
        self._armed.append(_Armed(after.set, after.pages, operations))

    def served(self, entity_set: str) -> None:
        """A page was served."""
        for armed in [each for each in self._armed if each.entity_set == entity_set]:
            armed.pages -= 1
            if armed.pages <= 0:
                self._armed.remove(armed)
                apply(self._store, armed.operations)

    def waiting(self) -> int:
        """How many changes still wait."""
        return len(self._armed)

    def clear(self) -> None:
        """Forget them."""
        self._armed.clear()
