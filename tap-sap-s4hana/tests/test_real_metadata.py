"""Every property that SAP's own metadata lists for the shipped streams becomes the right JSON type.

The files are SAP's and no part of this project: SAP_METADATA_DIR names a folder with them, one EDMX file per service.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import etree

from connector_kit.odata.metadata import parse_metadata
from connector_kit.odata.schema import json_schema
from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tenant import settled, table_of

FOLDER = os.environ.get("SAP_METADATA_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="SAP_METADATA_DIR names no folder")

FILES = {
    "/sap/opu/odata4/sap/api_cost_center/srvd_a2x/sap/costcenter/0001": "CE_COSTCENTER_0001",
    "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001": "CE_PURCHASEORDER_0001",
}
STRING, NUMBER, INTEGER, BOOLEAN = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))
DATE, TIMESTAMP, TIME = ({"type": "string", "format": form} for form in ("date", "date-time", "time"))
EXPECTED: Mapping[str, Mapping[str, str]] = {
    "Edm.String": STRING,
    "Edm.Boolean": BOOLEAN,
    "Edm.Byte": INTEGER,
    "Edm.Int16": INTEGER,
    "Edm.Int32": INTEGER,
    "Edm.Decimal": NUMBER,
    "Edm.Double": NUMBER,
    "Edm.Date": DATE,
    "Edm.DateTimeOffset": TIMESTAMP,
    "Edm.Time": TIME,
    "Edm.TimeOfDay": TIME,
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Binary": {"type": "string", "contentEncoding": "base64"},
}


def path_of(declaration):
    return Path(FOLDER) / (FILES.get(declaration.service, declaration.service.rpartition("/")[2]) + ".edmx")


def raw_properties(path, entity_set):
    """Name to element, read without the kit."""
    root = etree.parse(str(path)).getroot()
    (found,) = [e for e in root.iter("{*}EntitySet") if e.get("Name") == entity_set]
    name = found.get("EntityType").rpartition(".")[2]
    (entity,) = [e for e in root.iter("{*}EntityType") if e.get("Name") == name]
    return {e.get("Name"): e for e in entity.iter("{*}Property")}, entity


def expected(element):
    """What the type, and for Edm.DateTime and whole Decimals what stands beside it, say."""
    kind = element.get("Type")
    if kind == "Edm.DateTime":
        assert element.get("{http://www.sap.com/Protocols/SAPData}display-format") == "Date", element.get("Name")
        return DATE
    if kind == "Edm.Decimal" and element.get("Scale") == "0":
        return INTEGER
    return EXPECTED[kind]


@pytest.mark.parametrize("declaration", SHIPPED, ids=lambda d: d.name)
def test_every_property_has_its_type(declaration):
    path = path_of(declaration)
    if not path.exists():
        pytest.skip(f"no {path.name}")
    raw, element = raw_properties(path, declaration.entity_set)
    entity = parse_metadata(path.read_bytes()).entity_sets[declaration.entity_set]
    table = table_of(declaration, entity)
    properties = json_schema(table.fields, table.key)["properties"]
    left_out = {name for name, each in raw.items() if each.get("Type").startswith("Collection(")}
    if element.get("{http://www.sap.com/Protocols/SAPData}semantics") == "aggregate":
        left_out.add("ID")
    assert set(properties) == set(raw) - left_out
    for name, schema in properties.items():
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        found = {"type": kind, **{n: schema[n] for n in ("format", "contentEncoding") if n in schema}}
        assert found == expected(raw[name]), name


@pytest.mark.parametrize("declaration", SHIPPED, ids=lambda d: d.name)
def test_the_declared_keys_dates_and_paths_are_there(declaration):
    path = path_of(declaration)
    if not path.exists():
        pytest.skip(f"no {path.name}")
    metadata = parse_metadata(path.read_bytes())
    assert metadata.version == declaration.version
    entity = metadata.entity_sets[declaration.entity_set]
    table = table_of(declaration, entity)
    assert table.key == declaration.key
    assert table.sortable
    assert settled(declaration, table, entity) == declaration
    owner = metadata.entity_sets[declaration.header.entity_set] if declaration.header else entity
    for column in declaration.columns:
        assert owner.property(column).filterable, column
    for name in declaration.limits:
        assert entity.property(name).filterable, name
    by_type = {each.name: each for each in metadata.entity_sets.values()}
    if declaration.header:
        assert owner.keys == declaration.header.key
        assert all(owner.property(name).filterable for name in declaration.header.limits)
        for nav in declaration.header.path:
            assert owner.navigation[nav].many
            owner = by_type[owner.navigation[nav].type.rpartition(".")[2]]
        assert owner == entity
    for through in declaration.through:
        other = metadata.entity_sets[through.entity_set]
        assert other.keys == through.key
        assert all(other.property(n).filterable for n in (through.column, *through.others, *through.columns.values()))
        assert all(entity.property(name).filterable for name in through.columns)
    if declaration.texts:
        text = by_type[entity.navigation[declaration.texts.path].type.rpartition(".")[2]]
        assert all(text.property(name) for name in ("Language", *declaration.texts.columns))


def test_labels_come_with_either_version():
    for name, entity_set in (("API_COSTCENTER_SRV", "A_CostCenter"), ("CE_COSTCENTER_0001", "A_CostCenter_2")):
        path = Path(FOLDER) / f"{name}.edmx"
        if path.exists():
            entity = parse_metadata(path.read_bytes()).entity_sets[entity_set]
            assert entity.property("CostCenter").label
