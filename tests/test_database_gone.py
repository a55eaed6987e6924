"""PostgreSQL, which carries the trail, the locks and the rates, dies: nothing is lost, nothing is posted twice.

Before a run, under an import, under a wait, under a post; and a person is told in a line.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from connector_kit.coordination import connect
from demo.reconcile import syspro as syspro_side
from sandbox.testing import running

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).with_name("hosts")))

from canaries.plugins import PLUGINS
from own_postgres import served
from program import Program
from trail import delivered_twice, in_doubt, unanswered
from two_hosts import Hosts, syspro

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
UNMAPPED = {"FORCED", "RETAINED"}
PASSWORD = "Kanarie0123456789"
FLOW = syspro("masters", "gl_accounts", "suppliers", "supplier_addresses", "customers", "customer_balances", "stock")
TARGET_SAP = next(plugin for plugin in PLUGINS if plugin.name == "target-sap-s4hana")


@pytest.fixture(scope="module")
def sandbox():
    with running(size="small", task_seconds=1.0) as found:
        yield found


@pytest.fixture
def server():
    with served() as found:
        yield found


@pytest.fixture
def url(server):
    return server.url_of("connectors", PASSWORD)


@pytest.fixture
def host(sandbox, url, tmp_path):
    """One host with one pipeline on its disk."""
    sandbox.control.reset()
    hosts = Hosts(sandbox.info, url, tmp_path)
    found = hosts.both[0]
    hosts.prepare(found, "jobs", [FLOW])
    yield found
    hosts.stop()


def until(question, seconds=60):
    end = time.monotonic() + seconds
    while not (found := question()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def ends_badly(said, code):
    """In a line for people that names the server, without a secret."""
    assert code == 1, said
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert "127.0.0.1" in [line for line in said.splitlines() if "ERROR" in line][-1]


def posts(control, system, end):
    return [r for r in control.requests(system) if r["method"] == "POST" and end in r["path"]]


def differences(sandbox):
    found = {one.name: one for one in syspro_side.compare(sandbox.control, sandbox.info["syspro"]["companies"])}
    return [f"{name}: {line}" for name in syspro_side.LISTS for line in found[name].differences]


def test_before_a_run_nothing_is_begun(sandbox, server, host):
    server.kill()
    host.start("jobs")
    code = host.wait(90)
    ends_badly(host.logs(), code)
    assert not (host.folder / "jobs" / "masters" / "state.json").exists()
    assert not posts(sandbox.control, "anaplan", "/models/")


def test_a_restart_before_the_first_turn_is_waited_for(sandbox, server, host):
    server.stop()
    host.start("jobs")
    time.sleep(2)
    server.start()
    assert host.wait(120) == 0, host.logs()
    assert differences(sandbox) == []


def test_who_only_shares_the_rate_waits_for_a_server_that_comes_back(server, url):
    with connect(url) as coordinator:
        limiter = coordinator.limiter("anaplan:api", per_minute=600)
        limiter.acquire()
        server.kill()
        back = threading.Timer(10, server.start)
        back.start()
        limiter.acquire()
        back.join()
        assert [rate.used for rate in coordinator.status().rates] in ([1], [2])  # a crash may lose what was not flushed


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_under_an_import_nothing_counts_as_delivered_and_the_next_run_delivers(sandbox, server, url, host, end):
    host.start("jobs")
    until(lambda: posts(sandbox.control, "anaplan", "/tasks"))
    getattr(server, end)()
    code = host.wait(90)
    ends_badly(host.logs(), code)
    assert not (host.folder / "jobs" / "masters" / "state.json").exists()
    server.start()
    host.start("jobs")
    assert host.wait(120) == 0, host.logs()
    assert differences(sandbox) == []
    assert unanswered(url, host.folder, lambda stream, record: record.get("GlCode") not in UNMAPPED) == []
    assert delivered_twice(url) == []
    assert in_doubt(url) == []
    assert max(sandbox.control.report()["anaplan"]["max_overlap"].values()) == 1
    with connect(url) as coordinator:
        assert coordinator.status().locks == ()


def test_who_waits_for_a_model_is_told_and_gets_it_the_next_time(sandbox, server, url, tmp_path):
    sandbox.control.reset()
    info = sandbox.info["anaplan"]
    names = ("api_url", "auth_url", "oauth_url", "workspace_id", "username", "password")
    model = info["models"]["S4 Finance"]
    settings = {name: info[name] for name in names} | {"model_id": model, "exports": ["Plan Lines.csv"]}
    settings |= {"coordination_url": url, "poll_first": 0.1}
    with connect(url) as coordinator:
        holding = coordinator.lock(f"anaplan:model:{model}", purpose="load suppliers", wait_seconds=0)
        holding.__enter__()
        waiter = Program("tap-anaplan", tmp_path, settings)
        until(lambda: "load suppliers" in waiter.said())
        server.kill()
        ends_badly(waiter.said() if waiter.wait() else "", waiter.process.returncode)
        holding.__exit__(None, None, None)
    assert not posts(sandbox.control, "anaplan", "/tasks")
    server.start()
    again = Program("tap-anaplan", tmp_path, settings)
    assert again.wait() == 0, again.said()


@pytest.mark.parametrize("moment", ["before it is posted", "after it was posted"])
def test_between_a_posts_intent_and_its_answer_the_document_is_posted_once(sandbox, server, url, tmp_path, moment):
    control, info = sandbox.control, sandbox.info["sap"]
    control.reset()
    fault = {"delay": 3} if moment == "before it is posted" else {"delay": 3, "reset": "late"}
    control.fault("sap", fault, path="/bc/srt/", method="POST")
    own = {"api_url": info["url"], "username": info["username"], "password": info["password"]}
    settings = {**TARGET_SAP.settings, **own, "timeout": 10, "audit_url": url, "coordination_url": url}
    first = Program("target-sap-s4hana", tmp_path, settings, TARGET_SAP.lines())
    until(lambda: any(rule["hits"] for rule in control.faults()))
    server.kill()
    ends_badly(first.said() if first.wait() else "", first.process.returncode)
    assert first.states() == []
    server.start()
    again = Program("target-sap-s4hana", tmp_path, settings, TARGET_SAP.lines())
    assert again.wait() == 0, again.said()
    assert len(again.states()) == 1
    ours = [row for row in control.sap_rows("JournalHeader") if row["AccountingDocCreatedByUser"] == "PLAN"]
    assert len(ours) == 1
