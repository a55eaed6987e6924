"""Rows that are refused, before or by Anaplan: recorded with their reason, never lost, never in the way."""

from __future__ import annotations

import logging

import pytest

from connector_kit.anaplan import ActionResult, DumpRow, TaskResult
from connector_kit.audit import Trail
from connector_kit.audit.codec import new_key
from target_anaplan.accounts import accounts_of
from target_anaplan.destination import Destination
from target_anaplan.dumps import DumpRejects
from target_anaplan.rows import FileFormat
from target_anaplan.spool import Spool, Worker
from target_anaplan.tally import Tally

REFUSED = "Suppliers from suppliers.csv"


INVOICES = {
    "stream": "ap_invoices",
    "process": "Load AP Invoices",
    "missing_columns": "blank",
    "columns": {"Invoice Key": "Key", "Supplier": "Supplier", "Original Value": {"field": "Value", "decimals": 2}},
}


def invoices(bench, *suppliers):
    properties = {"Key": {"type": "string"}, "Supplier": {"type": "string"}, "Value": {"type": "number"}}
    yield bench.schema("ap_invoices", {"properties": properties}, ["Key"])
    for number, supplier in enumerate(suppliers):
        yield bench.record("ap_invoices", {"Key": f"I{number}", "Supplier": supplier, "Value": 1.5})
    yield {"type": "STATE", "value": {"mark": "done"}}


def of_stream(bench, stream):
    return next(action for action in bench.summary().actions if action.stream == stream)


def reasons(bench):
    return {reason.reason: reason.records for action in bench.summary().actions for reason in action.reasons}


def test_a_record_without_its_key_is_rejected_and_the_others_arrive(bench):
    nameless = bench.record("suppliers", {"CompanyId": "EDU1", "Name": "nobody"})
    outcome = bench.deliver(bench.suppliers(bench.supplier(1), nameless, bench.supplier(2)))
    assert len(bench.items()) == 2
    assert reasons(bench) == {"no key: Supplier is missing": 1}
    assert outcome.states == [{"mark": "done"}]


def test_a_record_that_breaks_its_schema_is_rejected_by_field_and_rule(bench):
    bench.deliver(bench.suppliers(bench.supplier(1, Balance="much"), bench.supplier(2)))
    assert list(bench.items()) == ["EDU1-2"]
    assert reasons(bench) == {"schema: field Balance, type null|number": 1}


def test_a_value_that_can_not_be_written_is_rejected_with_column_and_reason(bench):
    mapping = {**bench.supplier_mapping, "columns": {**bench.supplier_mapping["columns"]}}
    mapping["columns"]["Class"] = {"field": "OnHold", "values": {"N": "normal"}}
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2, OnHold="?")), mappings=[mapping])
    assert list(bench.items()) == ["EDU1-1"]
    assert reasons(bench) == {"column Class: no entry in values": 1}


def test_a_row_that_anaplan_refuses_is_in_the_trail_with_its_reason(bench, caplog):
    bench.sandbox.control.refuse(REFUSED, r"Supplier [24]\b", "Invalid name")
    caplog.set_level(logging.INFO, "target-anaplan")
    outcome = bench.deliver(bench.suppliers(*map(bench.supplier, range(1, 6))))
    assert sorted(bench.items()) == ["EDU1-1", "EDU1-3", "EDU1-5"]
    assert sum(reasons(bench).values()) == 2
    assert all("Invalid name" in reason for reason in reasons(bench))
    assert outcome.states == [{"mark": "done"}]
    assert "5 read, 0 unchanged, 5 sent, 3 delivered, 2 rejected" in caplog.text
    assert "2 rejected: Invalid name" in caplog.text


@pytest.mark.parametrize("kept", ["import", "user"])
def test_dumps_are_read_before_the_next_import_of_the_user_ends_them(bench, switch, kept):
    switch("dump_kept", kept)
    bench.sandbox.control.refuse(REFUSED, r"Supplier 2\b", "Invalid name")
    rows = [*bench.suppliers(bench.supplier(1), bench.supplier(2)), *invoices(bench, "EDU1-1", "nobody")]
    bench.deliver(rows, mappings=[bench.supplier_mapping, INVOICES])
    assert of_stream(bench, "suppliers").rejected == 1
    assert of_stream(bench, "ap_invoices").rejected == 1
    assert not any("can't be read" in reason for reason in reasons(bench)), reasons(bench)


def test_a_refused_row_is_sent_again_and_its_failure_closes_when_it_arrives(bench):
    bench.deliver(invoices(bench, "EDU1-1", "EDU1-2", "EDU1-2"), mappings=[bench.supplier_mapping, INVOICES])
    action = bench.summary().actions[0]
    assert (action.sent, action.delivered, action.rejected, action.still_open) == (3, 0, 3, 3)
    first = bench.summary().run
    rows = [*bench.suppliers(bench.supplier(2)), *invoices(bench, "EDU1-1", "EDU1-2", "EDU1-2")]
    bench.deliver(rows, mappings=[bench.supplier_mapping, INVOICES])
    action = of_stream(bench, "ap_invoices")
    assert (action.sent, action.delivered, action.rejected) == (3, 2, 1)
    with Trail.open(bench.audit_url) as trail:
        assert trail.summary(first).actions[0].still_open == 0  # two arrived, one failed anew
    bench.deliver(rows, mappings=[bench.supplier_mapping, INVOICES])
    assert of_stream(bench, "ap_invoices").unchanged == 2
    assert of_stream(bench, "suppliers").unchanged == 1


def test_rejects_without_a_dump_are_counted_and_their_file_is_sent_again(bench):
    rows = [*bench.suppliers(bench.supplier(2)), *invoices(bench, "EDU1-1", "EDU1-2")]
    bench.sandbox.control.fault("anaplan", {"status": 404}, path="/dump", times=-1)
    outcome = bench.deliver(rows, mappings=[bench.supplier_mapping, INVOICES])
    bench.sandbox.control.clear_faults()
    assert any("dump can't be read" in reason for reason in reasons(bench))
    assert outcome.states == [{"mark": "done"}]
    bench.deliver([*rows, *bench.suppliers(bench.supplier(1))], mappings=[bench.supplier_mapping, INVOICES])
    assert {action.stream: action.sent for action in bench.summary().actions} == {"suppliers": 1, "ap_invoices": 2}
    assert len(bench.sandbox.control.module_rows("AP Invoices")) == 2


def test_a_row_is_found_by_its_values_when_the_dump_tells_no_line(bench):
    rows = [["a", "1"], ["b", "2"], ["c", "3"]]
    worker = Worker()
    spool = Spool(bench.folder / "spool", FileFormat(("Code", "Value")), worker, 1 << 20)
    spool.write([",".join(row) for row in rows], [row[0] for row in rows])
    spool.seal()
    dump = [DumpRow(None, {"Code": "c", "Value": "3"}, ("Invalid number: 3",)), DumpRow(99, {"Code": "x"}, ("Lost",))]
    action = ActionResult("112", "an import", True, True, (), ())
    result = TaskResult("T", "import", "112", "an import", "COMPLETE", "", "", action, ())
    accounts = accounts_of(result, Destination("import", "112", "an import", spool.form), spool.rows)

    class Model:
        def dump(self, kind, action_id, task_id, object_id):
            yield from dump

    tally = Tally()
    found = list(DumpRejects(Model(), accounts, spool, tally))
    worker.stop()
    assert [(one.seq, one.key, one.reason) for one in found] == [
        (2, "c", "Invalid number"),
        (None, "", "Anaplan's failure dump names rows that are not in the file"),
    ]
    assert (tally.rejected, tally.samples) == (2, {"Invalid number": ["c"]})


def test_with_on_reject_fail_a_bad_record_keeps_everything_from_being_uploaded(bench):
    outcome = bench.run(bench.suppliers(bench.supplier(1), bench.supplier(2, Balance="much")), on_reject="fail")
    assert "1 rejected rows (1 x schema: field Balance" in str(outcome.error)
    assert "nothing was uploaded" in str(outcome.error)
    assert (outcome.states, bench.items()) == ([], {})
    assert bench.summary().outcome == "failed"


def test_with_on_reject_fail_a_refused_row_fails_the_run_without_state(bench):
    bench.sandbox.control.refuse(REFUSED, r"Supplier 2\b", "Invalid name")
    outcome = bench.run(bench.suppliers(*map(bench.supplier, range(1, 4))), on_reject="fail")
    assert "on_reject is fail" in str(outcome.error)
    assert outcome.states == []
    assert len(bench.items()) == 2


def test_a_share_of_rejects_above_the_limit_fails_the_run(bench):
    bench.sandbox.control.refuse(REFUSED, r"Supplier [23]\b", "Invalid name")
    rows = bench.suppliers(*map(bench.supplier, range(1, 5)))
    outcome = bench.run(rows, max_reject_share=0.25)
    assert "max_reject_share allows 25.00% of 4" in str(outcome.error)
    mapping = {**bench.supplier_mapping, "max_reject_share": 0.75}
    assert bench.run(rows, mappings=[mapping], max_reject_share=0.0).error is None


def test_a_refused_row_with_a_very_long_text_does_not_hide_what_was_delivered(bench):
    bench.sandbox.control.refuse(REFUSED, "EDU1-2", "No such thing")
    mapping = {**bench.supplier_mapping, "columns": {**bench.supplier_mapping["columns"], "Company": "OnHold"}}
    rows = [bench.supplier(1), *(bench.supplier(n, OnHold="y" * 140_000) for n in (2, 3))]
    outcome = bench.deliver(bench.suppliers(*rows), mappings=[mapping])
    assert sorted(bench.items()) == ["EDU1-1", "EDU1-3"]
    assert (outcome.states, reasons(bench)) == ([{"mark": "done"}], {"No such thing": 1})


INVENTORY = {
    "stream": "stock",
    "import": "Inventory from inventory.csv",
    "columns": {"Product": "P", "Warehouse": "W", "Qty On Hand": "Q", "Qty Allocated": "Q", "Qty On Order": "Q"}
    | {"Unit Cost": {"field": "Q", "trim": True}},
}
PLACES = [
    {
        "stream": "products",
        "import": f"{name}s from {name.lower()}s.csv",
        "missing_columns": "blank",
        "key": ["Code"],
        "columns": {"Code": field, "Name": field},
    }
    for name, field in (("Product", "P"), ("Warehouse", "W"))
]


@pytest.mark.parametrize("form", ["singer.decimal", "x-singer.decimal"])
def test_amounts_that_come_as_texts_are_written_with_the_files_decimal_comma(bench, form):
    keys = {"P": {"type": "string"}, "W": {"type": "string"}}
    amount = {"anyOf": [{"type": "string", "format": form}, {"type": "null"}]}
    bench.deliver(
        [
            bench.schema("products", {"properties": keys}, ["P", "W"]),
            bench.record("products", {"P": "P1", "W": "W1"}),
            bench.schema("stock", {"properties": {**keys, "Q": amount}}, ["P", "W"]),
            bench.record("stock", {"P": "P1", "W": "W1", "Q": "1234.50"}),
            bench.record("stock", {"P": "P1", "W": "W1", "Q": "much"}),
        ],
        mappings=[*PLACES, INVENTORY],
    )
    assert bench.sandbox.control.module_rows("Inventory")[0]["values"]["Qty On Hand"] == "1234.50"
    assert reasons(bench) == {"column Qty On Hand: not a number": 1}


@pytest.mark.parametrize("answer", ["successful", "failed"])
def test_an_import_of_which_every_row_was_refused_names_them(bench, switch, answer):
    switch("all_rows_failed", answer)
    bench.sandbox.control.refuse(REFUSED, "Supplier", "Invalid name")
    bench.run(bench.suppliers(bench.supplier(1), bench.supplier(2)))
    assert reasons(bench) == {"Invalid name": 2}


def test_a_condition_that_lets_nothing_pass_tells_what_its_fields_held(bench, caplog):
    mapping = {**bench.supplier_mapping, "where": {"OnHold": ["No"], "CompanyId": ["EDU1"]}}
    rows = [bench.supplier(n, OnHold="N" if n < 4 else f"Y{n}") for n in range(1, 12)]
    bench.run(bench.suppliers(*rows), mappings=[mapping])
    assert "where let no record pass: OnHold held 'N' (3), 'Y4' (1), " in caplog.text
    assert " and others; CompanyId held 'EDU1' (11)" in caplog.text


def test_a_condition_that_lets_something_pass_tells_nothing(bench, caplog):
    mapping = {**bench.supplier_mapping, "where": {"OnHold": ["N"]}}
    bench.deliver(bench.suppliers(bench.supplier(1, OnHold="Y"), bench.supplier(2)), mappings=[mapping])
    bench.deliver(bench.suppliers(), mappings=[mapping])
    assert "let no record pass" not in caplog.text


def test_with_an_audit_key_no_value_of_a_refused_row_stands_in_the_trails_files(bench, tmp_path):
    bench.sandbox.control.refuse(REFUSED, r"Jane Doe", "Supplier Jane Doe with 98765.43 can't be placed")
    schema_breaks, unmappable = bench.supplier(2, Balance="Canary amount"), bench.supplier(3, OnHold="Canary flag")
    mapping = {**bench.supplier_mapping, "columns": {**bench.supplier_mapping["columns"]}}
    mapping["columns"]["Class"] = {"field": "OnHold", "values": {"N": "normal"}}
    rows = [bench.supplier(1, Name="Jane Doe"), schema_breaks, unmappable, bench.supplier(4)]
    bench.deliver(bench.suppliers(*rows), mappings=[mapping], audit_key=new_key())
    assert list(bench.items()) == ["EDU1-4"]
    assert "Supplier … with … can't be placed" in reasons(bench)
    for file in tmp_path.glob("audit.db*"):
        found = file.read_bytes()
        assert not [word for word in (b"Jane Doe", b"98765.43", b"Canary") if word in found], file
