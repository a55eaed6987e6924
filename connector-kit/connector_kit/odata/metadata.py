"""A service's EDMX document, V2 or V4, read once into typed values (OData CSDL 4.0; SAP's annotations for V2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from connector_kit.errors import RefusedError
from connector_kit.numerals import whole
from connector_kit.odata.literals import Version
from connector_kit.xml import parse

_SAP = "{http://www.sap.com/Protocols/SAPData}"
# Terms come with the alias that the document gives to their vocabulary, such as SAP__common.
_LONGEST_TERM = 200
_LABEL = re.compile(r"(?:\w+\.)*(?:\w*[Cc]ommon(?:\.v\d+)?\.Label|\w*[Cc]ore(?:\.V\d+)?\.Description)")


@dataclass(frozen=True, slots=True)
class Property:
    """A column: its Edm type (a type definition's or enumeration's underlying one) and what the service says about it.

    `fields` are the properties of a complex type; `collection` is true for `Collection(...)`. `display` is V2's
    `sap:display-format` ("Date" marks an Edm.DateTime without a meaning below the day).
    """

    name: str
    type: str = "Edm.String"
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    label: str = ""
    display: str = ""
    filterable: bool = True
    sortable: bool = True
    collection: bool = False
    fields: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Navigation:
    """Where a navigation property leads: a type's full name, and whether to many of it."""

    type: str
    many: bool


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of row; `navigation` by the property's name.

    `aggregate` is V2's `sap:semantics="aggregate"`: the server sums measures over whatever columns are selected.
    """

    name: str
    keys: tuple[str, ...]
    properties: tuple[Property, ...]
    navigation: Mapping[str, Navigation] = field(default_factory=dict)
    aggregate: bool = False

    def property(self, name: str) -> Property | None:
        """The property of that name."""
        return next((each for each in self.properties if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A service: its OData version and its entity sets by name."""

    version: Version
    entity_sets: Mapping[str, EntityType]


def parse_metadata(document: bytes, *, system: str = "OData service", what: str = "$metadata") -> Metadata:
    """Read an EDMX document.

    Raises:
        RefusedError: when the text is not EDMX.
    """
    try:
        root = parse(document)
    except ValueError as error:
        raise RefusedError(system=system, subject=what, expected="an EDMX document", got=str(error)) from error
    if etree.QName(root).localname != "Edmx":
        raise RefusedError(
            system=system, subject=what, expected="an EDMX document", got=f"<{etree.QName(root).localname}>"
        )
    return _Reader(root).read()


class _Reader:
    """One pass over the document: types by full name, then sets with what annotations add."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._version: Version = "4.0" if root.get("Version", "").startswith("4") else "2.0"
        self._types: dict[str, etree._Element] = {}
        self._namespaces: dict[str, str] = {}
        self._associations: dict[str, etree._Element] = {}
        for schema in _children_everywhere(root, "Schema"):
            namespace = schema.get("Namespace", "")
            if schema.get("Alias"):
                self._namespaces[schema.get("Alias", "")] = namespace
            for kind in ("EntityType", "ComplexType", "EnumType", "TypeDefinition"):
                for each in _children(schema, kind):
                    self._types[f"{namespace}.{each.get('Name')}"] = each
            for each in _children(schema, "Association"):
                self._associations[f"{namespace}.{each.get('Name')}"] = each
        self._notes = self._annotations()

    def read(self) -> Metadata:
        sets: dict[str, EntityType] = {}
        known: dict[str, EntityType] = {}
        for container in _children_everywhere(self._root, "EntityContainer"):
            for each in _children(container, "EntitySet"):
                name, full = each.get("Name", ""), self._full(each.get("EntityType", ""))
                if full not in self._types:
                    continue
                if full not in known:
                    known[full] = self._entity(full)
                sets[name] = self._restricted(known[full], container, name)
        return Metadata(self._version, sets)

    def _entity(self, full: str) -> EntityType:
        keys: tuple[str, ...] = ()
        properties: list[Property] = []
        navigation: dict[str, Navigation] = {}
        for owner, element in self._chain(full):
            own = tuple(
                ref.get("Name", "") for key in _children(element, "Key") for ref in _children(key, "PropertyRef")
            )
            keys = own or keys
            properties += [self._property(owner, each) for each in _children(element, "Property")]
            for each in _children(element, "NavigationProperty"):
                navigation[each.get("Name", "")] = self._navigation(each)
        aggregate = self._types[full].get(f"{_SAP}semantics") == "aggregate"
        return EntityType(full.rpartition(".")[2], keys, tuple(properties), navigation, aggregate)

    def _navigation(self, element: etree._Element) -> Navigation:
        """V4 names the target type; V2 an association, one of whose ends plays the role that the property leads to."""
        if element.get("Type"):
            inner, many = _inner(element.get("Type", ""))
            return Navigation(self._full(inner), many)
        association = self._associations.get(self._full(element.get("Relationship", "")))
        for end in _children(association, "End") if association is not None else ():
            if end.get("Role") == element.get("ToRole"):
                return Navigation(self._full(end.get("Type", "")), end.get("Multiplicity") == "*")
        return Navigation("", many=False)

    def _chain(self, full: str) -> list[tuple[str, etree._Element]]:
        """The type and its ancestors, the oldest first."""
        chain: list[tuple[str, etree._Element]] = []
        while full in self._types and all(full != seen for seen, _ in chain):
            chain.insert(0, (full, self._types[full]))
            full = self._full(self._types[full].get("BaseType", ""))
        return chain

    def _property(self, owner: str, element: etree._Element) -> Property:
        name = element.get("Name", "")
        inner, collection = _inner(element.get("Type", "Edm.String"))
        full = self._full(inner)
        fields: tuple[Property, ...] = ()
        edm = inner
        facets = element
        declared = self._types.get(full)
        if declared is not None:
            kind = etree.QName(declared).localname
            if kind == "ComplexType":
                fields = tuple(
                    self._property(part, each)
                    for part, parent in self._chain(full)
                    for each in _children(parent, "Property")
                )
            elif kind == "TypeDefinition":
                edm, facets = declared.get("UnderlyingType", "Edm.String"), declared
            else:
                edm = "Edm.String"  # an enumeration's member names
        label = element.get(f"{_SAP}label") or _own_label(element) or self._notes.get(f"{owner}/{name}", "")
        return Property(
            name=name,
            type=edm,
            nullable=element.get("Nullable", "true") != "false",
            max_length=whole(element.get("MaxLength") or facets.get("MaxLength") or ""),
            precision=whole(element.get("Precision") or facets.get("Precision") or ""),
            scale=whole(element.get("Scale") or facets.get("Scale") or ""),
            label=label,
            display=element.get(f"{_SAP}display-format", ""),
            filterable=element.get(f"{_SAP}filterable", "true") != "false",
            sortable=element.get(f"{_SAP}sortable", "true") != "false",
            collection=collection,
            fields=fields,
        )

    def _restricted(self, entity: EntityType, container: etree._Element, name: str) -> EntityType:
        """The type with the set's Capabilities annotations applied."""
        schema = container.getparent()
        namespace = schema.get("Namespace", "") if schema is not None else ""
        target = f"{namespace}.{container.get('Name')}/{name}"
        no_filter = self._restriction(target, "FilterRestrictions", "NonFilterableProperties")
        no_sort = self._restriction(target, "SortRestrictions", "NonSortableProperties")
        if not no_filter and not no_sort:
            return entity
        return replace(
            entity,
            properties=tuple(
                replace(
                    each,
                    filterable=each.filterable and each.name not in no_filter,
                    sortable=each.sortable and each.name not in no_sort,
                )
                for each in entity.properties
            ),
        )

    def _restriction(self, target: str, term: str, member: str) -> set[str]:
        found: set[str] = set()
        for block in _children_everywhere(self._root, "Annotations"):
            if self._full(block.get("Target", "")) != target:
                continue
            for note in _children(block, "Annotation"):
                if not note.get("Term", "").endswith(f".{term}"):
                    continue
                for value in note.iter("{*}PropertyValue"):
                    if value.get("Property") == member:
                        found |= {path.text or "" for path in value.iter("{*}PropertyPath")}
        return found

    def _annotations(self) -> dict[str, str]:
        """Labels from `Annotations` blocks outside the types, by "Namespace.Type/Property"."""
        notes: dict[str, str] = {}
        for block in _children_everywhere(self._root, "Annotations"):
            label = _own_label(block)
            if label:
                notes[self._full(block.get("Target", ""))] = label
        return notes

    def _full(self, name: str) -> str:
        """A name with its schema's alias replaced by the namespace."""
        prefix, dot, rest = name.partition("/")[0].rpartition(".")
        path = name.partition("/")[2]
        resolved = f"{self._namespaces.get(prefix, prefix)}{dot}{rest}"
        return f"{resolved}/{path}" if path else resolved


def _inner(name: str) -> tuple[str, bool]:
    return (name[11:-1], True) if name.startswith("Collection(") else (name, False)


def _own_label(element: etree._Element) -> str:
    for note in _children(element, "Annotation"):
        if _LABEL.fullmatch(note.get("Term", "")[-_LONGEST_TERM:]):
            return note.get("String") or "".join(each.text or "" for each in _children(note, "String"))
    return ""


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iterchildren(f"{{*}}{name}")


def _children_everywhere(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iter(f"{{*}}{name}")
