"""A tap that is told to stop says so by its exit code, and leaves whole lines and a STATE of what it wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

SCRIPT = """
import sys
import time

import msgspec
from singer_sdk import typing as th

from connector_kit.singer.plugin import SecretsMixin, run
from connector_kit.singer.tap import PagedStream, PagedTap


class Row(msgspec.Struct):
    id: int
    text: str


class Things(PagedStream):
    name = "things"
    primary_keys = ("id",)
    schema = th.PropertiesList(th.Property("id", th.IntegerType), th.Property("text", th.StringType)).to_dict()
    STATE_MSG_FREQUENCY = 1

    def get_pages(self, context):
        self._stream_version = 7
        state = self.get_context_state(context)
        for page in range(50):
            yield [Row(page, "x" * self.config["size"])]
            state["read"] = page
            time.sleep(float(self.config["pause"]))

    def end(self):
        self._write_activate_version_message(7)


class TapThings(SecretsMixin, PagedTap):
    name = "tap-things"
    config_jsonschema = th.PropertiesList(
        th.Property("size", th.IntegerType), th.Property("pause", th.NumberType)
    ).to_dict()

    def discover_streams(self):
        return [Things(self)]


run(TapThings, ["--config", sys.argv[1]])
"""


@pytest.fixture
def tap(tmp_path):
    """A tap of fifty pages, each one record, that has begun to write."""
    started = []

    def begin(**config):
        (tmp_path / "tap.py").write_text(textwrap.dedent(SCRIPT))
        (tmp_path / "config.json").write_text(json.dumps({"size": 10, "pause": 0, **config}))
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "tap.py", "config.json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=log
            )
        started.append(process)
        process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def begin_of(process):
    """Its messages up to the first STATE that speaks of a page."""
    seen = [process.stdout.readline()]
    while b'"read"' not in seen[-1]:
        seen.append(process.stdout.readline())
    return [json.loads(line) for line in seen]


def rest(process):
    messages = [json.loads(line) for line in process.stdout]
    process.wait(timeout=20)
    return messages


def told(messages):
    """The pages that were written, those that STATEs speak of, and whether the read was said to be whole."""
    pages = [message["record"]["id"] for message in messages if message["type"] == "RECORD"]
    states = [m["value"]["bookmarks"]["things"].get("read", -1) for m in messages if m["type"] == "STATE"]
    return pages, states, "ACTIVATE_VERSION" in {message["type"] for message in messages}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("mapped", [{}, {"stream_maps": {"things": {}}}])
def test_a_cut_read_does_not_look_complete(tap, tmp_path, number, mapped):
    process = tap(pause=0.2, **mapped)
    seen = begin_of(process)
    time.sleep(0.1)  # into the pause behind the next page
    process.send_signal(number)
    messages = [*seen, *rest(process)]
    pages, states, whole = told(messages)
    assert process.returncode == 128 + number
    assert not whole
    assert states[-1] == pages[-1] < 49
    assert messages[-1]["type"] == "STATE"
    log = (tmp_path / "log").read_text()
    assert f"Received {number.name}: stopping" in log
    assert "Traceback" not in log


def test_a_read_that_nobody_cuts_ends_well(tap):
    process = tap()
    messages = rest(process)
    pages, states, whole = told(messages)
    assert (process.returncode, pages, states[-1], whole) == (0, list(range(50)), 49, True)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_page_under_way_is_written_to_its_last_line_before_the_tap_ends(tap, monkeypatch, unbuffered):
    """The target has not read for a while: the pipe is full in the middle of a record."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    process = tap(size=1_000_000)
    seen = begin_of(process)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert process.poll() is None, "it was not writing: the test shows nothing"
    messages = [*seen, *rest(process)]
    pages, states, whole = told(messages)
    assert process.returncode == 143
    assert not whole
    assert states[-1] == pages[-1] - 1, "the page whose end nobody saw is read again"


def test_a_second_signal_ends_a_tap_whose_target_hangs(tap):
    process = tap(size=1_000_000)
    time.sleep(0.5)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    process.stdout.close()
    assert process.wait(timeout=20) in {143, 120}


@pytest.mark.parametrize("level", ["info", "warning", "critical"])
def test_a_reader_that_is_gone_is_one_line_at_every_log_level(tmp_path, level):
    script = tmp_path / "tap.py"
    script.write_text(
        textwrap.dedent(
            """
            from singer_sdk import Stream, Tap
            from connector_kit.singer.plugin import SecretsMixin, run

            class Rows(Stream):
                name = "rows"
                schema = {"properties": {"id": {"type": "integer"}}}
                def get_records(self, context):
                    for number in range(100_000):
                        yield {"id": number}

            class Many(SecretsMixin, Tap):
                name = "tap-many"
                config_jsonschema = {"properties": {}}
                def discover_streams(self):
                    return [Rows(self)]

            run(Many, [])
            """
        )
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, str(script)],
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "LOGLEVEL": level},
        timeout=60,
        check=False,
    )
    os.close(writer)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert said.splitlines()[-1].count("a pipe whose reader ended before it had read everything") == 1
    assert "Traceback" not in said
    assert "Exception ignored" not in said
