"""SOAP envelopes and what comes back in them: bodies and faults of SOAP 1.1 and 1.2, whatever the prefixes.

Facts: SAP's sync services answer business errors with HTTP 200 and a log, malformed requests with HTTP 500 and a fault;
prefixes and the SOAP version of an answer vary from system to system (recorded answers of 2020 and 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from connector_kit.errors import RefusedError
from connector_kit.http import Unreadable
from connector_kit.redaction import shortened
from connector_kit.xml import parse

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPE = "text/xml; charset=utf-8"

# What XML 1.0 can't carry, in any way of writing it.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SoapFaultError(RefusedError):
    """The service could not take the request as a whole.

    `by_sender`: the fault says that the request itself is wrong (Client, Sender), not the service (Server, Receiver).
    """

    def __init__(self, *, system: str, subject: str, text: str, by_sender: bool) -> None:
        self.text = text
        self.by_sender = by_sender
        super().__init__(system=system, subject=subject, expected="a confirmation", got=f"a SOAP fault: {text}")


def envelope(body: Element) -> bytes:
    """A SOAP 1.1 envelope around `body`, encoded in UTF-8."""
    root = etree.Element(f"{{{SOAP_11}}}Envelope", nsmap={"soapenv": SOAP_11})
    etree.SubElement(root, f"{{{SOAP_11}}}Header")
    etree.SubElement(root, f"{{{SOAP_11}}}Body").append(body)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def body_of(content: bytes, *, system: str, subject: str) -> Element:
    """The first element within the body of an answer.

    Raises:
        SoapFaultError: the body is a fault.
        Unreadable: it is no complete SOAP answer: half a document, a web page.
    """
    root = _parse(content)
    if name_of(root) != "Envelope":
        raise Unreadable(f"no SOAP envelope but an element {name_of(root)}")
    body = child(root, "Body")
    inner = next(iter(elements(body)), None) if body is not None else None
    if inner is None:
        raise Unreadable("a SOAP envelope without a body")
    if name_of(inner) == "Fault":
        code, text = _fault(inner)
        raise SoapFaultError(system=system, subject=subject, text=text, by_sender=code.endswith(("Client", "Sender")))
    return inner


def unwritable(text: str) -> str:
    """The signs of `text` that XML can't carry, as code points; blank when there are none."""
    return ", ".join(dict.fromkeys(f"U+{ord(sign):04X}" for sign in _UNWRITABLE.findall(text)))


def name_of(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def elements(parent: Element) -> Iterator[Element]:
    """The elements right below, in order."""
    return iter(parent.findall("*"))


def child(parent: Element | None, name: str) -> Element | None:
    """The first element of that name right below, whatever its namespace."""
    return next(children(parent, name), None)


def children(parent: Element | None, name: str) -> Iterator[Element]:
    """All elements of that name right below, whatever their namespace."""
    return (inner for inner in elements(parent) if name_of(inner) == name) if parent is not None else iter(())


def text_of(parent: Element | None, *path: str) -> str:
    """The text at the end of a path of names, without blanks around it; "" when there is none.

    Blanks go because SAP writes a number that was not given as one blank.
    """
    for name in path:
        parent = child(parent, name)
    return "".join(str(part) for part in parent.itertext()).strip() if parent is not None else ""


def _parse(content: bytes) -> Element:
    try:
        return parse(content)
    except ValueError as error:
        raise Unreadable(f"no XML: {error}") from error


def _fault(fault: Element) -> tuple[str, str]:
    """Code and words: faultcode, faultstring, detail (1.1), or Code/Value, Reason/Text, Detail (1.2)."""
    code = text_of(fault, "faultcode") or text_of(fault, "Code", "Value")
    words = text_of(fault, "faultstring") or text_of(fault, "Reason", "Text")
    detail = text_of(fault, "detail") or text_of(fault, "Detail")
    said = " ".join((words if detail in words else f"{words} {detail}").split())
    return code, shortened(said, 500) or code or "no words"
