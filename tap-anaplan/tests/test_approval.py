from __future__ import annotations

import threading
import time

import pytest

from connector_kit.errors import ConfigurationError, NotFoundError

EXPORT = "Plan Lines.csv"


def test_a_plan_that_is_not_approved_gives_no_record_and_says_who_has_to_approve_what(site):
    output = site.read(exports=[{"export": EXPORT, "key": ["Plan Lines"], "approval": site.gate}])
    assert not output.records
    assert not output.versions("plan_lines")
    assert "not approved: Budget 2027" in output.log
    assert "the head of controlling has to set Approved in model S4 Finance, module Plan Approval" in output.log
    assert not site.requests("/tasks", "POST"), "the export did not even run"


def test_an_approved_plan_is_read(site):
    site.approve()
    output = site.read(exports=[{"export": EXPORT, "approval": site.gate}])
    assert len(output.records["plan_lines"]) == 3
    assert "approved: Budget 2027" in output.log


def test_the_approval_of_another_version_does_not_count(site):
    site.approve("Forecast 2026")
    assert not site.read(exports=[{"export": EXPORT, "approval": site.gate}]).records


def test_a_closed_gate_leaves_the_state_as_it_was(site):
    settings = {
        "exports": [{"export": EXPORT, "approval": site.gate, "replication_key": "Amount"}],
        "skip_unchanged_model": True,
    }
    site.approve()
    state = site.read(**settings).state
    site.approve(value=False)
    assert site.read(state=state, **settings).state == state


def test_an_approval_withdrawn_while_the_export_runs_is_noticed(site):
    site.approve()
    site.switch("extra_task_seconds", 0.6)

    def withdraw():
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not site.requests("/tasks", "POST"):
            time.sleep(0.01)
        site.approve(value=False)

    thread = threading.Thread(target=withdraw)
    thread.start()
    output = site.read(exports=[{"export": EXPORT, "approval": site.gate}])
    thread.join()
    assert site.requests("/tasks", "POST")
    assert not output.records
    assert "withdrawn meanwhile: Budget 2027" in output.log


def test_only_rows_of_approved_items_come_when_the_approval_names_their_column(site):
    gate = {"module": "Plan Approval", "line_item": "Approved", "column": "Version"}
    assert not site.read(exports=[{"export": EXPORT, "approval": gate}]).records
    site.approve("Forecast 2026")
    output = site.read(exports=[{"export": EXPORT, "key": ["Plan Lines"], "approval": gate}])
    assert [row["Version"] for row in output.records["plan_lines"]] == ["Forecast 2026"]
    assert "not approved: Budget 2027" in output.log
    assert "2 of 3 rows are not approved" in output.log
    assert not output.versions("plan_lines"), "rows that are not approved have not vanished"
    site.approve()
    assert len(site.rows(exports=[{"export": EXPORT, "approval": gate}])) == 3


def test_the_gate_of_one_item_with_its_column_leaves_out_the_other_items(site):
    site.approve()
    site.approve("Forecast 2026")
    rows = site.rows(exports=[{"export": EXPORT, "approval": {**site.gate, "column": "Version"}}])
    assert {row["Version"] for row in rows} == {"Budget 2027"}


@pytest.mark.parametrize("source", [{"exports": [{"export": EXPORT}]}, {"views": [{"module": "Plan Lines"}]}])
def test_only_approved_rows_come_where_a_column_approves(site, source):
    ((setting, (entry,)),) = source.items()
    output = site.read(**{setting: [{**entry, "approved_rows": "Approved"}]})
    assert [row["Plan Lines"] for row in output.records["plan_lines"]] == ["L1", "L3"]
    assert "1 of 3 rows are not approved (Approved)" in output.log


def test_gate_and_rows_are_combined(site):
    entry = {"export": EXPORT, "approval": {**site.gate, "column": "Version"}, "approved_rows": "Approved"}
    assert not site.read(exports=[entry]).records
    site.approve()
    assert [row["Plan Lines"] for row in site.rows(exports=[entry])] == ["L1"]


def test_rows_are_gated_by_a_column_that_is_not_selected_or_has_codes(site):
    site.approve()
    entry = {
        "export": EXPORT,
        "module": "Plan Lines",
        "codes": ["Version"],
        "approval": {**site.gate, "column": "Version"},
        "approved_rows": "Approved",
    }
    catalog = site.catalog(exports=[entry])
    for each in catalog["streams"][0]["metadata"]:
        each["metadata"]["selected"] = each["breadcrumb"][-1:] not in (["Approved"], ["Version"])
    (row,) = site.read(catalog, exports=[entry]).records["plan_lines"]
    assert row["Plan Lines"] == "L1"
    assert not {"Approved", "Version"} & set(row)


def test_a_gate_that_can_not_be_asked_is_an_error_and_not_open(site):
    def error(**change):
        return site.attempt(exports=[{"export": EXPORT, "approval": {**site.gate, **change}}]).error

    assert isinstance(error(item="Budget 2028"), NotFoundError)
    assert isinstance(error(module="Plan Approvals"), NotFoundError)
    assert isinstance(error(line_item="Approve"), NotFoundError)
    assert isinstance(error(line_item="Approved By"), ConfigurationError)
    assert isinstance(error(item={"Versions": "Budget 2027"}), NotFoundError)
    assert not site.requests("/tasks", "POST")


def test_an_approval_may_name_the_item_by_its_dimension(site):
    entry = {"export": EXPORT, "approval": {**site.gate, "item": {"Plan Versions": "Budget 2027"}}}
    assert not site.read(exports=[entry]).records
    site.approve()
    assert site.rows(exports=[entry])


def test_rows_can_only_be_approved_by_a_boolean(site):
    error = site.attempt(exports=[{"export": EXPORT, "approved_rows": "Text"}]).error
    assert isinstance(error, ConfigurationError)
    assert "boolean" in str(error)


BY_VERSION = {"module": "Plan Approval", "line_item": "Approved", "column": "Version"}


def growing(version, *amounts):
    return [{"Version": version, "Amount": amount, "Approved": True} for amount in amounts]


def came(output):
    return sorted(row["Plan Lines"] for row in output.records.get("plan_lines", []))


def test_rows_of_a_version_that_is_approved_late_come_though_they_lie_below_the_bookmark(site):
    entry = {"exports": [{"export": EXPORT, "replication_key": "Amount", "approval": BY_VERSION}]}
    site.lines([*growing("Budget 2027", "5", "50"), *growing("Forecast 2026", "1", "2")])
    site.approve()
    first = site.read(**entry)
    assert came(first) == ["L1", "L2"]
    same = site.read(state=first.state, **entry)
    assert came(same) == ["L2"]
    assert "from the beginning" not in same.log
    site.approve("Forecast 2026")
    late = site.read(state=same.state, **entry)
    assert {"L3", "L4"} <= set(came(late))
    assert late.log.count("approved since its bookmark was made: Forecast 2026; read from the beginning") == 1
    assert came(site.read(state=late.state, **entry)) == ["L2"]


def test_a_version_that_was_withdrawn_and_is_approved_again_brings_what_the_bookmark_passed_meanwhile(site):
    entry = {"exports": [{"export": EXPORT, "replication_key": "Amount", "approval": BY_VERSION}]}
    site.lines([*growing("Budget 2027", "5"), *growing("Forecast 2026", "1", "2")])
    site.approve()
    site.approve("Forecast 2026")
    both = site.read(**entry)
    site.approve("Forecast 2026", value=False)
    site.lines([*growing("Budget 2027", "50"), *growing("Forecast 2026", "20", "2")])
    withdrawn = site.read(state=both.state, **entry)
    assert came(withdrawn) == ["L1"]
    assert "from the beginning" not in withdrawn.log
    site.approve("Forecast 2026")
    assert "L2" in came(site.read(state=withdrawn.state, **entry))


def test_a_run_that_broke_off_does_not_keep_a_late_approval_from_the_next(site):
    entry = {"exports": [{"export": EXPORT, "replication_key": "Amount", "approval": BY_VERSION}]}
    site.lines([*growing("Budget 2027", "50"), *growing("Forecast 2026", "1")])
    site.approve()
    state = site.read(**entry).state
    site.approve("Forecast 2026")
    site.fault({"status": 400}, path="/chunks/0", times=1)
    broken = site.attempt(state=state, **entry)
    assert broken.error is not None
    assert {"L1", "L2"} <= set(came(site.read(state=broken.state, **entry)))


def test_a_row_that_is_approved_late_comes_though_it_lies_below_the_bookmark(site):
    entry = {"exports": [{"export": EXPORT, "replication_key": "Amount", "approved_rows": "Approved"}]}
    lines = growing("Budget 2027", "5", "10", "50")
    site.lines([*lines[:1], {**lines[1], "Approved": False}, lines[2]])
    first = site.read(**entry)
    assert came(first) == ["L1", "L3"]
    assert "waits for approval" in first.log
    site.lines(lines)
    second = site.read(state=first.state, **entry)
    assert came(second) == ["L2", "L3"]
    assert came(site.read(state=second.state, **entry)) == ["L3"]
    site.lines([*lines[:1], {**lines[1], "Approved": False}, {**lines[2], "Amount": "60"}])
    withdrawn = site.read(state=second.state, **entry)
    site.lines(lines)
    assert "L2" in came(site.read(state=withdrawn.state, **entry)), "also when it was withdrawn meanwhile"


def test_a_gate_that_is_taken_away_lets_in_the_history_that_it_left_out(site):
    entry = {"export": EXPORT, "replication_key": "Amount"}
    site.lines([*growing("Budget 2027", "50"), *growing("Forecast 2026", "1")])
    site.approve()
    state = site.read(exports=[{**entry, "approval": BY_VERSION}]).state
    assert came(site.read(state=state, exports=[entry])) == ["L1", "L2", "L3"]
