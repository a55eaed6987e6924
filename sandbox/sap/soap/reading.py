"""A request's XML as nested values, checked against the shape: names, namespaces, order, occurrence, kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from sandbox.sap.soap import values
from sandbox.sap.soap.faults import SOAP11, SOAP12, SoapError
from sandbox.sap.soap.shape import LATER, REQUEST, Element, types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Node = dict[str, object]
NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN"
ROOT = "JournalEntryBulkCreateRequest"
_UNITS = {"money": ("currencyCode", 3), "goods": ("unitCode", 3)}


@dataclass(frozen=True, slots=True)
class Leniency:
    """Where tenants may differ: unknown elements are ignored, values that are too long are cut, elements of later
    releases are known.
    """

    unknown: bool = False
    too_long: bool = False
    later: bool = False


def envelope(body: bytes) -> tuple[str, etree._Element]:
    """The SOAP namespace and the payload's root element; SoapError when there is none.

    Headers are not looked at: a message id there does not make a synchronous call idempotent.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise SoapError(f"not well-formed: {error.msg}") from None
    if b"<!DOCTYPE" in body:
        raise SoapError("a document type is not allowed")
    version = next((each for each in (SOAP11, SOAP12) if root.tag == f"{{{each}}}Envelope"), None)
    if version is None:
        raise SoapError(f"{root.tag} is no SOAP envelope")
    content = root.find(f"{{{version}}}Body")
    if content is None or len(content) != 1:
        raise SoapError("the envelope's body has not exactly one element")
    return version, content[0]


def request(payload: etree._Element, leniency: Leniency) -> Node:
    """The message's values: a type is a dict, an element that may be repeated is a list."""
    if payload.tag != f"{{{NAMESPACE}}}{ROOT}":
        raise SoapError(f"the operation takes {ROOT} of {NAMESPACE}, got {payload.tag}")
    return _sequence(payload, REQUEST, leniency)


def _sequence(parent: etree._Element, type_name: str, leniency: Leniency) -> Node:
    declared = types()[type_name]
    if parent.text and parent.text.strip():
        raise SoapError(f"{etree.QName(parent).localname}: text between elements")
    found: Node = {element.name: [] for element in declared if element.repeated}
    later = types().get(type_name + LATER, ()) if leniency.later else ()
    for child, element in _in_order(parent, declared, later, leniency):
        value = _value(child, element, leniency)
        if element.repeated:
            held = found[element.name]
            if isinstance(held, list):
                held.append(value)
        elif value != "" or element.required:
            found[element.name] = value
    missing = [each.name for each in declared if each.required and _bare(found, each)]
    if missing:
        raise SoapError(f"{etree.QName(parent).localname}: {', '.join(missing)} missing")
    return found


def _bare(found: Mapping[str, object], element: Element) -> bool:
    """Whether a required element is absent, or empty though it needs a character."""
    return element.name not in found or found[element.name] == [] or (found[element.name] == "" and element.least > 0)


def _in_order(
    parent: etree._Element, declared: tuple[Element, ...], later: tuple[Element, ...], leniency: Leniency
) -> Iterator[tuple[etree._Element, Element]]:
    place, last = 0, ""
    for child in parent:
        name = child.tag
        anywhere = next((each for each in later if each.name == name), None)
        if anywhere is not None:
            yield child, anywhere
            continue
        position = next((index for index in range(place, len(declared)) if declared[index].name == name), None)
        if position is None or (name == last and not declared[position].repeated):
            if leniency.unknown and all(each.name != name for each in declared):
                continue
            raise SoapError(f"{etree.QName(parent).localname}: {name} is unknown here, repeated or out of order")
        place, last = position, name
        yield child, declared[position]


def _value(child: etree._Element, element: Element, leniency: Leniency) -> object:
    if element.kind == "type":
        return _sequence(child, element.of, leniency)
    if element.kind == "any":
        return ""
    if len(child):
        raise SoapError(f"{element.name}: elements where a value is expected")
    text = child.text or ""
    if element.kind not in _UNITS:
        return values.read(element, text, cut=leniency.too_long)
    attribute, length = _UNITS[element.kind]
    unit = child.get(attribute, "")
    if element.kind == "money" and len(unit) != length:
        raise SoapError(f"{element.name}: {attribute} {unit!r} is not {length} characters long")
    return values.Amount(values.number(element, text), unit)
