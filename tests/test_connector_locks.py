"""`meltano invoke connector-locks`: seen from where an operator sits."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from connector_kit.coordination import connect
from demo.environment import MELTANO, ROOT, clean_environment

pytestmark = pytest.mark.meltano


def test_an_operator_sees_who_holds_a_model_and_how_much_of_the_rate_is_used(tmp_path):
    url = f"sqlite:///{tmp_path}/coordination.db"
    with connect(url) as coordinator, coordinator.lock("anaplan:model:AB", purpose="load suppliers", wait_seconds=0):
        coordinator.limiter("anaplan:api", per_minute=600).acquire()
        done = subprocess.run(
            [MELTANO, "--environment", "sandbox", "invoke", "connector-locks", "--json"],
            cwd=ROOT,
            env=clean_environment({"COORDINATION_URL": url}),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["locks"][0]["name"] == "anaplan:model:AB"
    assert (told["locks"][0]["holder"]["purpose"], told["locks"][0]["holder"]["pid"]) == ("load suppliers", os.getpid())
    assert (told["rates"][0]["used"], told["rates"][0]["allowed"]) == (1, 600)
