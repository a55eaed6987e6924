from __future__ import annotations

import pytest

from connector_kit.errors import RefusedError
from connector_kit.odata.metadata import Navigation, parse_metadata
from connector_kit.odata.schema import fields_of

V4 = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="N.S" Alias="Self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <TypeDefinition Name="Amount" UnderlyingType="Edm.Decimal" Precision="14" Scale="2"/>
 <EnumType Name="Color"><Member Name="Red"/></EnumType>
 <ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
 <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key>
  <Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="15"/></EntityType>
 <EntityType Name="Thing" BaseType="Self.Base">
  <Property Name="Value" Type="Self.Amount"><Annotation Term="Common.Label" String="Its value"/></Property>
  <Property Name="Years" Type="Edm.Decimal" Precision="4" Scale="0"/>
  <Property Name="Day" Type="Edm.Date"/><Property Name="At" Type="Edm.DateTimeOffset"/>
  <Property Name="Color" Type="Self.Color"/><Property Name="Home" Type="Self.Address"/>
  <Property Name="Tags" Type="Collection(Edm.String)"/><Property Name="Version" Type="Edm.Binary"/>
  <NavigationProperty Name="Lines" Type="Collection(Self.Line)"/></EntityType>
 <EntityType Name="Line"><Key><PropertyRef Name="A"/><PropertyRef Name="B"/></Key>
  <Property Name="A" Type="Edm.String"/><Property Name="B" Type="Edm.Int32"/></EntityType>
 <EntityContainer Name="C"><EntitySet Name="Things" EntityType="Self.Thing"/>
  <EntitySet Name="Lines" EntityType="N.S.Line"/></EntityContainer>
 <Annotations Target="Self.Line/A"><Annotation Term="Common.Label"><String>First</String></Annotation></Annotations>
 <Annotations Target="Self.C/Lines"><Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>
  <PropertyValue Property="NonFilterableProperties"><Collection>
   <PropertyPath>B</PropertyPath></Collection></PropertyValue>
 </Record></Annotation></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""

V2 = b"""<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
 xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="X" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
 <EntityType Name="T"><Key><PropertyRef Name="K"/></Key>
  <Property Name="K" Type="Edm.String" Nullable="false" sap:label="Key"/>
  <Property Name="Day" Type="Edm.DateTime" sap:display-format="Date"/>
  <Property Name="At" Type="Edm.DateTime" sap:filterable="false"/><Property Name="Big" Type="Edm.Int64"/></EntityType>
 <EntityContainer Name="C"><EntitySet Name="A_T" EntityType="X.T"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_v4_types_keys_labels_and_restrictions_are_read():
    found = parse_metadata(V4)
    things, lines = found.entity_sets["Things"], found.entity_sets["Lines"]
    assert found.version == "4.0"
    assert things.keys == ("Id",), "inherited from the base type"
    kinds = {f.name: f.kind for f in fields_of(things)}
    assert kinds == {
        "Id": "string", "Value": "decimal", "Years": "integer", "Day": "date", "At": "timestamp",
        "Color": "string", "Home": "json", "Tags": "json", "Version": "binary",
    }  # fmt: skip
    value = things.property("Value")
    assert (value.precision, value.scale, value.label) == (14, 2, "Its value")
    assert things.navigation == {"Lines": Navigation("N.S.Line", many=True)}
    assert lines.keys == ("A", "B")
    assert lines.property("A").label == "First"
    assert [p.filterable for p in lines.properties] == [True, False]


def test_v2_annotations_of_sap_are_read():
    found = parse_metadata(V2)
    entity = found.entity_sets["A_T"]
    assert found.version == "2.0"
    assert {f.name: f.kind for f in fields_of(entity)} == {
        "K": "string", "Day": "date", "At": "timestamp", "Big": "integer"
    }  # fmt: skip
    assert entity.property("K").label == "Key"
    assert not entity.property("At").filterable


V2_RELATED = b"""<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
 xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="X" Alias="Self"
  xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
 <EntityType Name="Line" sap:semantics="aggregate"><Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.String" sap:filterable="false" sap:sortable="false"/></EntityType>
 <EntityType Name="Head"><Key><PropertyRef Name="K"/></Key><Property Name="K" Type="Edm.String"/>
  <NavigationProperty Name="to_Lines" Relationship="Self.HeadLines" FromRole="F" ToRole="T"/>
  <NavigationProperty Name="to_Lost" Relationship="Self.Nothing" FromRole="F" ToRole="T"/></EntityType>
 <EntityType Name="Tail"><Key><PropertyRef Name="K"/></Key><Property Name="K" Type="Edm.String"/>
  <NavigationProperty Name="to_Head" Relationship="X.HeadLines" FromRole="T" ToRole="F"/></EntityType>
 <Association Name="HeadLines"><End Type="X.Head" Multiplicity="1" Role="F"/>
  <End Type="X.Line" Multiplicity="*" Role="T"/></Association>
 <EntityContainer Name="C"><EntitySet Name="Heads" EntityType="X.Head"/><EntitySet Name="Lines" EntityType="X.Line"/>
  <EntitySet Name="Tails" EntityType="X.Tail"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_v2_navigation_leads_to_the_association_end_of_its_role():
    sets = parse_metadata(V2_RELATED).entity_sets
    assert sets["Heads"].navigation["to_Lines"] == Navigation("X.Line", many=True)
    assert sets["Tails"].navigation["to_Head"] == Navigation("X.Head", many=False)
    assert sets["Heads"].navigation["to_Lost"] == Navigation("", many=False)


def test_a_set_that_sums_up_is_known_as_one():
    sets = parse_metadata(V2_RELATED).entity_sets
    assert sets["Lines"].aggregate
    assert not sets["Heads"].aggregate
    assert not sets["Lines"].property("ID").sortable


@pytest.mark.parametrize("term", ["SAP__common.Label", "com.sap.vocabularies.Common.v1.Label", "Common.Label"])
def test_labels_are_found_whatever_the_vocabulary_is_called(term):
    document = V4.replace(
        b"</Schema>",
        f"""<Annotations Target="Self.Line/B"><Annotation Term="{term}"
      String="Second"/></Annotations></Schema>""".encode(),
    )
    assert parse_metadata(document).entity_sets["Lines"].property("B").label == "Second"


@pytest.mark.parametrize("document", [b"<html><body>Log in</body></html>", b"not xml", b"<a"])
def test_what_is_no_metadata_is_refused(document):
    with pytest.raises(RefusedError, match="EDMX"):
        parse_metadata(document)


def test_a_document_with_entities_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("leaked")
    bomb = V4.replace(b'<?xml version="1.0"?>', f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'.encode())
    bomb = bomb.replace(b"<String>First</String>", b"<String>&e;</String>")
    with pytest.raises(RefusedError, match="declares a document type") as caught:
        parse_metadata(bomb)
    assert "leaked" not in str(caught.value)
