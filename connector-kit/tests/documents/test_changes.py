"""A delivery brings changes: what it does not repeat stands, until the source says that it is gone."""

from __future__ import annotations

import itertools
import json
import logging
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import SCHEMA, expected, messages, row

from conftest import Bench
from connector_kit.audit.database import Database
from connector_kit.errors import ConfigurationError, ConnectorError, RefusedError

KEY = ("Company", "Period", "Account", "Cost Center")
PLAN = [row("1010"), row("1010", cost_center="B"), row("1010", "Feb 26"), row("2020")]


def lines(*given, key=KEY):
    """Messages: a dict without `type` is a record; a pair is a record and its version."""
    made = [{"type": "SCHEMA", "stream": "plan", "schema": SCHEMA, "key_properties": list(key)}]
    for one in given:
        if isinstance(one, tuple):
            made.append({"type": "RECORD", "stream": "plan", "record": one[0], "version": one[1]})
        else:
            made.append(one if "type" in one else {"type": "RECORD", "stream": "plan", "record": one})
    return "".join((one if isinstance(one, str) else json.dumps(one, default=float)) + "\n" for one in made)


def active(version):
    return {"type": "ACTIVATE_VERSION", "stream": "plan", "version": version}


def at(state):
    return {"type": "STATE", "value": {"at": state}}


def test_an_incremental_delivery_changes_its_rows_and_leaves_the_others(bench):
    bench.run(PLAN, key=KEY)
    changed = row("1010", cost_center="B", amount="7")
    bench.run([changed], key=KEY, whole=False)
    assert bench.erp.sums() == expected([PLAN[0], changed, *PLAN[2:]])


def test_a_checkpoint_state_before_the_tap_dies_takes_nothing_back(bench):
    bench.run(PLAN, key=KEY)
    assert bench.run([PLAN[0]], key=KEY, whole=False, state="checkpoint") != ""
    assert bench.erp.sums() == expected(PLAN)


def test_a_delivery_with_nothing_new_succeeds(bench):
    bench.run(PLAN, key=KEY)
    assert bench.run(lines(at("before"))) == '{"at": "before"}\n'


def test_activate_version_at_the_start_takes_nothing_back_and_that_is_said_once(bench, caplog):
    bench.run(PLAN, key=KEY)
    caplog.set_level(logging.INFO)
    changed = row("2020", amount="5")
    bench.run(lines(active(5), (changed, 5), at("end")))
    assert bench.erp.sums() == expected([*PLAN[:3], changed])
    assert caplog.text.count("nothing was looked for that is gone") == 1


def test_a_version_that_goes_on_in_a_second_run_has_seen_what_came_in_the_first(bench):
    bench.run(PLAN, key=KEY)
    bench.run(lines((PLAN[0], 5), at("half")))
    bench.run(lines((PLAN[2], 5), active(5), at("end")))
    assert bench.erp.sums() == expected([PLAN[0], PLAN[2]])


@pytest.mark.parametrize("deleted", [{"Text": None, "Amount": None}, {}])
def test_a_record_marked_as_deleted_leaves_its_document(bench, deleted):
    bench.run(PLAN, key=KEY)
    mark = {**{name: PLAN[1][name] for name in KEY}, **deleted, "_sdc_deleted_at": "2026-11-30T00:00:00Z"}
    bench.run(lines(mark, at("end")))
    assert bench.erp.sums() == expected([PLAN[0], *PLAN[2:]])
    mark = {**{name: PLAN[3][name] for name in KEY}, "_sdc_deleted_at": "2026-11-30T00:00:00Z"}
    bench.run(lines(mark, at("end")))
    assert bench.erp.sums() == expected([PLAN[0], PLAN[2]])
    bench.run([PLAN[3]], key=KEY, whole=False)
    assert bench.erp.sums() == expected([PLAN[0], *PLAN[2:]])


def test_what_is_taken_back_because_the_source_deleted_it_is_told_though_no_row_was_read(bench, caplog):
    bench.run(PLAN, key=KEY)
    caplog.set_level(logging.INFO)
    bench.run(lines({**PLAN[3], "_sdc_deleted_at": "2026-11-30T00:00:00Z"}, at("end")))
    assert "0 rows read, 1 deleted at the source, 1 documents posted" in caplog.text


def test_a_row_that_moves_to_another_document_leaves_the_first(bench):
    key = ("Account", "Cost Center")
    plan = [row("1010", cost_center="A"), row("1010", cost_center="B")]
    bench.run(plan, key=key)
    moved = row("2020", cost_center="B")
    bench.run([moved], key=key, whole=False)
    assert bench.erp.sums() == expected([plan[0], moved])


def test_a_row_that_breaks_its_schema_holds_its_document_until_it_comes_right(bench):
    broken = {**row("1010", cost_center="B"), "Text": 7}
    bench.run([row("1010"), broken, row("2020")], key=KEY)
    assert bench.erp.sums() == expected([row("2020")])
    assert len(bench.failures()) == 2
    bench.run([row("1010", cost_center="C")], key=KEY, whole=False)
    assert bench.erp.sums() == expected([row("2020")])
    right = row("1010", cost_center="B", amount="3")
    bench.run([right], key=KEY, whole=False)
    assert bench.erp.sums() == expected([row("1010"), right, row("1010", cost_center="C"), row("2020")])
    assert bench.failures() == set()


def test_a_broken_record_holds_its_document_too(bench):
    text = lines(row("1010"), row("2020"), at("end"))
    broken = json.dumps({"type": "RECORD", "stream": "plan", "record": row("1010", cost_center="B")}, default=float)
    first, *rest = text.splitlines()
    bench.run("\n".join([first, broken.replace("100.0", "NaN"), *rest]) + "\n")
    assert bench.erp.sums() == expected([row("2020")])


@pytest.mark.parametrize("bad", [{"Cost Center": None}, {"Account": 7}])
def test_a_record_without_its_key_spoils_the_proof_of_its_version(bench, bad):
    bench.run(PLAN, key=KEY)
    bench.run(lines((PLAN[0], 5), ({**row("3030"), **bad}, 5), at("half")))
    bench.run(lines((PLAN[1], 5), active(5), at("end")))
    assert bench.erp.sums() == expected(PLAN)


def test_more_than_a_share_of_the_known_rows_is_not_taken_back(bench):
    bench.run(PLAN, key=KEY)
    new = row("2020", cost_center="Z")
    with pytest.raises(RefusedError, match=r"at most 50% of 4 known rows gone \(max_vanished_share\), got 3"):
        bench.run([PLAN[0], new], key=KEY, max_vanished_share=0.5)
    assert bench.erp.sums() == expected([*PLAN, new])  # what came is posted
    bench.run([PLAN[0], new], key=KEY)
    assert bench.erp.sums() == expected([PLAN[0], new])


def test_without_a_key_a_document_that_came_otherwise_is_changed_only_by_a_whole_read(bench):
    bench.run(PLAN)
    changed = [row("1010", amount="5"), row("1010", cost_center="B"), row("3030")]
    bench.run(changed, whole=False)
    assert bench.erp.sums() == expected([*PLAN, row("3030")])
    assert {reason for reason, _ in bench.failures()} == {"not known whether it came whole"}
    bench.run([*PLAN, row("2020", cost_center="B")], whole=False)  # all that stood, and one more
    assert bench.erp.sums() == expected([*PLAN, row("3030"), row("2020", cost_center="B")])
    bench.run(changed)
    assert bench.erp.sums() == expected(changed)
    assert bench.failures() == set()


def test_equal_rows_of_a_stream_without_keys_all_count(bench):
    bench.run([row(), row(), row("2020")])
    bench.run([row(), row(), row(), row("2020")], whole=False)
    assert bench.erp.sums() == expected([row(), row(), row(), row("2020")])
    bench.run([row(), row("2020")])
    assert bench.erp.sums() == expected([row(), row("2020")])


def test_a_trail_that_does_not_know_the_rows_of_what_stands_takes_nothing_back(bench):
    bench.run(PLAN, key=KEY)
    database = Database(bench.audit_url)
    with database.writing() as connection:  # as after a migration
        connection.execute("DELETE FROM audit_plans")
        connection.execute("DELETE FROM audit_plan_keys")
    database.close()
    bench.run([PLAN[0]], key=KEY, whole=False)
    assert bench.erp.sums() == expected(PLAN)
    assert {reason for reason, _ in bench.failures()} == {"not known whether it came whole"}
    bench.run(PLAN, key=KEY, whole=False)  # everything, so it stands
    assert bench.erp.sums() == expected(PLAN)
    assert bench.failures() == set()
    bench.run([row("1010", amount="1")], key=KEY, whole=False)
    assert bench.erp.sums() == expected([row("1010", amount="1"), *PLAN[1:]])


def test_a_stream_whose_key_changes_does_not_have_its_plan_twice(bench):
    bench.run(PLAN, key=KEY)
    wider = (*KEY, "Text")
    bench.run(PLAN, key=wider)
    assert bench.erp.sums() == expected(PLAN)
    changed = [row("1010", amount="9"), *PLAN[1:]]
    with pytest.raises(ConfigurationError, match="deliver the stream whole once"):
        bench.run(changed, key=KEY, whole=False)  # back again, and with another amount: which rows stand can't be told
    assert bench.erp.sums() == expected(PLAN)
    bench.run(changed, key=KEY, max_vanished_share=0.5)
    assert bench.erp.sums() == expected(changed)


def test_of_input_with_a_fault_documents_are_posted_only_when_a_state_has_closed_them(bench):
    whole = messages(PLAN[:2], key=KEY)
    half = json.dumps({"type": "RECORD", "stream": "plan", "record": row("3030")}, default=float)
    with pytest.raises(ConnectorError, match="half a line at the end"):
        bench.run(whole + half + "\n" + half[:40])
    assert not bench.erp.documents()
    with pytest.raises(ConnectorError, match="half a line at the end"):
        bench.run(whole + half[:40])
    assert bench.erp.sums() == expected(PLAN[:2])


def test_a_test_run_remembers_nothing(bench):
    bench.run(PLAN, key=KEY, validate_only=True)
    bench.run([PLAN[0]], key=KEY, whole=False)
    assert bench.erp.sums() == expected([PLAN[0]])


COMPANIES = ("1010", "2020")
rows_at = st.tuples(st.sampled_from(COMPANIES), st.sampled_from(("Jan 26", "Feb 26")), st.sampled_from("ABC"))
steps = st.tuples(
    st.sampled_from(["whole", "whole", "resume", "changes", "announced", "deleted"]),
    st.dictionaries(rows_at, st.integers(1, 9), max_size=5),  # what the source writes
    st.sets(rows_at, max_size=2),  # what the source deletes
    st.integers(0, 6),  # how far a read under a version comes
    st.booleans(),  # a record without its key
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(steps, min_size=1, max_size=5))
def test_nothing_that_lives_is_taken_back_and_nothing_is_posted_that_did_not_come(story):
    """Of every row the books hold the amount that came last, until its end was told."""
    with tempfile.TemporaryDirectory() as folder:
        bench, source, told = Bench(Path(folder)), {}, {}
        version, left, numbers = 0, [], itertools.count(1)
        for kind, written, deleted, reach, nameless in story:
            before = dict(source)
            source = {**{place: amount for place, amount in source.items() if place not in deleted}, **written}
            gone = before.keys() - source.keys()
            changed = [place for place in source if source[place] != before.get(place)]
            if kind in {"whole", "announced"} or (kind == "resume" and not left):
                version, left = next(numbers), sorted(source)
            left = [place for place in left if place in source]
            come = changed if kind in {"changes", "deleted"} else left[:reach]
            sent = [made(place, source[place]) for place in come]
            parts = [one if kind in {"changes", "deleted"} else (one, version) for one in sent]
            if nameless and kind not in {"changes", "deleted"}:
                parts.insert(0, ({**row("9999"), "Account": None}, version))
            if kind == "announced":
                parts.insert(0, active(version))
            if kind == "deleted":
                parts += [{**made(place, 1), "_sdc_deleted_at": "2026-11-30T00:00:00Z"} for place in sorted(gone)]
                told = {place: amount for place, amount in told.items() if place not in gone}
            if kind in {"whole", "resume"}:
                left = left[len(come) :]
                if not left and come:
                    parts.append(active(version))
            bench.run(lines(*parts, at("end")), recipe={"scope": ["Version"]})
            told |= {place: source[place] for place in come}
            books = {place: amount for place, amount in bench.erp.sums().items() if place[3] != "OFFSET"}
            for place, amount in told.items():
                key = (place[0], "2026", "1" if place[1] == "Jan 26" else "2", "4000", place[2])
                if place in source or key in books:
                    assert books.pop(key) == amount
            assert not books


def made(place, amount):
    company, period, cost_center = place
    return row(company, period, cost_center=cost_center, amount=str(Decimal(amount)))


def test_changes_by_another_key_are_refused_with_both_keys_until_the_stream_came_whole(bench):
    bench.run(PLAN, key=KEY)
    before = bench.erp.documents()
    other = [*KEY, "Text"]
    told = "expected its key as before \\(" + ", ".join(KEY) + "\\), got another one \\(" + ", ".join(other) + "\\)"
    with pytest.raises(ConfigurationError, match=told):
        bench.run([row("3030")], key=other, whole=False)
    assert bench.erp.documents() == before
    bench.run(PLAN, key=other)
    assert bench.erp.documents() == before
    bench.run(PLAN[:1], key=other, whole=False)
    with pytest.raises(ConfigurationError, match="deliver the stream whole once"):
        bench.run(PLAN[:1], key=KEY, whole=False)


def test_rows_of_a_document_that_is_refused_once_more_wait_until_it_is_posted(bench):
    other, bad = row("2020"), row("1010", account="BAD")
    good = [row("1010", account="5000", amount="7"), row("1010", account="6000", amount="5")]
    bench.run([bad, *good, other], key=KEY)
    assert sum(records for _, records in bench.failures()) == 3
    bench.run([{**bad, "Amount": Decimal(8)}, other], key=KEY, whole=False)
    assert sum(records for _, records in bench.failures()) == 3
    bench.run([{**bad, "_sdc_deleted_at": "2026-11-30T00:00:00Z"}, other], key=KEY, whole=False)
    assert bench.erp.sums() == expected([*good, other])
    assert bench.failures() == set()
