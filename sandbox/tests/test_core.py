"""The shared parts: start and stop, switches, faults, journal, clock."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
import requests

from sandbox.core.clock import Clock
from sandbox.core.journal import Entry, Journal, mask
from sandbox.core.switches import Switch, SwitchError, Switches
from sandbox.testing import running


def started(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--size", "small", "--only", "syspro", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_when_it_answers_and_ends_with_zero_on_a_signal(number):
    with started() as process:
        info = json.loads(process.stdout.readline())
        assert requests.get(info["control"]["url"] + "/report").status_code == 200
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "huge"), "--size huge: expected demo, small, tiny, a number"),
        (("--switch", "syspro.nope=1"), "no switch 'nope'; there are:"),
        (("--switch", "syspro.beyond_cap=never"), "switch beyond_cap: expected truncate | nextlink | error"),
        (("--switch", "page_cap=3"), "--switch page_cap=3: expected SYSTEM.NAME=VALUE"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments, said):
    with started(*arguments) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert errors.startswith(f"sandbox: {said}")
    assert errors.count("\n") == 1


def versions(sandbox):
    return {row["Supplier"]: row["TimeStamp"] for row in sandbox.control.rows("EDU1", "ApSupplier")}


def insert(sandbox, code):
    operation = {"company": "EDU1", "table": "ApSupplier", "op": "insert", "values": {"Supplier": code}}
    sandbox.control.change([operation])


def test_data_in_a_folder_outlives_the_process_and_a_reset_restores_it(tmp_path):
    with running(only="syspro", data=tmp_path) as first:
        seeded = versions(first)
        insert(first, "NEW")
        changed = versions(first)
    with running(only="syspro", data=tmp_path, switches={"syspro.page_cap": 3}) as second:
        assert versions(second) == changed
        insert(second, "NEW2")
        assert versions(second)["NEW2"] not in changed.values()
        second.control.switch("syspro", "page_cap", 9)
        second.control.reset()
        assert versions(second) == seeded
        assert second.control.switches()["syspro"]["page_cap"]["value"] == 3


FAULTS = [
    ({"status": 503, "headers": {"Retry-After": "7"}, "body": "busy"}, (503, b"busy")),
    ({"html": 502}, (502, b"<!DOCTYPE html>")),
    ({"truncate": 20}, (200, b'{"@odata.context":"h')),
]


@pytest.mark.parametrize(("action", "expected"), FAULTS)
def test_a_fault_answers_in_place_of_the_system(syspro, action, expected):
    syspro.control.fault("syspro", action, path=r"/ApSupplier\?")
    answer = syspro.raw("EDU1/ApSupplier", top=1)
    assert (answer.status_code, answer.content[: len(expected[1])]) == expected
    assert answer.headers.get("Retry-After") == action.get("headers", {}).get("Retry-After")
    assert syspro.raw("EDU1/ApSupplier", top=1).json()["value"]


def test_work_may_be_done_long_after_the_connection_was_lost(syspro):
    syspro.control.fault("syspro", {"reset": "late", "delay": 0.4}, path="Logon")
    with pytest.raises(requests.ConnectionError):
        syspro.log_on()
    assert syspro.control.sessions() == []
    assert eventually(lambda: len(syspro.control.sessions()) == 1)


def test_a_gateway_may_give_up_while_the_work_goes_on(syspro):
    syspro.control.fault("syspro", {"gave_up": 408, "body": "too slow", "delay": 0.4}, path="Logon")
    given = {"Operator": syspro.info["operator"], "OperatorPassword": syspro.info["operator_password"]}
    answer = requests.get(f"{syspro.info['enet_url']}/Logon", params={**given, "CompanyId": "EDU1"}, timeout=10)
    assert (answer.status_code, answer.text) == (408, "too slow")
    assert syspro.control.sessions() == []
    assert eventually(lambda: len(syspro.control.sessions()) == 1)


def test_a_client_that_gives_up_during_a_delay_does_not_keep_the_work_from_being_done(syspro):
    syspro.control.fault("syspro", {"delay": 0.4}, path="Logon")
    given = {"Operator": syspro.info["operator"], "OperatorPassword": syspro.info["operator_password"]}
    with pytest.raises(requests.Timeout):
        requests.get(f"{syspro.info['enet_url']}/Logon", params={**given, "CompanyId": "EDU1"}, timeout=0.1)
    assert syspro.control.sessions() == []
    assert eventually(lambda: len(syspro.control.sessions()) == 1)


def eventually(condition, seconds=5.0):
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("when", ["before_request", "before_response", "mid_body"])
def test_a_reset_loses_the_answer_and_does_the_work_only_when_it_reached_the_system(syspro, when):
    syspro.control.fault("syspro", {"reset": when}, path="Logon")
    with pytest.raises(requests.RequestException):
        syspro.log_on()
    assert len(syspro.control.sessions()) == (0 if when == "before_request" else 1)
    assert syspro.control.requests("syspro")[-1]["status"] == (200 if when == "mid_body" else 0)


def test_a_fault_waits_for_its_turn_and_its_path_and_ends(syspro):
    syspro.control.fault("syspro", {"status": 500}, path="ApInvoice", method="GET", after=1, times=2)
    statuses = [syspro.raw("EDU1/ApInvoice", top=1).status_code for _ in range(4)]
    assert syspro.raw("EDU1/ApSupplier", top=1).status_code == 200
    assert statuses == [200, 500, 500, 200]
    (rule,) = syspro.control.faults()
    assert (rule["matches"], rule["hits"]) == (4, 2)
    syspro.control.clear_faults()
    assert syspro.control.faults() == []


def test_a_delay_holds_the_answer_back(syspro):
    syspro.control.fault("syspro", {"delay": 0.3}, path="GetVersion")
    assert syspro.enet_raw("GetVersion").elapsed.total_seconds() >= 0.3


@pytest.mark.parametrize(
    "rule",
    [
        {"system": "nobody", "action": {"status": 500}},
        {"system": "syspro", "action": {}},
        {"system": "syspro", "action": {"status": 500, "html": 502}},
        {"system": "syspro", "action": {"explode": True}},
        {"system": "syspro", "path": "(", "action": {"status": 500}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_reason(syspro, rule):
    answer = requests.post(syspro.control.url + "/faults", json=rule)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_journal_shows_each_request_without_its_secrets_and_counts_them(syspro):
    syspro.raw("EDU1/ApSupplier", top=1)
    syspro.raw("EDU1/Nope")
    user_id = syspro.log_on()
    entries = syspro.control.requests("syspro")
    assert [entry["status"] for entry in entries] == [200, 404, 200]
    assert entries[0]["path"].endswith("/EDU1/ApSupplier?%24top=1")
    text = json.dumps(entries)
    assert syspro.info["operator_password"] not in text
    assert user_id.strip() not in text
    report = syspro.control.report()["syspro"]
    assert (report["requests"], report["by_status"], report["peak_per_minute"]) == (3, {"200": 2, "404": 1}, 3)
    assert report["bytes_out"] == sum(entry["bytes_out"] for entry in entries) > 0
    assert syspro.control.requests("syspro", since=entries[-1]["start"] + 1) == []


def test_the_peak_is_the_busiest_minute_wherever_it_begins():
    journal = Journal()
    for start in (0, 30, 59, 61, 80, 89, 200):
        journal.arrived("x", start)
        journal.finished(Entry("x", "GET", "/", 200, start, 0.0, 0, 0))
    assert journal.report("x")["peak_per_minute"] == 5


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (
            "/Logon?Operator=A&OperatorPassword=b&CompanyPassword=",
            "/Logon?Operator=A&OperatorPassword=***&CompanyPassword=",
        ),
        ("/GetLogonProfile?UserId=c", "/GetLogonProfile?UserId=***"),
        ("/x?$skiptoken=abc&$top=1", "/x?$skiptoken=abc&$top=1"),
        ("/token?client_secret=s&code=c", "/token?client_secret=***&code=***"),
    ],
)
def test_secrets_in_a_query_are_masked(path, shown):
    assert mask(path) == shown


def test_the_clock_moves_forward_only():
    clock = Clock()
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= clock.now() - before < 3610
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)


def test_switches_take_their_values_from_text_and_refuse_others():
    kinds = (("mode", ("a", "b"), "a"), ("on", bool, False), ("n", int, 5), ("s", float, 1.5))
    switches = Switches(Switch(*kind, doc="") for kind in kinds)
    switches.start_with("mode", "b")
    for name, value in (("mode", "a"), ("on", "true"), ("n", "7"), ("s", 2)):
        switches.set(name, value)
    assert (switches.text("mode"), switches.flag("on"), switches.number("n")) == ("a", True, 7)
    assert switches.seconds("s") == 2.0
    switches.reset()
    assert (switches["mode"], switches["on"], switches["n"]) == ("b", False, 5)
    for name, value in (("mode", "c"), ("on", "maybe"), ("n", "x"), ("n", True), ("gone", 1)):
        with pytest.raises(SwitchError, match=name):
            switches.set(name, value)


def test_switches_are_listed_with_their_meaning(syspro):
    listed = syspro.control.switches()["syspro"]
    assert listed["beyond_cap"]["values"] == ["truncate", "nextlink", "error"]
    assert all(switch["doc"].endswith(".") for switch in listed.values())
