"""Items of a list by the transactional API: read, add, update, delete, with the failures of single items.

Sources: Anaplan transactional API reference (at most 100,000 items a call; add inserts only; there is no upsert;
`failures` by the request's index and left out when there are none), the community OpenAPI specification (live: counts
at the top of the answer), Anaplan help (of a delete: `result` with `numberOfItemsDeleted`). Both are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connector_kit.anaplan.objects import ListItem
from connector_kit.anaplan.reading import mapping, number, rows, struct, text
from connector_kit.anaplan.transport import Transport
from connector_kit.errors import UnavailableError

MAX_ITEMS = 100_000
Item = dict[str, Any]
"""As the API takes it: id, code or name; parent; `properties` and `subsets` by name."""

Action = Literal["add", "update", "delete"]
_DONE: dict[Action, str] = {"add": "added", "update": "updated", "delete": "deleted"}
_DONE_IN_RESULT: dict[Action, str] = {
    "add": "numberOfItemsAdded",
    "update": "numberOfItemsUpdated",
    "delete": "numberOfItemsDeleted",
}

_KEYS = ("id", "code", "name")


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """An item that was not taken. `index` into the items as given, over all batches; -1 when Anaplan doesn't tell."""

    index: int
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """Of `sent` items, `done` ones were added, updated or deleted, `ignored` ones left as they are (failed ones among
    them).
    """

    sent: int = 0
    done: int = 0
    ignored: int = 0
    failures: tuple[ItemFailure, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether every item is done or among the failures. Otherwise only the list itself tells what became of it."""
        return self.done + len(self.failures) == self.sent

    def plus(self, other: ListOutcome) -> ListOutcome:
        """Both together."""
        return ListOutcome(
            self.sent + other.sent,
            self.done + other.done,
            self.ignored + other.ignored,
            self.failures + other.failures,
        )


@dataclass(frozen=True, slots=True)
class ListItems:
    """The items of one list.

    Args:
        transport: to the API.
        path: of the items, e.g. "/workspaces/…/models/…/lists/101…/items".
        what: the list in messages.
        batch: most items in one call.
    """

    transport: Transport
    path: str
    what: str
    batch: int = MAX_ITEMS

    def read(self) -> Iterator[ListItem]:
        """All items with parents, properties and subsets."""
        body = self.transport.listed(self.path, "listItems", what=f"{self.what}, items", params={"includeAll": "true"})
        for row in rows(body.get("listItems")):
            yield struct(ListItem, row)

    def add(self, items: Sequence[Item]) -> ListOutcome:
        """Insert new items; one whose code or name is there already fails."""
        return self._in_batches("add", items)

    def update(self, items: Sequence[Item]) -> ListOutcome:
        """Change items that are there; unknown ones fail, missing properties stay as they are."""
        return self._in_batches("update", items)

    def delete(self, items: Sequence[Item]) -> ListOutcome:
        """Delete items by id or code."""
        return self._in_batches("delete", items)

    def _in_batches(self, action: Action, items: Sequence[Item]) -> ListOutcome:
        size = max(1, min(self.batch, MAX_ITEMS))
        total = ListOutcome()
        for start in range(0, len(items), size):
            total = total.plus(self._batch(action, items[start : start + size], start))
        return total

    def _batch(self, action: Action, items: Sequence[Item], start: int) -> ListOutcome:
        """One call. An add or a delete whose answer was lost is not sent again as it was: what it has done already
        would look like failures. What the list shows as done counts as done, the rest is sent.
        """
        numbered = list(enumerate(items, start))
        if action == "update":
            return self._send(action, numbered, repeatable=True)
        try:
            return self._send(action, numbered, repeatable=False)
        except UnavailableError:
            left = self._not_done(action, numbered)
            there = len(numbered) - len(left)
            done = ListOutcome(sent=there, done=there)
            return done.plus(self._send(action, left, repeatable=False)) if left else done

    def _not_done(self, action: Action, items: list[tuple[int, Item]]) -> list[tuple[int, Item]]:
        there = {(key, text(getattr(item, key))) for item in self.read() for key in _KEYS}
        return [(index, item) for index, item in items if (_key(item) in there) == (action == "delete")]

    def _send(self, action: Action, items: list[tuple[int, Item]], *, repeatable: bool) -> ListOutcome:
        answer = self.transport.json(
            "PUT" if action == "update" else "POST",
            self.path,
            what=f"{self.what}, {action} {len(items)} items",
            params={"action": action},
            json={"items": [item for _, item in items]},
            repeatable=repeatable,
        )
        told = mapping(answer.get("result")) or answer
        done = told.get(_DONE[action], told.get(_DONE_IN_RESULT[action]))
        failures = tuple(
            ItemFailure(
                index=items[at][0] if 0 <= at < len(items) else -1,
                type=text(failure.get("failureType")),
                message=text(failure.get("failureMessageDetails")) or text(failure.get("failureType")),
            )
            for failure in rows(told.get("failures"))
            for at in (number(failure.get("requestIndex", -1)),)
        )
        return ListOutcome(len(items), number(done), number(told.get("ignored")), failures)


def _key(item: Item) -> tuple[str, str]:
    """What the API identifies an item by."""
    return next(((key, text(item[key])) for key in _KEYS if item.get(key)), ("", ""))
