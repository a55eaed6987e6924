"""Adding, updating and deleting single list items, with a failure per item that is not accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from sandbox.anaplan.data import Item
from sandbox.anaplan.values import BadValueError, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.anaplan.data import ListData, Value
    from sandbox.anaplan.model import Model


class WriteItem(msgspec.Struct, forbid_unknown_fields=True):
    """An item as a request gives it; what is missing stays as it is."""

    id: str | int | None = None
    code: str | None = None
    name: str | None = None
    parent: str | None = None
    properties: dict[str, str | int | float | bool | None] = {}
    subsets: dict[str, bool] = {}


@dataclass(slots=True)
class Outcome:
    """How many were accepted, and (request index, type, words) of the others."""

    done: int = 0
    failures: list[tuple[int, str, str]] = field(default_factory=list)


class _ItemError(Exception):
    def __init__(self, type_: str, text: str) -> None:
        super().__init__(text)
        self.type = type_
        self.text = text


class ListWrites:
    """The three writes on one list."""

    def __init__(self, model: Model, data: ListData) -> None:
        self._model = model
        self._data = data

    def add(self, wanted: Sequence[WriteItem]) -> Outcome:
        """Insert only: an item whose name or code exists fails."""
        return self._each(wanted, self._add)

    def update(self, wanted: Sequence[WriteItem]) -> Outcome:
        """Change items that exist."""
        return self._each(wanted, self._update)

    def delete(self, wanted: Sequence[WriteItem]) -> Outcome:
        """Remove items with their cells."""
        return self._each(wanted, self._delete)

    @staticmethod
    def _each(wanted: Sequence[WriteItem], write: Callable[[WriteItem], None]) -> Outcome:
        outcome = Outcome()
        for index, item in enumerate(wanted):
            error = _attempt(write, item)
            if error is None:
                outcome.done += 1
            else:
                outcome.failures.append((index, error.type, error.text))
        return outcome

    def _add(self, wanted: WriteItem) -> None:
        data, code, name = self._data, wanted.code or "", wanted.name or ""
        if data.definition.numbered and name:
            raise _ItemError("INCORRECT_FORMAT", "the items of a numbered list have no name of their own")
        if not name and not data.definition.numbered:
            raise _ItemError("INCOMPLETE_DATA", "name is missing")
        if code and code in data.by_code:
            raise _ItemError("DUPLICATE", f"code exists already: {code}")
        if name and data.by_name(name) is not None:
            raise _ItemError("DUPLICATE", f"name exists already: {name}")
        data.add(Item(code, name, self._parent(wanted, None), self._values(wanted, data.blank)))

    def _update(self, wanted: WriteItem) -> None:
        item = self._find(wanted)
        if item.code and not wanted.code:
            raise _ItemError("INCOMPLETE_DATA", "the item has a code, so the request must give it")
        name = wanted.name or item.name
        other = self._data.by_name(name)
        if other is not None and other is not item:
            raise _ItemError("DUPLICATE", f"name exists already: {name}")
        values = self._values(wanted, item.values)
        self._data.change(item, wanted.code or item.code, name, self._parent(wanted, item), values)

    def _delete(self, wanted: WriteItem) -> None:
        self._model.remove_items(self._data.definition.name, [self._find(wanted)])

    def _find(self, wanted: WriteItem) -> Item:
        found: Item | None = None
        if wanted.id is not None:
            text = str(wanted.id)
            found = self._data.by_id(int(text)) if text.isascii() and text.isdigit() else None
        elif wanted.code:
            found = self._data.by_code.get(wanted.code)
        elif wanted.name and not self._data.definition.numbered:
            found = self._data.by_name(wanted.name)
        else:
            raise _ItemError("INCOMPLETE_DATA", "an item is identified by its id, code or name")
        if found is None:
            raise _ItemError("NOT_FOUND", f"no such item: {wanted.id or wanted.code or wanted.name}")
        return found

    def _parent(self, wanted: WriteItem, item: Item | None) -> Item | None:
        if wanted.parent is None:
            return item.parent if item is not None else None
        parent_list = self._data.definition.parent
        parent = self._model.lists[parent_list].find(wanted.parent) if parent_list else None
        if wanted.parent and parent is None:
            raise _ItemError("INCORRECT_FORMAT", f"invalid parent: {wanted.parent}")
        return parent

    def _values(self, wanted: WriteItem, old: tuple[Value, ...]) -> tuple[Value, ...]:
        values = list(old)
        for name, given in wanted.properties.items():
            position = self._data.position.get(name)
            text = str(given).lower() if isinstance(given, bool) else "" if given is None else str(given)
            if position is None:
                raise _ItemError("INCORRECT_FORMAT", f"incorrect format -- column name:{name}, value:{text}")
            form = self._data.definition.properties[position].format
            read = reader(form, self._model.lists, self._model.calendar, ".", "yyyy-MM-dd")
            try:
                values[position] = read(text)
            except BadValueError:
                message = f"incorrect format -- column name:{name}, value:{text}"
                raise _ItemError("INCORRECT_FORMAT", message) from None
        return tuple(values)


def _attempt(write: Callable[[WriteItem], None], item: WriteItem) -> _ItemError | None:
    try:
        write(item)
    except _ItemError as error:
        return error
    return None
