"""The command says which parts there are without importing them."""

from __future__ import annotations

from click.testing import CliRunner

from chaos.__main__ import PARTS, main


def test_help_lists_the_parts_that_are_there() -> None:
    said = CliRunner().invoke(main, ["--help"])
    assert said.exit_code == 0
    assert all(
        word in PARTS or not word.isalpha()
        for line in said.output.partition("Commands:")[2].splitlines()
        for word in line.split()[:1]
    )


def test_a_part_that_is_not_there_is_refused_in_words() -> None:
    said = CliRunner().invoke(main, ["snow"])
    assert said.exit_code == 2
    assert "No such command 'snow'" in said.output
