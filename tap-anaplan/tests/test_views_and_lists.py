from __future__ import annotations

from decimal import Decimal

import pytest

from connector_kit.errors import ConfigurationError, NotFoundError, RefusedError
from tap_anaplan.sources import ListSource, ViewSource

VIEW = {"module": "Plan Lines", "view": "Plan Lines for posting"}


def test_a_saved_view_is_read_without_an_export(site):
    output = site.read(views=[VIEW])
    first = output.records["plan_lines_for_posting"][0]
    assert first["Plan Lines"] == "L1"
    assert first["Amount"] == Decimal("1000.25")
    assert first["Approved"] is True
    assert first["Text"] is None
    schema = output.schema("plan_lines_for_posting")
    assert schema["key_properties"] == ["Plan Lines"]
    assert output.versions("plan_lines_for_posting")
    assert not site.requests("/tasks", "POST")


def test_a_module_is_read_by_its_name_with_its_dimensions_as_key(site):
    output = site.read(views=["Plan Approval"])
    assert output.schema("plan_approval")["key_properties"] == ["Plan Versions"]
    assert [row["Approved"] for row in output.records["plan_approval"]] == [False, False]


def test_items_of_a_view_come_as_codes_dimensions_too(site):
    rows = site.rows(views=[{**VIEW, "codes": ["Account", "Plan Lines"]}])
    assert {row["Account"] for row in rows} == {"YCOA/400000", "YCOA/500000"}
    assert [row["Plan Lines"] for row in rows] == ["L1", "L2", "L3"]


@pytest.mark.parametrize("header", ["first", "every"])
@pytest.mark.parametrize("counted", ["counted", "absent"])
def test_pages_are_read_while_they_are_made_whichever_carry_the_header(site, many, header, counted):
    many(300)
    site.switch("export_chunk_bytes", 2000)
    site.switch("read_page_header", header)
    site.switch("read_progress_pages", counted)
    site.switch("read_request_seconds", 0.3)
    rows = site.rows(views=[VIEW])
    assert len(site.requests("/pages/", "GET")) > 5
    assert [row["Text"] for row in rows] == [f"line {n}" for n in range(1, 301)]


def test_read_requests_are_deleted_in_the_end_also_when_reading_fails(site):
    site.read(views=[VIEW])
    assert len(site.requests("/readRequests/", "DELETE")) == 1
    site.fault({"status": 403}, path="/pages/", times=50)
    assert isinstance(site.attempt(views=[VIEW]).error, NotFoundError)
    assert len(site.requests("/readRequests/", "DELETE")) == 2


def test_a_read_request_that_expires_is_made_again_and_no_row_is_doubled(site, many):
    many(300)
    site.switch("export_chunk_bytes", 2000)
    site.fault({"status": 404}, path="/pages/3", times=1)
    rows = site.rows(views=[VIEW])
    assert [row["Text"] for row in rows] == [f"line {n}" for n in range(1, 301)]
    assert len(site.requests("/readRequests", "POST")) == 2


def test_a_read_request_that_always_expires_ends_the_run(site):
    site.fault({"status": 404}, path="/pages/", times=50)
    output = site.attempt(views=[VIEW])
    assert "expire" in str(output.error)
    assert not output.records


def test_a_view_of_more_than_a_million_cells_is_discovered_by_the_large_read(site):
    site.fault({"status": 400}, path="/data", times=1)
    assert len(site.rows(views=[VIEW])) == 3
    assert len(site.requests("/readRequests", "POST")) == 2


def test_a_line_item_with_the_name_of_a_dimension_is_a_column_of_its_own(site, monkeypatch):
    monkeypatch.setattr(ViewSource, "_dimensions", {"Plan Lines": "101000000015", "Version": "101000000014"})
    catalog = site.catalog(views=[VIEW])
    (entry,) = catalog["streams"]
    assert entry["key_properties"] == ["Plan Lines", "Version"]


def test_a_list_is_read_with_parents_codes_and_typed_properties(site):
    site.control.fill(
        [
            {"code": "V1", "name": "Müller, GmbH", "properties": {"VAT Registration": "DE1", "Blocked": "true"}},
            {"code": "V2", "name": "Other"},
        ],
        list_name="Suppliers",
        model="S4 Finance",
    )
    output = site.read(lists=["Suppliers"])
    one, two = output.records["suppliers"]
    assert (one["Name"], one["Code"], one["VAT Registration"], one["Blocked"]) == ("Müller, GmbH", "V1", "DE1", True)
    assert (two["VAT Registration"], two["Blocked"], two["Parent"]) == (None, False, None)
    assert output.schema("suppliers")["key_properties"] == ["Code"]
    assert output.schema("suppliers")["schema"]["properties"]["Blocked"]["type"] == ["boolean", "null"]


@pytest.mark.parametrize(("counted", "told"), [(2, 1), (3, 0), (0, 1)])
def test_items_that_a_list_counts_and_does_not_show_have_not_vanished(site, monkeypatch, counted, told):
    site.control.fill([{"code": "V1"}, {"code": "V2"}], list_name="Suppliers", model="S4 Finance")
    monkeypatch.setattr(ListSource, "count", lambda self: counted or None)
    output = site.read(lists=["Suppliers"])
    assert len(output.records["suppliers"]) == 2
    assert len(output.versions("suppliers")) == told


def test_a_list_without_items_has_no_records(site):
    assert not site.read(lists=["Customers"]).records


def test_a_list_whose_items_have_no_code_wants_another_key(site):
    site.control.fill([{"code": "", "name": "Nameless"}], list_name="Customers", model="S4 Finance")
    error = site.attempt(lists=["Customers"]).error
    assert isinstance(error, RefusedError)
    assert "`key`" in str(error)
    assert [r["Name"] for r in site.rows(lists=[{"list": "Customers", "key": ["Name"]}])] == ["Nameless"]


def test_several_streams_are_read_in_the_order_of_the_settings(site):
    output = site.read(lists=["GL Accounts", "Cost Centers"], exports=["Plan Lines.csv"], views=["Plan Approval"])
    streams = [m["stream"] for m in output.messages if m["type"] == "SCHEMA"]
    assert streams == ["plan_lines", "plan_approval", "gl_accounts", "cost_centers"]


def test_two_streams_of_one_name_are_refused_before_anything_is_asked(site):
    error = site.attempt(exports=["Plan Lines.csv"], views=["Plan Lines"]).error
    assert isinstance(error, ConfigurationError)
    assert "`stream`" in str(error)
    assert not site.requests("")


def test_a_misspelt_word_in_the_settings_is_refused(site):
    error = site.attempt(views=[{**VIEW, "approved_row": "Approved"}]).error
    assert "approved_row" in str(error)


def test_only_selected_columns_are_written_and_always_the_key(site):
    catalog = site.catalog(views=[VIEW])
    for each in catalog["streams"][0]["metadata"]:
        each["metadata"]["selected"] = not each["breadcrumb"] or each["breadcrumb"][-1] == "Amount"
    rows = site.read(catalog, views=[VIEW]).records["plan_lines_for_posting"]
    assert rows[0] == {"Plan Lines": "L1", "Amount": Decimal("1000.25")}


def test_periods_of_a_view_are_part_of_its_key_and_come_by_their_names(site):
    info = site.sandbox.info["anaplan"]
    site.control.fill([{"code": "1000", "name": "1000 Bank"}], list_name="Accounts")
    site.control.edit_cell("GL Balances", "Movement", {"Accounts": "1000", "Time": "Jan 26"}, 12.5)
    output = site.read(
        views=[{"module": "GL Balances", "view": "GL Balances by month", "codes": ["Accounts"]}],
        model_id=info["models"]["Finance Hub"],
    )
    assert output.schema("gl_balances_by_month")["key_properties"] == ["Accounts", "Time"]
    (january,) = [r for r in output.records["gl_balances_by_month"] if r["Time"] == "Jan 26"]
    assert (january["Accounts"], january["Movement"], january["Closing Balance"]) == ("1000", Decimal("12.5"), 0)


def test_a_dimension_may_stand_in_a_view_under_a_name_that_its_axes_do_not_show(site, monkeypatch):
    monkeypatch.setattr(ViewSource, "_dimensions", {"Plan Lines: all": "101000000015"})
    output = site.read(views=[VIEW])
    assert output.schema("plan_lines_for_posting")["key_properties"] == ["Plan Lines"]
    assert len(output.records["plan_lines_for_posting"]) == 3


def test_a_view_whose_columns_are_not_those_of_its_module_is_refused(site, monkeypatch):
    monkeypatch.setattr(ViewSource, "_dimensions", {"Plan Lines": "101000000015", "Scenario": "101000000099"})
    error = site.attempt(views=[VIEW]).error
    assert isinstance(error, RefusedError)
    assert "'Scenario'" in str(error)
