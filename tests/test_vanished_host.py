"""A host whose cable is pulled: its locks come free within the stated time, and it does nothing when it is back.

Two network namespaces with a cable between them; skipped where this user may not make them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connector_kit.coordination import connect
from connector_kit.coordination.postgres_session import LONGEST_BLOCKED
from demo.environment import ROOT, clean_environment

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).with_name("hosts")))

from own_postgres import postgres

pytestmark = pytest.mark.slow
WORKER = ROOT / "connector-kit" / "tests" / "coordination_worker.py"


class Cable:
    """The other host's namespace, and the cable to it; this end has `address`."""

    def __init__(self) -> None:
        mark = os.getpid() % 60_000
        self.host, self.end = f"south{mark}", f"cable{mark}"
        self.address = f"10.{200 + mark // 15_000}.{mark // 60 % 250}.{mark % 60 * 4 + 1}"
        self._other = f"{self.address.rpartition('.')[0]}.{mark % 60 * 4 + 2}"

    def lay(self) -> None:
        _ip("netns", "add", self.host)
        _ip("link", "add", self.end, "type", "veth", "peer", "name", "eth0", "netns", self.host)
        _ip("addr", "add", f"{self.address}/30", "dev", self.end)
        _ip("-n", self.host, "addr", "add", f"{self._other}/30", "dev", "eth0")
        _ip("-n", self.host, "link", "set", "eth0", "up")
        self.plug()

    def plug(self) -> None:
        _ip("link", "set", self.end, "up")

    def pull(self) -> None:
        _ip("-n", self.host, "link", "set", "eth0", "down")

    def plug_again(self) -> None:
        _ip("-n", self.host, "link", "set", "eth0", "up")

    def remove(self) -> None:
        for command in (("link", "del", self.end), ("netns", "del", self.host)):
            subprocess.run(["ip", *command], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


@pytest.fixture
def cable():
    if shutil.which("ip") is None:
        pytest.skip("no program to make network namespaces with")
    laid = Cable()
    try:
        laid.lay()
    except subprocess.CalledProcessError as error:
        laid.remove()
        pytest.skip(f"this user may not make network namespaces: {error.stderr.decode().strip()}")
    yield laid
    laid.remove()


def test_a_vanished_hosts_lock_is_free_within_the_stated_time_and_it_does_nothing_when_it_is_back(cable):
    with postgres(cable.address) as url, connect(url) as coordinator:
        command = ["ip", "netns", "exec", cable.host, sys.executable, WORKER, "hold", url, "model", "vanishes", "5"]
        with subprocess.Popen(
            [*command, str(LONGEST_BLOCKED + 5)],
            env=clean_environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as worker:
            try:
                assert json.loads(worker.stdout.readline()) == {"ready": True}
                worker.stdin.write("\n")
                worker.stdin.flush()
                assert json.loads(worker.stdout.readline()) == {"held": 1}
                cable.pull()
                pulled = time.monotonic()
                with coordinator.lock("model", purpose="goes on", wait_seconds=90) as lease:
                    blocked = time.monotonic() - pulled
                    assert blocked <= LONGEST_BLOCKED
                    assert lease.orphaned.purpose == "vanishes"
                    cable.plug_again()
                    assert "lock model: expected to hold it still" in json.loads(worker.stdout.readline())["error"]
                    lease.assert_held()
            finally:
                worker.kill()
