"""A page's JSON text to rows of the right types, and what a page says about the next one.

One struct class per stream, made from its columns: msgspec then decodes straight into it, decimals exact, and numbers
that a server sends as text (IEEE754Compatible, V2) become numbers without a line of Python.
"""

from __future__ import annotations

import keyword
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

import msgspec

from connector_kit.errors import RefusedError
from connector_kit.http import Unreadable
from connector_kit.odata.literals import Value, Version
from connector_kit.odata.schema import Field, Kind

log = logging.getLogger(__name__)

_PYTHON: Mapping[Kind, Any] = {"decimal": Decimal, "integer": int, "boolean": bool, "json": Any}
_BLANKS_BEFORE_QUOTE = re.compile(rb' +"')
_V2_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{1,4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, the key of the last one, the server's link to more, and its count of all rows that match."""

    rows: list[Any]
    last: tuple[Value, ...] = ()
    link: str | None = None
    total: int | None = None


class RowReader:
    """Makes `Page`s of one stream's rows.

    Args:
        fields: the columns that are asked for.
        key: the names of the columns that identify a row, in the order that pages follow; may be empty.
        constants: columns that every row gets with the same value, first in the row.
        computed: further fields, after the constants, for the caller to set.
        trim: cut trailing blanks off texts (fixed-length columns).
        empty_date: a day that means "no date" at this server, such as 1900-01-01.
        subject: the stream, for messages.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        key: Sequence[str] = (),
        *,
        constants: Mapping[str, str] | None = None,
        computed: Sequence[Field] = (),
        trim: bool = False,
        empty_date: str = "",
        version: Version = "4.0",
        system: str = "OData service",
        subject: str = "rows",
    ) -> None:
        self.fields = tuple(fields)
        self.key = tuple(key)
        self._trim = trim
        self._version = version
        self._system = system
        self.subject = subject
        constants = constants or {}
        ordered = [*computed, *sorted(fields, key=lambda f: f.name not in key)]
        self.attributes = {name: _attribute(i, name) for i, name in enumerate([*constants, *(f.name for f in ordered)])}
        members: list[Any] = [(self.attributes[name], str, value) for name, value in constants.items()]
        members += [(self.attributes[f.name], _PYTHON.get(f.kind, str) | None, None) for f in ordered]
        self.row = msgspec.defstruct(
            "Row", members, rename={attribute: name for name, attribute in self.attributes.items()}, gc=False
        )
        self._envelope = _envelope(self.row, version)
        self._decoder = msgspec.json.Decoder(self._envelope, strict=False)
        self._key_of = self.values_of(self.key) if self.key else None
        kinds = {f.name: f.kind for f in fields}
        self._key_kinds = [kinds[name] for name in self.key]
        self._empty_date = empty_date
        self._moments = [
            (self.attributes[f.name], _moment_reader(f.kind, version))
            for f in fields
            if f.kind == "date" or (version == "2.0" and f.kind == "timestamp")
        ]

    def values_of(self, names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
        """A function that picks these columns from a row, as a tuple."""
        getter = attrgetter(*(self.attributes[name] for name in names))
        return getter if len(names) > 1 else lambda row: (getter(row),)

    def page(self, body: bytes) -> Page:
        """The page in a response body.

        Raises:
            Unreadable: when it is no complete JSON text of an OData collection.
            RefusedError: when a value can't be what its column's type says, or a row has no key.
        """
        if self._trim and b' "' in body:
            # A blank before a quote is either the end of a text or layout between texts: both may go.
            body = _BLANKS_BEFORE_QUOTE.sub(b'"', body)
        try:
            envelope = self._decoder.decode(body)
        except msgspec.ValidationError as error:
            envelope = self._leniently(body, error)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from error
        rows, link, total = envelope.content()
        return self.finish(rows, link, total)

    def rows_of(self, rows: Sequence[Mapping[str, object]]) -> list[Any]:
        """Rows from values of whatever type a reader has, texts included, by each column's kind."""
        return [self._row_of(each) for each in rows]

    def finish(self, rows: list[Any], link: str | None = None, total: int | None = None) -> Page:
        """Dates cut to their meaning, the last key taken, doubled and missing keys refused."""
        last: tuple[Value, ...] = ()
        if rows and self._key_of is not None:
            last = tuple(map(_key_value, self._key_of(rows[-1]), self._key_kinds))
            if None in last:
                raise self._problem("key " + ", ".join(self.key), "a value", "null", "Set the stream's key.")
            if len(set(map(self._key_of, rows))) != len(rows):
                raise self._problem(
                    "key " + ", ".join(self.key),
                    "one row for each key",
                    "several rows with the same key on one page",
                    "Rows could be lost between pages: set the columns that identify a row as the stream's key.",
                )
        for attribute, read in self._moments:
            for row in rows:
                value = getattr(row, attribute)
                if value is not None:
                    setattr(row, attribute, read(value))
        if self._empty_date:
            self._clear_dates(rows)
        return Page(rows, last, link, total)

    def _clear_dates(self, rows: Sequence[Any]) -> None:
        for attribute, _ in self._moments:
            for row in rows:
                if getattr(row, attribute) == self._empty_date:
                    setattr(row, attribute, None)

    def _leniently(self, body: bytes, error: msgspec.ValidationError) -> Any:  # noqa: ANN401 - an envelope of this stream's rows
        loose = msgspec.json.Decoder(_envelope(dict[str, Any], self._version), float_hook=Decimal, strict=False)
        try:
            envelope = loose.decode(body)
        except msgspec.DecodeError as broken:
            raise Unreadable(str(broken)) from broken
        log.warning("%s: values of another type than declared (%s): each is converted on its own", self.subject, error)
        rows, link, total = envelope.content()
        return _Content(self.rows_of(rows), link, total)

    def _row_of(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a struct made at run time
        row = self.row()
        for field in self.fields:
            value = values.get(field.name)
            if value is None:
                continue
            try:
                setattr(row, self.attributes[field.name], convert(value, field.kind))
            except (ValueError, InvalidOperation, OverflowError):
                raise self._problem(
                    f"column {field.name}",
                    f"a value of type {field.kind}",
                    f"a {type(value).__name__} that is none",
                    "Correct the column's type in the catalog.",
                ) from None
        return row

    def _problem(self, what: str, expected: str, got: str, hint: str) -> RefusedError:
        return RefusedError(
            system=self._system, subject=f"{self.subject}, {what}", expected=expected, got=got, hint=hint
        )


def convert(value: object, kind: Kind) -> object:
    """A value to what a row holds for the kind; ValueError or InvalidOperation when it is none of it."""
    if kind == "json":
        return value
    if kind in {"decimal", "integer", "boolean"}:
        return _bare(str(value).strip(), kind)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise ValueError("not a text")  # noqa: TRY004 - one kind of refusal for the caller
    return (str(value) or None) if kind not in {"string", "binary"} else str(value)


def _bare(text: str, kind: Kind) -> Decimal | int | bool | None:
    if not text:
        return None
    if kind == "boolean":
        known = {"true": True, "1": True, "false": False, "0": False}
        if text.lower() not in known:
            raise ValueError("not a boolean")
        return known[text.lower()]
    number = Decimal(text)
    if not number.is_finite() or (kind == "integer" and number != number.to_integral_value()):
        raise ValueError("not such a number")
    return int(number) if kind == "integer" else number


class _Content:
    """An envelope that was taken apart already."""

    def __init__(self, rows: list[Any], link: str | None, total: int | None) -> None:
        self._content = (rows, link, total)

    def content(self) -> tuple[list[Any], str | None, int | None]:
        return self._content


def _content_v4(self: Any) -> tuple[list[Any], str | None, int | None]:  # noqa: ANN401 - a struct made at run time
    if self.value is None:
        raise Unreadable("JSON without a value array")
    if self.error is not None:
        raise Unreadable("an error in the middle of the rows")
    return self.value, self.link or self.short_link, self.count if self.count is not None else self.short_count


def _content_v2(self: Any) -> tuple[list[Any], str | None, int | None]:  # noqa: ANN401 - a struct made at run time
    if isinstance(self.d, list):
        return self.d, None, None
    if self.d is None or self.d.results is None:
        raise Unreadable("JSON without a results array")
    return self.d.results, self.d.link, self.d.count


def _envelope(row: Any, version: Version) -> Any:  # noqa: ANN401 - struct classes made at run time
    """The struct around the rows; "@nextLink" and "@count" are OData 4.01's shorter names."""
    if version == "2.0":
        inner = msgspec.defstruct(
            "Results",
            [("results", list[row] | None, None), ("link", str | None, None), ("count", int | None, None)],
            rename={"link": "__next", "count": "__count"},
        )
        return msgspec.defstruct(
            "Envelope", [("d", inner | list[row] | None, None)], namespace={"content": _content_v2}
        )
    return msgspec.defstruct(
        "Envelope",
        [
            ("value", list[row] | None, None),
            ("link", str | None, None),
            ("count", int | None, None),
            ("short_link", str | None, None),
            ("short_count", int | None, None),
            ("error", msgspec.Raw | None, None),
        ],
        rename={
            "link": "@odata.nextLink",
            "count": "@odata.count",
            "short_link": "@nextLink",
            "short_count": "@count",
        },
        namespace={"content": _content_v4},
    )


def _attribute(position: int, name: str) -> str:
    return (
        name
        if name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
        else f"column_{position}"
    )


def _key_value(value: Value, kind: Kind) -> Value:
    """A key's value as a literal needs it: a moment as one, or as a day when it is the day's beginning."""
    if not isinstance(value, str) or kind not in {"date", "timestamp"}:
        return value
    moment = _v2_moment(value) or datetime.fromisoformat(value.replace("Z", "+00:00"))
    return moment.date() if moment.time() == time.min else moment


def _moment_reader(kind: Kind, version: Version) -> Callable[[str], str]:
    if version == "4.0":
        return _day
    return _v2_day if kind == "date" else _v2_timestamp


def _day(text: str) -> str:
    return text[:10]


def _v2_moment(text: str) -> datetime | None:
    """`/Date(milliseconds)/` counts from 1970 in UTC; an offset behind it only says how to show it (OData 2.0, 4)."""
    found = _V2_DATE.fullmatch(text)
    return _EPOCH + timedelta(milliseconds=int(found[1])) if found else None


def _v2_timestamp(text: str) -> str:
    moment = _v2_moment(text)
    return text if moment is None else moment.isoformat().replace("+00:00", "Z")


def _v2_day(text: str) -> str:
    moment = _v2_moment(text)
    return text[:10] if moment is None else moment.date().isoformat()
