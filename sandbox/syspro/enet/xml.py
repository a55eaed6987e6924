"""XML as e.net reads and writes it: Windows-1252, single-quoted root attributes, a newline and a blank at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree

from sandbox.syspro.enet.errors import EnetError

if TYPE_CHECKING:
    from sandbox.syspro.tables import Column

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ROOT = (
    "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='8.0.000' "
    "OperatorPrimaryRole='   '"
)


def parse(text: str, what: str) -> etree._Element:
    """The root of a document; EnetError when it is not well-formed. Entities are not resolved."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(_DECLARATION.sub("", text).encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise EnetError(f"{what} is not valid XML: {error.msg}") from None


def text_of(parent: etree._Element, name: str, default: str = "") -> str:
    """The text of a child element; ``default`` when it is missing or blank."""
    found = parent.findtext(name)
    return found.strip() if found and found.strip() else default


def document(root: str, content: str) -> str:
    """A whole reply."""
    return f'<?xml version="1.0" encoding="Windows-1252"?>\n<{root} {_ROOT}>\n{content}\n</{root}>\n '


def element(name: str, text: str) -> str:
    """One element with escaped text; ``<X/>`` when there is none (recorded)."""
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"


def encoded(text: str) -> bytes:
    """Windows-1252; what it cannot hold becomes a character reference."""
    return text.encode("cp1252", "xmlcharrefreplace")


def width(column: Column) -> int:
    """Characters of a number, padded with blanks: its digits and the point (recorded of InvMaster)."""
    return column.size + (1 if column.scale else 0)


def column_sql(column: Column, null_date: str) -> str:
    """The SQL that writes one column as an element, so that rows never pass through Python."""
    name = f'"{column.name}"'
    empty = f"'<{column.name}/>'"
    if column.kind == "varchar":
        value = f"replace(replace(replace(nullif({name}, ''), '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    elif column.kind == "decimal":
        value = f"printf('%{width(column)}s', {name})"
    elif column.kind == "datetime":
        value = f"nullif(ifnull(substr({name}, 1, 10), '{null_date}'), '')"
    elif column.kind == "bit":
        value = name
    else:
        return empty  # a row version has no text form in these documents
    return f"ifnull('<{column.name}>' || {value} || '</{column.name}>', {empty})"
