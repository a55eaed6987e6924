"""Real processes that are killed: before and after the ERP has posted, and at random moments.

`DOCUMENT_KILLS=200 pytest connector-kit/tests/documents/test_killed.py` kills longer.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from plans import expected, messages, row

RUN = Path(__file__).with_name("fake_run.py")
KILLS = int(os.environ.get("DOCUMENT_KILLS", "3"))


def start(bench, *, file="config.json", **config):
    file = Path(bench.config["spool_dir"]) / file
    file.write_text(json.dumps({**bench.config, "settle_seconds": 1, **config}))
    return subprocess.Popen(
        [sys.executable, str(RUN), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def finish(process, rows):
    out, _ = process.communicate(messages(rows), timeout=60)
    return process.returncode, out


@pytest.mark.parametrize("fault", ["kill_before", "kill_after"])
def test_a_process_that_is_killed_around_a_post_leaves_it_to_the_next_run(bench, fault):
    plan = [row(f"{number:04d}") for number in range(7)]
    code, out = finish(start(bench, faults=["ok", fault]), plan)
    assert (code, out) == (-9, "")
    code, out = finish(start(bench), plan)
    assert (code, json.loads(out)) == (0, {"at": "done"})
    assert bench.erp.sums() == expected(plan)
    assert not bench.erp.twice()


@pytest.mark.timeout(60 + 10 * KILLS)
def test_processes_that_are_killed_at_random_moments_post_everything_once(bench):
    chance = random.Random(4)
    first = [row(f"{number:04d}", "Jan 26", amount=str(number + 1)) for number in range(60)]
    began = time.monotonic()
    finish(start(bench), first)
    usual = time.monotonic() - began
    plan = first
    for kill in range(KILLS):
        plan = [row(f"{number:04d}", "Jan 26", amount=f"{chance.randint(1, 99)}.{kill:02d}") for number in range(60)]
        process = start(bench)
        with suppress(BrokenPipeError):
            process.stdin.write(messages(plan))
            process.stdin.close()
        time.sleep(usual * chance.uniform(0.5, 1.1))
        process.kill()
        process.wait()
        process.stdout.close()
        assert not bench.erp.twice()
    code, _ = finish(start(bench), plan)
    assert code == 0
    assert bench.erp.sums() == expected(plan)
    assert not bench.erp.twice()


def test_of_two_runs_at_the_same_time_one_posts_and_the_other_finds_it_posted(bench):
    plan = [row(f"{number:04d}") for number in range(12)]
    both = [start(bench), start(bench)]
    for process in both:
        process.stdin.write(messages(plan))
        process.stdin.close()
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    for process in both:
        process.stdout.close()
    assert bench.erp.sums() == expected(plan)
    assert len(bench.erp.documents()) == 12


def test_two_runs_that_share_the_trail_only_post_nothing_twice_either(bench, tmp_path):
    plans = [[row(f"{number:04d}", amount=amount) for number in range(12)] for amount in ("1", "2")]
    both = []
    for at, plan in enumerate(plans):
        both.append(start(bench, coordination_url=f"sqlite:///{tmp_path}/own{at}.db", file=f"config{at}.json"))
        both[at].stdin.write(messages(plan))
        both[at].stdin.close()
    codes = [process.wait(timeout=60) for process in both]
    for process in both:
        process.stdout.close()
    assert 0 in codes
    assert not bench.erp.twice()
    assert bench.erp.sums() in [expected(plan) for plan in plans] or 1 in codes
    finish(start(bench), plans[0])
    assert bench.erp.sums() == expected(plans[0])
