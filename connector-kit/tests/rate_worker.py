"""One process among several that ask a tenant of the sandbox as fast as they may; prints when it was answered."""

from __future__ import annotations

import json
import sys
import time

from connector_kit.anaplan import connect
from connector_kit.coordination import connect as coordinate


def main(url, settings, seconds):
    with coordinate(url) as coordinator, connect(json.loads(settings), coordinator=coordinator) as tenant:
        model = tenant.find_model("Group Finance", "Finance Hub")
        print(json.dumps({"ready": True}), flush=True)
        sys.stdin.readline()
        end = time.time() + float(seconds)
        answered = []
        while time.time() < end:
            model.reads.processing()
            answered.append(time.time())
        print(json.dumps({"answered": answered}), flush=True)


main(*sys.argv[1:])
