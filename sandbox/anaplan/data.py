"""A model's data in memory: list items and module cells.

Built for millions of items: items are small slotted objects that cells refer to directly, a module row is one tuple,
and names that equal their item's code need no entry of their own.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sandbox.anaplan.calendar import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.anaplan.schema import ListDefinition, ModuleDefinition


class Item:
    """A list item; ``id`` is given by its list. ``values`` are its properties. ``alive`` ends with deletion."""

    __slots__ = ("alive", "code", "id", "name", "parent", "values")

    def __init__(self, code: str, name: str, parent: Item | None, values: tuple[Value, ...]) -> None:
        self.id = 0
        self.code = code
        self.name = name
        self.parent = parent
        self.values = values
        self.alive = True


#: A cell or property: text and numbers are str (numbers in plain decimal notation, exactly as they came).
Value = str | bool | date | Item | Period | None
Member = Item | Period
#: A row's place: its one dimension item, or a tuple of them.
Key = Member | tuple[Member, ...]


class ListData:
    """The items of one list, found by code, by name and by id."""

    def __init__(self, definition: ListDefinition) -> None:
        self.definition = definition
        self.blank: tuple[Value, ...] = (None,) * len(definition.properties)
        self.position = {field.name: index for index, field in enumerate(definition.properties)}
        self._first_id = 220 * 10**9 + (definition.id % 1000) * 10**8
        self._items: list[Item | None] = []
        self.by_code: dict[str, Item] = {}
        self._by_other_name: dict[str, Item] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item]:
        return (item for item in self._items if item is not None)

    @property
    def next_index(self) -> int:
        """The index that the next item gets."""
        return len(self._items) + 1

    def add(self, item: Item) -> None:
        """Put a new item in: it gets its id now and, in a numbered list, its name."""
        index = len(self._items)
        item.id = self._first_id + index
        if self.definition.numbered:
            item.name = f"#{index + 1}"
        self._items.append(item)
        self._count += 1
        self._index(item)

    def _index(self, item: Item) -> None:
        if item.code:
            self.by_code[item.code] = item
        if item.name != item.code:
            self._by_other_name[item.name] = item

    def change(self, item: Item, code: str, name: str, parent: Item | None, values: tuple[Value, ...]) -> None:
        """Give an item other contents."""
        if (code, name) != (item.code, item.name):
            self._forget(item)
        item.code, item.name, item.parent, item.values = code, name, parent, values
        self._index(item)

    def _forget(self, item: Item) -> None:
        if self.by_code.get(item.code) is item:
            del self.by_code[item.code]
        if self._by_other_name.get(item.name) is item:
            del self._by_other_name[item.name]

    def remove(self, item: Item) -> None:
        """Delete an item; what refers to it reads as blank from now on."""
        self._items[item.id - self._first_id] = None
        self._forget(item)
        item.alive = False
        self._count -= 1

    def restore(self, item: Item) -> None:
        """Undo ``remove``."""
        self._items[item.id - self._first_id] = item
        item.alive = True
        self._count += 1
        self._index(item)

    def reset_index(self) -> None:
        """Start counting from 1 again; the list must be empty."""
        self._items.clear()

    def by_id(self, identifier: int) -> Item | None:
        """The item with this id."""
        index = identifier - self._first_id
        return self._items[index] if 0 <= index < len(self._items) else None

    def by_name(self, name: str) -> Item | None:
        """The item with this name."""
        item = self._by_other_name.get(name)
        if item is None:
            item = self.by_code.get(name)
            if item is not None and item.name != name:
                return None
        return item

    def find(self, text: str) -> Item | None:
        """The item with this code, else with this name."""
        return self.by_code.get(text) or self._by_other_name.get(text)


class ModuleData:
    """The cells of one module: a tuple per row, in the order of its input line items."""

    def __init__(self, definition: ModuleDefinition) -> None:
        self.definition = definition
        self.inputs = tuple(item for item in definition.line_items if item.formula is None)
        self.position = {item.name: index for index, item in enumerate(self.inputs)}
        self.blank: tuple[Value, ...] = (None,) * len(self.inputs)
        self.rows: dict[Key, tuple[Value, ...]] = {}

    def members(self, key: Key) -> tuple[Member, ...]:
        """The dimension items of a row's key."""
        return key if isinstance(key, tuple) else (key,)

    def key(self, members: tuple[Member, ...]) -> Key:
        """The key for dimension items given in the module's order."""
        return members[0] if len(members) == 1 else members

    def drop_member(self, member: Member) -> dict[Key, tuple[Value, ...]]:
        """Remove the rows of a deleted item; what was removed, for ``restore``."""
        if len(self.definition.dimensions) == 1:
            row = self.rows.pop(member, None)
            return {} if row is None else {member: row}
        gone: dict[Key, tuple[Value, ...]] = {
            key: row for key, row in self.rows.items() if isinstance(key, tuple) and member in key
        }
        for key in gone:
            del self.rows[key]
        return gone
