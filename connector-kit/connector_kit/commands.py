"""How processes end: errors on one line; and the entry point of the kit's own commands, with no secret in any error.

What a person typed in the wrong place is a secret too: click and argparse repeat what they can't make sense of.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from connector_kit.errors import ConnectorError
from connector_kit.redaction import printable, redact, register_url

if TYPE_CHECKING:
    import click


def say(line: str, *, err: bool = False) -> None:
    """A line of a command's answer, for people: what systems call things moves no terminal's cursor.

    err: on standard error.
    """
    import click  # noqa: PLC0415 - a tap does without it

    click.echo(printable(line), err=err)


def run_click(name: str, command: click.Command) -> None:
    """Run a click command as the main of a process. `name`: the program's."""
    import click  # noqa: PLC0415 - a tap does without it

    def run() -> object:
        try:
            return command.main(prog_name=name, standalone_mode=False)
        except click.ClickException as error:
            if isinstance(error, click.UsageError) and error.ctx is not None:
                click.echo(error.ctx.get_usage(), err=True)
            click.echo(printable(f"Error: {redact(error.format_message())}", whole_text=True), err=True)
            return error.exit_code
        except click.Abort:
            click.echo("Aborted!", err=True)
            return 1

    run_guarded(name, run)


def run_guarded(name: str, run: Callable[[], object]) -> None:
    """Run a command's body; an error, or an exit code that it returns, ends the process.

    An error of the family, and one of the file system, is one line on stderr. Any other exception is a defect: it keeps
    its traceback, with secrets masked.
    """
    for word in sys.argv[1:]:
        register_url(word)
    try:
        code = run()
        sys.stdout.flush()
    except Exception as error:
        _end(one_line(name, error) or printable(redact(traceback.format_exc()), whole_text=True))
    else:
        if isinstance(code, int) and code:
            sys.exit(code)


def let_go_of_output() -> None:
    """After a broken pipe: Python would complain of it once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def one_line(name: str, error: Exception) -> str | None:
    """What a person is told instead of a traceback: of an error of the family, and of one of the file system (a full
    disk, a file that may not be read, a pipe whose reader is gone). None for a defect. `name`: the program's.
    """
    if isinstance(error, ConnectorError):
        return str(error)
    if isinstance(error, BrokenPipeError):
        let_go_of_output()
        return f"{name}: who reads its output ended before it had read everything"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return printable(redact(f"{name}: {place}{error.strerror or type(error).__name__}"))
    return None


def _end(message: str) -> None:
    sys.stderr.write(message.rstrip() + "\n")
    sys.exit(1)
