"""A stream whose tap makes the key of other properties: named and refused, and a command names what was delivered."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from connector_kit.audit import Trail
from connector_kit.audit.command import cli

OLD, NEW = ["CompanyId", "Supplier"], ["CompanyId", "Supplier", "Branch"]


@pytest.fixture
def nights(bench):
    definition = dict(bench.supplier_schema)
    definition["properties"] = {**definition["properties"], "Branch": {"type": ["string", "null"]}}
    code = {"template": "{CompanyId}-{Supplier|strip_zeros}"}
    removed = {
        "import": "Mark removed suppliers from removed_suppliers.csv",
        "columns": {"Code": code, "Removed": {"constant": True}},
        "action": "Delete removed suppliers",
    }
    mapping = {**bench.supplier_mapping, "delete": removed}

    class Nights:
        version = 0

        def send(self, key, *numbers, branch="A", run=bench.deliver, **settings):
            self.version += 1
            rows = [{**bench.supplier(n, Branch=branch), "version": self.version} for n in numbers]
            end = {"type": "ACTIVATE_VERSION", "stream": "suppliers", "version": self.version}
            state = {"type": "STATE", "value": {"night": self.version}}
            first = bench.schema("suppliers", definition, key)
            return run([first, *rows, end, state], mappings=[mapping], max_vanished_share=1.0, **settings)

        def audit(self, *command, code=0):
            done = CliRunner().invoke(cli, ["--url", bench.audit_url, *command])
            assert done.exit_code == code, done.output
            return done.output if code == 0 else str(done.exception)

    return Nights()


def test_another_key_is_named_beside_the_old_one_and_nothing_is_sent_or_deleted(bench, nights):
    nights.send(OLD, *range(1, 11))
    started = len(bench.tasks_started())
    outcome = nights.send(NEW, *range(1, 11), run=bench.run)
    assert "expected its key as before (CompanyId, Supplier), got another one (CompanyId, Supplier, Branch)" in str(
        outcome.error
    )
    assert "audit rekey suppliers CompanyId Supplier Branch" in str(outcome.error)
    assert (outcome.states, len(bench.tasks_started()), len(bench.items())) == ([], started, 10)


def test_after_rekey_what_was_delivered_is_known_and_what_vanished_is_found(bench, nights):
    nights.send(OLD, *range(1, 11))
    assert "10 records and 0 open failures have the new key in 1 mappings" in nights.audit("rekey", "suppliers", *NEW)
    nights.send(NEW, *range(1, 11))
    assert bench.summary().actions[0].outcome == "unchanged"
    nights.send(NEW, *range(1, 10))
    assert sorted(bench.items()) == [f"EDU1-{number}" for number in range(1, 10)]
    assert nights.send(OLD, 1, run=bench.run).error is not None


def test_failures_keep_to_their_records_and_are_replayed_under_the_new_key(bench, nights):
    bench.sandbox.control.refuse("Suppliers from suppliers.csv", "Locked 2", "Locked")
    rows = bench.suppliers(bench.supplier(1), bench.supplier(2, Name="Locked 2"))
    bench.deliver(rows)
    with Trail.open(bench.audit_url) as trail:
        assert trail.summary("last").actions[0].still_open == 1
    assert "2 records and 1 open failures" in nights.audit("rekey", "suppliers", "Supplier", "CompanyId")
    replayed = nights.audit("replay", "--stream", "suppliers")
    assert '"key_properties":["Supplier","CompanyId"]' in replayed
    outcome = bench.run([f"{line}\n" for line in replayed.splitlines() if line.startswith("{")])
    assert outcome.error is None


def test_records_without_payload_or_with_one_name_are_not_named_in_silence(bench, nights):
    nights.send(OLD, 1, 2, audit_payloads="none")
    told = nights.audit("rekey", "suppliers", *NEW, code=1)
    assert "got 2 that are not kept or lack it" in told
    assert nights.send(NEW, 1, 2, run=bench.run).error is not None
    assert "2 were forgotten" in nights.audit("rekey", "suppliers", *NEW, "--forget")
    nights.send(NEW, 1, 2)
    assert "several records with the same (Branch)" in nights.audit("rekey", "suppliers", "Branch", code=1)
    assert "got nothing, or all of it under" in nights.audit("rekey", "suppliers", *NEW, code=1)


def test_a_key_that_was_never_used_may_be_another_one(bench, nights):
    outcome = nights.send(OLD, run=bench.run)
    assert outcome.error is None
    nights.send(NEW, 1)
    assert list(bench.items()) == ["EDU1-1"]
