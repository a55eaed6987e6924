"""``$metadata`` of a V2 service in the shape that SAP Gateway gives it: Edmx 1.0 with sap: annotations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.sap.schema import ComplexType, EntitySet, FunctionImport, Navigation, Property, Service

EDM = {
    "string": "Edm.String",
    "decimal": "Edm.Decimal",
    "date": "Edm.DateTime",
    "datetimeoffset": "Edm.DateTimeOffset",
    "time": "Edm.Time",
    "boolean": "Edm.Boolean",
    "int16": "Edm.Int16",
    "int32": "Edm.Int32",
    "int64": "Edm.Int64",
    "guid": "Edm.Guid",
}
_ATOM = 'xmlns:atom="http://www.w3.org/2005/Atom"'


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value)


def _no(allowed: bool) -> str:
    return "" if allowed else "false"


def edmx(service: Service, base: str) -> str:
    """The document; ``base`` is the service's absolute address."""
    associations = [each for source in service.sets for each in _associations(service, source)]
    parts = [
        *(_entity_type(service, each, associations) for each in service.sets),
        *(_complex_type(each) for each in service.complex_types),
        *(each.declared for each in associations),
        _container(service, associations),
        f'<atom:link rel="self" href="{base}/$metadata" {_ATOM}/>',
        f'<atom:link rel="latest-version" href="{base}/$metadata" {_ATOM}/>',
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
        'xmlns:sap="http://www.sap.com/Protocols/SAPData">'
        '<edmx:DataServices m:DataServiceVersion="2.0">'
        f'<Schema Namespace="{service.namespace}" xml:lang="en" sap:schema-version="1" '
        'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
        f"{''.join(parts)}</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _entity_type(service: Service, entity_set: EntitySet, associations: Iterable[_Association]) -> str:
    attributes = {
        "Name": entity_set.type_name,
        "sap:semantics": "aggregate" if entity_set.aggregate else "",
        "sap:label": entity_set.label,
        "sap:content-version": "1",
    }
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in entity_set.key)
    properties = "".join(_property(each, entity_set) for each in entity_set.properties)
    navigations = "".join(
        f'<NavigationProperty Name="{each.navigation.name}" Relationship="{service.namespace}.{each.name}" '
        f'FromRole="FromRole_{each.name}" ToRole="ToRole_{each.name}"/>'
        for each in associations
        if each.source is entity_set
    )
    return f"<EntityType{_attributes(attributes)}><Key>{key}</Key>{properties}{navigations}</EntityType>"


def _complex_type(complex_type: ComplexType) -> str:
    properties = "".join(_property(each, None) for each in complex_type.properties)
    return f'<ComplexType Name="{complex_type.name}">{properties}</ComplexType>'


def _property(each: Property, entity_set: EntitySet | None) -> str:
    key = entity_set is not None and each.name in entity_set.key
    aggregated = entity_set is not None and entity_set.aggregate and not key
    writable = entity_set is None or entity_set.creatable or entity_set.updatable
    attributes = {
        "Name": each.name,
        **_type(each),
        "Nullable": _no(each.nullable and not key),
        **_facets(each),
        "sap:aggregation-role": ("measure" if each.measure else "dimension") if aggregated else "",
        "sap:unit": each.unit,
        "sap:display-format": _display(each),
        "sap:label": each.label,
        "sap:creatable": _no(each.creatable or not writable),
        "sap:updatable": _no(each.creatable or not writable),
        "sap:sortable": _no(each.sortable),
        "sap:filterable": _no(each.filterable),
    }
    return f"<Property{_attributes(attributes)}/>"


def _type(each: Property) -> dict[str, str]:
    return {"Type": EDM[each.kind]}


def _facets(each: Property) -> dict[str, str]:
    if each.kind == "decimal":
        return {"Precision": str(each.precision), "Scale": str(each.scale)}
    if each.kind in {"date", "datetimeoffset", "time"}:
        return {"Precision": str(each.precision if each.kind == "datetimeoffset" else 0)}
    return {"MaxLength": str(each.length)} if each.length else {}


def _display(each: Property) -> str:
    if each.kind == "date":
        return "Date"
    if each.numc:
        return "NonNegative"
    return "UpperCase" if each.upper else ""


@dataclass(frozen=True, slots=True)
class _Association:
    """One navigation as V2 wants it: an association with two roles. The name is a hash, as SAP's are."""

    name: str
    source: EntitySet
    navigation: Navigation
    declared: str
    set_declared: str


def _associations(service: Service, source: EntitySet) -> Iterable[_Association]:
    for navigation in source.navigations:
        target = service.set_called(navigation.target)
        if target is None:
            raise ValueError(f"{service.name}: {source.name}.{navigation.name} leads to no set of the service")
        digest = hashlib.md5(f"{source.name}/{navigation.name}".encode(), usedforsecurity=False).hexdigest().upper()
        name = f"assoc_{digest}"
        ends = ((source, "1", f"FromRole_{name}"), (target, "*" if navigation.many else "0..1", f"ToRole_{name}"))
        declared = "".join(
            f'<End Type="{service.namespace}.{each.type_name}" Multiplicity="{count}" Role="{role}"/>'
            for each, count, role in ends
        )
        sets = "".join(f'<End EntitySet="{each.name}" Role="{role}"/>' for each, _, role in ends)
        yield _Association(
            name,
            source,
            navigation,
            f'<Association Name="{name}" sap:content-version="1">{declared}</Association>',
            f'<AssociationSet Name="{name}" Association="{service.namespace}.{name}" sap:creatable="false" '
            f'sap:updatable="false" sap:deletable="false" sap:content-version="1">{sets}</AssociationSet>',
        )


def _container(service: Service, associations: Iterable[_Association]) -> str:
    parts = [
        *(_entity_set(service, each) for each in service.sets),
        *(each.set_declared for each in associations),
        *(_function(service, each) for each in service.functions),
    ]
    return (
        f'<EntityContainer Name="{service.namespace}_Entities" m:IsDefaultEntityContainer="true" '
        f'sap:message-scope-supported="true" sap:supported-formats="atom json xlsx">{"".join(parts)}</EntityContainer>'
    )


def _entity_set(service: Service, each: EntitySet) -> str:
    attributes = {
        "Name": each.name,
        "EntityType": f"{service.namespace}.{each.type_name}",
        "sap:creatable": _no(each.creatable),
        "sap:updatable": _no(each.updatable),
        "sap:deletable": _no(each.deletable),
        "sap:content-version": "1",
    }
    return f"<EntitySet{_attributes(attributes)}/>"


def _function(service: Service, each: FunctionImport) -> str:
    returned = service.set_called(each.returns)
    attributes = {
        "Name": each.name,
        "ReturnType": f"{service.namespace}.{returned.type_name if returned else each.returns}" if each.returns else "",
        "EntitySet": returned.name if returned else "",
        "m:HttpMethod": "POST",
    }
    parameters = "".join(
        f"<Parameter{_attributes({'Name': one.name, **_type(one), 'Mode': 'In', **_facets(one)})}/>"
        for one in each.parameters
    )
    return f"<FunctionImport{_attributes(attributes)}>{parameters}</FunctionImport>"
