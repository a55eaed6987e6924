"""Tests are imported by path, so the folder above has to be found by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent.parent))

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
SEED = os.environ.get("FUZZ_SEED", "")
"""Empty in `make test`: the same inputs each time."""

settings.register_profile("fuzz", max_examples=EXAMPLES, derandomize=not SEED, database=None, deadline=None)
