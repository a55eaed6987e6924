"""A column of a mapping: a field's name, or an object with exactly one of `field`, `template`, `constant` and `period`.

Parsed once; faults are told with their place. `where` chooses rows by the values of fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from connector_kit.mapping import filters, template, values
from connector_kit.mapping.block import Block, Cells, texts
from connector_kit.mapping.names import unknown_names
from connector_kit.mapping.values import Converter, Unmappable, as_text

Where = Callable[[Block], list[bool]]

_SOURCES = ("field", "template", "constant", "period")
_CONVERSIONS = ("values", "date", "boolean", "decimals")
_DECIMAL_FORMATS = frozenset({"singer.decimal", "x-singer.decimal"})
_TEXT = ("trim", "part", "strip_zeros", "upper", "lower")
_OPTIONS = {*_SOURCES, *_CONVERSIONS, *_TEXT, "negate", "truncate", "default", "blank_as", "blank_if", "format"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a column has to know about the file, the company and the stream: the decimal separator, the fiscal year,
    the fields that hold numbers as texts.
    """

    decimal_separator: str = "."
    fiscal_year_start_month: int = 1
    fiscal_year_named_by: Literal["start", "end"] = "end"
    numeric_texts: frozenset[str] = frozenset()

    def plain(self, field: str) -> Converter:
        """What writes a field as it is."""
        return values.plain(self.decimal_separator, numeric_texts=field in self.numeric_texts)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the file, the fields it needs, and how to make the function for its cells."""

    name: str
    fields: tuple[str, ...]
    build: Callable[[Dialect], Cells]


def parse_columns(entries: Mapping[str, Any], faults: list[str], *, of: str = "column") -> tuple[Column, ...]:
    """The columns that can be read; what is wrong with the others is added to `faults`. of: what they are called."""
    columns = []
    for name, entry in entries.items():
        try:
            columns.append(parse_column(str(name), entry))
        except ValueError as exc:  # noqa: PERF203 - all faults are wanted (TemplateError and FilterError are such)
            faults.append(f"{of} {name}: {exc}")
    return tuple(columns)


def parse_where(entry: Mapping[str, Any], faults: list[str]) -> tuple[Where | None, tuple[str, ...]]:
    """Which rows are meant (None: all), and the fields that it needs: field -> values, or {not: values}.

    What is wrong with it is added to `faults`.
    """
    tests: list[tuple[str, frozenset[str], bool]] = []
    for field, wanted in entry.items():
        refused = isinstance(wanted, Mapping)
        listed = wanted.get("not", []) if isinstance(wanted, Mapping) else wanted
        listed = listed if isinstance(listed, list) else [listed]
        try:
            tests.append((field, frozenset(map(setting_text, listed)), not refused))
        except ValueError as error:  # all faults are wanted
            faults.append(f"where {field}: {error}")
    if not tests:
        return None, ()
    steps = tuple(tests)

    def keep(block: Block) -> list[bool]:
        columns = [[(text in listed) is wanted for text in texts(block, field)] for field, listed, wanted in steps]
        return columns[0] if len(columns) == 1 else list(map(all, zip(*columns, strict=True)))

    return keep, tuple(field for field, _, _ in steps)


def setting_text(value: Any) -> str:  # noqa: ANN401 - a setting's JSON value
    """A value that stands in the settings, as the text that records have for it.

    Raises:
        ValueError: a list or an object.
    """
    if isinstance(value, float):  # settings in a variable have such, those in a file Decimal
        value = Decimal(str(value))
    try:
        return as_text(value)
    except Unmappable as error:
        raise ValueError(error.reason) from None


def parse_column(name: str, entry: Any) -> Column:  # noqa: ANN401 - a setting's JSON value
    """One column. Raises ValueError with what is wrong."""
    if isinstance(entry, str):
        return Column(name, (entry,), lambda dialect: _field_cells(entry, dialect.plain(entry)))
    if not isinstance(entry, dict):
        raise ValueError("a field's name or an object is needed")  # noqa: TRY004 - one kind of fault for all of it
    options = dict(entry)
    if unknown := unknown_names(options, _OPTIONS):
        raise ValueError(f"unknown {unknown}")
    sources = [source for source in _SOURCES if source in options]
    if len(sources) != 1:
        raise ValueError(f"exactly one of {', '.join(_SOURCES)} is needed")
    if sources[0] == "constant":
        text = setting_text(options["constant"])
        return Column(name, (), lambda _: lambda block: [text] * len(block))
    column = _period(name, options) if sources[0] == "period" else _field_or_template(name, options)
    return _blank_if(column, options.get("blank_if"))


def _period(name: str, options: dict[str, Any]) -> Column:
    pair = options["period"]
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError("period takes two fields: fiscal year and period number")
    year, period = map(str, pair)
    form = values.checked_format(str(options.get("format", "%b %y")))

    def build(dialect: Dialect) -> Cells:
        write = values.month(form, start_month=dialect.fiscal_year_start_month, named_by=dialect.fiscal_year_named_by)
        return lambda block: write(block.values(year), block.values(period))

    return Column(name, (year, period), build)


def _field_or_template(name: str, options: dict[str, Any]) -> Column:
    before = filters.chain([_option_filter(word, options[word]) for word in _TEXT if options.get(word)])
    after = [_option_filter("truncate", options["truncate"])] if "truncate" in options else []
    default = options.get("default")
    blank = options.get("blank_as", default)
    if blank is not None:
        after.append(filters.blank_as(setting_text(blank)))
    finish = filters.chain(after)
    convert = _conversion(options)
    parsed = template.parse(str(options["template"])) if "template" in options else None
    fields = parsed.fields if parsed else (str(options["field"]),)

    def build(dialect: Dialect) -> Cells:
        change = convert(dialect)
        if parsed is None and before is None:
            cells = _field_cells(fields[0], change)
        else:
            read = parsed.build() if parsed else _field_cells(fields[0], values.as_texts)
            cells = _composed(read, before, change)
        return cells if finish is None else _composed(cells, finish, None)

    return Column(name, fields, build)


def _conversion(options: dict[str, Any]) -> Callable[[Dialect], Converter]:
    chosen = [word for word in _CONVERSIONS if word in options]
    if len(chosen) > 1:
        raise ValueError(f"only one of {', '.join(chosen)} can be applied")
    if options.get("negate") and chosen not in ([], ["decimals"]):
        raise ValueError(f"negate and {chosen[0]} exclude each other")
    kind = chosen[0] if chosen else "decimals" if options.get("negate") else ""
    if kind == "decimals":
        decimals = options.get("decimals")
        if decimals is not None and (not isinstance(decimals, int) or not 0 <= decimals <= 30):
            raise ValueError("decimals takes a number of digits from 0 to 30")
        negate = bool(options.get("negate"))
        return lambda dialect: values.number(dialect.decimal_separator, decimals=decimals, negate=negate)
    if kind == "date":
        made: Converter = values.day(values.checked_format(str(options["date"])))
    elif kind == "boolean":
        made = _boolean(options["boolean"])
    elif kind == "values":
        default = options.get("default")
        if not isinstance(options["values"], Mapping):
            raise ValueError("values takes texts and what stands for each")
        table = {setting_text(key): setting_text(value) for key, value in options["values"].items()}
        made = values.lookup(table, None if default is None else setting_text(default))
    else:
        field = str(options.get("field", ""))
        return lambda dialect: dialect.plain(field)
    return lambda _: made


def numeric_texts(schema: Mapping[str, Any]) -> frozenset[str]:
    """Fields of a stream whose texts are numbers, by the formats that taps announce (Singer SDK, PipelineWise)."""
    properties = schema.get("properties") or {}
    return frozenset(name for name, part in properties.items() if _numeric(part))


def _numeric(part: Any) -> bool:  # noqa: ANN401 - a JSON schema
    if not isinstance(part, dict):
        return False
    choices = part.get("anyOf")
    return part.get("format") in _DECIMAL_FORMATS or (isinstance(choices, list) and any(map(_numeric, choices)))


def _boolean(entry: Any) -> Converter:  # noqa: ANN401 - a setting's JSON value
    if not isinstance(entry, dict):
        return values.boolean(None, None)
    if not all(isinstance(listed, list) for listed in entry.values()):
        raise ValueError("boolean takes lists of values for true and false")
    sides = {setting_text(side).lower(): list(map(setting_text, listed)) for side, listed in entry.items()}
    if set(sides) - {"true", "false"}:
        raise ValueError("boolean takes the values that mean true and false")
    return values.boolean(sides.get("true"), sides.get("false"))


def _option_filter(word: str, value: Any) -> filters.TextFilter:  # noqa: ANN401 - a setting's JSON value
    if word == "part":
        arguments = value if isinstance(value, list) else str(value).rsplit(":", 1)
        return filters.make("part", [str(argument) for argument in arguments])
    return filters.make(word, [] if value is True else [str(value)])


def _field_cells(field: str, convert: Converter) -> Cells:
    if convert is values.as_texts:  # most columns: a field's text as it is
        return lambda block: texts(block, field)
    return lambda block: convert(block.values(field))


def _composed(read: Cells, before: filters.TextFilter | None, convert: Converter | None) -> Cells:
    if before is None:
        second = convert or values.as_texts
        return lambda block: second(read(block))
    if convert is None:
        return lambda block: before(read(block))
    return lambda block: convert(before(read(block)))


def _blank_if(column: Column, entry: Any) -> Column:  # noqa: ANN401 - a setting's JSON value
    if not entry:
        return column
    needed = tuple(map(str, entry)) if isinstance(entry, list) else (str(entry),)

    def build(dialect: Dialect) -> Cells:
        cells = column.build(dialect)

        def convert(block: Block) -> list[str]:
            rows = zip(*[texts(block, field) for field in needed], strict=True)
            filled = [at for at, row in enumerate(rows) if all(map(str.strip, row))]
            if len(filled) == len(block):
                return cells(block)
            found = [""] * len(block)
            for at, cell in zip(filled, cells(block.pick(filled)), strict=True):
                found[at] = cell
            return found

        return convert

    return Column(column.name, (*column.fields, *needed), build)
