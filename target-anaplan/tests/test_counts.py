"""What Anaplan processed, ignored and refused is what was sent, or it is unknown what arrived and all is sent again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_kit.anaplan import ActionResult, Counts, DumpRow, TaskResult
from connector_kit.errors import UnavailableError
from target_anaplan.accounts import accounts_of
from target_anaplan.destination import Destination, Loader
from target_anaplan.dumps import DumpRejects
from target_anaplan.rows import FileFormat
from target_anaplan.spool import Spool, Worker
from target_anaplan.tally import Tally

ACCOUNTS = [
    {"stream": "types", "import": "Account Types from account_types.csv", "columns": {"Code": "C", "Name": "C"}},
    {
        "stream": "groups",
        "import": "Account Groups from account_groups.csv",
        "columns": {"Code": "C", "Name": "C", "Account Type": "P"},
    },
    {
        "stream": "accounts",
        "import": "Accounts from accounts.csv",
        "missing_columns": "blank",
        "columns": {"Code": "C", "Name": "C", "Account Group": "P"},
    },
]
BALANCES = {
    "stream": "gl",
    "import": "GL Balances from gl_balances.csv",
    "columns": {"Account": "A", "Period": "T", "Closing Balance": {"field": "V", "decimals": 2}, "Movement": "V"},
}
INVOICES = {
    "stream": "invoices",
    "process": "Load AP Invoices",
    "missing_columns": "blank",
    "columns": {"Invoice Key": "K", "Supplier": {"constant": "EDU1-1"}},
}


@pytest.fixture
def chart(bench):
    """A chart of accounts: 1000 and 1010 in group E-01."""
    kinds = {"properties": {"C": {"type": "string"}, "P": {"type": "string"}}}
    rows = {"types": [("E", "")], "groups": [("E-01", "E")], "accounts": [("1000", "E-01"), ("1010", "E-01")]}
    messages = []
    for stream, items in rows.items():
        messages.append(bench.schema(stream, kinds, ["C"]))
        messages += [bench.record(stream, {"C": code, "P": parent}) for code, parent in items]
    bench.deliver(messages, mappings=ACCOUNTS)


def balances(bench, *cells):
    kinds = {"properties": {"A": {"type": "string"}, "T": {"type": "string"}, "V": {"type": "number"}}}
    yield bench.schema("gl", kinds, ["A", "T"])
    for account, period, value in cells:
        yield bench.record("gl", {"A": account, "T": period, "V": value})
    yield {"type": "STATE", "value": {"mark": "done"}}


def last(bench):
    action = bench.summary().actions[0]
    return action.sent, action.delivered, action.rejected


MIXED = [
    ("1000", "Jan 26", 1),
    ("1010", "Jan 26", 2),
    ("E-01", "Jan 26", 3),
    ("1000", "FY26", 4),
    ("9999", "Jan 26", 6),
]


@pytest.mark.parametrize("values", ["rows", "cells", "none"])
def test_rows_that_a_module_import_ignores_are_no_success_and_are_sent_again(bench, chart, switch, caplog, values):
    switch("module_values", values)
    outcome = bench.deliver(list(balances(bench, *MIXED)), mappings=[BALANCES])
    assert outcome.states == [{"mark": "done"}]
    assert last(bench) == (5, 2, 3)
    assert {reason.reason.split(":")[0]: reason.records for reason in bench.summary().actions[0].reasons} == {
        "ignored by Anaplan": 2,
        "Item not located in Accounts list": 1,
    }
    bench.deliver(list(balances(bench, *MIXED[:2])), mappings=[BALANCES])
    assert last(bench) == (2, 2, 0)
    assert bench.summary().actions[0].unchanged == 0


def test_ignored_rows_count_as_delivered_where_the_mapping_says_so(bench, chart):
    rows = list(balances(bench, *MIXED))
    bench.deliver(rows, mappings=[{**BALANCES, "ignored_rows": "accept"}])
    assert last(bench) == (5, 4, 1)
    bench.deliver(rows, mappings=[{**BALANCES, "ignored_rows": "accept"}])
    assert bench.summary().actions[0].unchanged == 4


def test_unchanged_rows_that_a_list_import_ignores_are_a_success(bench):
    rows = bench.suppliers(bench.supplier(1), bench.supplier(2))
    bench.deliver(rows)
    bench.deliver(rows, resend=True)
    assert last(bench) == (2, 2, 0)


def test_rows_that_were_lost_on_the_way_fail_the_run_and_are_sent_again(bench, switch):
    switch("rows_lost", 2)
    rows = bench.suppliers(*map(bench.supplier, range(1, 6)))
    outcome = bench.run(rows)
    assert isinstance(outcome.error, UnavailableError)
    assert "expected counts of the 5 rows that were sent, got" in str(outcome.error)
    assert "3 rows processed" in str(outcome.error)
    assert outcome.states == []
    assert len(bench.summary().actions[0].tasks) == 1
    switch("rows_lost", 0)
    bench.deliver(rows)
    assert (last(bench), len(bench.items())) == ((5, 5, 0), 5)


@pytest.mark.parametrize("lost", [0, 1])
def test_each_import_of_a_process_is_counted(bench, switch, lost):
    switch("rows_lost", lost)
    invoices = [
        bench.schema("invoices", {"properties": {"K": {"type": "string"}}}, ["K"]),
        *(bench.record("invoices", {"K": f"I{n}"}) for n in range(3)),
    ]
    bench.sandbox.control.fill([{"code": "EDU1-1", "name": "One"}], list_name="Suppliers")
    error = bench.run(invoices, mappings=[INVOICES]).error
    assert ("AP Invoices list from" in str(error) and "2 rows processed" in str(error)) if lost else error is None


def test_an_import_without_counts_is_taken_or_refused_as_the_setting_says(bench, chart, switch, caplog):
    switch("module_values", "absent")
    rows = list(balances(bench, MIXED[0]))
    assert "no counts" in str(bench.run(rows, mappings=[BALANCES], check_counts="always").error)
    bench.deliver(rows, mappings=[BALANCES])
    assert "Anaplan tells no counts of GL Balances" in caplog.text
    assert last(bench) == (1, 1, 0)


def test_counts_that_mean_something_else_can_be_left_unchecked(bench, switch):
    switch("rows_lost", 1)
    mapping = {**bench.supplier_mapping, "check_counts": "never"}
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2)), mappings=[mapping])
    assert last(bench) == (2, 2, 0)


def test_a_dump_whose_lines_are_shifted_does_not_reject_the_wrong_row(bench, switch):
    switch("dump_line_offset", 1)
    bench.sandbox.control.refuse("Suppliers from suppliers.csv", r"Supplier [25]\b", "Invalid name")
    bench.deliver(bench.suppliers(*map(bench.supplier, range(1, 6))))
    assert sorted(bench.items()) == ["EDU1-1", "EDU1-3", "EDU1-4"]
    bench.sandbox.control.accept()
    bench.deliver(bench.suppliers(*map(bench.supplier, range(1, 6))))
    assert (last(bench), bench.summary().actions[0].unchanged) == ((2, 2, 0), 3)


@pytest.mark.parametrize("theirs", [1, 3], ids=["fewer rows", "as many rows"])
def test_a_file_that_another_client_has_replaced_is_noticed_and_sent_again(bench, theirs):
    header = "Code,Name,Company,Supplier,Class,Currency,Terms,Branch,On Hold,Balance"
    others = "".join(f"X{n},Other {n},,,,,,,,1\n" for n in range(theirs))
    bench.sandbox.control.replace_upload("suppliers.csv", f"{header}\n{others}")
    rows = bench.suppliers(*map(bench.supplier, range(3)))
    outcome = bench.run(rows)
    assert "expected file suppliers.csv as it was uploaded, got another content" in str(outcome.error)
    assert (outcome.states, len(bench.items())) == ([], theirs)
    bench.deliver(rows)
    assert last(bench) == (3, 3, 0)


def test_a_replaced_file_shows_in_the_counts_where_it_is_not_read_back(bench):
    bench.sandbox.control.replace_upload("suppliers.csv", "Code,Name\nX1,Other\n")
    error = bench.run(bench.suppliers(*map(bench.supplier, range(3))), check_upload=False).error
    assert "missingFields" in str(error) or "1 rows processed" in str(error)


def test_a_file_that_can_not_be_read_back_is_told_by_its_counts(bench, caplog):
    bench.sandbox.control.fault("anaplan", {"status": 403}, path="/chunks", method="GET", times=-1)
    try:
        bench.deliver(bench.suppliers(bench.supplier(1)))
    finally:
        bench.sandbox.control.clear_faults()
    assert "can't be read back and compared" in caplog.text
    assert last(bench) == (1, 1, 0)


def test_a_task_that_is_not_found_at_first_is_waited_for(bench, switch):
    switch("task_hidden_looks", 3)
    bench.deliver(bench.suppliers(bench.supplier(1)))
    assert len(bench.items()) == 1


# For any fate that a server may give to each row: every row has one outcome, and what did not arrive is sent again.

FATES = st.lists(st.sampled_from(["taken", "ignored", "refused", "unnamed", "lost"]), min_size=1, max_size=12)


class Model:
    """A model with one failure dump."""

    def __init__(self, rows):
        self.rows = rows

    def dump(self, kind, action_id, task_id, object_id):
        yield from self.rows


def outcome(folder, fates, *, in_module, cells, shift, line_items):
    """Outcomes of rows by number, with None for a row that is not known; None when the counts are refused."""
    worker = Worker()
    spool = Spool(folder, FileFormat(("Code", "Value")), worker, 1 << 20)
    spool.write([f"c{at},{at}" for at in range(len(fates))], [f"k{at}" for at in range(len(fates))])
    spool.seal()
    many = {fate: fates.count(fate) * (line_items if cells else 1) for fate in set(fates)}
    refused = many.get("refused", 0) + many.get("unnamed", 0)
    parts = (many.get("taken", 0), 0, 0, many.get("ignored", 0), refused, 0)
    counts = Counts("X", sum(parts), *parts, in_module)
    action = ActionResult("112", "an import", True, "refused" in fates, (), (counts,))
    result = TaskResult("T", "import", "112", "an import", "COMPLETE", "", "", action, ())
    destination = Destination("import", "112", "an import", spool.form, loaders=(Loader("112", "import", in_module),))
    dump = [
        DumpRow(at + 2 + shift, {"Code": f"c{at}", "Value": str(at)}, ("bad",))
        for at, fate in enumerate(fates)
        if fate == "refused"
    ]
    try:
        accounts = accounts_of(result, destination, spool.rows)
        accounts.check("when_told")
        return [one.seq for one in DumpRejects(Model(dump), accounts, spool, Tally())]
    except UnavailableError:
        return None
    finally:
        spool.remove()
        worker.wait()
        worker.stop()


@settings(max_examples=150, deadline=None)
@given(FATES, st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1]), st.integers(1, 3))
def test_every_row_has_one_outcome_and_what_did_not_arrive_is_sent_again(
    tmp_path_factory, fates, in_module, cells, shift, line_items
):
    folder = tmp_path_factory.mktemp("spool") / "file"
    cells = cells and in_module
    rejected = outcome(folder, fates, in_module=in_module, cells=cells, shift=shift, line_items=line_items)
    if rejected is None:
        assert "lost" in fates
        return
    assert "lost" not in fates or cells  # as many cells as a multiple of the rows can hide one
    named = [seq for seq in rejected if seq is not None]
    assert sorted(named) == [at for at, fate in enumerate(fates) if fate == "refused"]
    if "lost" not in fates:
        assert len(rejected) - len(named) == fates.count("unnamed") + fates.count("ignored") * in_module


@pytest.mark.parametrize("form", ["ignored", "uncounted"])
def test_a_full_workspace_that_takes_no_items_is_noticed_and_the_rows_come_again(bench, switch, form):
    switch("workspace_full", form)
    rows = bench.suppliers(bench.supplier(1), bench.supplier(2))
    outcome = bench.run(rows)
    assert isinstance(outcome.error, UnavailableError)
    assert "2" in str(outcome.error)
    assert outcome.states == []
    switch("workspace_full", "no")
    bench.deliver(rows)
    assert set(bench.items()) == {"EDU1-1", "EDU1-2"}
