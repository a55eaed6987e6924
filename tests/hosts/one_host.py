"""One host: all pipelines of its folder at once, each a tap and a target with files of its own, as Meltano runs them.

`python one_host.py FOLDER`. What a tap wrote is kept, and so is the last STATE that the target let through:
the next run of the same folder goes on from there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent


def run(folder: Path) -> int:
    """One pipeline: 0 when both ended well."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    state = folder / "state.json"
    resumed = ["--state", state] if state.exists() else []
    environment = os.environ | job["environment"]
    with (
        (folder / "log").open("a", encoding="utf-8") as log,
        (folder / f"emitted-{time.time():.3f}").open("wb") as emitted,
    ):
        tap = subprocess.Popen(
            [BIN / job["tap"], "--config", "ENV", "--config", folder / "tap.json", *_catalog(folder), *resumed],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
        target = subprocess.Popen(
            [BIN / job["target"], "--config", "ENV", "--config", folder / "target.json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
        pump = threading.Thread(target=_pump, args=(tap.stdout, emitted, target.stdin))
        pump.start()
        for line in target.stdout:
            (folder / "state.new").write_bytes(line)
            (folder / "state.new").replace(state)
        codes = (tap.wait(), target.wait())
        pump.join()
        log.write(f"exit codes {codes}\n")
    return max(map(abs, codes))


def _catalog(folder: Path) -> list[str | Path]:
    return ["--catalog", folder / "catalog.json"]


def _pump(source, kept, sink) -> None:
    try:
        while block := source.read1(1 << 16):
            kept.write(block)
            kept.flush()
            sink.write(block)
            sink.flush()
        sink.close()
    except BrokenPipeError:  # the target gave up; the tap hears it the same way
        source.close()


def main() -> None:
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("*/job.json"))
    with ThreadPoolExecutor(len(folders)) as threads:
        codes = list(threads.map(run, folders))
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
