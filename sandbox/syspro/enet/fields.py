"""Elements of a document as values: what does not suit is noted as a fault, what is unknown is never looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from sandbox.syspro.enet.faults import MISSING, NOT_A_DATE, NOT_ALLOWED, NOT_NUMERIC, TOO_LONG, Fault
from sandbox.syspro.seed.calendar import cents
from sandbox.syspro.seed.names import padded

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml import etree

    from sandbox.core.switches import Switches
    from sandbox.syspro.tables import Column, Stored

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MONEY_DIGITS, _MONEY_SCALE = 14, 2


def stored_key(text: str) -> str:
    """A code as it is stored: a numeric one zero-filled to 15."""
    return padded(int(text)) if text.isascii() and text.isdigit() and len(text) <= 15 else text


@dataclass(slots=True)
class Fields:
    """The children of one element. ``within`` and ``entry`` go into the faults of repeated elements."""

    parent: etree._Element
    switches: Switches
    faults: list[Fault] = field(default_factory=list)
    within: str = ""
    entry: int = 0

    def fault(self, element: str, value: str, number: str, text: str, *, warning: bool = False) -> None:
        """Note that something is wrong."""
        self.faults.append(Fault(element, value, number, text, warning, self.within, self.entry))

    def given(self, name: str) -> str | None:
        """The text of an element in characters that the database has; None when the element is not there."""
        found = self.parent.find(name)
        if found is None:
            return None
        text = (found.text or "").strip()
        kept = text.encode("cp1252", "replace").decode("cp1252")
        if kept != text and self.switches.text("outside_1252") == "error":
            self.fault(name, text, NOT_ALLOWED, f"{name} contains invalid characters")
        return kept

    def text(self, name: str, width: int, *, required: bool = False) -> str:
        """A text of up to ``width`` characters."""
        text = self.given(name) or ""
        if required and not text:
            self.fault(name, text, MISSING, f"{name} may not be blank")
        return self._fitting(name, text, width)

    def _fitting(self, name: str, text: str, width: int) -> str:
        if len(text) > width:
            self.fault(name, text, TOO_LONG, f"{name} exceeds {width} characters")
        return text

    def choice(self, name: str, values: Collection[str], default: str) -> str:
        """One of ``values``; the default when blank or missing."""
        text = self.given(name) or default
        if text not in values:
            self.fault(name, text, NOT_ALLOWED, f"{name} '{text}' is invalid")
        return text

    def money(self, name: str, *, required: bool = False) -> int:
        """An amount in cents; 0 when blank or when it is not an amount of two decimals."""
        text = self.given(name) or ""
        if not text:
            if required:
                self.fault(name, text, MISSING, f"{name} may not be blank")
            return 0
        whole, _, decimals = text.lstrip("+-").partition(".")
        fits = len(decimals) <= _MONEY_SCALE and len(whole) <= _MONEY_DIGITS - _MONEY_SCALE
        if not _NUMBER.fullmatch(text) or not fits:
            self.fault(name, text, NOT_NUMERIC, f"{name} '{text}' is not numeric")
            return 0
        amount = cents(f"{whole}.{decimals.ljust(_MONEY_SCALE, '0')}")
        return -amount if text[0] == "-" else amount

    def whole(self, name: str, default: int) -> int:
        """A whole number; the default when blank or not one."""
        text = self.given(name) or ""
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            self.fault(name, text, NOT_NUMERIC, f"{name} '{text}' is not numeric")
            return default
        return int(text)

    def day(self, name: str, default: date | None = None) -> date | None:
        """A date; the default when blank or not one."""
        text = self.given(name) or ""
        return self._dated(name, text) or default if text else default

    def _dated(self, name: str, text: str) -> date | None:
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass  # such as 30 February
        self.fault(name, text, NOT_A_DATE, f"{name} '{text}' is not a valid date")
        return None

    def column(self, column: Column) -> tuple[Stored, bool]:
        """(value, whether there is one) for a column of the same name; a blank element empties it, or says nothing."""
        text = self.given(column.name)
        if text is None or (not text and self.switches.text("blank_element") == "keep"):
            return None, False
        if not text:
            return column.default, True
        if column.kind == "varchar":
            return self._fitting(column.name, text, column.size), True
        if column.kind == "datetime":
            day = self._dated(column.name, text)
            return (f"{day.isoformat()}T00:00:00" if day else None), True
        try:
            return column.stored(text if _NUMBER.fullmatch(text) else "no number"), True
        except ValueError:
            self.fault(column.name, text, NOT_NUMERIC, f"{column.name} '{text}' is not numeric")
            return column.default, True
