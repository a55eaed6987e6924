"""Many records for one cell of a module are added up over all runs, or refused: the last one never wins in silence."""

from __future__ import annotations

from decimal import Decimal

import pytest
from click.testing import CliRunner

from connector_kit.audit import Trail
from connector_kit.audit.codec import new_key
from connector_kit.audit.command import cli

ACCOUNTS = {
    "stream": "accounts",
    "import": "Accounts from accounts.csv",
    "missing_columns": "blank",
    "columns": {"Code": "Account", "Name": "Account"},
}
BALANCES = {
    "stream": "lines",
    "import": "GL Balances from gl_balances.csv",
    "missing_columns": "blank",
    "columns": {
        "Account": "Account",
        "Period": {"period": ["Year", "Month"]},
        "Movement": {"field": "Amount", "decimals": 2},
    },
    "sum": ["Movement"],
}
SCHEMA = {
    "properties": {
        "Doc": {"type": "string"},
        "Account": {"type": "string"},
        "Year": {"type": "integer"},
        "Month": {"type": "integer"},
        "Amount": {"type": ["number", "null"]},
        "Note": {"type": ["string", "null"]},
    }
}

SETTINGS = {"mappings": [ACCOUNTS, BALANCES], "on_nothing_delivered": "fail"}


def line(bench, doc, amount, account="A1", month=1, version=None, **more):
    row = {"Doc": doc, "Account": account, "Year": 2026, "Month": month, "Amount": Decimal(amount), **more}
    message = bench.record("lines", row)
    return {**message, "version": version} if version else {k: v for k, v in message.items() if k != "version"}


@pytest.fixture
def books(bench):
    class Books:
        def send(self, *rows, key=("Doc",), end=(), run=bench.deliver, **settings):
            first = bench.schema("lines", SCHEMA, list(key))
            state = {"type": "STATE", "value": {"mark": 1}}
            return run([first, *rows, *end, state], **{**SETTINGS, **settings})

        def cells(self):
            rows = bench.sandbox.control.module_rows("GL Balances")
            return {tuple(row["dimensions"].values()): row["values"]["Movement"] for row in rows}

        def accounts(self, *names):
            schema = bench.schema("accounts", {"properties": {"Account": {"type": "string"}}}, ["Account"])
            bench.deliver(
                [schema, *(bench.record("accounts", {"Account": name}) for name in names)], mappings=[ACCOUNTS]
            )

    books = Books()
    books.accounts("A1", "A2")
    return books


def test_the_total_is_exact_and_rounded_once(books, bench):
    books.send(line(bench, "1", "10.005"), line(bench, "2", "2.005"), line(bench, "3", "1", account="A2"))
    assert books.cells() == {("A1", "Jan 26"): "12.01", ("A2", "Jan 26"): "1.00"}


def test_a_cell_is_the_sum_of_all_its_records_not_only_of_those_that_came(books, bench):
    books.send(line(bench, "1", "10"), line(bench, "2", "20"))
    books.send(line(bench, "2", "25"))  # changed
    assert books.cells() == {("A1", "Jan 26"): "35.00"}
    books.send(line(bench, "1", "10", account="A2"), line(bench, "3", "1"))  # moved, new
    assert books.cells() == {("A1", "Jan 26"): "26.00", ("A2", "Jan 26"): "10.00"}
    gone = {"_sdc_deleted_at": "2026-11-20T00:00:00Z"}
    books.send(line(bench, "2", "25", **gone), line(bench, "1", "10", **gone))
    assert books.cells() == {("A1", "Jan 26"): "1.00", ("A2", "Jan 26"): "0.00"}


def test_a_cell_whose_total_stays_is_not_sent(books, bench):
    books.send(line(bench, "1", "10"), line(bench, "2", "20"))
    started = len(bench.tasks_started())
    books.send(line(bench, "1", "12"), line(bench, "2", "18"))
    books.send(line(bench, "1", "12"))
    assert len(bench.tasks_started()) == started
    assert bench.summary().actions[0].outcome == "unchanged"


def test_what_a_whole_read_no_longer_shows_adds_nothing_any_more(books, bench):
    rows = [line(bench, str(number), "1", version=1) for number in range(10)]
    books.send(*rows, end=[{"type": "ACTIVATE_VERSION", "stream": "lines", "version": 1}])
    again = [line(bench, str(number), "1", version=2) for number in range(8)]
    books.send(*again)  # not proven: nothing is gone
    assert books.cells() == {("A1", "Jan 26"): "10.00"}
    books.send(*again, end=[{"type": "ACTIVATE_VERSION", "stream": "lines", "version": 2}])
    assert books.cells() == {("A1", "Jan 26"): "8.00"}
    few = [line(bench, "0", "1", version=3), {"type": "ACTIVATE_VERSION", "stream": "lines", "version": 3}]
    outcome = books.send(*few, run=bench.run)
    assert "No record was taken out of its cell" in str(outcome.error)
    assert books.cells() == {("A1", "Jan 26"): "8.00"}


def test_a_record_that_the_mapping_no_longer_means_adds_nothing_any_more(books, bench):
    mapping = {**BALANCES, "where": {"Note": {"not": ["draft"]}}}
    books.send(line(bench, "1", "10"), line(bench, "2", "20"), mappings=[mapping])
    books.send(line(bench, "2", "20", Note="draft"), mappings=[mapping])
    assert books.cells() == {("A1", "Jan 26"): "10.00"}


def test_a_record_that_can_not_be_counted_leaves_what_stood_and_its_failure_closes_when_it_is_right(books, bench):
    books.send(line(bench, "1", "10"), line(bench, "2", "20"))
    books.send(line(bench, "2", "20", month=13), line(bench, "1", "11"))
    assert books.cells() == {("A1", "Jan 26"): "31.00"}
    run = bench.summary().run
    books.send(line(bench, "2", "2", month=2))
    assert books.cells() == {("A1", "Jan 26"): "11.00", ("A1", "Feb 26"): "2.00"}
    with Trail.open(bench.audit_url) as trail:
        assert trail.summary(run).actions[0].still_open == 0


def test_a_replay_sends_a_refused_cell_with_what_is_counted_now(books, bench):
    books.send(line(bench, "1", "10", "A3"), line(bench, "2", "20", "A3"), line(bench, "3", "1"))
    books.send(line(bench, "2", "5", "A3"), line(bench, "1", "9", "A3"), on_nothing_delivered="continue")
    gone = line(bench, "1", "10", "A3", _sdc_deleted_at="2026-11-20T00:00:00Z")
    books.send(gone, on_nothing_delivered="continue")
    assert books.cells() == {("A1", "Jan 26"): "1.00"}
    books.accounts("A3")
    replayed = CliRunner().invoke(cli, ["--url", bench.audit_url, "replay"]).stdout
    bench.deliver([f"{one}\n" for one in replayed.splitlines()], **SETTINGS)
    assert books.cells() == {("A1", "Jan 26"): "1.00", ("A3", "Jan 26"): "5.00"}
    assert bench.summary().outcome == "delivered"


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"sum": ["Closing Balance"]}, "sum: names column Closing Balance, which is not mapped"),
        ({"delete": {"action": "x"}}, "sum: and delete exclude each other"),
        ({"sum": ["Account", "Period", "Movement"]}, "sum: needs columns beside it"),
        ({"columns": {**BALANCES["columns"], "Movement": {"template": "{Amount}"}}}, "sum: column Movement takes"),
    ],
)
def test_a_sum_that_can_not_be_made_is_refused_in_words(books, bench, mapping, told):
    outcome = books.send(run=bench.run, mappings=[{**BALANCES, **mapping}])
    assert told in str(outcome.error)


def test_a_stream_without_key_can_not_be_added_up(books, bench):
    outcome = books.send(line(bench, "1", "10"), key=(), run=bench.run)
    assert "sum needs the stream's key" in str(outcome.error)


LAST_WINS = {name: part for name, part in BALANCES.items() if name != "sum"}


def test_two_records_for_one_cell_are_refused_before_anything_is_uploaded_and_both_are_named(books, bench):
    started = len(bench.tasks_started())
    outcome = books.send(line(bench, "1", "10"), line(bench, "2", "20"), mappings=[LAST_WINS], run=bench.run)
    told = str(outcome.error)
    assert '["1"]' in told
    assert '["2"]' in told
    assert "for Account A1, Period Jan 26" in told
    assert (outcome.states, len(bench.tasks_started()), books.cells()) == ([], started, {})


def test_with_an_audit_key_what_their_refusal_says_is_not_readable_in_the_trails_files(books, bench, tmp_path):
    rows = [line(bench, "1", "98765.43", account="Jane"), line(bench, "2", "87654.32", account="Jane")]
    outcome = books.send(*rows, mappings=[LAST_WINS], run=bench.run, audit_key=new_key())
    assert "for Account Jane, Period Jan 26" in str(outcome.error)
    for file in tmp_path.glob("audit.db*"):
        found = file.read_bytes()
        assert not [word for word in (b"Jane", b"Jan 26", b"98765.43", b"87654.32") if word in found], file


def test_so_is_one_that_comes_in_a_later_run_and_one_that_took_the_others_cell_is_not(books, bench):
    def send(*rows, run=bench.deliver, end=()):
        return books.send(*rows, mappings=[LAST_WINS], run=run, end=end)

    send(line(bench, "1", "10"))
    assert '["1"]' in str(send(line(bench, "2", "20"), run=bench.run).error)
    send(line(bench, "1", "10", _sdc_deleted_at="2026-11-20T00:00:00Z"), line(bench, "2", "20"))
    assert books.cells() == {("A1", "Jan 26"): "20.00"}
    send(line(bench, "3", "30", version=1), end=[{"type": "ACTIVATE_VERSION", "stream": "lines", "version": 1}])
    send(line(bench, "4", "40", account="A2"))
    assert books.cells() == {("A1", "Jan 26"): "30.00", ("A2", "Jan 26"): "40.00"}


def test_with_key_the_last_record_counts_and_with_the_whole_key_in_the_cell_nothing_is_kept(books, bench):
    rows = [line(bench, "1", "10"), line(bench, "2", "20")]
    books.send(*rows, mappings=[{**LAST_WINS, "key": ["Account", "Period"]}])
    assert books.cells() == {("A1", "Jan 26"): "20.00"}
    outcome = books.send(line(bench, "1", "11"), key=["Account", "Year", "Month"], mappings=[LAST_WINS])
    assert outcome.error is None
    with Trail.open(bench.audit_url) as trail, trail.database.reading() as connection:
        assert connection.value("SELECT COUNT(*) FROM audit_cells") == 0
