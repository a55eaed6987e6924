"""`python -m chaos PART ...`: each part is a package of its own with a `command.py`, imported when it is called."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

import click

PARTS = {
    "weather": "Seeded histories of changes, faults, kills and restarts; what must hold, after each round.",
    "matrix": "Every endpoint that a plugin uses, with every fault.",
    "kills": "Kill points over the posting targets: each document stands exactly once.",
    "fuzz": "Mutated inputs for every parser, and for every plugin as a process.",
    "soak": "Thousands of scheduled polls in virtual time.",
    "mutants": "Deliberate bugs, planted one by one: whether the weather finds them.",
}


class _Parts(click.Group):
    """Commands that cost their import only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """Those that are there."""
        return [name for name in PARTS if find_spec(f"chaos.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """`chaos/<part>/command.py`, its `command`."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"chaos.{cmd_name}.command").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What each does, without importing it."""
        if there := self.list_commands(ctx):
            with formatter.section("Commands"):
                formatter.write_dl([(name, PARTS[name]) for name in there])


@click.group(cls=_Parts)
def main() -> None:
    """What tries to break the flows. Each part prints a table, and writes what it found to var/chaos/."""
    os.environ.setdefault("PYTHONHASHSEED", "0")  # of the processes that it starts: sets keep their order


if __name__ == "__main__":
    main(prog_name="python -m chaos")
