"""The e.net REST service: sessions, texts, documents."""

from __future__ import annotations

import re

import pytest
import requests

from sandbox.syspro.tables import TABLES
from sandbox.tests.syspro_client import expression, parsed


def test_a_session_id_is_36_characters_with_two_blanks_at_the_end(syspro):
    given = {"Operator": "INTEG", "OperatorPassword": syspro.info["operator_password"], "CompanyId": "EDU1"}
    answer = syspro.enet_raw("logon", **given, CompanyPassword="")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Server"] == "Microsoft-HTTPAPI/2.0"
    assert re.fullmatch(rb"[0-9A-F]{32}00  ", answer.content)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"OperatorPassword": "x"}, "ERROR: Invalid operator password"),
        ({"Operator": "NOBODY"}, "ERROR: Invalid operator code"),
        ({"CompanyId": "EDU9"}, "ERROR: Invalid company id"),
        ({"CompanyPassword": "x"}, "ERROR: Invalid company password"),
    ],
)
def test_a_refused_logon_is_http_200_with_a_text(syspro, changed, text):
    assert syspro.log_on(**changed) == text
    assert syspro.control.sessions() == []


def test_the_session_id_works_trimmed_and_not_and_paths_ignore_case(syspro):
    user_id = syspro.log_on()
    for path in ("GetLogonProfile", "getlogonprofile", "GETLOGONPROFILE/"):
        for given in (user_id, user_id.strip()):
            assert "<OperatorCode>INTEG</OperatorCode>" in syspro.enet(path, UserId=given)
            assert "<OperatorCode>INTEG</OperatorCode>" in syspro.enet(path, userid=given)


def test_a_second_logon_of_the_operator_ends_the_first_session(syspro):
    first, second = syspro.log_on(), syspro.log_on(CompanyId="EDU2")
    assert syspro.enet("GetLogonProfile", UserId=first) == "ERROR: The supplied UserID is invalid"
    assert "Europe" in syspro.enet("GetLogonProfile", UserId=second)
    report = syspro.control.report()["syspro"]
    assert (report["sessions"], report["logons"], report["evictions"]) == (1, 2, 1)


def test_where_concurrent_use_is_allowed_both_sessions_live(syspro):
    syspro.switch("single_session", False)
    first, second = syspro.log_on(), syspro.log_on()
    assert syspro.enet("Logoff", UserId=first) == syspro.enet("Logoff", UserId=second) == "0"


def test_licences_limit_the_sessions(syspro):
    syspro.switch("single_session", False)
    syspro.switch("licences", 1)
    syspro.log_on()
    assert syspro.log_on().startswith("ERROR: No e.net licenses")


def test_an_idle_session_expires_by_the_sandboxs_clock(syspro):
    user_id = syspro.log_on()
    syspro.control.advance(899)
    assert syspro.enet("GetLogonProfile", UserId=user_id).startswith("<?xml")
    syspro.control.advance(901)
    assert syspro.enet("GetLogonProfile", UserId=user_id) == "ERROR: The supplied UserID is invalid"
    syspro.switch("idle_seconds", 0)
    user_id = syspro.log_on()
    syspro.control.advance(10_000)
    assert syspro.enet("Logoff", UserId=user_id) == "0"


def test_changed_passwords_are_the_only_ones(syspro):
    url, user = syspro.info["odata_url"] + "/EDU1", syspro.info["operator"]
    syspro.switch("new_odata_password", "another")
    syspro.switch("new_operator_password", "one more")
    statuses = [
        requests.get(url, auth=(user, password), timeout=10).status_code
        for password in (syspro.info["odata_password"], "another")
    ]
    assert statuses == [401, 200]
    assert syspro.log_on().startswith("ERROR: Invalid operator password")
    assert not syspro.log_on(OperatorPassword="one more").startswith("ERROR")


def test_logoff_answers_zero_once_and_knows_a_foreign_id_by_its_suffix(syspro):
    user_id = syspro.log_on()
    assert syspro.enet("Logoff", UserId=user_id) == "0"
    assert syspro.enet("Logoff", UserId=user_id) == "ERROR: The supplied UserID is invalid"
    foreign = user_id.strip()[:-2] + "80"
    assert (
        syspro.enet("Logoff", UserId=foreign)
        == "ERROR: Unable to read the SYSPRO base directory registry string BaseDir8"
    )


def test_the_session_error_may_come_without_its_prefix(syspro):
    syspro.switch("session_error", "bare")
    assert syspro.enet("GetLogonProfile", UserId="x") == "The supplied UserID is invalid"


def test_a_missing_company_password_is_refused_where_the_version_insists(syspro):
    given = {"Operator": "INTEG", "OperatorPassword": syspro.info["operator_password"], "CompanyId": "EDU1"}
    assert len(syspro.enet("Logon", **given)) == 36
    syspro.switch("company_password_required", True)
    assert syspro.enet("Logon", **given).startswith("ERROR: CompanyPassword")
    assert len(syspro.log_on()) == 36


def test_the_session_id_may_come_as_a_json_string(syspro):
    syspro.switch("json_quoted_session", True)
    quoted = syspro.log_on()
    assert re.fullmatch(r'"[0-9A-F]{34}  "', quoted)
    assert syspro.enet("Logoff", UserId=quoted) == "0"


def test_the_version_needs_no_session_and_utilities_may_be_an_alias(syspro):
    assert syspro.enet("GetVersion") == "8.0.0.0"
    syspro.switch("version", "7.0.0.6")
    assert syspro.enet("getversion") == "7.0.0.6"
    assert syspro.enet_raw("Utilities/GetVersion").status_code == 404
    syspro.switch("utilities_path", True)
    assert syspro.enet("Utilities/GetVersion") == "7.0.0.6"


def test_unknown_paths_and_methods_are_the_http_stacks_business(syspro):
    assert syspro.enet_raw("Nope").status_code == 404
    assert requests.post(syspro.info["enet_url"] + "/Logon").status_code == 405
    assert requests.get(syspro.info["enet_url"] + "/Transaction/PostLD").status_code == 405


def test_a_url_that_is_too_long_is_refused_before_anything_reads_it(syspro):
    user_id = syspro.log_on()
    long = {"UserId": user_id, "BusinessObject": "COMFND", "XmlIn": "x" * 16_400}
    for status in ("414", "400", "404"):
        syspro.switch("long_url_status", status)
        assert syspro.enet_raw("Query/Query", **long).status_code == int(status)
    syspro.switch("longest_url", 20_000)
    assert syspro.enet_raw("Query/Query", **long).status_code == 200


@pytest.mark.parametrize("path", ["Setup/Add", "Setup/Update", "Setup/Delete", "Transaction/Post", "Transaction/Build"])
def test_an_object_that_the_site_does_not_have_is_exception_100000(syspro, path):
    given = {"UserId": syspro.log_on(), "BusinessObject": "PORTOI", "XmlParameters": "<x/>", "XmlIn": "<x/>"}
    assert syspro.enet(path, **given) == "ERROR: e.net exception raised: 100000"


def test_a_large_post_is_xml_in_its_namespace(syspro):
    def post(namespace):
        body = (
            f'<TransactionPostLD xmlns="{namespace}"><UserId>{syspro.log_on()}</UserId><BusinessObject>PORTOI'
            "</BusinessObject><XmlParameters><![CDATA[<x/>]]></XmlParameters><XmlIn><![CDATA[<x/>]]></XmlIn>"
            "</TransactionPostLD>"
        )
        return requests.post(syspro.info["enet_url"] + "/Transaction/PostLD", body).text

    assert post("http://SYSPROWcfService") == "ERROR: e.net exception raised: 100000"
    assert post("http://other") == "ERROR: The request is not a TransactionPostLD document"


def test_unlicensed_query_objects_are_exception_100000_too(syspro):
    syspro.switch("unlicensed", "comfnd, INVQRY")
    given = {"UserId": syspro.log_on(), "XmlIn": "<Query/>"}
    assert syspro.enet("Query/Query", BusinessObject="COMFND", **given) == "ERROR: e.net exception raised: 100000"
    assert "100000" not in syspro.enet("Query/Query", BusinessObject="COMBRW", **given)


def test_documents_are_windows_1252_with_single_quotes_and_a_blank_at_the_end(syspro):
    document = "<Fetch><TableName>ApSupplier</TableName><Key>MÜLLER</Key><FullKeyProvided>Y</FullKeyProvided></Fetch>"
    answer = syspro.enet_raw("Query/Fetch", UserId=syspro.log_on(), XmlIn=document)
    assert answer.content.startswith(b'<?xml version="1.0" encoding="Windows-1252"?>\n<ApSupplier Language=\'05\' ')
    assert answer.content.endswith(b"</ApSupplier>\n ")
    assert b"<SupplierName>M\xfcller Pr\xe4zisionsteile GmbH</SupplierName>" in answer.content
    assert b"\r" not in answer.content


def test_a_fetched_row_has_an_element_per_column_with_padded_numbers_and_null_dates(syspro):
    held = syspro.control.rows("EDU1", "ApInvoice")[0]
    keys = f"<Key>{held['Supplier']}</Key><OptionalKey1>{held['Invoice']}</OptionalKey1>"
    document = f"<Fetch><TableName>ApInvoice</TableName>{keys}<EspressoFetch>N</EspressoFetch></Fetch>"
    row = {
        cell.tag: cell.text or "" for cell in parsed(syspro.enet("Query/Fetch", UserId=syspro.log_on(), XmlIn=document))
    }
    for column in TABLES["ApInvoice"].columns.values():
        if column.kind == "decimal":
            assert row[column.name].strip() == str(held[column.name])
            assert len(row[column.name]) == column.size + (1 if column.scale else 0)
        elif column.kind == "datetime":
            assert row[column.name] == (held[column.name] or "0000-00-00")[:10]
        elif column.kind == "varchar":
            assert row[column.name] == held[column.name]
    assert "TimeStamp" not in row


def test_a_key_that_is_not_there_is_an_error_and_a_partial_key_finds_the_next(syspro):
    user_id = syspro.log_on()
    document = "<Fetch><TableName>ApSupplier</TableName><Key>A</Key><FullKeyProvided>{}</FullKeyProvided></Fetch>"
    assert syspro.enet("Query/Fetch", UserId=user_id, XmlIn=document.format("Y")).startswith("ERROR: Key 'A' not found")
    assert parsed(syspro.enet("Query/Fetch", UserId=user_id, XmlIn=document.format("N"))).findtext("Supplier") == "A&B"


def test_rows_are_found_by_condition_in_order_and_number(syspro):
    user_id = syspro.log_on()
    columns = ("Supplier", "Invoice", "MthInvBal1")
    held = [row for row in syspro.control.rows("EDU1", "ApInvoice") if row["Supplier"] == "A&B"]
    rows = syspro.find(user_id, "ApInvoice", columns, expression("Supplier", "EQ", "A&B"), ("Supplier", "Invoice"))
    assert [(row["Invoice"], row["MthInvBal1"].strip()) for row in rows] == [
        (r["Invoice"], r["MthInvBal1"]) for r in held
    ]
    assert len(syspro.find(user_id, "ApInvoice", columns, rows=7)) == 7
    assert set(syspro.find(user_id, "ApInvoice", rows=1)[0]) == set(TABLES["ApInvoice"].columns) - {"TimeStamp"}
    syspro.switch("find_cap", 5)
    assert (
        len(syspro.find(user_id, "ApInvoice", columns, rows=7)) == len(syspro.find(user_id, "ApInvoice", columns)) == 5
    )


def test_conditions_nest_by_brackets_and_pages_follow_the_key(syspro):
    user_id, read, last = syspro.log_on(), [], None
    key = ("Supplier", "Invoice")
    while True:
        where = ""
        if last:
            where = (
                expression("Supplier", "GT", last[0], opening="(")
                + expression("Supplier", "EQ", last[0], "Or", opening="(")
                + expression("Invoice", "GT", last[1], closing="))")
            )
        page = [tuple(row[name] for name in key) for row in syspro.find(user_id, "ApInvoice", key, where, key, rows=90)]
        if not page:
            break
        read += page
        last = page[-1]
    assert read == [(row["Supplier"], row["Invoice"]) for row in syspro.control.rows("EDU1", "ApInvoice")]


def test_and_binds_closer_than_or_and_values_have_the_columns_type(syspro):
    user_id = syspro.log_on()
    where = (
        expression("InvoiceYear", "EQ", "2025")
        + expression("InvoiceDate", "GE", "2026-11-01", "Or")
        + expression("MthInvBal1", "GT", "0")
    )
    rows = syspro.find(user_id, "ApInvoice", ("InvoiceYear", "InvoiceDate", "MthInvBal1"), where)
    expected = [
        row for row in syspro.control.rows("EDU1", "ApInvoice")
        if row["InvoiceYear"] == 2025 or (row["InvoiceDate"] >= "2026-11-01" and float(row["MthInvBal1"]) > 0)
    ]  # fmt: skip
    assert len(rows) == len(expected) > 0


def find_document(inner):
    return f"<Query><TableName>ApInvoice</TableName>{inner}</Query>"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<Query><TableName>Nope</TableName></Query>", "Table 'Nope' not found"),
        ("<Query>", "XmlIn is not valid XML"),
        (find_document("<Columns><Column>Nope</Column></Columns>"), "Column 'Nope' not found"),
        (find_document("<ReturnRows>x</ReturnRows>"), "ReturnRows 'x' is not numeric"),
        (find_document(f"<Where>{expression('Supplier', 'LIKE', 'A')}</Where>"), "Invalid condition"),
        (find_document(f"<Where>{expression('Supplier', 'EQ', 'A', opening='(')}</Where>"), "Brackets"),
        (find_document(f"<Where>{expression('InvoiceYear', 'EQ', 'A')}</Where>"), "not numeric"),
    ],
)
def test_a_query_that_makes_no_sense_is_told_in_a_text(syspro, document, text):
    reply = syspro.enet("Query/Query", UserId=syspro.log_on(), BusinessObject="COMFND", XmlIn=document)
    assert reply.startswith("ERROR: ")
    assert text in reply


def test_behind_a_load_balancer_the_rest_path_is_another(syspro):
    syspro.switch("rest_path", "/LoadBalancer/Rest")
    address = syspro.info["enet_url"]
    assert requests.get(address + "/GetVersion", timeout=10).status_code == 404
    other = address.replace("/SYSPROWCFService/Rest", "/LoadBalancer/Rest")
    assert requests.get(other + "/GetVersion", timeout=10).status_code == 200


def test_unknown_elements_are_ignored_without_a_word(syspro):
    document = "<Query><TableName>InvWhControl</TableName><Wherever>x</Wherever><returnrows>1</returnrows></Query>"
    root = parsed(syspro.enet("Query/Query", UserId=syspro.log_on(), BusinessObject="COMFND", XmlIn=document))
    assert root.findtext("RowsReturned") == "       3"
    assert root.findtext("HeaderDetails/TableName") == "InvWhControl"


def test_element_names_may_come_in_lower_case_and_null_dates_empty(syspro):
    syspro.switch("element_case", "lower")
    syspro.switch("null_date_text", "empty")
    document = "<Query><TableName>InvMaster</TableName><ReturnRows>1</ReturnRows></Query>"
    root = parsed(syspro.enet("Query/Query", UserId=syspro.log_on(), BusinessObject="COMFND", XmlIn=document))
    assert root.tag == "invmaster"
    assert root.find("row/stockcode") is not None
    assert not root.findtext("row/supercessiondate")


def test_a_browse_shows_values_with_their_type(syspro):
    document = (
        "<Browse><BrowseName>InvWhControl</BrowseName><StartAtKey>RM</StartAtKey><ReturnRows>30</ReturnRows></Browse>"
    )
    root = parsed(syspro.enet("Query/Browse", UserId=syspro.log_on(), XmlIn=document))
    assert [row.findtext("Warehouse/Value") for row in root.findall("Row")] == ["RM", "SR"]
    assert root.findtext("Row/Warehouse/DataType") == "AlphaNumeric"


def test_a_browse_ends_with_the_keys_to_go_on_from_and_its_headers(syspro):
    document = "<Browse><BrowseName>InvMaster</BrowseName><ReturnRows>2</ReturnRows></Browse>"
    root = parsed(syspro.enet("Query/Browse", UserId=syspro.log_on(), XmlIn=document))
    codes = [row.findtext("StockCode/Value") for row in root.findall("Row")]
    assert root.findtext("Title") == "Stock Codes"
    assert [child.tag for child in root][-2:] == ["NextPrevKey", "HeaderDetails"]
    assert [(child.tag, child.text) for child in root.find("NextPrevKey")] == [
        ("PrevKey", codes[0]),
        ("NextKey", codes[1]),
        ("Fwd", "True"),
        ("Back", "False"),
    ]
    details = [(child.tag, child.text) for child in root.find("HeaderDetails")]
    assert details == [
        ("Header", "Stock code"),
        ("Header", "Description"),
        ("Header", "Long description"),
        ("Key", "StockCode"),
        ("KeyDescription", "Stock code"),
        ("Table", "InvMaster"),
    ]


def test_an_empty_element_is_one_tag(syspro):
    user_id = syspro.log_on()
    find = "<Query><TableName>InvMaster</TableName><ReturnRows>5</ReturnRows></Query>"
    query = "<Query><Key><StockCode>NUT&amp;BOLT</StockCode></Key></Query>"
    for name, document in (("COMFND", find), ("INVQRY", query)):
        text = syspro.enet("Query/Query", UserId=user_id, BusinessObject=name, XmlIn=document)
        assert "<AlternateKey2/>" in text
        assert not re.findall(r"<(\w+)></\1>", text)


def test_the_inventory_query_gives_available_stock_of_the_chosen_warehouses(syspro):
    chosen = '<Filter><Warehouse FilterType="{}" FilterValue="FG"/></Filter>'
    document = f"<Query><Key><StockCode>NUT&amp;BOLT</StockCode></Key>{chosen}</Query>"
    user_id = syspro.log_on()
    one, every = (
        parsed(syspro.enet("Query/Query", UserId=user_id, BusinessObject="INVQRY", XmlIn=document.format(kind)))
        for kind in "SA"
    )
    assert [item.findtext("Warehouse") for item in one.findall("WarehouseItem")] == ["FG"]
    assert len(every.findall("WarehouseItem")) == 3
    item = one.find("WarehouseItem")
    assert len(item.findtext("QtyOnHand")) == 20
    assert item.findtext("Edited_QtyOnHand").replace(",", "") == f"{float(item.findtext('QtyOnHand')):.3f}"
    assert len(list(one.iter())) > 200
    assert [child.tag for child in one] == ["StockItem", "WarehouseItem", "WarehouseTotals"]
    assert one.find("StockItem/PriceCategory") is not None
    summed = sum(float(each.findtext("QtyOnHand")) for each in every.findall("WarehouseItem"))
    assert float(every.findtext("WarehouseTotals/QtyOnHand")) == pytest.approx(summed)
    assert float(item.findtext("AvailableQty")) <= float(item.findtext("QtyOnHand"))


def test_a_find_counts_as_a_page_for_changes_that_wait(syspro):
    operation = {"company": "EDU1", "table": "InvWhControl", "op": "insert", "values": {"Warehouse": "ZZ"}}
    syspro.control.change([operation], {"table": "InvWhControl", "pages": 1})
    user_id = syspro.log_on()
    assert [len(syspro.find(user_id, "InvWhControl")) for _ in range(2)] == [3, 4]
