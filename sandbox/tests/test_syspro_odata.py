"""The OData service: who may ask, for what, and in which shape the answer comes."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.syspro.tables import TABLES

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.mark.parametrize("auth", [None, ("INTEG", "wrong"), ("NOBODY", "x"), ("", "")])
def test_without_the_right_password_it_answers_401_with_a_challenge(syspro, auth):
    answer = requests.get(syspro.info["odata_url"] + "/EDU1/ApSupplier", auth=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.json()["error"]["message"]


def test_the_odata_password_is_not_the_operators_unless_switched(syspro):
    url, user = syspro.info["odata_url"] + "/EDU1", syspro.info["operator"]
    statuses = []
    for choice in ("separate", "enet"):
        syspro.switch("odata_password", choice)
        passwords = (syspro.info["odata_password"], syspro.info["operator_password"])
        statuses += [requests.get(url, auth=(user, password)).status_code for password in passwords]
    assert statuses == [200, 401, 401, 200]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_read_only(syspro, method):
    answer = syspro.http.request(method, syspro.info["odata_url"] + "/EDU1/ApSupplier")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert "does not support" in answer.json()["error"]["message"]


ABSENT = ("EDU9/ApSupplier", "edu1/ApSupplier", "EDU1/apsupplier", "EDU1/Nope", "EDU1/ApSupplier/x", "$metadata")


@pytest.mark.parametrize("path", ABSENT)
def test_what_does_not_exist_is_404_with_an_odata_error(syspro, path):
    answer = syspro.raw(path)
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message"}


def test_a_page_has_version_context_and_values(syspro):
    answer = syspro.raw("EDU1/ApSupplier", top=2, select="Supplier,CurrentBalance")
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.headers["Content-Type"].startswith("application/json; odata.metadata=minimal")
    body = answer.json()
    assert body["@odata.context"].endswith("/EDU1/$metadata#ApSupplier(Supplier,CurrentBalance)")
    assert [set(row) for row in body["value"]] == [{"Supplier", "CurrentBalance"}] * 2


def test_values_equal_what_the_tables_hold_and_decimals_keep_their_scale(syspro):
    for table in ("ApSupplier", "ArCustomer", "InvWarehouse", "GenHistory", "PorMasterDetail"):
        text = syspro.raw(f"EDU1/{table}").text
        # numbers as text, so that no float comes between
        rows = json.loads(text, parse_float=str)["value"]
        for row, held in zip(rows, syspro.control.rows("EDU1", table), strict=True):
            for column in TABLES[table].columns.values():
                value = held[column.name]
                if column.kind == "datetime" and value is not None:
                    value += "Z"
                assert row[column.name] == value, column.name


def test_text_is_never_null_and_dates_that_were_not_entered_are(syspro):
    rows = syspro.rows("ApInvoice")
    assert any(row["DiscountDate"] is None for row in rows)
    assert all(row["ManualChRef"] == "" and row["Reference"] for row in rows)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", rows[0]["InvoiceDate"])


def test_rows_come_in_the_order_of_the_key_by_bytes(syspro):
    suppliers = [row["Supplier"] for row in syspro.rows("ApSupplier", select="Supplier")]
    assert suppliers == sorted(suppliers)
    assert suppliers.index("MÜLLER") < suppliers.index("de Vries")


def test_orderby_takes_several_columns_and_directions(syspro):
    rows = syspro.rows(
        "ApInvoice", orderby="Currency desc,MthInvBal1 asc, Supplier desc", select="Currency,MthInvBal1,Supplier"
    )
    expected = sorted(rows, key=lambda row: row["Supplier"], reverse=True)
    expected.sort(key=lambda row: row["MthInvBal1"])
    expected.sort(key=lambda row: row["Currency"], reverse=True)
    assert rows == expected
    assert len({row["MthInvBal1"] for row in rows}) > 3


def test_top_skip_and_count_describe_the_whole(syspro):
    everything = syspro.rows("ApInvoice", select="Supplier,Invoice")
    page = syspro.get("ApInvoice", select="Supplier,Invoice", skip=10, top=5, count="true")
    assert page["value"] == everything[10:15]
    assert page["@odata.count"] == len(everything) == syspro.count("ApInvoice", "Supplier ne ''")
    assert syspro.get("ApInvoice", top=0, filter="Supplier eq 'A&B'", count="true")["value"] == []
    assert "@odata.count" not in syspro.get("ApInvoice", top=0, count="false")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"top": "x"}, "$top"),
        ({"top": "-1"}, "$top"),
        ({"skip": "1.5"}, "$skip"),
        ({"count": "yes"}, "$count"),
        ({"select": "Supplier,Nope"}, "'Nope'"),
        ({"orderby": "Supplier down"}, "$orderby"),
        ({"orderby": "Nope"}, "'Nope'"),
        ({"filter": ""}, "$filter"),
        ({"expand": "x"}, "$expand"),
        ({"skiptoken": "!!"}, "skiptoken"),
    ],
)
def test_a_malformed_option_is_400_and_says_which(syspro, options, part):
    status, message = syspro.refusal("ApInvoice", **options)
    assert status == 400
    assert part in message


def test_an_option_given_twice_is_400_and_custom_options_are_ignored(syspro):
    url = syspro.info["odata_url"] + "/EDU1/ApSupplier"
    assert syspro.http.get(url + "?$top=1&$top=2").status_code == 400
    assert syspro.http.get(url + "?$top=1&tenant=x&$format=json").status_code == 200


def test_metadata_names_every_column_with_its_type_and_the_keys(syspro):
    root = ET.fromstring(syspro.raw("EDU1/$metadata").content)
    types = {each.get("Name"): each for each in root.iter(EDM + "EntityType")}
    assert set(types) == {name for name in TABLES if not name.endswith("+")}
    for name, described in types.items():
        assert tuple(each.get("Name") for each in described.iter(EDM + "PropertyRef")) == TABLES[name].key
        assert [each.get("Name") for each in described.findall(EDM + "Property")] == list(TABLES[name].columns)
    invoice = {each.get("Name"): each.attrib for each in types["ApInvoice"].findall(EDM + "Property")}
    amount = {"Name": "OrigInvValue", "Type": "Edm.Decimal", "Precision": "14", "Scale": "2", "Nullable": "false"}
    assert invoice["OrigInvValue"] == amount
    assert invoice["Invoice"] == {"Name": "Invoice", "Type": "Edm.String", "MaxLength": "20", "Nullable": "false"}
    assert invoice["DueDate"] == {"Name": "DueDate", "Type": "Edm.DateTimeOffset"}
    assert invoice["TimeStamp"]["Type"] == "Edm.Binary"
    sets = {each.get("Name"): each.get("EntityType") for each in root.iter(EDM + "EntitySet")}
    assert sets["ApInvoice"] == "Syspro.ApInvoice"


def test_the_service_document_lists_the_tables(syspro):
    listed = {each["name"]: each for each in syspro.raw("EDU1").json()["value"]}
    assert listed["ApInvoice"] == {"name": "ApInvoice", "kind": "EntitySet", "url": "ApInvoice"}


@pytest.mark.parametrize(("place", "found"), [("company", (200, 404)), ("root", (404, 200)), ("none", (404, 404))])
def test_metadata_may_be_in_three_places(syspro, place, found):
    syspro.switch("metadata_place", place)
    assert (syspro.raw("EDU1/$metadata").status_code, syspro.raw("$metadata").status_code) == found
    assert syspro.rows("ApSupplier", top=1)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("utc", r"\d{4}-\d\d-\d\dT00:00:00Z"),
        ("naive", r"\d{4}-\d\d-\d\dT00:00:00"),
        ("offset", r"\d{4}-\d\d-\d\dT00:00:00\+02:00"),
        ("date", r"\d{4}-\d\d-\d\d"),
    ],
)
def test_dates_may_be_written_in_four_ways(syspro, form, pattern):
    syspro.switch("datetime_format", form)
    assert re.fullmatch(pattern, syspro.rows("ApInvoice", top=1)[0]["InvoiceDate"])
    kinds = set(re.findall(r'Type="Edm.(Date\w*)"', syspro.raw("EDU1/$metadata").text))
    assert kinds == {"Date" if form == "date" else "DateTimeOffset"}
    syspro.switch("null_dates", "1900")
    assert any(row["DiscountDate"].startswith("1900-01-01") for row in syspro.rows("ApInvoice"))


def test_decimals_become_strings_by_switch_or_when_the_client_asks(syspro):
    first = {"top": 1, "select": "CurrentBalance,DefaultChequeDay"}
    compatible = {"Accept": "application/json;IEEE754Compatible=true"}
    number = syspro.rows("ApSupplier", **first)[0]["CurrentBalance"]
    assert isinstance(number, float)
    asked = syspro.rows("ApSupplier", headers=compatible, **first)[0]
    assert asked == {"CurrentBalance": f"{number:.2f}", "DefaultChequeDay": "0"}
    syspro.switch("ieee754", False)
    assert isinstance(syspro.rows("ApSupplier", headers=compatible, **first)[0]["CurrentBalance"], float)
    syspro.switch("decimal_format", "string")
    assert syspro.rows("ApSupplier", **first)[0]["CurrentBalance"] == f"{number:.2f}"


def test_row_versions_may_be_hidden(syspro):
    assert re.fullmatch(r"[A-Za-z0-9+/]{11}=", syspro.rows("ApSupplier", top=1)[0]["TimeStamp"])
    syspro.switch("timestamp_exposed", False)
    assert "TimeStamp" not in syspro.rows("ApSupplier", top=1)[0]
    assert "TimeStamp" not in syspro.raw("EDU1/$metadata").text
    assert syspro.refusal("ApSupplier", select="TimeStamp")[0] == 400


def test_text_may_come_with_blanks_that_a_comparison_ignores(syspro):
    syspro.switch("trailing_blanks", True)
    (row,) = syspro.rows("ApSupplier", filter="Supplier eq 'A&B'")
    assert row["Supplier"] == "A&B  "
    assert syspro.count("ApSupplier", "Supplier eq 'A&B  '") == 1


def test_custom_form_tables_are_absent_or_named_in_either_way(syspro):
    names = {"absent": None, "verbatim": "ApSupplier+", "underscore": "ApSupplier_"}
    for choice, name in names.items():
        syspro.switch("plus_tables", choice)
        listed = {each["name"] for each in syspro.raw("EDU1").json()["value"]}
        assert listed & {"ApSupplier+", "ApSupplier_"} == ({name} if name else set())
        if name:
            assert syspro.rows(name.replace("+", "%2B"))[0]["Region"] == "West"


def test_an_operator_that_is_newer_than_the_service_is_unknown_to_it(syspro):
    syspro.switch("operator_known", False)
    assert syspro.raw("EDU1/ApSupplier", top=1).status_code == 401
    assert len(syspro.log_on()) == 36


@pytest.mark.parametrize(("form", "keys"), [("keyless", 0), ("keyed", 1)])
def test_business_activity_queries_are_entity_sets_with_or_without_a_key(syspro, form, keys):
    assert syspro.raw("EDU1/BaqSupplierInvoices").status_code == 404
    syspro.switch("activity_queries", form)
    rows = syspro.raw("EDU1/BaqSupplierInvoices", top=5000).json()["value"]
    assert len(rows) == len(syspro.control.rows("EDU1", "ApInvoice"))
    text = syspro.raw("EDU1/$metadata").text
    (described,) = re.findall(r'<EntityType Name="BaqSupplierInvoices">.*?</EntityType>', text)
    assert described.count("<Key>") == keys


def test_tables_that_the_sql_login_may_not_see_do_not_exist(syspro):
    syspro.switch("hidden_tables", "GenMaster, ArCustomer")
    assert syspro.raw("EDU1/GenMaster").status_code == 404
    assert syspro.raw("EDU1/ApSupplier", top=1).status_code == 200


def test_bodies_are_compressed_when_switched_and_accepted(syspro):
    plain = syspro.raw("EDU1/ApSupplier")
    assert "Content-Encoding" not in plain.headers
    syspro.switch("compression", True)
    packed = syspro.raw("EDU1/ApSupplier")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert "Content-Encoding" not in syspro.raw("EDU1/ApSupplier", headers={"Accept-Encoding": "identity"}).headers


def test_the_second_company_has_its_own_rows(syspro):
    first = {row["Supplier"]: row["SupplierName"] for row in syspro.rows("ApSupplier")}
    second = {row["Supplier"]: row["SupplierName"] for row in syspro.raw("EDU2/ApSupplier").json()["value"]}
    assert first != second
    assert {row["Company"] for row in syspro.raw("EDU2/GenMaster").json()["value"]} == {"EDU2"}
