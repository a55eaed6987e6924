"""Who lost the lock on an object posts nothing more, in no thread, and the next run posts what is missing."""

from __future__ import annotations

import pytest

from testkit.stolen_lock import stolen

SOAP = "journalentrycreaterequestconfi"
PERIODS = ("Oct 26", "Nov 26", "Dec 26")


def plan(bench):
    return bench.plan(*(bench.row("63005000", "10.10", CostCenter="10100101", Period=period) for period in PERIODS))


@pytest.mark.parametrize("parallel", [1, 4])
def test_after_a_pause_that_sap_wants_a_post_needs_the_lock_still(bench, parallel):
    control, settings = bench.sandbox.control, {"parallel": parallel, "per_call": 1}
    control.fault("sap", {"status": 429, "headers": {"Retry-After": "1"}}, path=SOAP, method="POST", after=1, times=2)
    with stolen(control, bench.config()["coordination_url"], bench.folder):
        outcome = bench.run(plan(bench), **settings)
    assert "expected to hold it still" in str(outcome.error)
    assert outcome.states == []
    posts = [one for one in control.requests("sap") if SOAP in one["path"] and one["method"] == "POST"]
    assert sum(one["status"] == 200 for one in posts) <= 1
    control.clear_faults()

    assert bench.deliver(plan(bench), **settings).states == [{"mark": "done"}]
    references = bench.references()
    assert len(references) == len(set(references)) == 3
