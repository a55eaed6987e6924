from __future__ import annotations

from decimal import Decimal

import pytest

from connector_kit.errors import ConfigurationError, NotFoundError, RefusedError

EXPORT = "Plan Lines.csv"


def test_an_export_is_run_and_its_rows_come_with_the_types_that_it_tells(site):
    output = site.read(exports=[EXPORT])
    first = output.records["plan_lines"][0]
    assert first == {
        "Plan Lines": "L1",
        "Version": "Budget 2027",
        "Company Code": "1010 Germany",
        "Account": "400000 Travel",
        "Cost Center": "CC1 Sales",
        "Period": "Jan 27",
        "Amount": Decimal("1000.25"),
        "Currency": "EUR",
        "Text": None,
        "Approved": True,
    }
    assert len(output.records["plan_lines"]) == 3
    properties = output.schema("plan_lines")["schema"]["properties"]
    assert properties["Amount"]["type"] == ["number", "null"]
    assert properties["Approved"]["type"] == ["boolean", "null"]
    assert len(site.requests("/exports/", "POST")) == 1


def test_items_come_as_codes_where_a_column_is_to_have_them(site):
    rows = site.rows(
        exports=[{"export": EXPORT, "module": "Plan Lines", "codes": ["Company Code", "Account", "Cost Center"]}]
    )
    assert [(row["Company Code"], row["Account"], row["Cost Center"]) for row in rows] == [
        ("1010", "YCOA/400000", "A000/CC1"),
        ("1010", "YCOA/500000", "A000/CC1"),
        ("1010", "YCOA/400000", "A000/CC1"),
    ]


def test_codes_of_an_export_need_its_module(site):
    error = site.attempt(exports=[{"export": EXPORT, "codes": ["Version"]}]).error
    assert isinstance(error, ConfigurationError)
    assert "name the `module`" in str(error)


def test_an_item_without_a_code_of_its_own_stops_the_run(site):
    site.control.fill([{"code": "", "name": "600000 No code"}], list_name="GL Accounts", model="S4 Finance")
    site.lines([{"Account": "600000 No code"}])
    output = site.attempt(exports=[{"export": EXPORT, "module": "Plan Lines", "codes": ["Account"]}])
    assert isinstance(output.error, RefusedError)
    assert "column 'Account', row 1" in str(output.error)
    assert "'600000 No code'" in str(output.error)


def test_columns_get_other_names_and_a_key(site):
    output = site.read(
        exports=[
            {"export": EXPORT, "stream": "plan", "key": ["Plan Lines"], "columns": {"Plan Lines": "line_key"}},
        ]
    )
    assert output.schema("plan")["key_properties"] == ["line_key"]
    assert [row["line_key"] for row in output.records["plan"]] == ["L1", "L2", "L3"]
    assert "Plan Lines" not in output.records["plan"][0]


def test_rows_that_vanished_are_reported_for_what_is_read_whole_with_and_without_a_key(site):
    keyed = site.read(exports=[{"export": EXPORT, "key": ["Plan Lines"]}])
    (version,) = keyed.versions("plan_lines")
    assert {m["version"] for m in keyed.messages if m["type"] == "RECORD"} == {version}
    assert keyed.messages[-1]["type"] == "STATE"
    assert len(site.read(exports=[EXPORT]).versions("plan_lines")) == 1
    quiet = site.read(exports=[{"export": EXPORT, "key": ["Plan Lines"]}], emit_activate_version_messages=False)
    assert quiet.versions("plan_lines") == []


def test_a_key_without_a_value_is_refused(site):
    error = site.attempt(exports=[{"export": EXPORT, "key": ["Text"]}]).error
    assert isinstance(error, RefusedError)
    assert "row 1" in str(error)
    assert "'Text'" in str(error)


@pytest.mark.parametrize("ends", ["rows", "bytes"])
def test_a_file_of_many_chunks_is_read_whole_however_it_is_cut(site, many, ends):
    many(400)
    site.switch("export_chunk_bytes", 997)
    site.switch("export_chunks_at", ends)
    rows = site.rows(exports=[EXPORT])
    assert len(site.requests("/chunks/", "GET")) > 10
    assert [row["Amount"] for row in rows] == [Decimal(f"{n}.5") for n in range(1, 401)]


def test_texts_with_separators_quotes_and_line_breaks_come_as_they_are(site):
    text = 'a "quoted", comma\nand a line break; äöü €'
    site.lines([{"Text": text, "Account": "YCOA/500000"}])
    for quoting in ("minimal", "all"):
        site.switch("export_quoting", quoting)
        row = site.rows(exports=[EXPORT])[0]
        assert row["Text"] == text
        assert row["Account"] == "500000 Rent, heat"


def test_amounts_keep_their_digits(site):
    exact = ["0.10", "123456789012345.67", "-0.000001", "0", "-7"]
    site.lines([{"Amount": each} for each in exact])
    rows = site.rows(exports=[EXPORT])
    assert [row["Amount"] for row in rows] == [Decimal(each) for each in exact]


def test_dates_are_days_and_empty_ones_are_null(site):
    site.fill(
        "Planned Invoices",
        [{"Planned Invoices": "P1", "Invoice Date": "2027-02-28"}, {"Planned Invoices": "P2", "Amount": "1"}],
    )
    for text in ("yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy"):
        site.switch("date_text", text)
        rows = site.rows(exports=["Planned Invoices.csv"], date_format=text)
        assert [row["Invoice Date"] for row in rows] == ["2027-02-28", None]


def test_a_date_in_another_notation_names_the_setting(site):
    site.fill("Planned Invoices", [{"Planned Invoices": "P1", "Invoice Date": "2027-02-28"}])
    site.switch("date_text", "dd/MM/yyyy")
    output = site.attempt(exports=["Planned Invoices.csv"])
    assert isinstance(output.error, RefusedError)
    assert "column 'Invoice Date', row 1" in str(output.error)
    assert "date_format" in str(output.error)
    assert not output.records


def test_an_export_without_rows_has_none(site):
    output = site.read(exports=["Planned Invoices.csv"])
    assert not output.records
    assert output.error is None


@pytest.mark.parametrize("leaves", ["empty_file", "no_chunks"])
def test_an_export_that_leaves_no_header_is_not_taken_for_one_without_rows(site, leaves):
    site.switch("export_empty", leaves)
    output = site.attempt(exports=[{"export": "Planned Invoices.csv", "key": ["Planned Invoices"]}])
    assert output.error is not None
    assert not output.versions("planned_invoices"), "every row would be taken for vanished"


def test_an_export_whose_chunks_are_gone_is_not_taken_for_one_without_rows(site):
    site.switch("export_output", "gone")
    output = site.attempt(exports=["Plan Lines.csv"])
    assert "a file without content" in str(output.error)
    assert not output.versions("plan_lines"), "every row would be taken for vanished"


def test_the_export_runs_while_nobody_else_holds_the_model(site):
    from connector_kit.coordination import connect  # noqa: PLC0415 - only here

    config = site.config()
    with connect(config["coordination_url"]) as coordinator:
        name = f"anaplan:model:{config['model_id']}"
        with coordinator.lock(name, purpose="load actuals", wait_seconds=1):
            error = site.attempt(exports=[EXPORT], wait_seconds=0.2).error
    assert "load actuals" in str(error)
    assert not site.requests("/tasks", "POST")


def test_an_unknown_export_is_answered_with_what_comes_close(site):
    error = site.attempt(exports=["Plan lines"]).error
    assert isinstance(error, NotFoundError)
    assert "Plan Lines.csv" in str(error)


def test_a_text_export_in_single_column_layout_is_read(site):
    rows = site.rows(exports=["Plan Lines by line item.txt"])
    amounts = [row for row in rows if "Amount" in row.values()]
    assert any("1000.25" in row.values() for row in amounts)
