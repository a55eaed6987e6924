"""e.net's XML: Windows-1252, and elements whose letter case depends on the business object.

Facts: recorded traffic of SYSPRO 7.0.0.6 (syspro-ruby, test cassettes). Documents declare Windows-1252, quote the
root's attributes singly and end with a line feed and a blank. Some business objects answer in the letter case of the
schema, others in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector_kit.xml import parse as parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# What XML 1.0 forbids but free-text columns may hold, as itself or as a reference. Dropped: no system that receives the
# rows could take it either.
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:1[0-9a-f]|[0-8bcef])|0*(?:1[124-9]|2[0-9]|3[01]|[0-8]));",
    re.IGNORECASE,
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def decode(body: bytes) -> str:
    """The text of an answer. The five bytes that Windows-1252 leaves open become what Windows makes of them."""
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte in _OPEN else bytes((byte,)).decode("cp1252") for byte in body)


_OPEN = frozenset(b"\x81\x8d\x8f\x90\x9d")


def parse(text: str) -> Element:
    """The root of a document, without entities and without network.

    Raises:
        ValueError: the text is not well-formed XML, or declares a document type.
    """
    clean = _FORBIDDEN.sub("", _DECLARATION.sub("", text, count=1).lstrip("\ufeff \r\n\t"))
    return parse_xml(clean.encode(), encoding="utf-8")


def name_of(element: Element) -> str:
    """The element's name without its namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def child(element: Element, name: str) -> Element | None:
    """The first child of that name, whatever its letter case."""
    return next(children(element, name), None)


def children(element: Element, name: str) -> Iterator[Element]:
    """All children of that name, whatever their letter case."""
    lower = name.lower()
    return (inner for inner in element if name_of(inner) == lower)


def descendants(element: Element, name: str) -> Iterator[Element]:
    """All elements of that name below, at any depth, whatever their letter case."""
    lower = name.lower()
    return (inner for inner in element.iter() if inner is not element and name_of(inner) == lower)


def text_of(element: Element | None) -> str:
    """The element's own text without the blanks around it; "" when there is no element or no text."""
    return (element.text or "").strip() if element is not None else ""


def errors_in(root: Element) -> list[str]:
    """SYSPRO's numbers and texts of all errors in an answer, e.g. "240004 Stock code '1004' not found".

    Every element that was refused is repeated with Value, ErrorNumber and ErrorDescription. Clients in production
    take any ErrorDescription that is not blank as a failure; the HTTP status is 200 all the same.
    """
    found = []
    for description in descendants(root, "ErrorDescription"):
        words = text_of(description)
        refused = description.getparent()
        # A row of a table may have a column of that name.
        if words and refused is not None and name_of(refused) != "row":
            found.append(f"{text_of(child(refused, 'ErrorNumber'))} {words}".strip())
    return found
