"""The block loop, and what it relies on inside the Singer SDK: these tests fail when the SDK changes that."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from singer_sdk import Target
from singer_sdk.exceptions import RecordsWithoutSchemaException

from connector_kit.errors import ConfigurationError, UnavailableError
from connector_kit.singer import target as module
from connector_kit.singer.lines import TapFault
from connector_kit.singer.target import BlockReader, BlockSink, BlockTarget

SCHEMA = {
    "type": "SCHEMA",
    "stream": "s",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}}},
}


class Sink(BlockSink):
    def __init__(self, target, stream_name, schema, key_properties):
        super().__init__(target, stream_name, schema, key_properties)
        self.blocks = []
        self.lines = []
        target.made.append(self)

    def process_block(self, block):
        self.blocks.append([json.loads(bytes(raw)) for raw in block.raws])
        self.lines.append((block.first_line, block.version))

    def process_poison(self, number, poison):
        self.blocks.append((number, poison.reason))

    def activate_version(self, new_version):
        self.blocks.append(new_version)


class Collecting(BlockTarget):
    name = "target-collecting"
    default_sink_class = Sink

    def __init__(self, **options):
        self.made = []
        self.delivered = []
        self.errors = []
        super().__init__(**options)

    def deliver(self, *, last):
        self.delivered.append(last)

    def failed(self, error):
        self.errors.append(error)


def run(*messages, target=None):
    target = target or Collecting()
    text = "".join((m if isinstance(m, str) else json.dumps(m)) + "\n" for m in messages)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        target.listen(io.StringIO(text))
    return target, out.getvalue()


def record(number, stream="s"):
    return {"type": "RECORD", "stream": stream, "record": {"id": number}, "time_extracted": "2026-01-01T00:00:00Z"}


def test_the_sdk_still_has_what_the_block_loop_overrides():
    for name in (
        "_drain_all",
        "_handle_termination",
        "_process_activate_version_message",
        "_process_batch_message",
        "process_endofpipe",
    ):
        assert name in vars(Target), f"singer_sdk.Target.{name} is gone"
    assert {"_sinks_to_clear", "_sinks_active"} <= set(vars(Collecting()))


def test_records_that_follow_each_other_come_as_one_block():
    target, _ = run(SCHEMA, record(1), record(2), {"type": "STATE", "value": {}}, record(3))
    assert target.made[0].blocks == [[{"id": 1}, {"id": 2}], [{"id": 3}]]


def test_state_leaves_once_and_only_after_delivery():
    state = {"bookmarks": {"s": {"at": "2026-01-01", "number": 1.5}}}
    target, out = run(SCHEMA, record(1), {"type": "STATE", "value": {"a": 0}}, {"type": "STATE", "value": state})
    assert target.delivered == [True]
    assert [json.loads(line) for line in out.splitlines()] == [state]


def test_no_state_leaves_when_delivery_fails():
    class Failing(Collecting):
        def deliver(self, *, last):
            raise UnavailableError(system="x", subject="y")

    target, out = Failing(), io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(UnavailableError) as caught:
        target.listen(io.StringIO(json.dumps(SCHEMA) + "\n" + json.dumps({"type": "STATE", "value": {"a": 1}}) + "\n"))
    assert out.getvalue() == ""
    assert target.errors == [caught.value]


def test_a_changed_schema_makes_a_new_sink_and_everything_is_delivered_together():
    wider = {**SCHEMA, "schema": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}}
    target, _ = run(SCHEMA, record(1), wider, record(2))
    assert [sink.blocks for sink in target.made] == [[[{"id": 1}]], [[{"id": 2}]]]
    assert target.delivered == [True]


def test_activate_version_reaches_the_sink():
    target, _ = run(SCHEMA, record(1), {"type": "ACTIVATE_VERSION", "stream": "s", "version": 7})
    assert target.made[0].blocks == [[{"id": 1}], 7]


def test_lines_cut_anywhere_between_reads_are_put_together(monkeypatch):
    monkeypatch.setattr(module, "_READ_BYTES", 7)
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    target, _ = run(SCHEMA, *map(record, range(50)))
    assert [row["id"] for block in target.made[0].blocks for row in block] == list(range(50))
    assert len(target.made[0].blocks) > 1


def test_a_last_line_without_its_end_counts():
    target = Collecting()
    target.listen(io.StringIO(json.dumps(SCHEMA) + "\n" + json.dumps(record(5))))
    assert target.made[0].blocks == [[{"id": 5}]]


def test_a_record_before_its_schema_is_an_error():
    with pytest.raises(RecordsWithoutSchemaException):
        run(record(1))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 3 of its output: expected a Singer message, got not JSON"),
        ('{"stream": "s"}', "line 3 of its output: expected a Singer message"),
        ('{"type": "RECORD", "record": {}}', "without a stream"),
        ('{"type": "RECORD"}', "without stream"),
        ('{"type": "NONSENSE", "stream": "s"}', "a message of type 'NONSENSE', which Singer does not have"),
        ('{"type": "SCHEMA", "stream": "s"}', "a SCHEMA message that can't be used: the schema is no object"),
        ('{"type": "SCHEMA", "stream": "s", "schema": {"properties": {"a": 1}}}', "the schema of field a is none"),
        ('{"type": "RECORD", "stream": "other", "record": {}}', "a record of stream other before its SCHEMA"),
        ('{"type": "STATE"}', "line 3 of its output"),
        ('{"type": "RECORD", "stream": "s", "record": {"id": 2', "half a line at the end"),
    ],
)
def test_what_only_the_tap_can_mend_names_the_line_and_what_was_whole_before_it_is_delivered(line, said):
    target, out = Collecting(), io.StringIO()
    text = "".join(json.dumps(message) + "\n" for message in (SCHEMA, record(1))) + line
    with contextlib.redirect_stdout(out), pytest.raises(TapFault, match=said) as caught:
        target.listen(io.StringIO(text + ("" if said.startswith("half") else "\n" + json.dumps(record(9)) + "\n")))
    assert target.made[0].blocks == [[{"id": 1}]]
    assert target.delivered == [True]
    assert target.errors == [caught.value]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"id": NaN}', "NaN or Infinity, which JSON does not have"),
        ('{"id": "\\ud83d"}', "half a surrogate pair"),
        ('{"id": 1,}', "not JSON: trailing comma in object"),
    ],
)
def test_a_broken_record_is_told_by_its_line_and_the_others_are_taken(bad, reason):
    line = '{"type": "RECORD", "stream": "s", "record": ' + bad + "}"
    target, _ = run(SCHEMA, record(1), "", line, record(3), record(4))
    assert target.made[0].blocks == [[{"id": 1}], (4, reason), [{"id": 3}, {"id": 4}]]
    assert target.made[0].lines == [(2, None), (5, None)]


def test_blocks_are_of_one_version():
    versioned = [{**record(number), "version": version} for number, version in ((1, 7), (2, 7), (3, 8))]
    target, _ = run(SCHEMA, *versioned, record(4))
    assert target.made[0].lines == [(2, 7), (4, 8), (5, None)]


def test_a_byte_order_mark_is_named_and_skipped(caplog):
    target = Collecting()
    target.listen(io.BytesIO(b"\xef\xbb\xbf" + json.dumps(SCHEMA).encode() + b"\n"))
    assert "byte order mark" in caplog.text
    assert target.made


def test_utf_16_is_named():
    with pytest.raises(TapFault, match="expected UTF-8, got text in UTF-16"):
        Collecting().listen(io.BytesIO((json.dumps(SCHEMA) + "\n").encode("utf-16")))


def test_a_batch_message_is_refused_with_the_setting_that_makes_it():
    with pytest.raises(ConfigurationError, match="batch_config"):
        run(SCHEMA, {"type": "BATCH", "stream": "s"})


def test_settings_of_the_stock_record_loop_are_refused_rather_than_ignored():
    with pytest.raises(ConfigurationError, match="stream_maps"):
        Collecting(config={"stream_maps": {"s": {"x": "1"}}})


def test_a_reader_that_is_to_stop_stops_before_the_next_read():
    stopping, errors = threading.Event(), []
    stopping.set()
    reader = BlockReader(lambda stream, block: None, lambda number, poison: None, errors.append, stopping)
    with pytest.raises(UnavailableError, match="a signal to stop"):
        reader.process_lines(io.BytesIO(b"{}\n"), {})
    assert len(errors) == 1


def test_sigterm_ends_a_target_that_waits_for_its_tap_without_state(tmp_path):
    script = tmp_path / "collecting.py"
    script.write_text(
        textwrap.dedent(
            """
            from connector_kit.singer.plugin import run
            from connector_kit.singer.target import BlockSink, BlockTarget

            class Sink(BlockSink):
                def process_block(self, block): ...
                def process_poison(self, number, poison): ...

            class Collecting(BlockTarget):
                name = "target-collecting"
                default_sink_class = Sink
                def deliver(self, *, last): ...
                def failed(self, error): ...

            run(Collecting, [])
            """
        )
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    messages = [SCHEMA, record(1), {"type": "STATE", "value": {"a": 1}}]
    process.stdin.write("".join(json.dumps(message) + "\n" for message in messages).encode())
    process.stdin.flush()
    wanted = Path(f"/proc/{process.pid}/status")
    until = time.monotonic() + 20
    while time.monotonic() < until:  # until it has set its handlers and waits
        caught = [line for line in wanted.read_text().splitlines() if line.startswith("SigCgt")]
        if caught and int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            break
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == b""
    assert "a signal to stop" in err.decode()
    assert "Traceback" not in err.decode()
