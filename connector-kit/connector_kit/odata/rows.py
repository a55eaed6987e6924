"""A page's JSON text to rows of the right types, and what a page says about the next one.

One struct class per stream, made from its columns: msgspec then decodes straight into it, decimals exact, and numbers
that a server sends as text (IEEE754Compatible, V2) become numbers without a line of Python.
"""

from __future__ import annotations

import keyword
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from connector_kit.errors import RefusedError
from connector_kit.http import Unreadable
from connector_kit.http.bodies import mended, unmarked
from connector_kit.odata.envelopes import Content, envelope, expanded, expanded_rows
from connector_kit.odata.literals import Value, Version
from connector_kit.odata.schema import Field, Kind
from connector_kit.odata.values import ValueCheck, convert, exact

log = logging.getLogger(__name__)

_PYTHON: Mapping[Kind, Any] = {"decimal": Decimal, "integer": int, "boolean": bool, "json": Any}
_LINK = "@odata.nextLink"
_BLANKS_BEFORE_QUOTE = re.compile(
    rb'(?<! ) +"'
)  # from the first blank on: else the square of their number is looked at


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, their keys, the key of the last one as literals need it, the server's link to more, its count of all rows.

    `keys` hold the values as the server wrote them; both are empty without a key, `last` also where no page can be
    asked for behind it.
    """

    rows: list[Any]
    last: tuple[Value, ...] = ()
    link: str | None = None
    total: int | None = None
    unfinished: tuple[Unfinished, ...] = ()
    keys: Sequence[tuple[Any, ...]] = ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Expanded rows of which the server sent only the first: the rest is to be appended to `rows`."""

    reader: RowReader
    rows: list[Any]
    link: str


class RowReader:
    """Makes `Page`s of one stream's rows.

    Args:
        fields: the columns that are asked for.
        key: the names of the columns that identify a row, in the order that pages follow; may be empty.
        constants: columns that every row gets with the same value, first in the row.
        computed: further fields, after the constants, for the caller to set.
        trim: cut trailing blanks off texts (fixed-length columns).
        empty_date: a day that means "no date" at this server, such as 1900-01-01.
        expand: readers of the rows inside a row, by the navigation property that `$expand` asks for. In a row of a page
            that is a list of rows; set it to `msgspec.UNSET` to leave it out of the record.
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
        expand: Mapping[str, RowReader] | None = None,
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
        self.expand = dict(expand or {})
        ordered = [*computed, *sorted(fields, key=lambda f: f.name not in key)]
        names = [*constants, *(f.name for f in ordered), *self.expand, *(nav + _LINK for nav in self.expand)]
        self.attributes = {name: _attribute(i, name) for i, name in enumerate(names)}
        members: list[Any] = [(self.attributes[name], str, value) for name, value in constants.items()]
        members += [(self.attributes[f.name], _PYTHON.get(f.kind, str) | None, None) for f in ordered]
        for nav, child in self.expand.items():
            inside = expanded(child.row, version) | None | msgspec.UnsetType
            members.append((self.attributes[nav], inside, msgspec.UNSET))
            members.append((self.attributes[nav + _LINK], str | msgspec.UnsetType, msgspec.UNSET))
        self.row: Any = msgspec.defstruct(
            "Row", members, rename={attribute: name for name, attribute in self.attributes.items()}, gc=False
        )
        self._decoder = msgspec.json.Decoder(envelope(self.row, version), strict=False)
        self._key_of = attrgetter(*(self.attributes[name] for name in self.key)) if self.key else None
        kinds = {f.name: f.kind for f in fields}
        self.key_kinds = [kinds[name] for name in self.key]
        self._empty_date = empty_date
        self._dates = [self.attributes[f.name] for f in fields if f.kind == "date"]
        self._values = ValueCheck(fields, self.key, self.attributes, system, subject)

    def keys_only(self) -> RowReader:
        """The reader of the same rows by their key's columns alone."""
        fields = [field for field in self.fields if field.name in self.key]
        options: Any = {"trim": self._trim, "version": self._version, "system": self._system, "subject": self.subject}
        return RowReader(fields, self.key, **options)

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
        body = unmarked(body)
        try:
            content = self._decoded(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            content = self._mended(body, error)
        except RecursionError:
            raise Unreadable("JSON that is nested too deeply") from None
        return self.finish(*content)

    def rows_of(self, rows: Sequence[Mapping[str, object]]) -> list[Any]:
        """Rows from values of whatever type a reader has, texts included, by each column's kind."""
        return [self._row_of(each) for each in rows]

    def finish(self, rows: list[Any], link: str | None = None, total: int | None = None) -> Page:
        """Dates cut to their meaning, keys taken, missing ones refused: which row is meant could not be told again."""
        self._values.clear_numbers(rows)
        keys = self._keys(rows)
        if None in chain.from_iterable(keys):
            hint = "Set the columns that identify a row as its key."
            raise self._values.problem("key " + ", ".join(self.key), "a value", "null", hint)
        last = self._values.position(keys[-1], self.key_kinds) if keys else ()
        self._values.read_moments(rows)
        if self._empty_date:
            self._clear_dates(rows)
        unfinished = tuple(part for nav, child in self.expand.items() for part in self._unfold(rows, nav, child))
        return Page(rows, last, link, total, unfinished, keys)

    def _keys(self, rows: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        if self._key_of is None:
            return ()
        values = map(self._key_of, rows)
        return list(values) if len(self.key) > 1 else list(zip(values, strict=True))

    def _unfold(self, rows: Sequence[Any], nav: str, child: RowReader) -> Iterator[Unfinished]:
        """Turn what `$expand` brought into lists of finished rows, all of the page's at once."""
        attribute, beside = self.attributes[nav], self.attributes[nav + _LINK]
        inside: list[Any] = []
        for row in rows:
            found, link = expanded_rows(getattr(row, attribute))
            link = link or getattr(row, beside) or None  # UNSET is false
            setattr(row, attribute, found)
            setattr(row, beside, msgspec.UNSET)
            inside += found
            if link:
                yield Unfinished(child, found, link)
        page = child.finish(inside)
        if len(set(page.keys)) != len(page.keys):
            raise child.doubled()
        yield from page.unfinished

    def doubled(self) -> RefusedError:
        """The error for rows of which several have the same key."""
        return self._values.problem(
            "key " + ", ".join(self.key),
            "one row for each key",
            "several rows with the same key on one page",
            "Rows could be lost between pages: set the columns that identify a row as the stream's key.",
        )

    def _clear_dates(self, rows: Sequence[Any]) -> None:
        for attribute in self._dates:
            for row in rows:
                if getattr(row, attribute) == self._empty_date:
                    setattr(row, attribute, None)

    def _decoded(self, body: bytes) -> Content:
        try:
            content: Content = self._decoder.decode(body).content()
        except msgspec.ValidationError as error:
            content = self._leniently(body, error)
        return content

    def _mended(self, body: bytes, broken: Exception) -> Content:
        text = mended(body)
        if text == body:
            raise Unreadable(str(broken)) from broken
        try:
            content = self._decoded(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from error
        self._values.check_mended(content.rows)
        return content

    def _leniently(self, body: bytes, error: msgspec.ValidationError) -> Content:
        loose = msgspec.json.Decoder(envelope(dict[str, Any], self._version), float_hook=exact, strict=False)
        rows, link, total = loose.decode(body).content()
        self._values.note("types", f"values of another type than declared ({error}): each is converted on its own")
        return Content(self.rows_of(rows), link, total)

    def _row_of(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a struct made at run time
        row = self.row()
        for field in self.fields:
            value = values.get(field.name)
            if value is None:
                continue
            try:
                found = convert(value, field.kind)
                if isinstance(found, Decimal) and not found.is_finite():
                    self._values.clear(field, str(found))
                    continue
                setattr(row, self.attributes[field.name], found)
            except (ValueError, InvalidOperation, OverflowError):
                raise self._values.problem(
                    f"column {field.name}",
                    f"a value of type {field.kind}",
                    f"a {type(value).__name__} that is none",
                    "Correct the column's type in the catalog: number takes decimals, string takes anything.",
                ) from None
        for nav, child in self.expand.items():
            inside, beside = values.get(nav), values.get(nav + _LINK)
            if not _are_rows(inside) or not isinstance(beside, str | None):
                raise Unreadable(f"something else than rows in {nav}")
            found, link = expanded_rows(inside)
            setattr(row, self.attributes[nav], child.rows_of(found))
            setattr(row, self.attributes[nav + _LINK], link or beside or msgspec.UNSET)
        return row


def _are_rows(inside: object) -> bool:
    """Whether a navigation property's value, as it was decoded, is what `expanded_rows` takes."""
    if isinstance(inside, dict):
        if not isinstance(inside.get("__next"), str | None):
            return False
        inside = inside.get("results")
    return inside is None or (isinstance(inside, list) and all(isinstance(each, dict) for each in inside))


def _attribute(position: int, name: str) -> str:
    return (
        name
        if name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
        else f"column_{position}"
    )
