"""The command says which parts there are without importing them."""

from __future__ import annotations

from importlib.util import find_spec

from click.testing import CliRunner

from chaos.__main__ import PARTS, main


def test_help_lists_the_parts_that_are_there() -> None:
    said = CliRunner().invoke(main, ["--help"])
    assert said.exit_code == 0
    there = [name for name in PARTS if find_spec(f"chaos.{name}")]
    assert [name for name in PARTS if f"\n  {name} " in said.output] == there


def test_a_part_that_is_not_there_is_refused_in_words() -> None:
    said = CliRunner().invoke(main, ["snow"])
    assert said.exit_code == 2
    assert "No such command 'snow'" in said.output
