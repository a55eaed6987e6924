"""Whatever is wrong with one record is that record's fate; what only the tap can mend is one line that says so."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from connector_kit.audit import Trail
from connector_kit.audit.failures import Selection
from connector_kit.audit.replay import replay
from connector_kit.errors import ConnectorError

ROW = '"CompanyId": "EDU1", "Supplier": "000000000000002"'
DEEP = "[" * 3_000 + "]" * 3_000


def raw(bench, *lines):
    """Messages as bytes, some of them not as JSON has them."""
    return b"".join(
        (line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()) + b"\n"
        for line in lines
    )


def target(bench, text, **settings):
    """The target as a process."""
    path = bench.folder / "config.json"
    path.write_text(json.dumps(bench.config(**settings)))
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(path)]
    return subprocess.run(command, input=text, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'"Name": "Acme \\ud83d"', "half a surrogate pair"),
        (b'"Balance": NaN', "NaN or Infinity"),
        (b'"Name": "Caf\xe9"', "not UTF-8"),
        (b'"Balance": 1e9999999999999999999', "a number out of range"),
        (b'"Balance": 1e9999999', "a number out of range"),
        (f'"Name": {DEEP}'.encode(), "nested too deeply"),
        (b'"Name": "x" "y"', "not JSON"),
    ],
)
def test_a_broken_record_is_rejected_with_its_line_and_the_others_are_delivered(bench, bad, reason):
    schema, first, third, state = bench.suppliers(bench.supplier(1), bench.supplier(3))
    broken = b'{"type": "RECORD", "stream": "suppliers", "record": {' + ROW.encode() + b", " + bad + b"}}"
    done = target(bench, raw(bench, schema, first, broken, third, state))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"mark": "done"}), done.stderr
    assert b"Traceback" not in done.stderr
    assert sorted(bench.items()) == ["EDU1-1", "EDU1-3"]
    with Trail.open(bench.audit_url) as trail, trail.database.reading() as connection:
        [failure] = connection.rows("SELECT key_text, reason, message FROM audit_failures")
    assert failure["key_text"] == ("" if reason in {"nested too deeply", "not JSON"} else '["EDU1","000000000000002"]')
    assert reason in failure["reason"]
    assert failure["message"] == f"line 3 of the tap's output: {failure['reason']}"


def test_half_a_line_at_the_end_is_one_line_and_what_was_whole_is_delivered(bench):
    messages = bench.suppliers(bench.supplier(1), state="half")
    half = json.dumps(bench.supplier(2)).encode()[:60]
    done = target(bench, raw(bench, *messages) + half)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"mark": "half"}
    assert done.stderr.decode().splitlines()[-1].count("line 4 of its output: got half a line at the end") == 1
    assert b"Traceback" not in done.stderr
    assert sorted(bench.items()) == ["EDU1-1"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("nonsense", "line 3 of its output: expected a Singer message"),
        ({"type": "RECORD", "stream": "other", "record": {}}, "a record of stream other before its SCHEMA"),
        (
            {"type": "SCHEMA", "stream": "o", "schema": {"properties": {"a": {"$ref": "http://127.0.0.1:9/"}}}},
            "refers to a document elsewhere",
        ),
    ],
)
def test_what_is_the_tap_s_fault_names_its_line_and_what_came_before_is_delivered(bench, message, said):
    schema, first, _ = bench.suppliers(bench.supplier(1))
    outcome = bench.run([schema, first, message])
    assert isinstance(outcome.error, ConnectorError)
    assert said in str(outcome.error)
    assert sorted(bench.items()) == ["EDU1-1"]


def test_draft_4_bounds_are_read(bench):
    bound = {"type": ["null", "number"], "exclusiveMaximum": True, "maximum": 100, "multipleOf": 0.01}
    properties = {**bench.supplier_schema["properties"], "Balance": bound}
    schema = bench.schema("suppliers", {"type": "object", "properties": properties}, ["CompanyId", "Supplier"])
    rows = [bench.supplier(1, Balance=99.99), bench.supplier(2, Balance=100), bench.supplier(3, Balance=0.95)]
    bench.deliver([schema, *rows])
    assert sorted(bench.items()) == ["EDU1-1", "EDU1-3"]


def test_a_stream_that_is_announced_only_needs_no_mapping(bench):
    """As meltano-map-transform does for streams that it removes."""
    other = bench.schema("removed", bench.supplier_schema, ["CompanyId"])
    bench.deliver([{**other, "bookmark_properties": []}, *bench.suppliers(bench.supplier(1))])
    assert sorted(bench.items()) == ["EDU1-1"]


def test_a_target_that_fails_reads_its_input_to_the_end(bench):
    """A tap that finds its pipe broken says more than the target, and Meltano more than both."""
    schema, row, _ = bench.suppliers(bench.supplier(1))
    stranger = {**bench.schema("other", bench.supplier_schema, ["CompanyId"])}
    text = raw(bench, schema, stranger, {**row, "stream": "other"}) + raw(bench, row) * 20_000
    path = bench.folder / "config.json"
    path.write_text(json.dumps(bench.config()))
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(text)  # more than a pipe holds: it would break
    process.stdin.close()
    assert b"stream other" in process.stderr.read().splitlines()[-1]
    assert process.wait(30) == 1
    process.stdout.close()
    process.stderr.close()


def test_an_input_that_has_ended_is_not_said_to_be_dropped(bench):
    path = bench.folder / "config.json"
    path.write_text(json.dumps(bench.config()))
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(path)]
    done = subprocess.run(command, input=b"hello\n", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"line 1 of its output" in done.stderr.splitlines()[-1]
    assert b"read and dropped" not in done.stderr


def test_a_signal_ends_the_reading_of_the_rest(bench):
    path = bench.folder / "config.json"
    path.write_text(json.dumps(bench.config(password="wrong")))
    command = [sys.executable, "-c", "from target_anaplan.target import main; main()", "--config", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(raw(bench, *bench.suppliers(bench.supplier(1))) + b"\n" * 2_000_000)
    process.stdin.flush()
    while b"read and dropped" not in process.stderr.readline():
        pass
    process.terminate()
    assert process.wait(30) == 1
    assert b"Traceback" not in process.stderr.read()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()


def test_replays_and_reports_take_broken_records(bench):
    schema, first, state = bench.suppliers(bench.supplier(1))
    broken = b'{"type": "RECORD", "stream": "suppliers", "record": {' + ROW.encode() + b', "Name": "Caf\xe9"}}'
    target(bench, raw(bench, schema, first, broken, state))
    with Trail.open(bench.audit_url) as trail, trail.database.reading() as connection:
        written = []
        assert replay(connection, Selection(), written.append).records == 1
    assert b"Caf\xe9" in written[-1]
