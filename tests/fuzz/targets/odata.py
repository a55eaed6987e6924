"""OData: metadata documents, pages of both versions, links, dates, error bodies."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec
from fuzz.answers import with_headers
from fuzz.target import fuzzed

from connector_kit.errors import RefusedError
from connector_kit.http import HttpSession, Unreadable
from connector_kit.odata.client import ODataClient
from connector_kit.odata.errors import classify, server_message
from connector_kit.odata.links import at_home
from connector_kit.odata.literals import literal
from connector_kit.odata.metadata import parse_metadata
from connector_kit.odata.moments import (
    MOMENTS,
    are_moments,
    key_value,
    parse_moment,
    record_text,
    sortable_moment,
    value_of_text,
)
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field, fields_of, fields_of_schema, json_schema

V4 = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="n.s" Alias="SAP__self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<TypeDefinition Name="Amt" UnderlyingType="Edm.Decimal" Precision="15" Scale="2"/>
<EnumType Name="E"><Member Name="A" Value="0"/></EnumType>
<ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
<EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key>
<Property Name="Id" Type="Edm.Int32" Nullable="false"/></EntityType>
<EntityType Name="Row" BaseType="n.s.Base"><Property Name="Amount" Type="SAP__self.Amt"/>
<Property Name="Day" Type="Edm.Date"/><Property Name="Kind" Type="n.s.E"/><Property Name="Where" Type="n.s.Address"/>
<Property Name="Tags" Type="Collection(Edm.String)"/><Property Name="Text" Type="Edm.String" MaxLength="40">
<Annotation Term="SAP__common.Label" String="Words"/></Property>
<NavigationProperty Name="_Items" Type="Collection(n.s.Row)" Nullable="false"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="Rows" EntityType="n.s.Row"/></EntityContainer>
<Annotations Target="SAP__self.C/Rows"><Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>
<PropertyValue Property="NonFilterableProperties"><Collection><PropertyPath>Text</PropertyPath></Collection>
</PropertyValue></Record></Annotation></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""
V2 = """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
 xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
<EntityType Name="A" sap:semantics="aggregate"><Key><PropertyRef Name="K"/></Key>
<Property Name="K" Type="Edm.String" Nullable="false" MaxLength="10" sap:label="Key"/>
<Property Name="D" Type="Edm.DateTime" Precision="0" sap:display-format="Date"/>
<Property Name="N" Type="Edm.Decimal" Precision="24" Scale="3" sap:filterable="false"/>
<NavigationProperty Name="to_B" Relationship="S.R" FromRole="F" ToRole="T"/></EntityType>
<Association Name="R"><End Type="S.A" Multiplicity="1" Role="F"/><End Type="S.A" Multiplicity="*" Role="T"/></Association>
<EntityContainer Name="C" m:IsDefaultEntityContainer="true"><EntitySet Name="As" EntityType="S.A"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


@fuzzed(
    "odata/metadata",
    V4,
    V2,
    tokens=[
        b'BaseType="n.s.Row"',
        b'Type="n.s.Address"',
        b'UnderlyingType="Edm.Nothing"',
        b'MaxLength="\xc2\xb2"',
        b'Scale="-1"',
        b'Precision="99999999999999999999"',
        b'Name=""',
        b"Edm.",
        b'EntityType="n.s.Base"',
        b'Alias="n"',
        b"Collection(",
    ],
)
def metadata(data: bytes) -> None:
    found = parse_metadata(data)
    for entity in found.entity_sets.values():
        fields = fields_of(entity)
        schema = json_schema(fields, entity.keys)
        json.dumps(schema)
        again = {each.name: each.kind for each in fields_of_schema(schema)}
        assert all(again[each.name] == each.kind for each in fields if each.name in again)
        RowReader(fields, [key for key in entity.keys if entity.property(key)], version=found.version)


FIELDS = (
    Field("Id", "integer", "Edm.Int32"),
    Field("Name", "string", "Edm.String"),
    Field("Amount", "decimal", "Edm.Decimal"),
    Field("Day", "date", "Edm.Date"),
    Field("Changed", "timestamp", "Edm.DateTimeOffset"),
    Field("At", "time", "Edm.TimeOfDay"),
    Field("Open", "boolean", "Edm.Boolean"),
    Field("Where", "json"),
)
INSIDE = (Field("Line", "integer", "Edm.Int32"), Field("Value", "decimal", "Edm.Decimal"))
ROW4 = {"Id": 1, "Name": "A'b", "Amount": 12.5, "Day": "2026-11-30", "Changed": "2026-11-30T12:00:00.1234567Z"}
ROW4 |= {"At": "08:30:00", "Open": True, "Where": {"City": "x"}, "_Items": [{"Line": 1, "Value": "2.50"}]}
ROW2 = {
    "Id": 1,
    "Name": "A",
    "Amount": "12.50",
    "Day": "/Date(1764460800000)/",
    "Changed": "/Date(1764460800000+0060)/",
}
ROW2 |= {"At": "PT08H30M00S", "Open": False, "Where": None, "_Items": {"results": [{"Line": 2, "Value": "1"}]}}
_TOKENS = [
    b"@odata.nextLink",
    b"@odata.count",
    b"__count",
    b"__next",
    b"_Items@odata.nextLink",
    b"Infinity",
    b"-1",
    b"INF",
]
READERS: dict[str, RowReader] = {}
for _version in ("2.0", "4.0"):
    for _trim in ("", "1900-01-01"):
        _inner = RowReader(INSIDE, ["Line"], version=_version, subject="items")
        READERS[_version + _trim] = RowReader(
            FIELDS,
            ["Id"],
            constants={"Company": "C1"},
            trim=bool(_trim),
            empty_date=_trim,
            expand={"_Items": _inner},
            version=_version,
        )


def _read(data: bytes, version: str) -> None:
    for reader in (READERS[version], READERS[version + "1900-01-01"], READERS[version].keys_only()):
        try:
            page = reader.page(data)
        except (Unreadable, RefusedError):
            continue
        assert len(page.keys) == len(page.rows)
        records = msgspec.json.decode(msgspec.json.encode(page.rows))
        for record in records:
            _check(record)
        _compare(data, version, page.rows)


def _check(record: dict[str, Any]) -> None:
    """Of the types that the catalog promises."""
    for field in FIELDS:
        value = record.get(field.name)
        if value is None:
            continue
        kinds = {"integer": int, "boolean": bool, "decimal": (str, int, float), "json": object}
        assert isinstance(value, kinds.get(field.kind, str)), (field, value)


def _compare(data: bytes, version: str, rows: list[Any]) -> None:
    """Amounts as Python's decoder reads them: no other value, nothing for something."""
    try:
        body = json.loads(data, parse_float=Decimal)
        told = body["value"] if version == "4.0" else body["d"]["results"] if isinstance(body["d"], dict) else body["d"]
        pairs = [(each.get("Amount"), row) for each, row in zip(told, rows, strict=True)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError):
        return
    for there, row in pairs:
        if isinstance(there, (int, Decimal)) and not isinstance(there, bool) and hasattr(row, "Amount"):
            assert row.Amount == there, (row.Amount, there)


@fuzzed(
    "odata/page-v4",
    json.dumps({"@odata.count": 1, "value": [ROW4], "@odata.nextLink": "Rows?$skiptoken=1"}),
    '{"value": []}',
    tokens=_TOKENS,
    share=0.6,
)
def page_v4(data: bytes) -> None:
    _read(data, "4.0")


@fuzzed(
    "odata/page-v2",
    json.dumps({"d": {"__count": "1", "results": [ROW2], "__next": "Rows?$skiptoken=1"}}),
    '{"d": []}',
    tokens=_TOKENS,
    share=0.6,
)
def page_v2(data: bytes) -> None:
    _read(data, "2.0")


HOMES = ("https://host/sap/opu/odata4/sap/api/srvd/0001", "http://inner.example:8080", "https://host/a%20b")


@fuzzed(
    "odata/link",
    "Rows?$skiptoken=5",
    "https://host/sap/opu/odata4/sap/api/srvd/0001/Rows?$skiptoken='a'",
    "http://other:81/srvd/0001/Rows",
    "//evil.example/x",
    tokens=[
        b"http://[",
        b"http://[::1]:x/",
        b"https://h:99999999/",
        b"..",
        b"@",
        b"\\",
        b"javascript:",
        b"%2e%2e/",
        b"%00",
    ],
)
def link(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for home in HOMES:
        found = at_home(text, f"{home}/Rows?$top=5", home)
        if found is not None:
            there, own = urlsplit(found), urlsplit(home)
            assert (there.scheme, there.netloc) == (own.scheme, own.netloc), found


@fuzzed(
    "odata/client-link",
    "Rows?$skiptoken=5",
    "http://other:81/Rows",
    "https://h:99999999/x",
    tokens=[b"http://[", b"\x1b", b"//u:Kanarie-4711-geheim@h"],
)
def client_link(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for home in HOMES:
        ODataClient(_SESSION, home).link(f"{home}/Rows?$top=5", text)


_SESSION = HttpSession("OData")


@fuzzed(
    "odata/moment",
    *("2026-11-30", "2026-11-30T12:00:00Z", "2026-11-30T12:00:00.123456789+01:00", "/Date(1764460800000+0060)/"),
    *("PT08H30M00.5S", "08:30:00", "20261130", "0000-00-00", "00000000", "-0001-01-01", "9999-12-31T23:59:59-23:59"),
    tokens=[b"T", b"Z", b"24:00", b"/Date(", b")/", b"P1D", b"+14:00", b"-00:00", b".0000000", b"\xd9\xa3"],
)
def moments(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    are_moments([text, None])
    for kind in MOMENTS:
        try:
            found = record_text(kind)(text)
        except ValueError:
            continue
        sortable_moment(text, kind)
        assert found is None or record_text(kind)(found) == found, found
        try:
            value = key_value(text, kind)
        except ValueError:
            continue
        for version in ("2.0", "4.0"):
            literal(value, version=version)
        if found is not None and kind == "timestamp":
            parse_moment(found)
        if found is not None:
            value_of_text(found, kind)


@fuzzed(
    "odata/error",
    '{"status": 400, "headers": {}}\n{"error": {"code": "1", "message": {"lang": "en", "value": "No such field"}}}',
    '{"status": 404, "headers": {"Content-Type": "application/xml"}}\n<m:error xmlns:m="x"><m:message>Gone</m:message></m:error>',
)
def error(data: bytes) -> None:
    answer = with_headers(data)
    server_message(answer)
    found = classify("System", answer, "object", found="Look there.")
    if found is not None:
        raise found
