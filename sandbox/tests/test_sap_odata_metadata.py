"""What the local S/4HANA's OData V2 and V4 services say of themselves."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from sandbox.tests.sap_services import FOUR, TWO, desk

EDM2 = "{http://schemas.microsoft.com/ado/2008/09/edm}"
EDM4 = "{http://docs.oasis-open.org/odata/ns/edm}"
SAP = "{http://www.sap.com/Protocols/SAPData}"


@pytest.fixture(scope="module")
def sap():
    with desk() as running:
        yield running


def test_metadata_of_v2_has_annotations_and_associations(sap):
    answer = sap.http.get(f"{sap.two}/$metadata", headers={"Accept": "application/json"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = ET.fromstring(answer.content)
    types = {each.get("Name"): each for each in root.iter(f"{EDM2}EntityType")}
    properties = {each.get("Name"): each for each in types["A_InvoiceType"].iter(f"{EDM2}Property")}
    assert properties["PostingDate"].attrib == {
        "Name": "PostingDate", "Type": "Edm.DateTime", "Precision": "0", SAP + "display-format": "Date",
    }  # fmt: skip
    assert properties["Invoice"].get("Nullable") == properties["Invoice"].get(SAP + "creatable") == "false"
    assert properties["IsReversed"].get(SAP + "filterable") == "false"
    assert properties["HeaderText"].get(SAP + "label") == "Text & <more>"
    assert properties["GrossAmount"].get(SAP + "unit") == "Currency"
    assert types["A_LineType"].get(SAP + "semantics") == "aggregate"
    roles = {
        each.get("Name"): each.get(SAP + "aggregation-role") for each in types["A_LineType"].iter(f"{EDM2}Property")
    }
    assert (roles["Amount"], roles["Ledger"]) == ("measure", "dimension")
    multiplicities = [
        [end.get("Multiplicity") for end in each.iter(f"{EDM2}End")] for each in root.iter(f"{EDM2}Association")
    ]
    assert multiplicities == [["1", "*"], ["1", "0..1"], ["1", "0..1"]]
    functions = {each.get("Name"): each for each in root.iter(f"{EDM2}FunctionImport")}
    assert functions["Post"].get("ReturnType") == "API_TEST_SRV.PostExportParameters"
    assert functions["Touch"].get("EntitySet") == "A_Invoice"


def test_metadata_of_v4_has_types_bindings_and_vocabularies(sap):
    root = ET.fromstring(sap.http.get(f"{sap.four}/$metadata").content)
    types = {each.get("Name"): each for each in root.iter(f"{EDM4}EntityType")}
    properties = {each.get("Name"): each for each in types["Invoice_Type"].iter(f"{EDM4}Property")}
    assert properties["PostingDate"].attrib == {"Name": "PostingDate", "Type": "Edm.Date"}
    assert properties["GrossAmount"].get("Scale") == "variable"
    assert (properties["Rate"].get("Scale"), properties["Rate"].get("Nullable")) == ("0", "false")
    assert properties["ChangedAt"].get("Precision") == "7"
    assert properties["SAP__Messages"].get("Type") == f"Collection({FOUR.namespace}.SAP__Message)"
    navigation = {
        each.get("Name"): each.get("Type") for each in types["Invoice_Type"].iter(f"{EDM4}NavigationProperty")
    }
    assert navigation["_Item"] == f"Collection({FOUR.namespace}.InvoiceItem_Type)"
    bindings = [each.attrib for each in root.iter(f"{EDM4}NavigationPropertyBinding")]
    assert {"Path": "_Item", "Target": "InvoiceItem"} in bindings
    terms = {each.get("Term") for each in root.iter(f"{EDM4}Annotation")}
    assert {"SAP__common.IsDigitSequence", "SAP__common.Label", "SAP__measures.ISOCurrency"} <= terms


def test_service_documents_list_the_sets(sap):
    assert sap.get("")["d"]["EntitySets"] == [each.name for each in TWO.sets]
    assert [each["name"] for each in sap.get("", version=4)["value"]] == [each.name for each in FOUR.sets]
