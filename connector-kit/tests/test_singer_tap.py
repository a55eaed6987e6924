from __future__ import annotations

import inspect
import io
import json
import logging
import sys
from contextlib import redirect_stdout
from datetime import datetime, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk import Stream
from singer_sdk import typing as th
from singer_sdk.helpers._state import StateWriter
from singer_sdk.helpers._util import read_json_file
from singer_sdk.plugin_base import PluginBase

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.redaction import register_secret
from connector_kit.singer.plugin import SecretsMixin, run, secret_settings, with_numbers
from connector_kit.singer.tap import PagedStream, PagedTap
from connector_kit.singer.writer import record_lines


class Row(msgspec.Struct):
    id: int
    name: str | None
    money: Decimal | None


ROWS = [Row(n, f'a\n"b" ü {n}', Decimal(f"{n}.10")) for n in range(25)]


class Things(PagedStream):
    name = "things"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType), th.Property("name", th.StringType), th.Property("money", th.NumberType)
    ).to_dict()
    STATE_MSG_FREQUENCY = 10

    def get_pages(self, context):
        state = self.get_context_state(context)
        for start in range(0, len(ROWS), 10):
            yield ROWS[start : start + 10]
            state["read"] = start + 10
            if self.config.get("break_at") == start:
                raise RefusedError(system="test", subject="page", got="nothing")


class TapThings(SecretsMixin, PagedTap):
    name = "tap-things"
    config_jsonschema = th.PropertiesList(
        th.Property("break_at", th.IntegerType),
        th.Property("password", th.StringType, secret=True),
        th.Property("start_date", th.DateType),
    ).to_dict()

    def discover_streams(self):
        return [Things(self)]


def output_of(config):
    buffer = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    error = None
    with redirect_stdout(buffer):
        try:
            TapThings(config=config).sync_all()
        except RefusedError as raised:
            error = raised
    return [json.loads(line, parse_float=Decimal) for line in buffer.buffer.getvalue().splitlines()], error


def test_the_parts_of_the_sdk_that_are_built_on_are_as_they_were():
    """A new SDK version that fails here changed its record loop: read it again before the version is raised."""
    assert list(inspect.signature(Stream._sync_records).parameters) == ["self", "context", "write_messages"]
    assert list(inspect.signature(Stream._increment_stream_state).parameters) == ["self", "latest_record", "context"]
    for name, parameters in {
        "_write_starting_replication_value": ["self", "context"],
        "_finalize_state": ["self", "state"],
        "_write_state_message": ["self"],
        "_write_activate_version_message": ["self", "full_table_version"],
    }.items():
        assert list(inspect.signature(getattr(Stream, name)).parameters) == parameters
    loop = inspect.getsource(Stream._sync_records)
    for step in (
        "self.get_records(current_context)",
        "self._write_record_message(record)",
        "self._increment_stream_state(record, context=current_context)",
        "self._finalize_state(self.stream_state)",
    ):
        assert step in loop
    assert "state != self._last_emitted_state" in inspect.getsource(StateWriter.write_state)
    assert "self._stream_version" in inspect.getsource(Stream._generate_record_messages)
    assert "self._validate_config(" in inspect.getsource(PluginBase.__init__)


def test_pages_and_single_records_say_the_same():
    fast, _ = output_of({})
    slow, _ = output_of({"stream_maps": {"things": {}}})
    for messages in (fast, slow):
        for message in messages:
            message.pop("time_extracted", None)
    wanted = [m for m in fast if m["type"] == "RECORD"]
    assert len(wanted) == len(ROWS)
    assert [m["record"] for m in slow if m["type"] == "RECORD"] == [m["record"] for m in wanted]
    assert fast[-1] == slow[-1], "the final STATE"


def test_the_fast_path_is_taken_unless_something_needs_single_records():
    assert TapThings(config={}).streams["things"]._as_they_are()
    assert not TapThings(config={"stream_maps": {"things": {"new": "name"}}}).streams["things"]._as_they_are()
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    assert not TapThings(config=flat).streams["things"]._as_they_are()


def test_a_state_message_speaks_only_of_pages_that_were_written_before_it():
    messages, _ = output_of({})
    written = 0
    for message in messages:
        written += message["type"] == "RECORD"
        if message["type"] == "STATE" and "read" in message["value"]["bookmarks"].get("things", {}):
            assert message["value"]["bookmarks"]["things"]["read"] <= written + 5


def test_a_read_that_breaks_leaves_the_state_of_its_last_page():
    messages, error = output_of({"break_at": 10})
    assert error is not None
    assert messages[-1]["type"] == "STATE"
    assert messages[-1]["value"]["bookmarks"]["things"]["read"] == 20


@given(
    st.lists(
        st.builds(
            Row,
            st.integers(-(2**53), 2**53),
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            st.none() | st.decimals(allow_nan=False, allow_infinity=False),
        )
    )
)
def test_each_row_is_one_line_with_its_values(rows):
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    lines = record_lines('odd"name', rows, 7, moment).splitlines(keepends=False)
    decoded = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines] if rows else []
    assert len(decoded) == len(rows)
    for message, row in zip(decoded, rows, strict=True):
        assert message["type"] == "RECORD"
        assert message["stream"] == 'odd"name'
        assert (message["version"], message["time_extracted"]) == (7, "2026-01-01T00:00:00Z")
        assert message["record"] == {"id": row.id, "name": row.name, "money": row.money}


def test_settings_marked_secret_are_found_also_inside_lists_and_objects():
    inner = th.ObjectType(th.Property("token", th.StringType, secret=True))
    schema = th.PropertiesList(
        th.Property("password", th.StringType, secret=True),
        th.Property("list", th.ArrayType(inner)),
        th.Property("obj", inner),
    ).to_dict()
    assert secret_settings(schema) == {"password", "token"}


def test_references_to_secrets_are_resolved_before_the_settings_are_used(monkeypatch):
    monkeypatch.setenv("THINGS_PASSWORD", "from-the-environment")
    assert TapThings(config={"password": "env:THINGS_PASSWORD"}).config["password"] == "from-the-environment"


def test_an_error_of_the_family_ends_the_command_with_one_line(tmp_path, capsys, monkeypatch):
    path = tmp_path / "config.json"
    path.write_text('{"break_at": 0}')
    with pytest.raises(SystemExit) as ended:
        run(TapThings, ["--config", str(path)])
    assert ended.value.code == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "ERROR" in line or "Traceback" in line]
    assert len(errors) == 1
    assert "test: page: got nothing" in errors[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "got No such file or directory"),
        ("", "got an empty file"),
        ("[]", "got another JSON value"),
        ('{\n"break_at": oops}', "got Expecting value at line 2, column 13"),
        (b"\xff\xfe{", "got text in another encoding than UTF-8"),
    ],
    ids=["missing", "empty", "a list", "not JSON", "UTF-16"],
)
@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, capsys, option, content, said):
    good, path = tmp_path / "good.json", tmp_path / "given.json"
    good.write_text("{}")
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    elif option != "--config":
        pytest.skip("the SDK's own command line says so")
    if (content, option) == ("", "--state"):
        pytest.skip("an empty state is a first run's")
    arguments = [option, str(path)] if option == "--config" else ["--config", str(good), option, str(path)]
    with pytest.raises(SystemExit) as ended:
        run(TapThings, arguments)
    text = capsys.readouterr().err
    assert ended.value.code == 1
    assert f"tap-things: {option} {path}: expected a file with a JSON object, {said}" in text
    assert "Traceback" not in text


def test_settings_that_are_wrong_are_told_in_one_line_by_the_test_too(tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text('{"break_at": "soon"}')
    with pytest.raises(SystemExit) as ended:
        run(TapThings, ["--config", str(path), "--test"])
    text = capsys.readouterr().err
    assert ended.value.code == 1
    assert "tap-things: settings: got 'soon' is not of type" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("written", ["0.5", '"0.5"'])
def test_a_fraction_in_a_settings_file_is_a_number_that_times_can_be_added_to(tmp_path, written):
    file = tmp_path / "config.json"
    file.write_text(f'{{"pause": {written}}}')
    given = read_json_file(file)
    pause = with_numbers(given, th.PropertiesList(th.Property("pause", th.NumberType)).to_dict())["pause"]
    assert (pause, type(pause)) == (0.5, float)


def test_a_start_date_in_another_style_is_refused_before_anything_is_read():
    with pytest.raises(ConfigurationError, match=r"start_date: expected a date such as 2026-01-31, got '31\.12\.2025'"):
        TapThings(config={"start_date": "31.12.2025"})
    assert TapThings(config={"start_date": "2025-12-31T00:00:00Z"}).config["start_date"] == "2025-12-31T00:00:00Z"


def test_a_missing_secret_is_told_whole_although_its_setting_is_called_password():
    with pytest.raises(ConfigurationError, match="setting password, reference env:NOWHERE: expected a stored secret"):
        TapThings(config={"password": "env:NOWHERE"})


def test_a_setting_with_a_typo_is_told_and_the_right_ones_are_not(caplog):
    TapThings(config={"breakat": 1, "password": "x"})
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "tap-things: setting breakat is unknown and means nothing. Did you mean break_at?"
    ]


def test_a_defect_keeps_its_traceback_without_secrets(tmp_path, capsys, monkeypatch):
    register_secret("a-very-secret-value")

    def broken(self, context):
        raise ValueError("a-very-secret-value in an exception")

    monkeypatch.setattr(Things, "get_pages", broken)
    path = tmp_path / "config.json"
    path.write_text("{}")
    with pytest.raises(SystemExit) as ended:
        run(TapThings, ["--config", str(path)])
    text = capsys.readouterr().err
    assert ended.value.code == 1
    assert "ValueError" in text
    assert "a-very-secret-value" not in text


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_state_stands_behind_the_last_record_also_when_it_says_nothing_new(monkeypatch):
    monkeypatch.setattr(Things, "get_pages", lambda self, context: iter([ROWS[:10], ROWS[10:]]))
    for config in ({}, {"stream_maps": {"things": {}}}):
        messages, _ = output_of(config)
        assert [m["type"] for m in messages][-1] == "STATE"
        assert {json.dumps(m["value"]) for m in messages if m["type"] == "STATE"} == {'{"bookmarks": {"things": {}}}'}


def test_a_state_stands_behind_what_tells_of_vanished_rows(monkeypatch):
    monkeypatch.setattr(Things, "get_pages", lambda self, context: iter([[]]))
    monkeypatch.setattr(Things, "end", lambda self: self._write_activate_version_message(7))
    kinds = [m["type"] for m in output_of({})[0]]
    assert kinds[kinds.index("ACTIVATE_VERSION") :] == ["ACTIVATE_VERSION", "STATE"]
