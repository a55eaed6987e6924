"""The service's WSDL, made from the same shape that requests are checked against."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from sandbox.sap.soap.reading import NAMESPACE, ROOT
from sandbox.sap.soap.shape import CONFIRMATION, LATER, REQUEST, Element, types

OPERATION = "JournalEntryCreateRequestConfirmation_In"
ACTION = f"{NAMESPACE}/{OPERATION}/{OPERATION}Request"
ANSWER = "JournalEntryBulkCreateConfirmation"
_PLAIN = {
    "date": ("date", ("pattern", "[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    "stamp": ("dateTime", ("pattern", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?Z")),
    "days": ("duration", ("pattern", "[-P0-9D]{1,20}")),
    "uuid": ("token", ("pattern", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
}
_UNITS = {"money": ("Amount", "currencyCode"), "goods": ("Quantity", "unitCode")}


def _restriction(base: str, *facets: tuple[str, object]) -> str:
    inner = "".join(f"<xsd:{name} value={quoteattr(str(value))}/>" for name, value in facets)
    return f'<xsd:simpleType><xsd:restriction base="xsd:{base}">{inner}</xsd:restriction></xsd:simpleType>'


def _simple(element: Element) -> str:
    if element.kind in _PLAIN:
        base, facet = _PLAIN[element.kind]
        return _restriction(base, facet)
    if element.kind == "decimal":
        return _restriction("decimal", ("totalDigits", element.digits), ("fractionDigits", element.places))
    sizes = [("minLength", element.least)] if element.least else []
    pattern = [("pattern", r"\d+")] if element.kind == "digits" else []
    base = "string" if element.kind == "text" else "token"
    return _restriction(base, *sizes, ("maxLength", element.most), *pattern)


def _element(element: Element) -> str:
    occurs = "" if element.required else ' minOccurs="0"'
    occurs += ' maxOccurs="unbounded"' if element.repeated else ""
    named = {"type": f"tns:{element.of}", "flag": "xsd:boolean", "uri": "xsd:anyURI", "any": "xsd:anyType"}
    named |= {kind: f"tns:{name}" for kind, (name, _) in _UNITS.items()}
    if element.kind in named:
        return f'<xsd:element name="{element.name}"{occurs} type="{named[element.kind]}"/>'
    return f'<xsd:element name="{element.name}"{occurs}>{_simple(element)}</xsd:element>'


def _with_unit(name: str, attribute: str, use: str, digits: int, places: int) -> str:
    number = _restriction("decimal", ("totalDigits", digits), ("fractionDigits", places))
    content = number.replace("<xsd:simpleType>", f'<xsd:simpleType name="{name}.Content">', 1)
    return (
        f'{content}<xsd:complexType name="{name}"><xsd:simpleContent><xsd:extension base="tns:{name}.Content">'
        f'<xsd:attribute name="{attribute}" use="{use}">{_restriction("token", ("maxLength", 3))}</xsd:attribute>'
        "</xsd:extension></xsd:simpleContent></xsd:complexType>"
    )


def schema() -> str:
    """The XML schema of both messages; children are unqualified because it names no elementFormDefault."""
    kinds = "".join(
        f'<xsd:complexType name="{name}"><xsd:sequence>{"".join(map(_element, elements))}</xsd:sequence>'
        "</xsd:complexType>"
        for name, elements in types().items()
        if not name.endswith(LATER)
    )
    return (
        f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{NAMESPACE}" '
        f'targetNamespace="{NAMESPACE}">'
        f'<xsd:element name="{ROOT}" type="tns:{REQUEST}"/><xsd:element name="{ANSWER}" type="tns:{CONFIRMATION}"/>'
        f"{_with_unit('Amount', 'currencyCode', 'required', 28, 6)}"
        f"{_with_unit('Quantity', 'unitCode', 'optional', 31, 14)}{kinds}</xsd:schema>"
    )


def _binding(name: str, prefix: str) -> str:
    body = f'<{prefix}:body use="literal"/>'
    return (
        f'<wsdl:binding name="{name}" type="tns:{OPERATION}">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>'
        f'<wsdl:operation name="{OPERATION}"><{prefix}:operation soapAction="{ACTION}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation></wsdl:binding>"
    )


def wsdl(address: str) -> str:
    """The whole document for a service at ``address``: one port per SOAP version, named as SAP names them."""
    parts = "".join(
        f'<wsdl:message name="{name}"><wsdl:part name="{name}" element="tns:{name}"/></wsdl:message>'
        for name in (ROOT, ANSWER)
    )
    ports = "".join(
        f'<wsdl:port name="{name}" binding="tns:{name}"><{prefix}:address location={quoteattr(address)}/></wsdl:port>'
        for name, prefix in (("binding", "soap"), ("binding_soap12", "soap12"))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<wsdl:definitions targetNamespace="{NAMESPACE}" xmlns:tns="{NAMESPACE}" '
        'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">'
        f"<wsdl:types>{schema()}</wsdl:types>{parts}"
        f'<wsdl:portType name="{OPERATION}"><wsdl:operation name="{OPERATION}">'
        f'<wsdl:input message="tns:{ROOT}"/><wsdl:output message="tns:{ANSWER}"/></wsdl:operation></wsdl:portType>'
        f"{_binding('binding', 'soap')}{_binding('binding_soap12', 'soap12')}"
        f'<wsdl:service name="service">{ports}</wsdl:service></wsdl:definitions>'
    )
