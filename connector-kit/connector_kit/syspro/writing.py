"""Documents for e.net's business objects: Windows-1252, escaped, with the root's attributes as in use.

Facts: WarehouseManagement and WCF_Client_Test (C# code in use) for the attributes of the root and for flags as Y and N;
rectella-shopify-service for decimals as plain text; SYSPRO e.net MCP server for the body of PostLD and its namespace.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from lxml import etree

_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SERVICE = "http://SYSPROWcfService"

Node: TypeAlias = "tuple[str, str | Sequence[Node]]"
"""An element: its name, and its text or the elements in it."""

Unmappable = Literal["reject", "replace"]


def strangers(text: str) -> str:
    """The characters of a text that Windows-1252, or XML, has no place for, each once."""
    return "".join(dict.fromkeys(one for one in text if not _fits(one)))


def _fits(one: str) -> bool:
    if one < " ":
        return one in "\t\r\n"
    try:
        one.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def replaced(text: str) -> str:
    """The text in Windows-1252: letters without the marks that it lacks, "?" for what is left."""
    if not strangers(text):
        return text
    found = []
    for one in text:
        plain = unicodedata.normalize("NFKD", one)
        bare = "".join(part for part in plain if not unicodedata.combining(part))
        found.append(one if _fits(one) else bare if bare and not strangers(bare) else "?")
    return "".join(found)


def character_fault(text: str) -> str:
    """What is wrong with a text that can't be written; "" when it can."""
    found = strangers(text)
    named = ", ".join(f"{one if one.isprintable() else ''} (U+{ord(one):04X})".strip() for one in found[:5])
    return f"{named}: Windows-1252, which e.net's documents are in, has no such character" if found else ""


def write(root: str, schema: str, nodes: Sequence[Node]) -> str:
    """A document. Characters that Windows-1252 lacks become what `replaced` makes of them: check before.

    root: e.g. PostGlJournal. schema: the name of its XSD. nodes: what is in the root.
    """
    top = etree.Element(root, nsmap={"xsd": _SCHEMA_INSTANCE})
    top.set(f"{{{_SCHEMA_INSTANCE}}}noNamespaceSchemaLocation", schema)
    _fill(top, nodes)
    return etree.tostring(top, encoding="unicode")


def _fill(parent: etree._Element, nodes: Sequence[Node]) -> None:
    for name, content in nodes:
        element = etree.SubElement(parent, name)
        if isinstance(content, str):
            element.text = replaced(content)
        else:
            _fill(element, content)


def large_post(sent: Mapping[str, str]) -> bytes:
    """The body of PostLD."""
    top = etree.Element(f"{{{_SERVICE}}}TransactionPostLD", nsmap={None: _SERVICE})  # type: ignore[dict-item] # lxml takes None for the default namespace
    for name, value in sent.items():
        element = etree.SubElement(top, f"{{{_SERVICE}}}{name}")
        element.text = etree.CDATA(value) if value.startswith("<") and "]]>" not in value else value
    return etree.tostring(top, encoding="utf-8", xml_declaration=True)


def flag(value: object) -> str:
    """Y or N."""
    return "Y" if value else "N"
