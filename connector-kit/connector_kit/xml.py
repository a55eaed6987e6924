"""XML of other systems: what they say themselves, and nothing that they would have fetched, expanded or declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def parse(document: bytes, *, encoding: str | None = None) -> Element:
    """The root of a document, without comments and processing instructions.

    One that declares a document type is refused: its entities could stand for files, addresses or gigabytes, and a text
    with one that is not replaced would lose its end without a word. XInclude is never carried out. Texts of more than
    10 MB and elements more than 256 deep are refused by libxml2.

    Args:
        document: its bytes.
        encoding: of the bytes, whatever the document says of itself.

    Raises:
        ValueError: no well-formed XML, or one that declares a document type.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding=encoding,
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("it declares a document type")
    return root
