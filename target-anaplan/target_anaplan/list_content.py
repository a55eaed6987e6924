"""What a list holds, compared with items that were sent to it."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector_kit.anaplan.objects import ListItem

_PARTS = re.compile(r"[^0-9]+")
_DATE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}")


class ListContent:
    """The items of a list by code and by name."""

    def __init__(self, items: Iterable[ListItem]) -> None:
        self._by_code: dict[str, ListItem] = {}
        self._by_name: dict[str, ListItem] = {}
        for item in items:
            self._by_name[item.name] = item
            if item.code:
                self._by_code[item.code] = item

    def find(self, sent: Mapping[str, Any]) -> ListItem | None:
        """The item that a sent one means: by its code, else by its name."""
        code = sent.get("code")
        return self._by_code.get(code) if code else self._by_name.get(sent.get("name", ""))

    def difference(self, sent: Mapping[str, Any]) -> str:
        """What the list holds otherwise than it was sent, for people; blank when it is as it was sent."""
        item = self.find(sent)
        if item is None:
            return "the item is not in the list"
        pairs = [("Name", sent.get("name"), item.name), ("Parent", sent.get("parent"), item.parent)]
        pairs += [(name, told, item.properties.get(name, "")) for name, told in sent.get("properties", {}).items()]
        for name, told, holds in pairs:
            if told is not None and not _equal(told, holds) and not (name == "Parent" and item.parent_id == told):
                return f"{name} is {holds!r}, not {told!r}"
        return ""

    def name_of_another(self, sent: Mapping[str, Any]) -> str:
        """The code, or the id, of an item with this name and another code; blank when there is none."""
        item = self._by_name.get(sent.get("name", ""))
        return (item.code or item.id) if item is not None and item.code != sent.get("code", "") else ""


def _equal(told: str, holds: str) -> bool:
    """Whether a text that was sent and one that was read are the same value: numbers and dates are written anew."""
    if told.strip().lower() == holds.strip().lower():
        return True
    if _DATE.fullmatch(told) and _DATE.fullmatch(holds[:10]):
        return sorted(map(int, _PARTS.split(told))) == sorted(map(int, _PARTS.split(holds[:10])))
    try:
        return Decimal(told) == Decimal(holds)
    except InvalidOperation:
        return False
