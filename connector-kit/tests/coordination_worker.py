"""One process among several in the coordination tests; prints what it did, with times, as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import time

from connector_kit.coordination import connect
from connector_kit.errors import ConnectorError
from connector_kit.http import HttpSession
from connector_kit.lease_check import under_lease


def say(**what):
    print(json.dumps(what), flush=True)


def take(url, name, per_minute, burst, seconds):
    """Take turns as fast as they come."""
    with connect(url) as coordinator:
        limiter = coordinator.limiter(name, per_minute=int(per_minute), burst=int(burst))
        say(ready=True)
        sys.stdin.readline()
        end = time.time() + float(seconds)
        turns = []
        while time.time() < end:
            limiter.acquire()
            turns.append(time.time())
        say(turns=turns)


def hold(url, name, purpose, wait, seconds):
    """Hold the lock for a while."""
    with connect(url) as coordinator:
        say(ready=True)
        sys.stdin.readline()
        try:
            with coordinator.lock(name, purpose=purpose, wait_seconds=float(wait)) as lease:
                start = time.time()
                say(held=lease.token)
                time.sleep(float(seconds))
                lease.assert_held()
                say(span=[start, time.time()])
        except ConnectorError as error:
            say(error=str(error))


def change(url, name, address, seconds):
    """Hold the lock and change something many times a second, until the time is over or the lock is lost."""
    session = HttpSession("ERP")
    with connect(url) as coordinator:
        say(ready=True)
        sys.stdin.readline()
        end = time.time() + float(seconds)
        try:
            with coordinator.lock(name, purpose="changes", wait_seconds=30) as lease, under_lease(lease.assert_held):
                say(held=lease.token)
                while time.time() < end:
                    session.request("POST", f"{address}/{lease.token}", what="thing", read=lambda response: None)
                    time.sleep(0.005)
                say(ended=True)
        except ConnectorError as error:
            say(error=str(error))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    {"take": take, "hold": hold, "change": change}[sys.argv[1]](*sys.argv[2:])
