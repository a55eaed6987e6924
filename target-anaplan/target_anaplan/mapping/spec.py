"""The `mappings` setting, read into typed parts. Everything that is wrong with it is told in one message.

A column is a field's name, or an object with exactly one of `field`, `template`, `constant` and `period`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from target_anaplan.mapping import filters, template, values
from target_anaplan.mapping.block import Block, Cells, texts
from target_anaplan.mapping.values import Converter, as_text

Where = Callable[[Block], list[bool]]
Kind = Literal["import", "process", "list"]

_SOURCES = ("field", "template", "constant", "period")
_CONVERSIONS = ("values", "date", "boolean", "decimals")
_TEXT = ("trim", "part", "strip_zeros", "upper", "lower")
_OPTIONS = {*_SOURCES, *_CONVERSIONS, *_TEXT, "negate", "truncate", "default", "blank_as", "blank_if", "format"}
_MAPPING = {
    "stream",
    "import",
    "process",
    "list",
    "file",
    "key",
    "where",
    "columns",
    "missing_columns",
    "delete",
    "on_reject",
    "max_reject_share",
    "skip_unchanged",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a column has to know about the file and the company: the decimal separator, the fiscal year."""

    decimal_separator: str = "."
    fiscal_year_start_month: int = 1
    fiscal_year_named_by: Literal["start", "end"] = "end"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the file, the fields it needs, and how to make the function for its cells."""

    name: str
    fields: tuple[str, ...]
    build: Callable[[Dialect], Cells]


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is done for keys that vanished at the source: rows for an import, then another action."""

    import_name: str | None
    columns: tuple[Column, ...]
    action: str | None


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """One entry of `mappings`."""

    position: int
    stream: str
    kind: Kind
    name: str
    file: str | None
    key: tuple[str, ...]
    where: Where | None
    where_fields: tuple[str, ...]
    columns: tuple[Column, ...]
    blank_missing: bool
    deletion: Deletion | None
    on_reject: Literal["fail", "continue"] | None
    max_reject_share: float | None
    skip_unchanged: bool | None

    @property
    def title(self) -> str:
        """For people: "suppliers -> import Suppliers from suppliers.csv"."""
        return f"{self.stream} -> {self.action}"

    @property
    def action(self) -> str:
        """What runs: "import Suppliers from suppliers.csv"."""
        return f"{self.kind} {self.name}"


def parse(entries: Iterable[Mapping[str, Any]]) -> tuple[list[StreamMapping], list[str]]:
    """The mappings that can be read, and the faults of all of them, each with its place."""
    faults: list[str] = []
    found: list[StreamMapping] = []
    for position, entry in enumerate(entries):
        own: list[str] = []
        one = _mapping(position, entry, own)
        faults += [f"mappings[{position}] ({entry.get('stream', 'no stream')}): {fault}" for fault in own]
        if one is not None and not own:
            found.append(one)
    return found, faults


def _mapping(position: int, entry: Mapping[str, Any], faults: list[str]) -> StreamMapping | None:
    unknown = sorted(set(entry) - _MAPPING)
    if unknown:
        faults.append(f"unknown {', '.join(unknown)}")
    kinds = [kind for kind in ("import", "process", "list") if entry.get(kind)]
    if len(kinds) != 1:
        faults.append("exactly one of import, process and list is needed")
    if not entry.get("stream"):
        faults.append("stream is missing")
    columns = _columns(entry.get("columns") or {}, faults)
    if not entry.get("columns"):
        faults.append("columns are missing")
    key = tuple(entry.get("key") or ())
    faults += [
        f"key names column {name}, which is not mapped" for name in key if name not in (entry.get("columns") or {})
    ]
    where, where_fields = _where(entry.get("where") or {})
    if faults:
        return None
    return StreamMapping(
        position=position,
        stream=str(entry["stream"]),
        kind=cast("Kind", kinds[0]),
        name=str(entry[kinds[0]]),
        file=entry.get("file"),
        key=key,
        where=where,
        where_fields=where_fields,
        columns=columns,
        blank_missing=entry.get("missing_columns") == "blank",
        deletion=_deletion(entry.get("delete"), faults),
        on_reject=entry.get("on_reject"),
        max_reject_share=entry.get("max_reject_share"),
        skip_unchanged=entry.get("skip_unchanged"),
    )


def _deletion(entry: Mapping[str, Any] | None, faults: list[str]) -> Deletion | None:
    if not entry:
        return None
    unknown = sorted(set(entry) - {"import", "columns", "action"})
    if unknown:
        faults.append(f"delete: unknown {', '.join(unknown)}")
    own: list[str] = []
    columns = _columns(entry.get("columns") or {}, own)
    if entry.get("import") and not columns:
        own.append("an import needs columns")
    if not entry.get("import") and not entry.get("action") and not columns:
        own.append("import, action or (for a list) columns are missing")
    faults += [f"delete: {fault}" for fault in own]
    return Deletion(entry.get("import"), columns, entry.get("action"))


def _columns(entries: Mapping[str, Any], faults: list[str]) -> tuple[Column, ...]:
    columns = []
    for name, entry in entries.items():
        try:
            columns.append(_column(str(name), entry))
        except ValueError as exc:  # noqa: PERF203 - all faults are wanted (TemplateError and FilterError are such)
            faults.append(f"column {name}: {exc}")
    return tuple(columns)


def _where(entry: Mapping[str, Any]) -> tuple[Where | None, tuple[str, ...]]:
    tests: list[tuple[str, frozenset[str], bool]] = []
    for field, wanted in entry.items():
        refused = isinstance(wanted, Mapping)
        listed = wanted.get("not", []) if isinstance(wanted, Mapping) else wanted
        listed = listed if isinstance(listed, list) else [listed]
        tests.append((field, frozenset(map(as_text, listed)), not refused))
    if not tests:
        return None, ()
    steps = tuple(tests)

    def keep(block: Block) -> list[bool]:
        columns = [[(text in listed) is wanted for text in texts(block, field)] for field, listed, wanted in steps]
        return columns[0] if len(columns) == 1 else list(map(all, zip(*columns, strict=True)))

    return keep, tuple(field for field, _, _ in steps)


def _column(name: str, entry: Any) -> Column:  # noqa: ANN401 - a setting's JSON value
    if isinstance(entry, str):
        return Column(name, (entry,), lambda dialect: _field_cells(entry, values.plain(dialect.decimal_separator)))
    if not isinstance(entry, dict):
        raise ValueError("a field's name or an object is needed")  # noqa: TRY004 - one kind of fault for all of it
    options = dict(entry)
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ValueError(f"unknown {', '.join(unknown)}")
    sources = [source for source in _SOURCES if source in options]
    if len(sources) != 1:
        raise ValueError(f"exactly one of {', '.join(_SOURCES)} is needed")
    if sources[0] == "constant":
        text = as_text(options["constant"])
        return Column(name, (), lambda _: lambda block: [text] * len(block))
    column = _period(name, options) if sources[0] == "period" else _field_or_template(name, options)
    return _blank_if(column, options.get("blank_if"))


def _period(name: str, options: dict[str, Any]) -> Column:
    pair = options["period"]
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError("period takes two fields: fiscal year and period number")
    year, period = map(str, pair)
    form = str(options.get("format", "%b %y"))

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
        after.append(filters.blank_as(as_text(blank)))
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
        made: Converter = values.day(str(options["date"]))
        made(["2026-12-31"])  # a format that Python can't write shows here
    elif kind == "boolean":
        made = _boolean(options["boolean"])
    elif kind == "values":
        default = options.get("default")
        table = {as_text(key): as_text(value) for key, value in dict(options["values"]).items()}
        made = values.lookup(table, None if default is None else as_text(default))
    else:
        return lambda dialect: values.plain(dialect.decimal_separator)
    return lambda _: made


def _boolean(entry: Any) -> Converter:  # noqa: ANN401 - a setting's JSON value
    if not isinstance(entry, dict):
        return values.boolean(None, None)
    sides = {as_text(side).lower(): list(map(as_text, listed)) for side, listed in entry.items()}
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
