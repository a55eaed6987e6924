"""Two hosts, eight pipelines at once, one tenant with two models, one PostgreSQL between them; one host dies midway.

`TWO_HOSTS_ROUNDS=50` goes on for that many days of business, with a host killed in each at another moment.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

from connector_kit.coordination import connect
from demo.reconcile import sap as sap_side
from demo.reconcile import syspro as syspro_side
from sandbox.testing import running

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).with_name("hosts")))

from own_postgres import postgres
from trail import delivered_twice, in_doubt, unanswered
from two_hosts import Hosts, sap, syspro

ROUNDS = int(os.environ.get("TWO_HOSTS_ROUNDS", "1"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240 + 120 * ROUNDS)]

PURCHASING = (
    "supplier_invoices",
    "purchase_orders_v4",
    "purchase_order_items_v4",
    "purchase_order_account_assignments_v4",
)
MASTERS = (
    [syspro("syspro", "gl_accounts", "suppliers", "customers", "stock", "stock_warehouses")],
    [sap("sap", "master-data", "company_codes", "ledgers", "gl_accounts", "cost_centers_v4", "suppliers", "customers")],
)
EIGHT = (
    [
        syspro("ledger", "gl_accounts", "gl_balances"),
        syspro("purchases", "suppliers", "supplier_addresses", "ap_invoices"),
        sap("masters", "master-data", "company_codes", "ledgers", "gl_accounts", "cost_centers_v4"),
        sap("journal", "actuals", "gl_account_line_items"),
    ],
    [
        syspro("sales", "customers", "customer_balances", "ar_invoices"),
        syspro("postings", "stock", "stock_warehouses", "ap_distributions"),
        sap("partners", "master-data", "suppliers", "customers"),
        sap("orders", "actuals", *PURCHASING),
    ],
)
# What refers to masters that came in the same minutes through another pipeline: refused then, and read again at night.
NIGHT = (
    [sap("journal", "actuals", "gl_account_line_items")],
    [syspro("postings", "ap_distributions"), sap("orders", "actuals", *PURCHASING)],
)


@pytest.fixture
def sandbox():
    with running(size="small", task_seconds=0.3) as found:
        yield found


@pytest.fixture
def database():
    with postgres() as url:
        yield url


@pytest.fixture
def hosts(sandbox, database, tmp_path):
    both = Hosts(sandbox.info, database, tmp_path)
    yield both
    both.stop()


def taken(stream, record):
    """Whether a mapping takes a record under the ERP's own key."""
    if stream == "cost_centers_v4":  # its mappings know one cost center, not one per validity period
        return False
    return not (stream in {"gl_accounts", "gl_balances"} and record.get("GlCode") in {"FORCED", "RETAINED"})


def run_both(hosts, jobs, flows):
    for host, own in zip(hosts.both, flows, strict=True):
        hosts.prepare(host, jobs, own)
    for host in hosts.both:
        host.start(jobs)


def kill_in_the_middle(host, coordinator, after):
    """SIGKILL to the whole host while it holds a model; how long others went on seeing it as the holder."""
    end = time.monotonic() + 60
    while not any(lock.holder and host.owns(lock.holder.pid) for lock in coordinator.status().locks):
        assert host.process.poll() is None, "it came to its end before it could be killed"
        assert time.monotonic() < end, "it never held a model"
        time.sleep(0.02)
    time.sleep(after)
    dead = {lock.holder.pid for lock in coordinator.status().locks if lock.holder and host.owns(lock.holder.pid)}
    host.kill()
    killed = time.monotonic()
    while any(lock.holder and lock.holder.pid in dead for lock in coordinator.status().locks):
        assert time.monotonic() - killed < 30
        time.sleep(0.02)
    return time.monotonic() - killed


def assert_nobody_was_in_anybodys_way(control):
    report = control.report()["anaplan"]
    assert max(report["max_overlap"].values()) == 1
    assert max(report["max_pending"].values()) == 1, "a task had to queue behind another job's"
    assert max(report["uploads_during_tasks"].values()) == 0
    assert report["rate_limited"] == 0


def differences(sandbox):
    info = sandbox.info
    compared = [
        *syspro_side.compare(sandbox.control, info["syspro"]["companies"]),
        *sap_side.compare(sandbox.control, info["anaplan"]["models"]["S4 Finance"]),
    ]
    assert all(one.expected for one in compared)
    return [f"{one.name}: {difference}" for one in compared for difference in one.differences]


def test_eight_pipelines_of_two_hosts_share_a_tenant_and_one_host_that_dies_stops_nothing(
    sandbox, database, hosts, tmp_path
):
    north, south = hosts.both
    run_both(hosts, "masters", MASTERS)
    assert [host.wait(120) for host in hosts.both] == [0, 0], north.logs() + south.logs()

    dice = random.Random(7)
    with connect(database) as coordinator:
        for day in range(1, ROUNDS + 1):
            jobs = f"day-{day}"
            sandbox.control.business_day(day)
            sandbox.control.sap_business_day(day)
            run_both(hosts, jobs, EIGHT)
            blocked = kill_in_the_middle(south, coordinator, dice.uniform(0, 0.5))
            assert blocked < 5
            assert north.wait(180) == 0, north.logs(jobs)
            south.start(jobs)
            assert south.wait(180) == 0, south.logs(jobs)
            assert_nobody_was_in_anybodys_way(sandbox.control)
            assert coordinator.status().locks == ()

    run_both(hosts, "night", NIGHT)
    assert [host.wait(120) for host in hosts.both] == [0, 0], north.logs("night") + south.logs("night")
    assert_nobody_was_in_anybodys_way(sandbox.control)
    assert differences(sandbox) == []
    assert unanswered(database, tmp_path, taken) == []
    assert delivered_twice(database) == []
    assert in_doubt(database) == []
    private = {path for host in hosts.both for path in host.folder.rglob("*.db")}
    assert private == set(), "a host kept rates, locks or the trail to itself"
