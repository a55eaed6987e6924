"""Simple values of the messages: what their text has to look like and what it becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.sap.soap.faults import SoapError

if TYPE_CHECKING:
    from sandbox.sap.soap.shape import Element

_DECIMAL = re.compile(r"[+-]?(\d*)(?:\.(\d*))?")
_PATTERNS = {
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "stamp": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?Z"),
    "days": re.compile(r"[-P0-9D]{1,20}"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "digits": re.compile(r"\d+"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the unit that its attribute names: a currency, or a unit of measure."""

    value: Decimal
    unit: str


def read(element: Element, text: str, *, cut: bool) -> object:
    """``text`` as a value of the element's kind; SoapError when it is none. ``cut``: what is too long loses its end."""
    if element.kind in {"token", "text", "digits"}:
        return _characters(element, text, cut=cut)
    text = text.strip()
    if (pattern := _PATTERNS.get(element.kind)) is not None and pattern.fullmatch(text) is None:
        raise SoapError(f"{element.name}: {text!r} is no {element.kind}")
    if element.kind == "date":
        return _day(element, text)
    if element.kind == "stamp":
        return _moment(element, text)
    if element.kind == "flag":
        return _flag(element, text)
    if element.kind == "decimal":
        return number(element, text)
    return text


def number(element: Element, text: str) -> Decimal:
    """A decimal within the element's digits and places; SoapError when it is none."""
    found = _DECIMAL.fullmatch(text.strip())
    whole, places = (found[1], (found[2] or "").rstrip("0")) if found else ("", "")
    if found is None or not (whole or found[2]):
        raise SoapError(f"{element.name}: {text!r} is no decimal")
    if len(places) > element.places or len(whole.lstrip("0")) + len(places) > element.digits:
        raise SoapError(f"{element.name}: {text!r} has more than {element.digits} digits or {element.places} places")
    return Decimal(text.strip())


def _characters(element: Element, text: str, *, cut: bool) -> str:
    if element.kind != "text":
        text = " ".join(text.split())
    if len(text) > element.most:
        if not cut:
            raise SoapError(f"{element.name}: {text!r} is longer than {element.most} characters")
        text = text[: element.most]
    # Empty elements are taken for absent ones: SAP's own examples send them though the schema wants a character.
    if 0 < len(text) < element.least:
        raise SoapError(f"{element.name}: {text!r} is shorter than {element.least} characters")
    if text and element.kind == "digits" and _PATTERNS["digits"].fullmatch(text) is None:
        raise SoapError(f"{element.name}: {text!r} has other characters than digits")
    return text


def _day(element: Element, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SoapError(f"{element.name}: {text!r} is no date") from None


def _moment(element: Element, text: str) -> str:
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        raise SoapError(f"{element.name}: {text!r} is no point in time") from None
    return text


def _flag(element: Element, text: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise SoapError(f"{element.name}: {text!r} is no boolean")
    return text in {"true", "1"}
