"""One run of the fake target in a process of its own: `fake_run.py CONFIG.json < messages`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fake_erp import FakeTarget

from connector_kit.singer.plugin import run

if __name__ == "__main__":
    run(FakeTarget, ["--config", sys.argv[1]])
