"""The disk is full, for the spool, the trail or the shared rates: a plain word, no STATE, and the next run delivers."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from connector_kit.audit import Trail
from sandbox.testing import running
from testkit.disk import Disk, NoDiskError

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).with_name("hosts")))

from canaries.plugins import PLUGINS
from program import Program
from trail import ANSWERS, exported, in_doubt

pytestmark = pytest.mark.slow
ROWS = 20_000
LINES = 3_000
PLUGIN = {plugin.name: plugin for plugin in PLUGINS}


@pytest.fixture
def disk(tmp_path):
    found = Disk(tmp_path / "disk")
    found.folder.mkdir()
    try:
        found.mount("200m")
    except NoDiskError as error:
        pytest.skip(str(error))
    yield found
    found.unmount()


@pytest.fixture(scope="module")
def sandbox():
    with running(size="small", task_seconds=0.02) as found:
        yield found


def suppliers():
    """Records that hardly compress."""
    dice = random.Random(7)
    text = {"type": ["string", "null"]}
    schema = {"type": "object", "properties": {"Supplier": text, "Name": text}}
    yield {"type": "SCHEMA", "stream": "suppliers", "schema": schema, "key_properties": ["Supplier"]}
    for number in range(ROWS):
        record = {"Supplier": f"X{number:06d}", "Name": f"{dice.getrandbits(160):040x}"}
        yield {"type": "RECORD", "stream": "suppliers", "record": record}
    yield {"type": "STATE", "value": {"mark": 1}}


def plan():
    """A document of many rows."""
    schema, record, state = PLUGIN["target-sap-s4hana"].messages
    properties = {**schema["schema"]["properties"], "Line": {"type": ["string", "null"]}}
    yield {**schema, "schema": {"type": "object", "properties": properties}, "key_properties": ["Line"]}
    for number in range(LINES):
        yield {**record, "record": {**record["record"], "Line": f"{number:08d}", "Amount": 0.25}}
    yield state


def given(sandbox, name, folder, **settings):
    plugin = PLUGIN[name]
    own = plugin.known(sandbox.info[plugin.system])
    places = {part: f"sqlite:///{folder}/{part}.db" for part in ("audit_url", "coordination_url")}
    return {**plugin.settings, **own, **places, "spool_dir": str(folder / "spool"), **settings}


def ran(name, folder, settings, messages):
    return Program(name, folder, settings, "".join(json.dumps(message) + "\n" for message in messages))


@pytest.mark.parametrize(
    ("setting", "place", "size"),
    [
        ("spool_dir", "{}", "64k"),
        ("audit_url", "sqlite:///{}/a.db", "1m"),
        ("coordination_url", "sqlite:///{}/c.db", "16k"),
    ],
)
def test_a_full_disk_is_told_and_nothing_counts_that_did_not_arrive(sandbox, disk, tmp_path, setting, place, size):
    sandbox.control.reset()
    disk.mount(size, "remount")
    settings = given(sandbox, "target-anaplan", tmp_path, **{setting: place.format(disk.folder)})
    program = ran("target-anaplan", tmp_path, settings, suppliers())
    assert program.wait() == 1, program.said()[-3000:]
    assert "Traceback" not in program.said()
    assert str(disk.folder) in [line for line in program.said().splitlines() if "ERROR" in line][-1]
    assert program.states() == []
    if setting == "audit_url":
        delivered = [one for one in exported(settings["audit_url"]) if one.outcome == "delivered"]
        assert len(delivered) <= len(sandbox.control.list_items("Suppliers"))
    disk.grow()
    again = ran("target-anaplan", tmp_path, settings, suppliers())
    assert again.wait() == 0, again.said()[-3000:]
    codes = {item["code"] for item in sandbox.control.list_items("Suppliers")}
    assert {f"X{number:06d}" for number in range(ROWS)} <= codes
    answered = {one.key for one in exported(settings["audit_url"]) if one.outcome in ANSWERS}
    assert len(answered) == ROWS
    assert in_doubt(settings["audit_url"]) == []


@pytest.mark.parametrize(("setting", "place"), [("spool_dir", "{}"), ("audit_url", "sqlite:///{}/a.db")])
def test_a_full_disk_posts_no_document_twice(sandbox, disk, tmp_path, setting, place):
    control = sandbox.control
    control.reset()
    settings = given(sandbox, "target-sap-s4hana", tmp_path, timeout=60, **{setting: place.format(disk.folder)})
    Trail.open(settings["audit_url"]).close()
    disk.leave(65536)
    program = ran("target-sap-s4hana", tmp_path, settings, plan())
    assert program.wait() == 1, program.said()[-3000:]
    assert "Traceback" not in program.said()
    assert str(disk.folder) in [line for line in program.said().splitlines() if "ERROR" in line][-1]
    assert program.states() == []
    disk.grow()
    again = ran("target-sap-s4hana", tmp_path, settings, plan())
    assert again.wait() == 0, again.said()[-3000:]
    ours = [row for row in control.sap_rows("JournalHeader") if row["AccountingDocCreatedByUser"] == "PLAN"]
    references = [row["DocumentReferenceID"] for row in ours]
    assert references
    assert len(references) == len(set(references))
