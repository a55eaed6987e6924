"""Answers lost, late or broken, runs at the same time, and processes that die: each document is in SAP once."""

from __future__ import annotations

import signal
import time
from decimal import Decimal

import pytest

from testkit.killing import start

TARGET = "target_sap_s4hana.target:TargetSapS4hana"
SOAP = "journalentrycreaterequestconfi"
CENTER = "10100101"
PERIODS = {"Oct 26": "010", "Nov 26": "011", "Dec 26": "012"}

LOST = {
    "never arrived": {"reset": "before_request"},
    "posted, no answer": {"reset": "before_response"},
    "posted late, no answer": {"reset": "late", "delay": 0.1},
    "posted, half an answer": {"reset": "mid_body"},
    "posted, half a text": {"truncate": 200},
    "a gateway's page": {"html": 502},
    "maintenance": {"status": 503},
    "a gateway's timeout": {"status": 504},
}
GAVE_UP = [400, 401, 403, 404, 408, 409, 413, 425, 499, 500, 502, 504]


def three_months(bench, amount="10.10"):
    return [bench.row("63005000", amount, CostCenter=CENTER, Period=period) for period in PERIODS]


def in_books(bench):
    """Account 63005000 by period."""
    return {place[4]: amount for place, amount in bench.books().items() if place[1] == "63005000"}


def once(bench, amount="10.10"):
    references = bench.references()
    return len(references) == len(set(references)) == 3 and in_books(bench) == dict.fromkeys(
        PERIODS.values(), Decimal(amount)
    )


@pytest.mark.parametrize("per_call", [1, 50])
@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_posts_nothing_twice_and_loses_nothing(bench, fault, per_call):
    bench.sandbox.control.fault("sap", LOST[fault], path=SOAP, method="POST")
    outcome = bench.run(bench.plan(*three_months(bench)), per_call=per_call)
    if outcome.error is not None:
        assert outcome.states == []
        outcome = bench.deliver(bench.plan(*three_months(bench)), per_call=per_call)
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


@pytest.mark.parametrize("status", GAVE_UP)
def test_what_a_gateway_says_while_sap_works_on_says_nothing_of_the_post(bench, status):
    bench.sandbox.control.fault("sap", {"gave_up": status, "delay": 0.2}, path=SOAP, method="POST")
    outcome = bench.run(bench.plan(*three_months(bench)), settle_seconds=1)
    if outcome.error is not None:
        assert outcome.states == []
        assert "A gateway or proxy may have answered" in str(outcome.error)
        outcome = bench.deliver(bench.plan(*three_months(bench)), settle_seconds=1)
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


def test_an_answer_that_comes_too_late_is_a_lost_one(bench):
    bench.sandbox.control.fault("sap", {"delay": 1.0}, path=SOAP, method="POST")
    bench.deliver(bench.plan(*three_months(bench)), timeout=0.5, settle_seconds=3)
    assert once(bench)


def test_what_sap_carries_out_late_is_waited_for_by_the_next_run_too(bench):
    bench.sandbox.control.fault("sap", {"reset": "late", "delay": 0.7}, path=SOAP, method="POST")
    process = start(
        TARGET, bench.config(settle_seconds=2.5), bench.lines(bench.plan(*three_months(bench))), bench.folder / "out"
    )
    until = time.monotonic() + 20
    while not any(SOAP in one["path"] for one in bench.sandbox.control.requests("sap")) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.join()
    bench.deliver(bench.plan(*three_months(bench)), settle_seconds=2.5)
    assert once(bench)


def test_without_look_ups_nothing_is_sent_again(bench):
    control = bench.sandbox.control
    control.fault("sap", {"reset": "before_response"}, path=SOAP, method="POST")
    control.fault("sap", {"status": 503}, path="OperationalAcctgDocItemCube", times=-1)
    outcome = bench.run(bench.plan(*three_months(bench)), max_tries=1)
    assert outcome.error is not None
    assert outcome.states == []
    control.clear_faults()
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


def test_an_outage_ends_the_run_and_the_next_one_goes_on(bench):
    control = bench.sandbox.control
    control.fault("sap", {"status": 429, "headers": {"Retry-After": "0"}}, path=SOAP, method="POST", times=-1)
    outcome = bench.run(bench.plan(*three_months(bench)))
    assert "429" in str(outcome.error)
    assert bench.references() == []
    control.clear_faults()
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


def test_two_runs_at_the_same_time_post_once(bench):
    text = bench.lines(bench.plan(*three_months(bench)))
    bench.sandbox.control.fault("sap", {"delay": 0.3}, path=SOAP, method="POST", times=-1)
    config = bench.config(settle_seconds=4)
    runs = [start(TARGET, config, text, bench.folder / f"out{at}") for at in range(3)]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert once(bench)


def test_two_runs_that_share_the_trail_but_no_lock_post_once(bench):
    text = bench.lines(bench.plan(*three_months(bench)))
    bench.sandbox.control.fault("sap", {"delay": 0.3}, path=SOAP, method="POST", times=-1)
    runs = [
        start(
            TARGET,
            # Longer than a request takes, as it must be: or one run sends again what the other one is still sending.
            bench.config(coordination_url=f"sqlite:///{bench.folder}/own{at}.db", settle_seconds=4),
            text,
            bench.folder / f"out{at}",
        )
        for at in range(2)
    ]
    for run in runs:
        run.join()
    assert 0 in [run.exitcode for run in runs]
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


STEPS = [
    "before connector_kit.audit.documents:DocumentBook.intend",
    "after connector_kit.audit.documents:DocumentBook.intend",
    "after connector_kit.audit.documents:DocumentBook.sending",
    "before connector_kit.sap.journal_poster:JournalEntries._send",
    "after connector_kit.sap.journal_poster:JournalEntries._send",
    "after connector_kit.sap.journal_poster:JournalEntries._send 2",
    "before connector_kit.audit.documents:DocumentBook.end",
    "after connector_kit.audit.documents:DocumentBook.end",
    "before connector_kit.documents.parcel:Parcel.settle",
    "after connector_kit.documents.parcel:Parcel.settle",
    "before target_sap_s4hana.target:TargetSapS4hana._write_state_message",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_at_any_step_is_made_good_by_the_next(bench, step):
    text = bench.lines(bench.plan(*three_months(bench)))
    process = start(TARGET, bench.config(per_call=1), text, bench.folder / "out", dies=step)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (bench.folder / "out").read_text() == ""
    outcome = bench.deliver(bench.plan(*three_months(bench)), per_call=1)
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


def test_a_run_that_is_told_to_stop_posts_nothing_more_and_the_next_one_goes_on(bench):
    bench.sandbox.control.fault("sap", {"delay": 1.0}, path=SOAP, method="POST", after=1)
    text = bench.lines(bench.plan(*three_months(bench)))
    process = start(TARGET, bench.config(per_call=1), text, bench.folder / "out")
    until = time.monotonic() + 20
    while len(bench.references()) < 1 and time.monotonic() < until:
        time.sleep(0.02)
    process.terminate()
    process.join()
    assert process.exitcode == 1
    assert (bench.folder / "out").read_text() == ""
    assert len(bench.references()) < 3
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)
