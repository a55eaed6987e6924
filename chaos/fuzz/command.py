"""`python -m chaos fuzz`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

_TESTS = Path(__file__).resolve().parent.parent.parent / "tests"


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="How long.")
@click.option("--seed", default=1, show_default=True, help="Of the first round; each round has its own, and prints it.")
@click.option("--only", default="", help="Parsers and plugins whose names contain this, such as odata/ or target-.")
@click.option("--keep", is_flag=True, help="Add what is found to tests/fuzz/corpus, which `make test` runs first.")
def command(minutes: float, seed: int, only: str, *, keep: bool) -> None:
    """Mutations of real inputs for every parser, and for every plugin as a process."""
    arguments = ["--minutes", str(minutes), "--seed", str(seed), "--only", only, *(["--keep"] if keep else [])]
    # A process of its own: it finds its modules where the tests do.
    paths = os.pathsep.join([str(_TESTS), str(_TESTS.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", *arguments], env={**os.environ, "PYTHONPATH": paths}, check=False
    )
    sys.exit(done.returncode)
