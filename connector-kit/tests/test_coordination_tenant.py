"""A tenant's 600 requests a minute, shared by processes: nearly all used, none refused, all pause when somebody else
eats the budget.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest

from connector_kit.coordination import connect
from sandbox.testing import running

pytestmark = pytest.mark.slow
WORKER = Path(__file__).with_name("rate_worker.py")
PROCESSES = 4
EARLY = 0.25
"""Seconds by which an answer may be noted late on a busy machine."""


@pytest.fixture(scope="module")
def sandbox():
    with running(only="anaplan") as started:
        yield started


@pytest.fixture
def tenant(sandbox, coordination_url, workers):
    """Starts processes that ask for so many seconds; they begin together."""
    sandbox.control.reset()
    info = sandbox.info["anaplan"]
    settings = {name: info[name] for name in ("api_url", "auth_url", "oauth_url", "username", "password")}

    def start(seconds):
        started = [workers(coordination_url, json.dumps(settings), seconds, script=WORKER) for _ in range(PROCESSES)]
        # What was saved up is gone, so that from here on it is 600 a minute and not a burst.
        with connect(coordination_url) as coordinator:
            for worker in started:
                worker.peek("ready")
            (rate,) = coordinator.status().rates
            coordinator.limiter(rate.name, per_minute=rate.per_minute).hold_off(0.01)
        for worker in started:
            worker.go()
        return started

    return start


def test_at_least_95_percent_of_600_a_minute_are_used_fairly_and_none_is_refused(sandbox, tenant):
    began = time.time()
    answered = [worker.read("answered") for worker in tenant(9)]
    times = sorted(at for each in answered for at in each)
    span = times[-1] - times[0]
    assert len(times) - 1 >= 0.95 * 10 * span, (len(times), span)
    assert min(map(len, answered)) >= 0.8 * len(times) / PROCESSES
    report = sandbox.control.report()["anaplan"]
    assert report["rate_limited"] == 0
    assert report["requests"] <= 10 * (time.time() - began) + 600


def test_when_another_client_eats_the_budget_every_process_holds_back_as_long_as_the_tenant_says(sandbox, tenant):
    sandbox.control.switch("anaplan", "rate_per_second", 0.5)  # so that Retry-After says two seconds
    started = tenant(6)
    time.sleep(1.5)
    sandbox.control.consume_rate(10_000)
    answered = [worker.read("answered") for worker in started]
    refused = [r for r in sandbox.control.requests("anaplan") if r["status"] == 429]
    assert refused, "the budget was not eaten"
    first = refused[0]["start"]
    # Those that were on their way at that moment may be refused as well, and nobody asks before the time is over.
    asked = sorted(r["start"] for r in sandbox.control.requests("anaplan", first))
    assert not [at for at in asked if first + EARLY < at < first + 1.8]
    assert all(min(each) < first for each in answered), "each of them had been asking"
    back = [at for at in asked if at >= first + 1.8]
    assert all(later - earlier > 0.02 for earlier, later in pairwise(back)), "all at once again"
