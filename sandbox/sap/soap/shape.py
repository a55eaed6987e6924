"""The types of the messages, read from ``message.txt`` once."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

REQUEST = "BulkRequest"
CONFIRMATION = "BulkConfirmation"
LATER = ".later"
"""Ends the names of types that list what newer tenants know besides."""
_DECLARED = re.compile(r"(?P<name>\w+)(?P<mark>[?*+]?):(?P<kind>\S+)")
_RANGE = re.compile(r"(?P<base>[tsn])(?P<least>\d+)-(?P<most>\d+)")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a sequence.

    Args:
        kind: ``text`` (spaces kept), ``token``, ``digits``, ``decimal``, ``money``, ``goods``, ``date``, ``stamp``,
            ``days``, ``flag``, ``uuid``, ``uri``, ``any``, or ``type`` when ``of`` names another type.
        least, most: characters of a text, a token or digits.
        digits, places: of a decimal.
    """

    name: str
    kind: str
    required: bool
    repeated: bool
    of: str = ""
    least: int = 0
    most: int = 0
    digits: int = 0
    places: int = 0


def _element(name: str, mark: str, kind: str) -> Element:
    required, repeated = mark in {"", "+"}, mark in {"*", "+"}
    if kind.startswith("="):
        return Element(name, "type", required, repeated, of=kind[1:])
    if found := _RANGE.fullmatch(kind):
        base = {"t": "token", "s": "text", "n": "digits"}[found["base"]]
        return Element(name, base, required, repeated, least=int(found["least"]), most=int(found["most"]))
    if kind == "money":
        return Element(name, kind, required, repeated, digits=28, places=6)
    if kind == "amount-of-goods":
        return Element(name, "goods", required, repeated, digits=31, places=14)
    if kind.startswith("d") and kind[1].isdigit():
        digits, _, places = kind[1:].partition(",")
        return Element(name, "decimal", required, repeated, digits=int(digits), places=int(places))
    return Element(name, kind, required, repeated)


@functools.cache
def types() -> dict[str, tuple[Element, ...]]:
    """Every type with its elements in their order."""
    found: dict[str, list[Element]] = {}
    current: list[Element] = []
    for line in (Path(__file__).parent / "message.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            current = found.setdefault(line.strip(), [])
            continue
        current += [_element(*match.group("name", "mark", "kind")) for match in _DECLARED.finditer(line)]
    return {name: tuple(elements) for name, elements in found.items()}
