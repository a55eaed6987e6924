"""The module import: cells written by dimension items, line items as columns.

Source of the rules: Anaplan community article 108512 (failed against ignored rows, duplicates in module and list
imports) and the official dump samples of Anaplan Connect.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from sandbox.anaplan.calendar import TIME, Period
from sandbox.anaplan.importing import CHECK_EVERY, Choices, Counts, Message, locate, refused
from sandbox.anaplan.source import Malformed
from sandbox.anaplan.values import AggregateError, BadValueError, reader, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sandbox.anaplan.calendar import Calendar
    from sandbox.anaplan.data import Key, ListData, Member, ModuleData, Value
    from sandbox.anaplan.importing import Checkpoint, Refusal, Rejects, Undo
    from sandbox.anaplan.schema import ImportDefinition
    from sandbox.anaplan.values import Convert

    Find = Callable[[str], Member]


T = TypeVar("T")


class ModuleImport:
    """One run. ``run`` stages all changes, ``commit`` makes them; without a commit nothing has happened."""

    def __init__(
        self,
        action: ImportDefinition,
        header: Sequence[str],
        modules: Mapping[str, ModuleData],
        lists: Mapping[str, ListData],
        calendar: Calendar,
        decimal: str,
        choices: Choices,
    ) -> None:
        self._target = target = modules[action.target]
        self._choices = choices
        columns = locate(action, header, choices)
        self._width = max(index for index, _ in columns) + 1
        order = {name: place for place, name in enumerate(target.definition.dimensions)}
        finders: list[tuple[int, int, Find]] = []
        cells: list[tuple[int, int, Convert]] = []
        formats = {item.name: item.format for item in target.inputs}
        for index, column in columns:
            if column.to == "dimension":
                find = time_finder(calendar) if column.target == TIME else list_finder(lists, column.target)
                finders.append((order[column.target], index, find))
            elif column.target in formats:
                read = reader(formats[column.target], lists, calendar, decimal, column.date_format)
                cells.append((index, target.position[column.target], read))
        self._finders = [(index, find) for _, index, find in sorted(finders, key=lambda entry: entry[0])]
        self._cells = cells
        self._numbers = {place for place, item in enumerate(target.inputs) if item.format.kind == "NUMBER"}
        every_cell = [position for _, position, _ in cells] == list(range(len(target.inputs)))
        self._whole_rows = every_cell and choices.blank_cells == "clear" and choices.module_duplicates == "last"
        self._staged: dict[Key, tuple[Value, ...]] = {}

    def run(
        self,
        rows: Iterable[tuple[int, list[str]]],
        rejects: Rejects,
        checkpoint: Checkpoint,
        refusals: Sequence[Refusal] = (),
    ) -> Counts:
        """Stage every row; the counts."""
        counts = Counts()
        for line, row in rows:
            counts.total += 1
            if not counts.total % CHECK_EVERY:
                checkpoint(counts.total)
            if refusals and (rule := refused(refusals, row)) is not None:
                messages = [rule]
            else:
                try:
                    messages = self._stage(row)
                except AggregateError:
                    counts.ignored += 1
                    continue
            if messages:
                counts.failed += 1
                for message in messages:
                    counts.note(message)
                rejects.add(line, row, messages)
            elif self._cells:
                counts.updated += 1
            else:
                counts.ignored += 1
        return counts

    def _stage(self, row: list[str]) -> list[Message]:
        if isinstance(row, Malformed):
            return [Message(row.type, row.text)]
        if len(row) < self._width:
            return [Message("columnSeparatorExpected", "Column separator expected")]
        try:
            members = tuple([find(row[index]) for index, find in self._finders])
            new = [read(row[index]) for index, _, read in self._cells]
        except BadValueError:
            return self._salvage(row)
        if self._whole_rows:
            self._staged[members[0] if len(members) == 1 else members] = tuple(new)
        else:
            self._put(members, new, self._cells)
        return []

    def _salvage(self, row: list[str]) -> list[Message]:
        """All messages of a row with at least one; its good cells are loaded when the choices say so."""
        messages: list[Message] = []
        members = [found for index, find in self._finders for found in _attempt(find, row[index], messages)]
        good, values = [], []
        for cell in self._cells:
            for value in _attempt(cell[2], row[cell[0]], messages):
                good.append(cell)
                values.append(value)
        if self._choices.module_bad_cell == "cell" and len(members) == len(self._finders):
            self._put(tuple(members), values, good)
        return messages

    def _put(self, members: tuple[Member, ...], new: list[Value], cells: Sequence[tuple[int, int, Convert]]) -> None:
        key: Key = members[0] if len(members) == 1 else members
        staged = self._staged.get(key)
        row = list(staged or self._target.rows.get(key, self._target.blank))
        keep = self._choices.blank_cells == "keep"
        add = staged is not None and self._choices.module_duplicates == "sum"
        for (_, position, _), value in zip(cells, new, strict=True):
            if value is None and keep:
                continue
            if add and position in self._numbers:
                row[position] = str(Decimal(str(row[position] or 0)) + Decimal(str(value or 0)))
            else:
                row[position] = value
        self._staged[key] = tuple(row)

    def commit(self) -> Undo:
        """Make the staged changes; a function that takes them back."""
        rows, staged = self._target.rows, self._staged
        before = {key: rows[key] for key in staged.keys() & rows.keys()}
        rows.update(staged)

        def undo() -> None:
            for key in staged:
                del rows[key]
            rows.update(before)

        return undo


def _attempt(read: Callable[[str], T], text: str, messages: list[Message]) -> list[T]:
    """What ``read`` makes of the text in a list of one, or none and its message."""
    try:
        return [read(text)]
    except BadValueError as error:
        messages.append(Message(error.type, str(error)))
        return []


def list_finder(lists: Mapping[str, ListData], name: str) -> Find:
    """Items of a list by code, else name; those of the lists above it are aggregates."""
    data = lists[name]
    by_code, find = data.by_code, data.find
    above = []
    parent = data.definition.parent
    while parent is not None:
        above.append(lists[parent])
        parent = lists[parent].definition.parent

    def locate_item(text: str) -> Member:
        item = by_code.get(text) or find(text)
        if item is not None:
            return item
        if any(level.find(text) is not None for level in above):
            raise AggregateError(text)
        raise BadValueError("moduleImportInvalidListIdentifier", f"Item not located in {name} list: {text}")

    return locate_item


def time_finder(calendar: Calendar) -> Find:
    """Months by name; years are aggregates."""
    names = calendar.by_name

    def locate_period(text: str) -> Member:
        period = names.get(text)
        if period is None:
            raise BadValueError("moduleImportInvalidTimeEntityIdentifier", f"Invalid time period: {text}")
        if period.is_aggregate:
            raise AggregateError(text)
        return period

    return locate_period


def module_rows(action: ImportDefinition, module: ModuleData) -> Iterator[tuple[int, list[str]]]:
    """Another module's rows as source rows in the order of the import's columns, items by code."""
    places = {name: place for place, name in enumerate(module.definition.dimensions)}
    for number, (key, row) in enumerate(module.rows.items(), 1):
        members = module.members(key)
        fields = []
        for column in action.columns:
            if column.to == "dimension":
                member = members[places[column.target]]
                fields.append(member.name if isinstance(member, Period) else member.code or member.name)
            else:
                fields.append(written(row[module.position[column.target]]))
        yield number, fields
