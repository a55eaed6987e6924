"""A replay through the target: what the trail kept is what arrives, once, and the failure is closed."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

from connector_kit.audit import Trail
from connector_kit.audit.tap import main as tap
from target_anaplan.target import TargetAnaplan

IMPORT = "Suppliers from suppliers.csv"
INVOICES = {
    "stream": "ap_invoices",
    "process": "Load AP Invoices",
    "missing_columns": "blank",
    "columns": {"Invoice Key": "Key", "Supplier": "Supplier"},
}


def read(bench, monkeypatch, folder, **settings):
    """Run the tap: the messages that it wrote, and what it said."""
    config = folder / "tap.json"
    config.write_text(json.dumps({"audit_url": bench.audit_url, "target": "target-anaplan", **settings}))
    out, said = io.BytesIO(), io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", SimpleNamespace(buffer=out, flush=lambda: None))
        patched.setattr(sys, "stderr", said)
        tap(["--config", str(config)])
    return out.getvalue().decode(), said.getvalue()


def send(bench, messages):
    target = TargetAnaplan(config=bench.config())
    target.listen(io.StringIO(messages))


def replay(bench, monkeypatch, folder, **settings):
    """Run the tap, then the target over what it wrote; how many records, and what the tap said."""
    messages, said = read(bench, monkeypatch, folder, **settings)
    send(bench, messages)
    return messages.count('"RECORD"'), said


def open_failures(bench):
    return sum(action.still_open for action in bench.summary().actions)


def test_a_replay_delivers_what_was_refused_closes_it_and_the_next_one_sends_nothing(bench, monkeypatch, tmp_path):
    bench.settings["mappings"] = [bench.supplier_mapping, INVOICES]
    properties = {"Key": {"type": "string"}, "Supplier": {"type": "string"}}
    bench.deliver(
        [
            *bench.suppliers(bench.supplier(1)),
            bench.schema("ap_invoices", {"properties": properties}, ["Key"]),
            *(bench.record("ap_invoices", {"Key": f"I{at}", "Supplier": f"EDU1-{at}"}) for at in (1, 2, 3)),
        ]
    )
    assert open_failures(bench) == 2
    first = bench.summary().run

    # Somebody repairs the model: nothing has changed in the source.
    bench.sandbox.control.fill(
        [{"code": f"EDU1-{at}", "name": f"Supplier {at}"} for at in (2, 3)], list_name="Suppliers"
    )
    assert replay(bench, monkeypatch, tmp_path) == (2, "tap-audit-trail: 2 records written\n")
    assert len(bench.sandbox.control.module_rows("AP Invoices")) == 3
    again = bench.summary()
    assert again.run != first
    assert [(action.read, action.delivered) for action in again.actions if action.read] == [(2, 2)]
    with Trail.open(bench.audit_url) as trail:
        assert [action.still_open for action in trail.summary(first).actions] == [0, 0]

    assert replay(bench, monkeypatch, tmp_path) == (0, "tap-audit-trail: nothing to replay\n")
    assert bench.summary().run == again.run


def test_a_replay_brings_a_file_again_of_which_unknown_rows_were_refused(bench, monkeypatch, tmp_path):
    """An incremental source does not repeat them, so nobody else would."""
    bench.sandbox.control.refuse(IMPORT, r"Supplier 2\b", "Invalid name")
    bench.sandbox.control.fault("anaplan", {"status": 404}, path="/dump", times=-1)
    bench.deliver(bench.suppliers(*map(bench.supplier, (1, 2, 3))))
    bench.sandbox.control.clear_faults()
    bench.sandbox.control.accept()
    assert (open_failures(bench), len(bench.items())) == (1, 2)
    first = bench.summary().run
    assert replay(bench, monkeypatch, tmp_path) == (3, "tap-audit-trail: 3 records written\n")
    assert len(bench.items()) == 3
    with Trail.open(bench.audit_url) as trail:
        assert [action.still_open for action in trail.summary(first).actions] == [0]
    assert replay(bench, monkeypatch, tmp_path) == (0, "tap-audit-trail: nothing to replay\n")


def test_a_replay_uses_the_mapping_as_it_is_now(bench, monkeypatch, tmp_path):
    mapping = {**bench.supplier_mapping, "columns": {**bench.supplier_mapping["columns"]}}
    mapping["columns"]["Class"] = {"field": "OnHold", "values": {"N": "normal"}}
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2, OnHold="?")), mappings=[mapping])
    assert list(bench.items()) == ["EDU1-1"]
    mapping["columns"]["Class"]["values"]["?"] = "unclear"
    bench.settings["mappings"] = [mapping]
    assert replay(bench, monkeypatch, tmp_path)[0] == 1
    assert bench.items()["EDU1-2"]["properties"]["Class"] == "unclear"
    assert replay(bench, monkeypatch, tmp_path)[0] == 0


def test_a_replay_in_vain_leaves_one_open_failure(bench, monkeypatch, tmp_path):
    bench.sandbox.control.refuse(IMPORT, r"Supplier 2\b", "Invalid name")
    bench.deliver(bench.suppliers(*map(bench.supplier, range(1, 4))))
    for _ in range(2):
        assert replay(bench, monkeypatch, tmp_path)[0] == 1
        assert open_failures(bench) == 1
