"""Suppliers when things go wrong: lost answers, deaths, replays, many records, and a source that is replayed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pytest
from click.testing import CliRunner

from connector_kit.audit.command import cli
from testkit.killing import start

TARGET = "target_syspro.target:TargetSyspro"
ENTRY = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {
        "SupplierName": "Name",
        "TermsCode": "Terms",
        "Branch": {"constant": "00"},
        "Bank": {"constant": "MAIN"},
        "Currency": {"constant": "USD"},
    },
    "owns": ["SupplierName", "TermsCode"],
}
SCHEMA = {name: {"type": ["string", "null"]} for name in ("Code", "Name", "Terms")}


def rows(count, version="one"):
    return [{"Code": f"{7000 + at}", "Name": f"{version} {at}", "Terms": "14"} for at in range(count)]


def sent(bench, records, state=1):
    return bench.messages("suppliers", SCHEMA, ["Code"], records, state)


def names(bench):
    found = {code.lstrip("0"): row["SupplierName"] for code, row in bench.suppliers().items()}
    return {code: name for code, name in found.items() if code.startswith("7") and len(code) == 4}


def expected(records):
    return {row["Code"]: row["Name"] for row in records}


STEPS = [
    "before connector_kit.syspro.session:EnetSession.setup",
    "after connector_kit.syspro.session:EnetSession.setup",
    "after connector_kit.syspro.session:EnetSession.setup 3",
    "before connector_kit.audit.batch:Batch.settle",
    "after connector_kit.audit.batch:Batch.settle",
    "before target_syspro.target:TargetSyspro._write_state_message",
]


@pytest.mark.parametrize("status", [400, 404, 408, 409, 413, 499])
@pytest.mark.parametrize("method", ["Add", "Update"])
def test_what_a_gateway_says_while_syspro_works_on_refuses_no_record(bench, status, method):
    if method == "Update":
        bench.deliver(sent(bench, rows(1, "zero")), objects=[ENTRY])
    bench.control.fault("syspro", {"gave_up": status, "delay": 0.1}, path=f"Setup/{method}")
    outcome = bench.run(sent(bench, rows(1)), objects=[ENTRY])
    assert (outcome.error is None) == (outcome.states == [{"mark": 1}])
    assert bench.rejected() == {}
    bench.deliver(sent(bench, rows(1)), objects=[ENTRY])
    assert names(bench) == expected(rows(1))


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_at_any_step_is_made_good_by_the_next(bench, step):
    settings = {"objects": [ENTRY], "items_per_call": 2}
    records = rows(5)
    process = start(
        TARGET, bench.config(**settings), bench.lines(sent(bench, records)), bench.folder / "out", dies=step
    )
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (bench.folder / "out").read_text() == ""
    assert bench.deliver(sent(bench, records), **settings).states == [{"mark": 1}]
    assert names(bench) == expected(records)
    assert bench.rejected() == {}


@pytest.mark.parametrize(
    "fault", [{"reset": "before_response"}, {"reset": "mid_body"}, {"status": 503}, {"truncate": 100}, {"html": 200}]
)
@pytest.mark.parametrize("method", ["Add", "Update"])
def test_a_lost_answer_loses_and_doubles_nothing(bench, fault, method):
    if method == "Update":
        bench.deliver(sent(bench, rows(4)), objects=[ENTRY])
    bench.control.fault("syspro", fault, path=f"Setup/{method}", after=0 if method == "Update" else 1)
    records = rows(4, "two")
    outcome = bench.run(sent(bench, records), objects=[ENTRY], max_tries=2)
    if outcome.error is not None:
        assert outcome.states == []
        bench.deliver(sent(bench, records), objects=[ENTRY])
    assert names(bench) == expected(records)
    assert bench.rejected() == {}


def test_many_records_take_few_calls(bench):
    records = rows(60)
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert len(bench.asked("Setup/Add")) == 60
    records = rows(60, "two")
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert len(bench.asked("Setup/Update")) == 6
    assert names(bench) == expected(records)


def test_a_site_that_caps_rows_is_asked_again(bench):
    bench.deliver(sent(bench, rows(30)), objects=[ENTRY])
    bench.switch("find_cap", 4)
    records = rows(30, "two")
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert names(bench) == expected(records)
    assert bench.rejected() == {}


def test_of_a_record_that_comes_twice_the_last_counts(bench):
    records = [*rows(3), *rows(2, "two"), {**rows(1)[0], "Code": "0007000", "Name": "three"}]
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert names(bench) == {"7000": "three", "7001": "two 1", "7002": "one 2"}


def test_a_rejected_row_is_repaired_when_it_is_replayed(bench):
    bench.deliver(sent(bench, rows(2)), objects=[{**ENTRY, "mode": "update_only"}])
    assert names(bench) == {}
    replayed = [line for line in bench.audit("replay").splitlines() if line.startswith('{"type"')]
    bench.deliver(replayed, objects=[ENTRY])
    assert names(bench) == expected(rows(2))
    assert not any(json.loads(bench.audit("failures", "--json")).values())


def test_a_rejected_row_is_repaired_when_it_comes_right(bench):
    records = rows(3)
    records[1]["Terms"] = "??"
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert list(bench.rejected()) == ['["7001"]']
    failures = json.loads(bench.audit("failures", "--json"))
    assert any(failures.values())
    again = [{**records[1], "Terms": "30"}]
    bench.deliver(sent(bench, again), objects=[ENTRY])
    assert not any(json.loads(bench.audit("failures", "--json")).values())
    assert names(bench) == expected(records)


def test_a_filtered_record_is_not_looked_at(bench):
    records = [{**row, "Terms": terms} for row, terms in zip(rows(3), ("14", "30", "14"), strict=True)]
    bench.deliver(sent(bench, records), objects=[{**ENTRY, "where": {"Terms": ["14"]}}])
    assert set(names(bench)) == {"7000", "7002"}


def test_suppliers_are_there_before_their_invoices_whatever_came_first(bench):
    bill = {"Supplier": "7000", "Invoice": "A1", "InvoiceDate": "2026-11-18", "Account": "00-4010"}
    currency = bench.rows("GenJournalDetail")[0]["PostCurrency"] or "USD"
    entry = {**ENTRY, "columns": {**ENTRY["columns"], "Currency": {"constant": currency}}}
    messages = [*bench.bills({**bill, "Amount": Decimal(10), "Comment": ""}), *sent(bench, rows(1))]
    bench.deliver(messages, objects=[entry])
    assert [row["Supplier"] for row in bench.rows("ApInvoice") if row["Invoice"] == "A1"] == ["000000000007000"]


def test_a_stream_that_nobody_named_ends_the_run_before_anything_is_sent(bench):
    outcome = bench.run(bench.messages("vendors", SCHEMA, ["Code"], rows(1), 1), objects=[ENTRY])
    assert "an entry in documents or objects" in str(outcome.error)
    assert bench.asked("") == []


def test_the_command_describes_itself_without_a_connection():
    shown = subprocess.run(
        [sys.executable, "-c", "from target_syspro.target import main; main()", "--about", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
    )
    about = json.loads(shown.stdout)
    assert about["name"] == "target-syspro"
    assert about["settings"]["properties"]["operator_password"]["writeOnly"]


def test_what_was_done_is_counted_once_over_all_batches(bench, monkeypatch):
    monkeypatch.setattr("target_syspro.kept._BLOCK_ROWS", 4)
    monkeypatch.setattr("target_syspro.kept._MOST_REFUSED", 2)
    records = rows(10)
    for at in (2, 5, 8):
        records[at]["Name"] = "x" * 51
    bench.deliver(sent(bench, records), objects=[ENTRY])
    (action,) = json.loads(bench.audit("show", "--json"))["actions"]
    assert (action["counts"], action["rejected"]) == ({"read": 10, "added": 7}, 3)
    bench.deliver(sent(bench, [*records[:2], *rows(10, "two")[5:]]), objects=[ENTRY])
    (action,) = json.loads(bench.audit("show", "--json"))["actions"]
    assert action["counts"] == {"read": 7, "added": 2, "updated": 3, "unchanged": 2}


def test_a_run_that_is_told_to_stop_sends_nothing_more_and_logs_off(bench):
    bench.control.fault("syspro", {"delay": 0.2}, path="Setup/", times=-1)
    records = rows(60)
    process = start(TARGET, bench.config(objects=[ENTRY]), bench.lines(sent(bench, records)), bench.folder / "out")
    until = time.monotonic() + 20
    while not bench.asked("Setup/") and time.monotonic() < until:
        time.sleep(0.02)
    process.terminate()
    process.join()
    assert process.exitcode == 1
    assert (bench.folder / "out").read_text() == ""
    assert 0 < len(names(bench)) < 60
    assert bench.control.sessions() == []
    bench.control.clear_faults()
    bench.deliver(sent(bench, records), objects=[ENTRY])
    assert names(bench) == expected(records)


def test_another_key_is_named_beside_the_old_one_until_rekey_has_named_what_was_delivered(bench):
    bench.deliver(sent(bench, rows(2)), objects=[ENTRY])
    other = bench.messages("suppliers", SCHEMA, ["Code", "Terms"], rows(2, "two"), 2)
    outcome = bench.run(other, objects=[ENTRY])
    assert "its key as before (Code), got another one (Code, Terms)" in str(outcome.error)
    assert "audit rekey suppliers Code Terms" in str(outcome.error)
    assert names(bench) == expected(rows(2))
    done = CliRunner().invoke(cli, ["--url", bench.config()["audit_url"], "rekey", "suppliers", "Code", "Terms"])
    assert "2 records and 0 open failures have the new key" in done.output
    bench.deliver(other, objects=[ENTRY])
    assert names(bench) == expected(rows(2, "two"))


def test_records_that_syspro_holds_already_are_counted_once(bench):
    bench.deliver(sent(bench, rows(4)), objects=[ENTRY])
    # Another trail has to find out that nothing is left to do.
    bench.deliver(
        sent(bench, [*rows(4), *rows(5)[4:]]), objects=[ENTRY], audit_url=f"sqlite:///{bench.folder}/other.db"
    )
    shown = CliRunner().invoke(cli, ["--url", f"sqlite:///{bench.folder}/other.db", "show", "--json"])
    (action,) = json.loads(shown.stdout)["actions"]
    assert action["counts"] == {"read": 5, "added": 1, "agreed": 4}
    assert (action["unchanged"], action["delivered"]) == (0, 5)
