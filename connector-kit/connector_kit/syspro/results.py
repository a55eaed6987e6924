"""What a setup or transaction object says of what it was sent: faults, warnings, counts, keys and journals.

Facts: recorded traffic of SYSPRO 7.0.0.6 (syspro-ruby) for Value, ErrorNumber and ErrorDescription inside the offending
element and for RecordsInvalid; WarehouseManagement and SysproConnector (C# code in use) for WarningDescription,
InvalidRtf and the journal's place. Where the number of a journal stands differs by object and is not documented: it is
searched for. Letter case differs too, so all names are compared without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector_kit.numerals import whole
from connector_kit.syspro.xml import child, descendants, name_of, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


@dataclass(frozen=True, slots=True)
class Fault:
    """An error or a warning. element: the name, in lower case, of what it is about; value: what stood there.

    beside: the texts next to that element, by name in lower case: they say which line it is. item: the place, from 0,
    of the item in `Result.keys`; None when it is not within one.
    """

    number: str
    text: str
    element: str = ""
    value: str = ""
    item: int | None = None
    beside: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        about = f" ({self.element} {self.value!r})" if self.element and self.value not in self.text else ""
        return f"{self.number} {self.text}{about}".strip()


@dataclass(frozen=True, slots=True)
class Result:
    """An answer. keys: of each item, its key's texts by name in lower case. counts: of StatusOfItems, likewise."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    keys: tuple[Mapping[str, str], ...]
    counts: Mapping[str, int]
    root: Element

    @property
    def invalid(self) -> int:
        """How many items SYSPRO counts as refused."""
        return max([count for name, count in self.counts.items() if "invalid" in name or "rejected" in name] or [0])

    def first(self, *names: str) -> str:
        """The first text that is not blank under the first of these names that has one; "" when none has."""
        for name in names:
            for element in descendants(self.root, name):
                if not len(element) and (text := text_of(element)):
                    return text
        return ""

    def number(self, *names: str) -> str:
        """Like `first`, for whole numbers above 0, without the zeros and blanks in front."""
        for name in names:
            for element in descendants(self.root, name):
                if number := whole(text_of(element)):
                    return str(number)
        return ""


def read(root: Element) -> Result:
    """What an answer says."""
    items = [element for element in root if name_of(element) != "statusofitems"]
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for at, item in enumerate(items):
        place = at if name_of(item) == "item" else None
        faults += [_fault(one, "errornumber", place, item) for one in _leaves(item, "errordescription")]
        faults += [_fault(one, "", place, item) for one in _leaves(item, "invalidrtf")]
        warnings += [_fault(one, "warningnumber", place, item) for one in _leaves(item, "warningdescription")]
    for status in descendants(root, "statusofitems"):
        faults += [_fault(one, "errornumber", None, status) for one in _leaves(status, "errordescription")]
    return Result(
        tuple(faults),
        tuple(warnings),
        tuple(map(_key, items)),
        _counts(root),
        root,
    )


def _leaves(element: Element, name: str) -> Iterator[Element]:
    for found in element.iter():
        if name_of(found) == name and text_of(found):
            yield found


def _fault(description: Element, number: str, place: int | None, item: Element) -> Fault:
    about = description.getparent()
    if about is None or description is item:
        return Fault("", text_of(description), item=place)
    around = about.getparent()
    beside = {name_of(one): text_of(one) for one in around if not len(one)} if around is not None else {}
    if about is item:
        beside = {}
    return Fault(
        number=text_of(child(about, number)) if number else "",
        text=text_of(description),
        element=name_of(about),
        value=text_of(child(about, "value")),
        item=place,
        beside=beside,
    )


def _key(item: Element) -> dict[str, str]:
    key = child(item, "key")
    if key is None:
        return {}
    return {name_of(one): _shown(one) for one in key}


def _shown(element: Element) -> str:
    """An element's text, or where it is refused the value that is repeated in it."""
    return text_of(child(element, "value")) if len(element) else text_of(element)


def _counts(root: Element) -> dict[str, int]:
    return {
        name_of(one): count
        for status in descendants(root, "statusofitems")
        for one in status
        if (count := whole(text_of(one))) is not None
    }
