"""Rounds of mutations until the time is over: `python -m chaos fuzz` starts this, see its help."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import itertools
import logging
import sys
import time
from collections import Counter
from pathlib import Path

import fuzz.targets
from fuzz.hunt import hunt
from fuzz.target import TARGETS
from fuzz.whole_plugins import NAMES, Runs, folder_of

from chaos.matrix.run import bench

_OUT = Path("var/chaos/fuzz")
_EXAMPLES, _RUNS = 400, 8
"""Inputs of a parser, runs of a plugin's ability, in each round."""

assert fuzz.targets


class Campaign:
    """What was tried, and what was found."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._known: set[tuple[str, str]] = set()
        self.tried: Counter[str] = Counter()
        self.found: Counter[str] = Counter()

    def found_one(self, name: str, kind: str, said: str, data: bytes, folder: Path, seed: str) -> None:
        """Tell a find, once for each way of breaking, and write the input down."""
        if (name, kind) in self._known:
            return
        self._known.add((name, kind))
        self.found[name] += 1
        place = folder if self._keep else _OUT / folder.name
        place.mkdir(parents=True, exist_ok=True)
        file = place / hashlib.sha256(data).hexdigest()[:12]
        file.write_bytes(data)
        print(f"{name}: {kind} (seed {seed}, {file})\n    " + said[-1500:].replace("\n", "\n    "), flush=True)

    def parsers(self, only: str, seed: str, until: float) -> None:
        """A round over all parsers."""
        for name, target in TARGETS.items():
            if only in name and time.monotonic() < until:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    found = list(hunt(target, seed, _EXAMPLES))
                for find in found:
                    kind = find.violation.kind
                    self.found_one(name, kind, str(find.violation), find.data, target.folder, seed)
                self.tried[name] += max(1, int(_EXAMPLES * target.share))

    def plugins(self, only: str, runs: Runs, seed: str, until: float) -> None:
        """A round over all plugins."""
        for name in NAMES:
            if only in name and time.monotonic() < until:
                for find in runs.hunt(name, seed, _RUNS):
                    title = f"{name} {find.kind}"
                    kind = find.violation.kind
                    self.found_one(title, kind, str(find.violation), find.data, folder_of(name, find.kind), seed)
                self.tried[name] += _RUNS


def main() -> None:
    """Until the time is over; exit code 1 when something was found."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--minutes", type=float)
    asked.add_argument("--seed", type=int)
    asked.add_argument("--only")
    asked.add_argument("--keep", action="store_true")
    options = asked.parse_args()
    logging.disable(logging.CRITICAL)
    until = time.monotonic() + options.minutes * 60
    campaign = Campaign(keep=options.keep)
    with contextlib.ExitStack() as stack:
        runs = Runs(stack.enter_context(bench())) if any(options.only in name for name in NAMES) else None
        for number in itertools.count(options.seed):
            seed = str(number)
            campaign.parsers(options.only, seed, until)
            if runs is not None:
                campaign.plugins(options.only, runs, seed, until)
            print(f"seed {seed}: {campaign.tried.total()} inputs, {campaign.found.total()} finds", flush=True)
            if time.monotonic() >= until:
                break
    for name, count in sorted(campaign.tried.items()):
        print(
            f"{name:40} {count:8} inputs {campaign.found[name] + sum(campaign.found[f'{name} {k}'] for k in ('config', 'catalog', 'state', 'lines', 'answer')):4} finds"
        )
    sys.exit(1 if campaign.found else 0)


if __name__ == "__main__":
    main()
