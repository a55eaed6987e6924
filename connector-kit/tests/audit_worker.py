"""Another process that writes to a trail: `python audit_worker.py URL MODE`; prints its run id."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from audit_rows import begin_batch, begin_run, block, deliver

from connector_kit.audit import Rejected, Trail


def main(url, mode):
    trail = Trail.open(url)
    run = begin_run(trail)
    print(run.id, flush=True)
    if mode == "write":
        first = int(sys.argv[3])
        for start in range(first, first + 600, 100):
            deliver(run, range(start, start + 100), rejects=[Rejected(5, "", "bad", "bad")])
        run.finish("succeeded")
        trail.close()
        return
    if mode == "many":
        for first in range(0, 400, 10):
            begin_batch(run).add(block(range(first, first + 10), version="b"))
        trail.writer.flush()
    batch = begin_batch(run)
    batch.add(block([1, 2, 3], version="b"))
    if mode == "sending":
        batch.sending()
    else:
        trail.writer.flush()
    os.kill(os.getpid(), signal.SIGKILL)


main(sys.argv[1], sys.argv[2])
