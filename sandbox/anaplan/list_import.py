"""The list import: items created and updated by their key, never deleted.

Source of the rules: Anaplan's help on list imports (identification, duplicates, unique naming) and the counts and
texts of task results in Anaplan Connect's fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.data import Item
from sandbox.anaplan.importing import CHECK_EVERY, Choices, Counts, ImportFailedError, Message, locate, refused
from sandbox.anaplan.source import Malformed
from sandbox.anaplan.values import BadValueError, reader, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.anaplan.calendar import Calendar
    from sandbox.anaplan.data import ListData, Value
    from sandbox.anaplan.importing import Checkpoint, Refusal, Rejects, Undo
    from sandbox.anaplan.schema import ImportDefinition
    from sandbox.anaplan.values import Convert


class _RowError(Exception):
    """The row is not loaded, for ``message``."""

    def __init__(self, type_: str, text: str) -> None:
        super().__init__(text)
        self.message = Message(type_, text)


class ListImport:
    """One run. ``run`` stages all changes, ``commit`` makes them; without a commit nothing has happened."""

    def __init__(
        self,
        action: ImportDefinition,
        header: Sequence[str],
        lists: Mapping[str, ListData],
        calendar: Calendar,
        decimal: str,
        choices: Choices,
    ) -> None:
        self._target = lists[action.target]
        self._choices = choices
        self._identify = action.identify_by
        self._code = self._name = self._parent = -1
        self._properties = []
        fields = self._target.definition.properties
        columns = locate(action, header, choices)
        for index, column in columns:
            if column.to == "code":
                self._code = index
            elif column.to == "name":
                self._name = index
            elif column.to == "parent":
                self._parent = index
            else:
                position = self._target.position[column.target]
                form = fields[position].format
                read = reader(form, lists, calendar, decimal, column.date_format)
                self._properties.append((index, position, read))
        self._width = max((index for index, _ in columns), default=-1) + 1
        self._kinds = [field.format.kind for field in fields]
        parent_list = self._target.definition.parent
        self._parents = lists[parent_list] if parent_list else None
        self._created: dict[str, Item] = {}
        self._changed: list[tuple[Item, str, Item | None, tuple[Value, ...]]] = []
        self._names: dict[str, Item] = {}
        self._renamed: set[Item] = set()
        self._suffixes: dict[str, int] = {}
        self._seen: set[str] = set()

    def run(
        self,
        rows: Iterable[tuple[int, list[str]]],
        rejects: Rejects,
        checkpoint: Checkpoint,
        refusals: Sequence[Refusal] = (),
    ) -> Counts:
        """Stage every row; the counts. ImportFailedError when the whole import is to be rejected."""
        counts = Counts()
        for line, row in rows:
            counts.total += 1
            if not counts.total % CHECK_EVERY:
                checkpoint(counts.total)
            messages = self._load(row, counts, refusals)
            if messages:
                for message in messages:
                    counts.note(message)
                rejects.add(line, row, messages)
        return counts

    def _load(self, row: list[str], counts: Counts, refusals: Sequence[Refusal]) -> list[Message]:
        try:
            rule = refused(refusals, row)
            return self._stage(row, counts) if rule is None else self._fail(rule, counts)
        except _RowError as error:
            return self._fail(error.message, counts)

    @staticmethod
    def _fail(message: Message, counts: Counts) -> list[Message]:
        counts.failed += 1
        return [message]

    def _stage(self, row: list[str], counts: Counts) -> list[Message]:
        if isinstance(row, Malformed):
            raise _RowError(row.type, row.text)
        if len(row) < self._width:
            raise _RowError("columnSeparatorExpected", "Column separator expected")
        code = row[self._code] if self._code >= 0 else ""
        given = row[self._name] if self._name >= 0 else ""
        item = self._identified(code, given)
        values, warnings = self._read(row, item)
        parent = self._parent_of(row, item)
        name = self._name_for(code, given, item)
        if item is None and self._choices.workspace_full != "no":
            counts.ignored += self._choices.workspace_full == "ignored"
            return warnings
        if item is None:
            self._create(Item(code, name, parent, values))
        elif not warnings and name == item.name and parent is item.parent and self._unchanged(item.values, values):
            counts.ignored += 1
            return warnings
        else:
            counts.renamed += name != item.name
            self._change(item, name, parent, values)
        if item is None:
            counts.created += not warnings
            counts.warned_created += bool(warnings)
        else:
            counts.updated += not warnings
            counts.warned_updated += bool(warnings)
        return warnings

    def _identified(self, code: str, name: str) -> Item | None:
        """The existing item that the row is about; refuses empty keys and keys that came before."""
        key = name if self._identify == "name" else code or (name if self._identify == "name_or_code" else "")
        if not key:
            raise _RowError("hierarchyImportEmptyKey", "Empty key")
        if key in self._seen:
            if self._choices.list_duplicates == "reject_import":
                raise ImportFailedError("hierarchyImportDuplicateSourceKey", f"Duplicate key in source: {key}")
            raise _RowError("hierarchyImportDuplicateSourceKey", f"Duplicate key in source: {key}")
        self._seen.add(key)
        if self._identify == "name":
            return self._target.by_name(key)
        item = self._target.by_code.get(code)
        if item is None and self._identify == "name_or_code" and name:
            item = self._target.by_name(name)
        return item

    def _read(self, row: list[str], item: Item | None) -> tuple[tuple[Value, ...], list[Message]]:
        if not self._properties:
            return (self._target.blank if item is None else item.values), []
        values = list(self._target.blank if item is None else item.values)
        warnings: list[Message] = []
        keep = self._choices.blank_cells == "keep"
        for index, position, read in self._properties:
            value = self._attempt(read, row[index], values[position], warnings)
            if value is not None or not keep:
                values[position] = value
        return tuple(values), warnings

    def _attempt(self, read: Convert, text: str, old: Value, warnings: list[Message]) -> Value:
        try:
            return read(text)
        except BadValueError as error:
            if self._choices.list_property_error == "failed":
                raise _RowError(error.type, str(error)) from None
            warnings.append(Message(error.type, str(error)))
            return old

    def _parent_of(self, row: list[str], item: Item | None) -> Item | None:
        if self._parent < 0 or self._parents is None:
            return item.parent if item is not None else None
        text = row[self._parent]
        if not text:
            return item.parent if item is not None and self._choices.blank_cells == "keep" else None
        parent = self._parents.find(text)
        if parent is None:
            raise _RowError("hierarchyImportInvalidParent", f"Invalid parent: {text}")
        return parent

    def _name_for(self, code: str, given: str, item: Item | None) -> str:
        if self._target.definition.numbered:
            return item.name if item is not None else code
        if self._name < 0 or (not given and item is not None):
            if item is None:
                raise _RowError("hierarchyImportInvalidName", "Invalid name: ")
            return item.name
        limit = self._choices.name_limit
        if not given or (limit and len(given) > limit) or (given[0] == given[-1] == "_"):
            raise _RowError("hierarchyImportInvalidName", f"Invalid name: {given}")
        if (item is not None and item.name == given) or (item is None and given == code and self._free(given)):
            return given
        return self._unique(given, item)

    def _free(self, name: str) -> bool:
        return name not in self._names and name not in self._created and self._target.by_name(name) is None

    def _owner(self, name: str) -> Item | None:
        staged = self._names.get(name)
        if staged is None:
            staged = self._created.get(name)
            if staged is not None and staged.name != name:
                staged = None
        if staged is None:
            staged = self._target.by_name(name)
            if staged in self._renamed:
                staged = None
        return staged

    def _unique(self, name: str, item: Item | None) -> str:
        """``name``, or with unique naming enforced ``name~n`` when another item has it."""
        if self._owner(name) in {None, item}:
            return name
        if not self._choices.unique_naming:
            raise _RowError("hierarchyImportNameOrCodeExists", f"Name already exists: {name}")
        if item is not None and item.name.startswith(f"{name}~") and item.name[len(name) + 1 :].isdigit():
            return item.name
        suffix = self._suffixes.get(name, 0) + 1
        while self._owner(f"{name}~{suffix}") is not None:
            suffix += 1
        self._suffixes[name] = suffix
        return f"{name}~{suffix}"

    def _unchanged(self, old: tuple[Value, ...], new: tuple[Value, ...]) -> bool:
        return old == new or all(map(same, old, new, self._kinds))

    def _create(self, item: Item) -> None:
        self._created[item.code or item.name] = item
        if item.name != item.code:
            self._names[item.name] = item

    def _change(self, item: Item, name: str, parent: Item | None, values: tuple[Value, ...]) -> None:
        if name != item.name:
            self._renamed.add(item)
            self._names[name] = item
        self._changed.append((item, name, parent, values))

    def commit(self) -> Undo:
        """Make the staged changes; a function that takes them back."""
        target = self._target
        before = [(item, item.name, item.parent, item.values) for item, _, _, _ in self._changed]
        created = list(self._created.values())
        for item in created:
            target.add(item)
        for item, name, parent, values in self._changed:
            target.change(item, item.code, name, parent, values)

        def undo() -> None:
            for item, name, parent, values in before:
                target.change(item, item.code, name, parent, values)
            for item in created:
                target.remove(item)

        return undo
