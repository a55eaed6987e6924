"""``$metadata`` of a V4 service in the shape that SAP's RESTful application programming model gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from sandbox.sap.schema import EntitySet, Navigation, Property, Service

_EDM = {
    "string": "Edm.String",
    "decimal": "Edm.Decimal",
    "date": "Edm.Date",
    "datetimeoffset": "Edm.DateTimeOffset",
    "time": "Edm.TimeOfDay",
    "boolean": "Edm.Boolean",
    "int16": "Edm.Int16",
    "int32": "Edm.Int32",
    "int64": "Edm.Int64",
    "guid": "Edm.Guid",
}
_VOCABULARIES = {
    "COMMON": ("com.sap.vocabularies.Common.v1", "SAP__common"),
    "CORE": ("Org.OData.Core.V1", "SAP__core"),
    "CAPABILITIES": ("Org.OData.Capabilities.V1", "SAP__capabilities"),
    "MEASURES": ("Org.OData.Measures.V1", "SAP__measures"),
}
_FUNCTIONS = ("eq", "ne", "gt", "ge", "lt", "le", "and", "or", "contains", "startswith", "endswith")
_MESSAGE = (
    '<ComplexType Name="SAP__Message"><Property Name="code" Type="Edm.String" Nullable="false"/>'
    '<Property Name="message" Type="Edm.String" Nullable="false"/><Property Name="target" Type="Edm.String"/>'
    '<Property Name="additionalTargets" Type="Collection(Edm.String)" Nullable="false"/>'
    '<Property Name="transition" Type="Edm.Boolean" Nullable="false"/>'
    '<Property Name="numericSeverity" Type="Edm.Byte" Nullable="false"/>'
    '<Property Name="longtextUrl" Type="Edm.String"/></ComplexType>'
)


def edmx(service: Service) -> str:
    """The document."""
    references = "".join(
        "<edmx:Reference Uri=\"/sap/opu/odata/IWFND/CATALOGSERVICE;v=2/Vocabularies(TechnicalName='%2FIWBEP%2FVOC_"
        f"{name}',Version='0001',SAP__Origin='LOCAL')/$value\">"
        f'<edmx:Include Namespace="{namespace}" Alias="{alias}"/></edmx:Reference>'
        for name, (namespace, alias) in _VOCABULARIES.items()
    )
    types = "".join(_entity_type(service, each) for each in service.sets)
    sets = "".join(_entity_set(service, each) for each in service.sets)
    notes = "".join(_annotations(each) for each in service.sets)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" '
        f'xmlns="http://docs.oasis-open.org/odata/ns/edm">{references}<edmx:DataServices>'
        f'<Schema Namespace="{service.namespace}" Alias="SAP__self">'
        f'<Annotation Term="SAP__core.SchemaVersion" String="1.0.0"/>{types}{_MESSAGE}'
        f'<EntityContainer Name="Container">{sets}</EntityContainer>{_container_notes()}{notes}'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _entity_type(service: Service, entity_set: EntitySet) -> str:
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in entity_set.key)
    properties = "".join(_property(each, entity_set) for each in entity_set.properties)
    messages = f'<Property Name="SAP__Messages" Type="Collection({service.namespace}.SAP__Message)" Nullable="false"/>'
    navigations = "".join(_navigation(service, each) for each in entity_set.navigations)
    name = entity_set.type_name
    return f'<EntityType Name="{name}"><Key>{key}</Key>{properties}{messages}{navigations}</EntityType>'


def _property(each: Property, entity_set: EntitySet) -> str:
    text = f'<Property Name="{each.name}" Type="{_EDM[each.kind]}"'
    # Only dates and points in time have a null of their own in ABAP's initial values.
    if each.name in entity_set.key or each.kind not in {"date", "datetimeoffset"} or not each.nullable:
        text += ' Nullable="false"'
    if each.length:
        text += f' MaxLength="{each.length}"'
    if each.kind == "decimal":
        text += f' Precision="{each.precision}" Scale="{"variable" if each.variable else each.scale}"'
    if each.kind == "datetimeoffset" and each.precision:
        text += f' Precision="{each.precision}"'
    return text + "/>"


def _navigation(service: Service, navigation: Navigation) -> str:
    target = service.set_called(navigation.target)
    if target is None:
        raise ValueError(f"{service.name}: {navigation.name} leads to no set of the service")
    name = f"{service.namespace}.{target.type_name}"
    if navigation.many:
        return f'<NavigationProperty Name="{navigation.name}" Type="Collection({name})"/>'
    constraints = "".join(
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{other}"/>' for own, other in navigation.on
    )
    start = f'<NavigationProperty Name="{navigation.name}" Type="{name}" Nullable="false">'
    return f"{start}{constraints}</NavigationProperty>"


def _entity_set(service: Service, entity_set: EntitySet) -> str:
    bindings = "".join(
        f'<NavigationPropertyBinding Path="{each.name}" Target="{each.target}"/>' for each in entity_set.navigations
    )
    start = f'<EntitySet Name="{entity_set.name}" EntityType="{service.namespace}.{entity_set.type_name}">'
    return f"{start}{bindings}</EntitySet>"


def _container_notes() -> str:
    functions = "".join(f"<String>{name}</String>" for name in _FUNCTIONS)
    return (
        '<Annotations Target="SAP__self.Container">'
        f'<Annotation Term="SAP__capabilities.FilterFunctions"><Collection>{functions}</Collection></Annotation>'
        "</Annotations>"
    )


def _annotations(entity_set: EntitySet) -> str:
    restrictions = "".join(
        f'<Annotation Term="SAP__capabilities.{term}"><Record>'
        f'<PropertyValue Property="{name}" Bool="{str(allowed).lower()}"/></Record></Annotation>'
        for term, name, allowed in (
            ("InsertRestrictions", "Insertable", entity_set.creatable),
            ("UpdateRestrictions", "Updatable", entity_set.updatable),
            ("DeleteRestrictions", "Deletable", entity_set.deletable),
        )
    )
    notes = [f'<Annotations Target="SAP__self.Container/{entity_set.name}">{restrictions}</Annotations>']
    for each in entity_set.properties:
        terms = _terms(each)
        if terms:
            notes.append(f'<Annotations Target="SAP__self.{entity_set.type_name}/{each.name}">{terms}</Annotations>')
    return "".join(notes)


def _terms(each: Property) -> str:
    terms = []
    if each.upper:
        terms.append('<Annotation Term="SAP__common.IsUpperCase"/>')
    if each.numc:
        terms.append('<Annotation Term="SAP__common.IsDigitSequence"/>')
    if each.label:
        terms.append(f'<Annotation Term="SAP__common.Label" String={quoteattr(each.label)}/>')
    if each.unit:
        measure = "ISOCurrency" if "Currency" in each.unit else "Unit"
        terms.append(f'<Annotation Term="SAP__measures.{measure}" Path="{each.unit}"/>')
    return "".join(terms)
