"""From a block of records to what the spool keeps of each: the document that it belongs to, and its line.

A record whose document can be told but whose line can't be made spoils that document: without it the document would
not be the plan. A record whose document can't be told is refused alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import NamedTuple, TypeVar

import msgspec

from connector_kit.documents.model import TEXT, Document, Kind, Line
from connector_kit.documents.periods import FiscalYears, last_day, parse_month
from connector_kit.documents.recipe import Day, Recipe
from connector_kit.mapping.block import Block, Cells, texts
from connector_kit.mapping.columns import Column, Dialect
from connector_kit.mapping.values import Unmappable

T = TypeVar("T")

NO_DATE = date.min
_REMEMBERED = 50_000
_DIALECT = Dialect()


class About(msgspec.Struct, frozen=True):
    """What all rows of a document have to agree on."""

    scope: tuple[str, ...]
    key: tuple[str, ...]
    year: str
    period: str
    posting_date: date
    document_date: date
    header: dict[str, str]

    def blank(self, kind: Kind) -> Document:
        """The document that they belong to, without its lines."""
        return Document(
            scope=self.scope,
            key=self.key,
            kind=kind,
            header=self.header,
            posting_date=self.posting_date,
            document_date=self.document_date,
            year=self.year,
            period=self.period,
            lines=(),
            reference="",
        )


class Home(NamedTuple):
    """Where a record belongs: the unit that a delivery replaces, the pile that is compared; about: `About` as JSON."""

    unit: bytes
    pile: bytes
    about: bytes


class Mapped(NamedTuple):
    """One record. home is None when it can't be told; line is "" when it can't be made; problem says why."""

    home: Home | None
    line: str
    problem: Unmappable | None


def unit_id(recipe: Recipe, scope: Sequence[str], key: Sequence[str]) -> bytes:
    """Names what one delivery replaces as a whole: a scope, or without one a document with its key."""
    return _hash(["scope", *scope] if recipe.scope else ["key", *key])


def encode_line(account: str, amount: str, currency: str, fields: Sequence[tuple[str, str]]) -> str:
    """A line as the spool keeps it."""
    return msgspec.json.encode((account, amount, currency, [pair for pair in fields if pair[1]])).decode()


_decode_line = msgspec.json.Decoder(tuple[str, str, str, tuple[tuple[str, str], ...]]).decode
decode_about = msgspec.json.Decoder(About).decode


def decode_line(text: str, seq: int) -> Line:
    """A line from the spool."""
    account, amount, currency, fields = _decode_line(text)
    return Line(account, Decimal(amount), currency, fields, (seq,))


@dataclass(frozen=True, slots=True)
class _Columns:
    """The recipe's columns by what they are for, each with the function that makes its cells."""

    group: tuple[tuple[str, Cells], ...]
    line: tuple[tuple[str, Cells], ...]


class RowMapper:
    """Maps blocks of one stream by one recipe."""

    def __init__(self, recipe: Recipe, years: FiscalYears) -> None:
        self._recipe = recipe
        self._years = years
        self._homes: dict[tuple[str, ...], Home | Unmappable] = {}
        period = recipe.period
        group = [(name, _field(name)) for name in (*recipe.scope, *recipe.document)]
        group += [_named(column) for column in recipe.header]
        extra = (period.month, period.year, period.number) if period else ()
        days = (recipe.posting_date, recipe.document_date)
        group += [_named(column) for column in (*extra, *days) if isinstance(column, Column)]
        line = [_named(recipe.account), _named(recipe.amount.debit)]
        line += [_named(column) for column in (recipe.amount.credit, recipe.currency, *recipe.lines) if column]
        self._columns = _Columns(tuple(group), tuple(line))
        self._line_names = sorted((column.name, at) for at, column in enumerate(recipe.lines))
        self._first_field = 2 + (recipe.amount.credit is not None) + (recipe.currency is not None)

    def map(self, block: Block) -> list[Mapped]:
        """One result per record, in order."""
        if not len(block):
            return []
        homes = _cells(block, self._columns.group, self._home)
        lines = _cells(block, self._columns.line, self._line)
        found = []
        for home, line in zip(homes, lines, strict=True):
            if isinstance(home, Unmappable):
                found.append(Mapped(None, "", home))
            elif isinstance(line, Unmappable):
                found.append(Mapped(home, "", line))
            else:
                found.append(Mapped(home, line, None))
        return found

    def _home(self, cells: tuple[str, ...]) -> Home | Unmappable:
        known = self._homes.get(cells)
        if known is None:
            if len(self._homes) >= _REMEMBERED:
                self._homes.clear()
            try:
                known = self._find_home(cells)
            except Unmappable as problem:
                known = problem
            self._homes[cells] = known
        return known

    def _find_home(self, cells: tuple[str, ...]) -> Home:
        recipe, left = self._recipe, list(cells)

        def take(count: int) -> tuple[str, ...]:
            taken = tuple(left[:count])
            del left[:count]
            return taken

        scope, key = take(len(recipe.scope)), take(len(recipe.document))
        header = dict(zip([column.name for column in recipe.header], take(len(recipe.header)), strict=True))
        for name in recipe.rules.required_header:
            if not header[name]:
                raise Unmappable("blank", column=f"header {name}")
        header = {name: value for name, value in header.items() if value}
        year, period, posting, document = self._dates(header.get("company_code", ""), take)
        about = About(scope, key, year, period, posting, document, header)
        place = [year, period, *(header.get(name, "") for name in recipe.rules.identity)]
        pile = _hash([list(scope), list(key), place])
        return Home(unit_id(recipe, scope, key), pile, msgspec.json.encode(about, order="sorted"))

    def _dates(self, company: str, take: Callable[[int], tuple[str, ...]]) -> tuple[str, str, date, date]:
        recipe, rule, fiscal = self._recipe, self._recipe.period, self._years.of(company)
        month: date | None = None
        year = number = ""
        if rule and rule.month is not None:
            month = parse_month(take(1)[0], rule.format)
            year, number = fiscal.period_of(month)
        elif rule:
            year, number = map(_whole, take(2))
            month = fiscal.month_of(year, number)
            number = str(int(number))
        posting = self._day("posting_date", recipe.posting_date, month, None, take)
        document = self._day("document_date", recipe.document_date, month, posting, take)
        if month is None and recipe.rules.dated:
            year, number = fiscal.period_of(posting)
        return year, number, posting, document

    def _day(
        self,
        name: str,
        rule: Day | Column,
        month: date | None,
        posting: date | None,
        take: Callable[[int], tuple[str, ...]],
    ) -> date:
        if isinstance(rule, Column):
            text = take(1)[0]
            try:
                return date.fromisoformat(text)
            except ValueError:
                raise Unmappable("not a date", text or "blank", name) from None
        if rule == "posting_date" and posting is not None:
            return posting
        if month is None:
            return NO_DATE
        return month if rule == "first_day" else last_day(month)

    def _line(self, cells: tuple[str, ...]) -> str | Unmappable:
        recipe = self._recipe
        account, amount = cells[0], cells[1]
        if recipe.amount.credit is not None:
            debit, credit = amount, cells[2]
            if not debit and not credit:
                return Unmappable("blank", column="lines amount")
            amount = str(Decimal(debit or 0) - Decimal(credit or 0))
        currency = cells[self._first_field - 1] if recipe.currency is not None else ""
        for name, value, needed in (
            ("account", account, True),
            ("amount", amount, True),
            ("currency", currency, recipe.rules.currency),
        ):
            if needed and not value:
                return Unmappable("blank", column=f"lines {name}")
        fields = [(name, cells[self._first_field + at]) for name, at in self._line_names]
        return encode_line(account, amount, currency, fields)


def _cells(
    block: Block,
    columns: tuple[tuple[str, Cells], ...],
    make: Callable[[tuple[str, ...]], T | Unmappable],
) -> list[T | Unmappable]:
    """What `make` makes of each record's cells; where a cell can't be made, why."""
    try:
        made = [cells(block) for _, cells in columns]
    except Unmappable as problem:
        if len(block) > 1:
            half = len(block) // 2
            pieces = (range(half), range(half, len(block)))
            return [one for piece in pieces for one in _cells(block.pick(list(piece)), columns, make)]
        return [_blamed(block, columns) or problem]
    return list(map(make, zip(*made, strict=True)))


def _blamed(one: Block, columns: tuple[tuple[str, Cells], ...]) -> Unmappable | None:
    for name, cells in columns:
        try:
            cells(one)
        except Unmappable as problem:  # noqa: PERF203 - a rejected row only
            problem.column = problem.column or name
            return problem
    return None


def _named(column: Column) -> tuple[str, Cells]:
    return column.name, column.build(_DIALECT)


def _field(name: str) -> Cells:
    return lambda block: texts(block, name)


def _whole(text: str) -> str:
    """Whole numbers may come as 2026.0 or with blanks or zeros around them."""
    whole, point, rest = text.strip().partition(".")
    return whole if point and not rest.strip("0") else text.strip()


def _hash(value: object) -> bytes:
    return blake2b(msgspec.json.encode(value), digest_size=16).digest()


def line_text(line: Line) -> str:
    """For people: "61003000 12.50 EUR"."""
    return " ".join(part for part in (line.account, format(line.amount, "f"), line.currency, line.get(TEXT)) if part)
