from __future__ import annotations

import pytest

from connector_kit.errors import ConfigurationError

EXPORT = "Planned Invoices.csv"
SKIP = {"exports": ["Plan Lines.csv"], "skip_unchanged_model": True}


@pytest.fixture
def invoices(site):
    days = ["2027-01-31", "2027-03-31", "", "2027-02-28"]
    site.fill("Planned Invoices", [{"Planned Invoices": f"P{n}", "Invoice Date": day} for n, day in enumerate(days)])


def read(site, state=None, **more):
    output = site.read(state=state, exports=[{"export": EXPORT, "replication_key": "Invoice Date", **more}])
    return [row["Planned Invoices"] for row in output.records["planned_invoices"]], output.state


def test_only_rows_from_the_last_value_on_come_that_value_included(site, invoices):
    first, state = read(site)
    assert first == ["P0", "P1", "P2", "P3"]
    assert state["bookmarks"]["planned_invoices"]["replication_key_value"] == "2027-03-31"
    site.fill(
        "Planned Invoices",
        [
            {"Planned Invoices": "P4", "Invoice Date": "2027-03-31"},
            {"Planned Invoices": "P5", "Invoice Date": "2027-04-01"},
        ],
    )
    second, state = read(site, state)
    assert second == ["P1", "P2", "P4", "P5"], "a row without a date can't be told old from new"
    assert state["bookmarks"]["planned_invoices"]["replication_key_value"] == "2027-04-01"


def test_a_number_is_followed_as_a_number(site):
    site.lines([{"Amount": "9"}, {"Amount": "10.50"}, {"Amount": "-3"}])
    entry = {"exports": [{"export": "Plan Lines.csv", "replication_key": "Amount"}]}
    state = site.read(**entry).state
    site.lines([{"Amount": "9"}, {"Amount": "10.50"}, {"Amount": "100"}])
    rows = site.read(state=state, **entry).records["plan_lines"]
    assert [row["Plan Lines"] for row in rows] == ["L2", "L3"]


def test_a_period_can_not_be_followed_because_its_name_does_not_sort(site):
    error = site.attempt(exports=[{"export": "Plan Lines.csv", "replication_key": "Period"}]).error
    assert isinstance(error, ConfigurationError)
    assert "a period" in str(error)


def test_a_catalog_may_ask_for_everything(site, invoices):
    _, state = read(site)
    entry = {"exports": [{"export": EXPORT, "replication_key": "Invoice Date"}]}
    catalog = site.catalog(**entry)
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    assert len(site.read(catalog, state, **entry).records["planned_invoices"]) == 4


def test_a_bookmark_does_not_move_when_the_run_fails(site, invoices):
    _, state = read(site)
    site.fill("Planned Invoices", [{"Planned Invoices": "P9", "Invoice Date": "2028-01-31"}])
    site.fault({"status": 400}, path="/chunks/0", times=1)
    output = site.attempt(state=state, exports=[{"export": EXPORT, "replication_key": "Invoice Date"}])
    assert output.error is not None
    bookmark = output.state["bookmarks"]["planned_invoices"]
    assert bookmark["replication_key_value"] == "2027-03-31"


def test_a_model_that_has_not_changed_is_not_read_again(site):
    catalog = site.catalog(**SKIP)
    state = site.read(catalog, **SKIP).state
    before = len(site.requests(""))
    again = site.read(catalog, state, **SKIP)
    assert not again.records
    assert "has not changed" in again.log
    assert again.state == state
    paths = [r["path"].split("?")[0].rsplit("/", 1)[-1] for r in site.requests("")[before:]]
    assert len(paths) <= 3, paths
    assert not any("export" in path for path in paths)


def test_a_change_in_the_model_makes_it_read_again(site):
    state = site.read(**SKIP).state
    site.control.edit_cell("Plan Lines", "Amount", {"Plan Lines": "L1"}, "5", model="S4 Finance")
    assert site.read(state=state, **SKIP).records


def test_what_is_read_of_the_model_is_part_of_what_has_not_changed(site):
    state = site.read(**SKIP).state
    more = {"exports": [{"export": "Plan Lines.csv", "approved_rows": "Approved"}], "skip_unchanged_model": True}
    assert site.read(state=state, **more).records


def test_a_run_that_broke_off_is_never_taken_for_complete(site):
    first = site.attempt(exports=[{"export": "Plan Lines.csv", "types": {"Text": "number"}}], skip_unchanged_model=True)
    assert first.error is None
    site.control.edit_cell("Plan Lines", "Text", {"Plan Lines": "L2"}, "no number", model="S4 Finance")
    entry = {"exports": [{"export": "Plan Lines.csv", "types": {"Text": "number"}}], "skip_unchanged_model": True}
    broken = site.attempt(state=first.state, **entry)
    assert "row 2" in str(broken.error)
    assert site.attempt(state=broken.state, **entry).error is not None, "it tries again"


def test_without_the_setting_everything_is_read_each_time(site):
    first = site.read(exports=["Plan Lines.csv"])
    assert site.read(state=first.state, exports=["Plan Lines.csv"]).records
