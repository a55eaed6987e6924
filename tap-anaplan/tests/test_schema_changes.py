"""A column that changes in the model must never end up under another's name, or in silence under its own."""

from __future__ import annotations

import pytest

from connector_kit.anaplan.tables import Table, TextForm
from connector_kit.errors import ConfigurationError, RefusedError

EXPORT = {"exports": ["Plan Lines.csv"]}
VIEW = {"views": ["Plan Lines"]}
LIST = {"lists": ["GL Accounts"]}


def changed(catalog, change):
    change(catalog["streams"][0]["schema"]["properties"])
    return catalog


@pytest.mark.parametrize("source", [EXPORT, VIEW, LIST], ids=["export", "view", "list"])
def test_a_column_that_the_catalog_has_and_the_model_has_not_stops_the_run(site, source):
    catalog = changed(site.catalog(**source), lambda columns: columns.update(Region={"type": ["string", "null"]}))
    output = site.attempt(catalog, **source)
    assert isinstance(output.error, RefusedError)
    assert "no 'Region'" in str(output.error)
    assert "discover the catalog again" in str(output.error)
    assert not output.records


@pytest.mark.parametrize("source", [EXPORT, VIEW], ids=["export", "view"])
def test_a_column_that_is_new_in_the_model_stops_the_run_because_it_may_be_a_dimension(site, source):
    output = site.attempt(changed(site.catalog(**source), lambda columns: columns.pop("Text")), **source)
    assert "'Text' as well" in str(output.error)
    assert not output.records


@pytest.mark.parametrize("source", [EXPORT, VIEW], ids=["export", "view"])
def test_a_column_of_another_type_stops_the_run(site, source):
    def change(columns):
        columns["Text"]["type"] = ["number", "null"]
        columns["Currency"]["format"] = "date"

    output = site.attempt(changed(site.catalog(**source), change), **source)
    assert "'Text' is string, not number" in str(output.error)
    assert "'Currency' is string, not date" in str(output.error)
    assert not output.records


def test_the_order_of_columns_in_the_catalog_is_of_no_importance(site):
    catalog = site.catalog(**EXPORT)
    properties = catalog["streams"][0]["schema"]["properties"]
    catalog["streams"][0]["schema"]["properties"] = dict(reversed(properties.items()))
    assert site.read(catalog, **EXPORT).records["plan_lines"][0]["Plan Lines"] == "L1"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Plan Lines,Version,Amount", "without 'Company Code'"),
        ("Plan Lines,Version,Company Code,Amount,Scenario", "with 'Scenario' as well"),
        ("Plan Lines,Company Code,Version,Amount", "in another order"),
    ],
)
def test_a_file_whose_header_is_not_what_the_export_says_stops_the_run(site, monkeypatch, header, said):
    expected = ("Plan Lines", "Version", "Company Code", "Amount")
    import io  # noqa: PLC0415 - only here

    table = Table(io.BytesIO(f"{header}\n".encode()), TextForm(), "export Plan Lines.csv, file")
    with pytest.raises(RefusedError) as caught:
        table.check(expected)
    assert said in str(caught.value)
    assert "'Plan Lines', 'Version', 'Company Code', 'Amount'" in str(caught.value)


def test_an_export_that_was_redefined_while_it_ran_gives_no_record(site):
    body = b"Plan Lines,Version\nL1,Budget 2027\n".decode()
    site.fault({"status": 200, "body": body}, path="/chunks/0")
    output = site.attempt(**EXPORT)
    assert isinstance(output.error, RefusedError)
    assert "without 'Company Code', 'Account'" in str(output.error)
    assert not output.records


def test_a_setting_that_names_a_column_that_is_not_there_says_which_are(site):
    for entry in (
        {"columns": {"Amout": "amount"}},
        {"types": {"Amout": "number"}},
        {"key": ["Amout"]},
        {"replication_key": "Amout"},
        {"approved_rows": "Amout"},
        {"approval": {**site.gate, "column": "Amout"}},
    ):
        error = site.attempt(exports=[{"export": "Plan Lines.csv", **entry}]).error
        assert isinstance(error, ConfigurationError), entry
        assert "'Amout'" in str(error)
        assert "Amount" in str(error)
