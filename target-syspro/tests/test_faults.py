"""Answers lost, late or broken, sessions evicted, and processes that die: each document is in SYSPRO once."""

from __future__ import annotations

import signal
import time
from decimal import Decimal

import pytest
import requests

from connector_kit.syspro import EnetSession
from testkit.killing import start

TARGET = "target_syspro.target:TargetSyspro"

POST = "Transaction/Post"
PERIODS = {"Oct 26": 10, "Nov 26": 11, "Dec 26": 12}

LOST = {
    "never arrived": {"reset": "before_request"},
    "posted, no answer": {"reset": "before_response"},
    "posted late, no answer": {"reset": "late", "delay": 0.1},
    "posted, half an answer": {"reset": "mid_body"},
    "posted, half a text": {"truncate": 200},
    "posted, nothing in it": {"truncate": 0},
    "a gateway's page": {"html": 502},
    "a page with status 200": {"html": 200},
    "maintenance": {"status": 503},
    "a gateway's timeout": {"status": 504},
}
GAVE_UP = [302, 400, 401, 403, 404, 408, 409, 413, 425, 499, 500, 504]
GONE = {"status": 200, "body": "ERROR: The supplied UserID is invalid"}


def three_months(bench, amount="10.10"):
    return [bench.row("00-4010", amount, Period=period) for period in PERIODS]


def once(bench, amount="10.10"):
    """Whether each month's journal is there, posted, and no more than that."""
    journals = bench.journals()
    posted = {one["GlPeriod"]: Decimal(one["DebitAmount"]) for one in journals if one["PostDate"]}
    return len(journals) == 3 and posted == dict.fromkeys(PERIODS.values(), Decimal(amount))


@pytest.mark.parametrize(
    ("fault", "longest_get"), [*((fault, 2000) for fault in LOST), ("posted, no answer", 100), ("never arrived", 100)]
)
def test_a_lost_answer_posts_nothing_twice_and_loses_nothing(bench, fault, longest_get):
    bench.control.fault("syspro", LOST[fault], path=POST)
    outcome = bench.run(bench.plan(*three_months(bench)), longest_get=longest_get)
    if outcome.error is not None:
        assert outcome.states == []
        outcome = bench.deliver(bench.plan(*three_months(bench)), longest_get=longest_get)
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


@pytest.mark.parametrize("status", GAVE_UP)
def test_what_a_gateway_says_while_syspro_works_on_says_nothing_of_the_post(bench, status):
    bench.control.fault("syspro", {"gave_up": status, "delay": 0.2}, path=POST)
    outcome = bench.run(bench.plan(*three_months(bench)), settle_seconds=1)
    if outcome.error is not None:
        assert outcome.states == []
        assert "A gateway or proxy may have answered" in str(outcome.error)
        outcome = bench.deliver(bench.plan(*three_months(bench)), settle_seconds=1)
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


@pytest.mark.parametrize("fault", ["posted, no answer", "posted late, no answer", "posted, half a text", "maintenance"])
def test_a_lost_answer_to_an_invoice_enters_it_once(bench, fault):
    supplier = next(row["Supplier"] for row in bench.rows("ApSupplier") if row["OnHold"] != "Y")
    bill = {"Supplier": supplier, "Invoice": "4711", "InvoiceDate": "2026-11-18", "Account": "00-4010"}
    sent = bench.bills({**bill, "Amount": Decimal(10), "Comment": ""})
    bench.control.fault("syspro", LOST[fault], path=POST)
    bench.deliver(sent)
    assert [row["OrigInvValue"] for row in bench.rows("ApInvoice") if row["Invoice"].lstrip("0") == "4711"] == ["10.00"]
    assert [one["state"] for one in bench.documents()] == ["posted"]


def test_an_answer_that_comes_too_late_is_a_lost_one(bench):
    bench.control.fault("syspro", {"delay": 1.0}, path=POST)
    bench.deliver(bench.plan(*three_months(bench)), timeout=0.5, settle_seconds=3)
    assert once(bench)


def test_what_syspro_carries_out_late_is_waited_for_by_the_next_run_too(bench):
    bench.control.fault("syspro", {"reset": "late", "delay": 0.7}, path=POST)
    text = bench.lines(bench.plan(*three_months(bench)))
    process = start(TARGET, bench.config(settle_seconds=2.5), text, bench.folder / "out")
    until = time.monotonic() + 20
    while not bench.asked(POST) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.join()
    bench.deliver(bench.plan(*three_months(bench)), settle_seconds=2.5)
    assert once(bench)


def test_without_look_ups_nothing_is_sent_again(bench):
    bench.control.fault("syspro", {"reset": "before_response"}, path=POST)
    bench.control.fault("syspro", {"status": 503}, path="Query/Query", times=-1, after=2)
    outcome = bench.run(bench.plan(*three_months(bench)), max_tries=1)
    assert outcome.error is not None
    assert outcome.states == []
    bench.control.clear_faults()
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


@pytest.mark.parametrize("prefix", ["prefixed", "bare"])
def test_a_session_that_somebody_else_ends_is_replaced_and_nothing_posted_twice(bench, monkeypatch, prefix):
    bench.switch("session_error", prefix)
    info, evicted = bench.sandbox.info["syspro"], []
    post = EnetSession.post

    def with_a_guest(session, *sent):
        if len(evicted) < 2:
            logon = {"Operator": info["operator"], "OperatorPassword": info["operator_password"]}
            evicted.append(
                requests.get(f"{info['enet_url']}/Logon", params={**logon, "CompanyId": "EDU1", "CompanyPassword": ""})
            )
        return post(session, *sent)

    monkeypatch.setattr(EnetSession, "post", with_a_guest)
    outcome = bench.run(bench.plan(*three_months(bench)))
    assert "operator of their own" in str(outcome.error)
    assert bench.references() == []
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


def test_a_session_that_is_gone_once_is_logged_on_again_after_a_look_up(bench, caplog):
    bench.control.fault("syspro", GONE, path=POST, times=1, after=1)
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)
    assert "logging on again" in caplog.text
    assert len(bench.asked("Rest/Logon")) == 2
    paths = [one["path"].split("?")[0].rpartition("Rest/")[2] for one in bench.control.requests("syspro")]
    again = paths.index("Logon", 1)
    assert paths[again - 1 : again + 3] == ["Transaction/Post", "Logon", "Query/Query", "Transaction/Post"]


def test_an_error_for_the_whole_call_refuses_that_document_alone(bench):
    bench.control.fault("syspro", {"status": 200, "body": "ERROR: Something is wrong with it"}, path=POST, times=1)
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    (message,) = bench.rejected().values()
    assert "Something is wrong with it" in message
    assert len(bench.references()) == 2


NOTHING = "<postgljournal><Item><ItemNumber>000001</ItemNumber></Item></postgljournal>"
WARNED = (
    "<postgljournal><item><ledgercode><WarningNumber>240099</WarningNumber>"
    "<WarningDescription>Budget exceeded</WarningDescription></ledgercode></item></postgljournal>"
)


def test_an_answer_without_a_word_is_decided_by_what_stands(bench):
    bench.control.fault("syspro", {"status": 200, "body": NOTHING}, path=POST, after=1)
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    (message,) = bench.rejected().values()
    assert "without a number, and it is not there" in message
    assert len(bench.references()) == 2


def test_the_first_answer_without_a_word_ends_the_run(bench):
    bench.control.fault("syspro", {"status": 200, "body": NOTHING}, path=POST)
    outcome = bench.run(bench.plan(*three_months(bench)))
    assert "number not told" in str(outcome.error)
    assert outcome.states == []
    assert len(bench.asked(POST)) == 1


def test_a_warning_that_kept_it_from_being_posted_is_a_refusal(bench):
    bench.control.fault("syspro", {"status": 200, "body": WARNED}, path=POST)
    bench.deliver(bench.plan(*three_months(bench)))
    (message,) = bench.rejected().values()
    assert "240099 Budget exceeded" in message
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_long_address_that_the_site_refuses_ends_the_run_and_posts_nothing(bench, status):
    bench.switch("longest_url", 2200)
    bench.switch("long_url_status", str(status))
    rows = [bench.row(account, "1", Comment="x" * 200) for account in ("00-4010", "00-4020", "00-4500", "00-1010")]
    outcome = bench.run(bench.plan(*rows), longest_get=10_000)
    assert str(status) in str(outcome.error)
    assert bench.references() == []


def test_an_unlicensed_object_ends_the_run_with_its_name_and_nothing_is_lost(bench):
    bench.switch("unlicensed", "GENTJL")
    outcome = bench.run(bench.plan(*three_months(bench)))
    assert outcome.states == []
    assert "post GENTJL" in str(outcome.error)
    assert "licence" in str(outcome.error)
    bench.switch("unlicensed", "")
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


def test_a_posted_journal_that_is_not_found_again_stops_the_run(bench):
    """Where the look-up does not work, nothing may be sent that may have to be looked up."""
    nowhere = '<GenJournalCtl Version="8"><RowsReturned>0</RowsReturned></GenJournalCtl>'
    bench.control.fault("syspro", {"status": 200, "body": nowhere}, path="Query/Query", times=-1)
    outcome = bench.run(bench.plan(*three_months(bench)))
    assert "not found by its reference" in str(outcome.error)
    assert len(bench.references()) == 1
    bench.control.clear_faults()
    bench.deliver(bench.plan(*three_months(bench)))
    assert once(bench)


def test_runs_at_the_same_time_post_once_one_after_the_other(bench):
    text = bench.lines(bench.plan(*three_months(bench)))
    bench.control.fault("syspro", {"delay": 0.3}, path=POST, times=-1)
    config = bench.config(settle_seconds=4)
    runs = [start(TARGET, config, text, bench.folder / f"out{at}") for at in range(3)]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert once(bench)
    logged_on = [one["path"].rpartition("?")[0].rpartition("/")[2] for one in bench.asked("Rest/Log")]
    assert logged_on == ["Logon", "Logoff"] * 3


STEPS = [
    "before connector_kit.audit.documents:DocumentBook.intend",
    "after connector_kit.audit.documents:DocumentBook.intend",
    "after connector_kit.audit.documents:DocumentBook.sending",
    "before connector_kit.syspro.session:EnetSession.post",
    "after connector_kit.syspro.session:EnetSession.post",
    "after connector_kit.syspro.session:EnetSession.post 2",
    "before connector_kit.audit.documents:DocumentBook.end",
    "after connector_kit.audit.documents:DocumentBook.end",
    "before connector_kit.documents.parcel:Parcel.settle",
    "after connector_kit.documents.parcel:Parcel.settle",
    "before target_syspro.target:TargetSyspro._write_state_message",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_at_any_step_is_made_good_by_the_next(bench, step):
    text = bench.lines(bench.plan(*three_months(bench)))
    process = start(TARGET, bench.config(), text, bench.folder / "out", dies=step)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (bench.folder / "out").read_text() == ""
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)


def test_a_run_that_is_told_to_stop_logs_off_and_the_next_one_goes_on(bench):
    bench.control.fault("syspro", {"delay": 1.0}, path=POST, after=1)
    text = bench.lines(bench.plan(*three_months(bench)))
    process = start(TARGET, bench.config(), text, bench.folder / "out")
    until = time.monotonic() + 20
    while len(bench.references()) < 1 and time.monotonic() < until:
        time.sleep(0.02)
    process.terminate()
    process.join()
    assert process.exitcode == 1
    assert (bench.folder / "out").read_text() == ""
    assert len(bench.references()) < 3
    assert bench.control.sessions() == []
    outcome = bench.deliver(bench.plan(*three_months(bench)))
    assert outcome.states == [{"mark": "done"}]
    assert once(bench)
