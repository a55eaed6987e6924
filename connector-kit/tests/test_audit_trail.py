from __future__ import annotations

import threading
import time
from dataclasses import replace

import msgspec
import pytest
from audit_rows import SCOPE, begin_batch, begin_run, block, deliver, key

from connector_kit.audit import Block, Rejected, Trail, key_hash, key_text
from connector_kit.audit.database import Database
from connector_kit.audit.export import export
from connector_kit.audit.failures import Selection, groups
from connector_kit.audit.history import history
from connector_kit.errors import BusyError, ConfigurationError, UnavailableError
from connector_kit.redaction import register_secret


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def exported(trail, **options):
    with trail.database.reading() as connection:
        return list(export(connection, **options))


def record_history(trail, number, stream="suppliers"):
    with trail.database.reading() as connection:
        return history(connection, stream, ["EDU1", f"{number:015d}"])


def test_every_row_of_a_batch_is_in_the_trail_with_its_key_outcome_and_raw_record(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.add(block(range(3)))
    batch.add(block(range(3, 5), first_seq=3))
    batch.sending(file="suppliers.csv")
    settled = batch.settle(
        outcome="delivered",
        tasks=["TASK1"],
        rejects=[Rejected(4, key(4), "Unknown parent", "Unknown parent: X")],
    )
    run.finish("succeeded")
    assert (settled.rows, settled.delivered, settled.rejected, settled.unmatched) == (5, 4, 1, 0)
    records = exported(trail, records=True)
    assert [record.key for record in records] == [key(number) for number in range(5)]
    assert [record.outcome for record in records] == ["delivered"] * 4 + ["rejected"]
    assert records[4].reason == "Unknown parent"
    assert records[4].tasks == ["TASK1"]
    assert msgspec.json.decode(records[3].record) == {"Company": "EDU1", "Supplier": "000000000000003", "Name": "a"}


def test_a_records_history_names_every_run_in_order(trail):
    for version in "abc":
        run = begin_run(trail)
        deliver(run, [1, 2, 3], version=version)
        run.finish("succeeded")
    found = record_history(trail, 2)
    assert [msgspec.json.decode(one.record)["Name"] for one in found] == ["a", "b", "c"]
    assert {one.outcome for one in found} == {"delivered"}
    assert len({one.run for one in found}) == 3
    assert record_history(trail, 9) == []


def test_a_record_is_found_while_its_batch_is_still_open(trail):
    batch = begin_batch(begin_run(trail))
    batch.add(block([7]))
    trail.writer.flush()
    assert [one.outcome for one in record_history(trail, 7)] == ["open"]


def test_a_key_of_digits_is_found_as_text_and_as_number(trail):
    run = begin_run(trail)
    batch = begin_batch(run, stream="lines")
    rows = block([1])
    text = key_text(["EDU1", 17])
    batch.add(Block(0, [text], [key_hash(text)], rows.digests, rows.payload))
    batch.sending()
    batch.settle(outcome="delivered")
    with trail.database.reading() as connection:
        assert len(history(connection, "lines", ["EDU1", "17"])) == 1
        assert history(connection, "lines", ["EDU1", "017"]) == []


def test_a_record_without_a_key_is_an_open_failure_with_its_payload(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.reject_invalid([Rejected(None, "", "no key", "Supplier is missing", b'{"Name":\n"x"}')])
    settled = batch.settle(outcome="unchanged", counts={"read": 1})
    assert (settled.rows, settled.rejected, settled.unmatched) == (0, 1, 0)
    (record,) = exported(trail, records=True)
    assert (record.outcome, record.reason, record.key) == ("rejected", "no key", "")
    assert msgspec.json.decode(record.record) == {"Name": "x"}


def test_the_summary_counts_what_was_read_unchanged_sent_delivered_rejected_and_deleted(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.add(block(range(10)))
    batch.reject_invalid([Rejected(None, "", "no key", "no key", b"{}")])
    batch.sending()
    rejects = [Rejected(n, key(n), "Unknown parent", f"Unknown parent {n}") for n in (1, 2)]
    batch.settle(outcome="delivered", tasks=["T1"], counts={"read": 16, "unchanged": 5, "created": 8}, rejects=rejects)
    deliver(run, [1], deletes=True, scope="other", stream="gone")
    begin_batch(run, stream="quiet", scope="third").settle(outcome="unchanged", counts={"read": 4, "unchanged": 4})
    run.finish("succeeded")
    summary = trail.summary("last")
    first, gone, quiet = summary.actions
    assert (first.read, first.unchanged, first.sent, first.delivered, first.rejected) == (16, 5, 10, 8, 3)
    assert [(reason.reason, reason.records) for reason in first.reasons] == [("Unknown parent", 2), ("no key", 1)]
    assert (first.tasks, first.counts["created"], first.still_open) == (["T1"], 8, 3)
    assert (gone.delivered, gone.deleted, gone.outcome) == (0, 1, "deleted")
    assert (quiet.read, quiet.unchanged, quiet.sent, quiet.outcome) == (4, 4, 0, "unchanged")
    assert trail.summary(run.id[:6]) == summary


def test_an_unknown_run_is_named_in_the_error(trail):
    with pytest.raises(ConfigurationError, match='run "nonsense"'):
        trail.summary("nonsense")


def test_a_refusal_of_an_unknown_row_counts_and_lets_nothing_pass_as_unchanged(trail):
    run = begin_run(trail)
    settled = deliver(run, range(5), rejects=[Rejected(None, "", "no dump", "2 rows refused, no dump")])
    assert (settled.delivered, settled.rejected, settled.unmatched) == (4, 1, 1)
    rows = block(range(5))
    assert trail.unchanged(SCOPE, rows.hashes, rows.digests) == set()


def test_two_refusals_of_one_row_are_one_rejected_record(trail):
    rejects = [Rejected(1, key(1), "Unknown parent", "x"), Rejected(1, key(1), "Invalid date", "y")]
    settled = deliver(begin_run(trail), range(3), rejects=rejects)
    assert (settled.delivered, settled.rejected) == (2, 1)


def test_more_refusals_than_fit_one_statement_all_arrive(trail):
    settled = deliver(
        begin_run(trail), range(5_000), rejects=(Rejected(n, key(n), "bad", f"bad {n}") for n in range(0, 5_000, 2))
    )
    assert (settled.delivered, settled.rejected) == (2_500, 2_500)


def test_secrets_do_not_enter(trail):
    register_secret("canary-4711")
    run = trail.begin_run(
        plugin="p", version="1", destination="https://user:canary-4711@host", details={"password": "canary-4711"}
    )
    batch = begin_batch(run)
    batch.add(block([1]))
    batch.sending(file="canary-4711.csv")
    batch.settle(
        outcome="failed",
        message="refused canary-4711",
        tasks=["canary-4711"],
        counts={"note": "canary-4711"},
        rejects=[Rejected(0, key(1), "canary-4711", "said canary-4711")],
    )
    run.finish("failed", "because canary-4711")
    with trail.database.reading() as connection:
        for table in ("runs", "batches", "failures"):
            assert "canary-4711" not in str(connection.rows(f"SELECT * FROM audit_{table}"))


def test_an_error_of_the_database_reaches_the_target_at_its_next_call_or_when_it_closes(audit_url):
    with Trail.open(audit_url) as trail:
        batch = begin_batch(begin_run(trail))
        with trail.database.writing() as connection:
            connection.execute("DROP TABLE audit_staged")
        batch.add(block([1]))
        with pytest.raises(UnavailableError, match="audit_staged"):
            batch.sending()
        with pytest.raises(UnavailableError, match="audit_staged"):
            batch.settle(outcome="delivered")
    trail = Trail.open(audit_url)
    batch = begin_batch(begin_run(trail))
    batch.add(block([1]))
    with pytest.raises(UnavailableError, match="audit_staged"):
        trail.close()


def test_adding_waits_when_two_blocks_wait_so_that_memory_stays_flat(trail):
    batch = begin_batch(begin_run(trail))
    gate = threading.Event()
    trail.writer.submit(gate.wait)
    added = []

    def add():
        for number in range(5):
            batch.add(block([number], first_seq=number))
            added.append(number)

    thread = threading.Thread(target=add)
    thread.start()
    time.sleep(0.3)
    waiting = len(added)
    gate.set()
    thread.join()
    assert waiting <= 3
    batch.sending()
    assert batch.settle(outcome="delivered").delivered == 5


def test_a_batch_that_another_process_closed_is_not_settled_by_the_one_that_seemed_dead(trail):
    run = begin_run(trail)
    batch = begin_batch(run)
    batch.add(block([1]))
    batch.sending()
    with trail.database.writing() as connection:
        connection.execute("UPDATE audit_batches SET outcome = 'abandoned'")
    with pytest.raises(BusyError, match="closed"):
        batch.settle(outcome="delivered")


def test_rows_are_delivered_only_after_the_trail_was_told_that_they_are_sent(trail):
    batch = begin_batch(begin_run(trail))
    batch.add(block([1]))
    with pytest.raises(ValueError, match="sending"):
        batch.settle(outcome="delivered")


def test_lists_of_different_lengths_are_refused_before_anything_is_written(trail):
    batch = begin_batch(begin_run(trail))
    rows = block([1, 2])
    with pytest.raises(ValueError, match="parallel"):
        batch.add(replace(rows, payload=rows.payload[:1]))


@pytest.mark.parametrize("payloads", ["all", "failed", "none"])
def test_what_is_kept_of_the_records_is_a_setting_and_the_keys_stay_in_any_case(audit_url, payloads):
    with Trail.open(audit_url, payloads=payloads) as trail:
        run = begin_run(trail)
        batch = begin_batch(run)
        batch.add(block(range(4)))
        batch.reject_invalid([Rejected(None, "", "no key", "no key", b'{"Name":"x"}')])
        batch.sending()
        batch.settle(outcome="delivered", rejects=[Rejected(2, key(2), "bad", "bad")])
        records = exported(trail, records=True)
        assert [record.key for record in records] == [*(key(n) for n in range(4)), ""]
        kept = [record.seq for record in records if record.record]
        assert kept == {"all": [0, 1, 2, 3, -1], "failed": [2, -1], "none": []}[payloads]


def test_a_run_that_ends_closes_its_batches_and_says_why(trail):
    run = begin_run(trail)
    begin_batch(run).add(block([1]))
    run.finish("failed", "the model is archived")
    (action,) = trail.summary(run.id).actions
    assert (action.outcome, action.message) == ("failed", "the model is archived")
    assert [one.outcome for one in record_history(trail, 1)] == ["failed"]


def test_failures_are_grouped_by_reason_with_samples_and_keys(trail):
    deliver(
        begin_run(trail),
        range(10),
        rejects=[
            *(Rejected(n, key(n), "Unknown parent", f"Unknown parent P{n}") for n in range(4)),
            Rejected(9, key(9), "Invalid date", "Invalid date 31.02."),
        ],
    )
    with trail.database.reading() as connection:
        found = groups(connection, Selection(), samples=2)
        assert [(group.reason, group.records, len(group.samples)) for group in found] == [
            ("Unknown parent", 4, 2),
            ("Invalid date", 1, 1),
        ]
        assert found[1].samples[0].key == key(9)
        assert [g.records for g in groups(connection, Selection(reason="unknown PARENT"))] == [4]
        assert [g.records for g in groups(connection, Selection(key=("EDU1", "000000000000009")))] == [1]
        assert groups(connection, Selection(streams=["customers"])) == []
        assert groups(connection, Selection(reason="100%")) == []


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "just a text"])
def test_a_url_that_is_no_trail_is_refused_without_showing_secrets(url):
    with pytest.raises(ConfigurationError, match="audit_url"):
        Database(url)


def test_a_missing_file_is_not_made_by_those_who_only_read(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        Trail.open(f"sqlite:///{tmp_path / 'none.db'}", create=False)
    assert not (tmp_path / "none.db").exists()


def test_the_file_is_for_its_owner_only(tmp_path):
    with Trail.open(f"sqlite:///{tmp_path / 'a' / 'audit.db'}") as trail:
        begin_run(trail)
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "a").iterdir()} == {0}


def test_a_record_on_its_way_is_found_before_its_batch_is_indexed(trail):
    batch = begin_batch(begin_run(trail))
    batch.add(block(range(10)))
    batch.add(block(range(10, 20), first_seq=10))
    trail.writer.flush()
    with trail.database.reading() as connection:
        assert connection.value("SELECT COUNT(*) FROM audit_records") == 0
        (found,) = history(connection, "suppliers", ["EDU1", f"{13:015d}"])
        assert (found.outcome, found.record is None) == ("open", False)
        assert b'"000000000000013"' in bytes(found.record)
        assert history(connection, "suppliers", ["EDU1", f"{20:015d}"]) == []
