"""Elements of e.net's documents: their names in recipes, how long their texts may be, and whether a text fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from connector_kit.syspro.writing import Unmappable, character_fault

Kind = Literal["text", "number", "date", "flag"]

_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")


@dataclass(frozen=True, slots=True)
class Field:
    """An element. name: what recipes call it. length: of a text; 0: not known. digits, decimals: of a number."""

    name: str
    element: str
    length: int = 0
    kind: Kind = "text"
    digits: int = 12
    decimals: int = 2

    def fault(self, text: str, unmappable: Unmappable = "reject") -> str:
        """Why SYSPRO would refuse a text; "" when it would not."""
        if not text:
            return ""
        if self.kind == "number":
            return self._number_fault(text)
        if self.kind == "date" and not _DATE.fullmatch(text):
            return f"{self.name}: {text!r} is not a date YYYY-MM-DD"
        if self.kind == "flag" and text not in {"Y", "N"}:
            return f"{self.name}: {text!r} is neither Y nor N"
        if self.length and len(text) > self.length:
            return f"{self.name}: {text!r} has {len(text)} characters, {self.element} takes {self.length}"
        strange = character_fault(text) if unmappable == "reject" else ""
        return f"{self.name}: {text!r} has {strange}" if strange else ""

    def _number_fault(self, text: str) -> str:
        try:
            number = Decimal(text)
        except InvalidOperation:
            return f"{self.name}: {text!r} is not a number"
        if not number.is_finite() or number != round(number, self.decimals):
            return f"{self.name}: {text} has more than {self.decimals} decimals, which {self.element} takes"
        if abs(number) >= Decimal(10) ** self.digits:
            return f"{self.name}: {text} has more than {self.digits} digits before the point"
        return ""

    def written(self, text: str) -> str:
        """The text as it travels: numbers plain, with all their decimals."""
        if self.kind == "number" and text:
            return f"{Decimal(text):.{self.decimals}f}"
        return text


def by_name(*fields: Field) -> dict[str, Field]:
    """Fields by the names that recipes use."""
    return {one.name: one for one in fields}


def faults(fields: Mapping[str, Field], values: Mapping[str, str], unmappable: Unmappable = "reject") -> list[str]:
    """What is wrong with values, in the order of the fields."""
    return [fault for name, one in fields.items() if (fault := one.fault(values.get(name, ""), unmappable))]


def nodes(fields: Mapping[str, Field], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Elements and their texts, in the order of the fields; those without a value are left out."""
    return [(one.element, one.written(text)) for name, one in fields.items() if (text := values.get(name, ""))]
