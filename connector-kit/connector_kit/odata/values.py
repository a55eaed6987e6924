"""Values that are none, or not of their column's type: one behaviour each, in columns and in keys.

NaN and INF in numbers, and dates that name no day, are null in a column, with one warning, and refused in a key.
Another type is converted where that loses nothing, and refused where it can't be: the catalog's type then decides.
docs/values.md has the table, for all taps.

A bookmark takes what the record has: a row whose date is null counts as one without a date.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

from connector_kit.errors import RefusedError
from connector_kit.odata.literals import Value
from connector_kit.odata.moments import MOMENTS, are_moments, key_value, record_text
from connector_kit.odata.schema import Field, Kind
from connector_kit.redaction import shortened

log = logging.getLogger(__name__)

_MOST_DIGITS = 100
"""Of a whole number that is written with an exponent."""
_OTHER_KEY = "Set the columns that identify a row, and always have a value, as the stream's key in `keys`."


class ValueCheck:
    """Looks after the values of one stream's rows, which are structs with `attributes` by column."""

    def __init__(
        self, fields: Sequence[Field], key: Sequence[str], attributes: Mapping[str, str], system: str, subject: str
    ) -> None:
        self._key = key
        self._attributes = attributes
        self._system = system
        self._subject = subject
        self._moments = [field for field in fields if field.kind in MOMENTS]
        self._numbers = [field for field in fields if field.kind == "decimal"]
        self._noted: set[str] = set()

    def position(self, key: Sequence[Value], kinds: Sequence[Kind]) -> tuple[Value, ...]:
        """A row's key as literals need it."""
        try:
            return tuple(map(key_value, key, kinds))
        except ValueError as error:
            raise self._no_moment("key " + ", ".join(self._key), str(error)) from None

    def read_moments(self, rows: Sequence[Any]) -> None:
        """Dates and times as records have them, a column at a time."""
        for field in self._moments:
            attribute = self._attributes[field.name]
            texts = list(map(attrgetter(attribute), rows))
            if field.kind == "timestamp" and are_moments(texts):
                continue
            read = record_text(field.kind)
            try:
                for row, text in zip(rows, texts, strict=True):
                    if text is not None and (found := read(text)) != text:
                        setattr(row, attribute, found)
                        if found is None:
                            self.clear(field, repr(shortened(text, 40)))
            except ValueError as error:
                raise self._no_moment(f"column {field.name}", str(error)) from None

    def clear_numbers(self, rows: Sequence[Any]) -> None:
        """NaN and INF, which OData writes as texts (OData JSON Format 4.0, 7.1), have no JSON number."""
        for field in self._numbers:
            attribute = self._attributes[field.name]
            if all(map(Decimal.is_finite, [value for value in map(attrgetter(attribute), rows) if value is not None])):
                continue
            for row in rows:
                value = getattr(row, attribute)
                if value is not None and not value.is_finite():
                    self.clear(field, str(value))
                    setattr(row, attribute, None)

    def check_mended(self, rows: Sequence[Any]) -> None:
        """Rows with texts that were no Unicode: what is lost of them is seen in records, and may not be in a key."""
        for name in self._key:
            if any("\ufffd" in str(getattr(row, self._attributes[name])) for row in rows):
                raise self.problem(f"key column {name}", "a text of Unicode characters", "a broken one", _OTHER_KEY)
        self.note("unicode", "U+FFFD stands for characters of its texts that can't be read")

    def note(self, about: str, message: str) -> None:
        """Warn once."""
        if about not in self._noted:
            self._noted.add(about)
            log.warning("%s: %s", self._subject, message)

    def problem(self, what: str, expected: str, got: str, hint: str) -> RefusedError:
        """The error about a column or key of the stream."""
        return RefusedError(
            system=self._system, subject=f"{self._subject}, {what}", expected=expected, got=got, hint=hint
        )

    def clear(self, field: Field, got: str) -> None:
        """A value that is none is to become null: say so once, or refuse it in a key."""
        expected = f"a {field.kind} of the calendar" if field.kind in MOMENTS else "a number"
        if field.name in self._key:
            raise self.problem(f"key column {field.name}", expected, got, _OTHER_KEY)
        self.note(field.name, f"column {field.name}: expected {expected}, got {got}: null in records, here and after")

    def _no_moment(self, what: str, text: str) -> RefusedError:
        hint = "To have it as it comes, set the column's type to string, without a format, in the catalog."
        return self.problem(what, "a date or time", repr(shortened(text, 40)), hint)


def convert(value: object, kind: Kind) -> object:
    """A value to what a row holds for the kind; ValueError or InvalidOperation when it is none of it.

    NaN and infinities come as such, for the reader to clear.
    """
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
    if kind == "decimal" or not number.is_finite():
        return number
    if number.adjusted() > _MOST_DIGITS or number != number.to_integral_value():
        raise ValueError("not such a number")
    return int(number)


def exact(text: str) -> Decimal | str:
    """A number of JSON; as text where no Decimal can hold its exponent."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
