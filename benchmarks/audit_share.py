"""The share of a target's throughput that recording costs: `python -m benchmarks.audit_share [--rows N] [--rounds N]`.

The whole of target-anaplan runs as a process, start-up included, against a server that takes every chunk at once; in
turns as it is, and with batches that go nowhere. Two figures, each the median of the rounds: by the wall clock (what a
user waits for; `--busy` keeps every core busy meanwhile), and by the CPU time of the process, which does not depend on
what else the machine does. Rows are indexed while Anaplan imports: with an import that takes no time (`--pace 0`) the
figures are upper limits; `--pace 100000` lets it take 100,000 rows a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.__main__ import FOLDER, PYTHON, fresh, tap_commands, target_commands
from benchmarks.measure import ENVIRONMENT, measure, server
from benchmarks.rows import page_files


def run(command: list[str | Path], lines: Path) -> tuple[float, float]:
    """Seconds by the wall clock, and of CPU."""
    fresh()
    with lines.open("rb") as source, (FOLDER / "stderr-0.log").open("w+") as log:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=log, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise RuntimeError(log.read()[-2000:])
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """One process per core that never rests."""
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)] if wanted else []
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--busy", action="store_true", help="keep every core busy meanwhile")
    options.add_argument("--pace", type=int, default=100_000, help="rows per second that an import takes; 0: no time")
    chosen = options.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = FOLDER / f"messages-{chosen.rows}.jsonl"
    if not lines.exists():
        with server("odata", str(page_files(chosen.rows, FOLDER))) as url:
            measure(tap_commands(url)["stock"], stdout=lines)
    found: dict[str, list[tuple[float, float]]] = {"recorded": [], "unrecorded": []}
    with server("anaplan", str(chosen.pace)) as url:
        # What was delivered before is asked of the trail by who wants to send less: not a part of recording.
        recorded = target_commands(url, skip_unchanged=False)["ours"]
        unrecorded = [PYTHON, "-m", "benchmarks.unrecorded_target", *recorded[1:]]
        with busy(chosen.busy):
            for _ in range(chosen.rounds):
                found["recorded"].append(run(recorded, lines))
                found["unrecorded"].append(run(unrecorded, lines))
    wall, cpu = ({who: median(one[at] for one in times) for who, times in found.items()} for at in (0, 1))
    print(
        json.dumps(
            {
                "rows": chosen.rows,
                "rows/s of an import": chosen.pace or "any number",
                "rows/s recorded": round(chosen.rows / wall["recorded"]),
                "rows/s unrecorded": round(chosen.rows / wall["unrecorded"]),
                "share of throughput that recording costs": round(1 - wall["unrecorded"] / wall["recorded"], 3),
                "CPU us/row recorded": round(cpu["recorded"] / chosen.rows * 1e6, 1),
                "CPU us/row unrecorded": round(cpu["unrecorded"] / chosen.rows * 1e6, 1),
                "share of CPU that recording costs": round(1 - cpu["unrecorded"] / cpu["recorded"], 3),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
