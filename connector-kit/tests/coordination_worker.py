"""One process among several in the coordination tests; prints what it did, with times, as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import time

from connector_kit.coordination import connect
from connector_kit.errors import ConnectorError


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


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    {"take": take, "hold": hold}[sys.argv[1]](*sys.argv[2:])
