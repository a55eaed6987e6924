"""How the trail is shown: tables on a terminal, lines with tabs in a pipe, JSON for scripts."""

from __future__ import annotations

import csv as csv_module
import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from connector_kit.commands import say
from connector_kit.redaction import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector_kit.audit.batch_report import BatchReport
    from connector_kit.audit.document_lines import DocumentLine
    from connector_kit.audit.failures import FailedBatch, FailureGroup
    from connector_kit.audit.history import Occurrence
    from connector_kit.audit.report import RunLine, RunSummary

_COLORS = {
    "delivered": "green",
    "deleted": "green",
    "unchanged": "dim",
    "posted": "green",
    "validated": "green",
    "refused": "red",
    "succeeded": "green",
    "rejected": "red",
    "partly delivered": "yellow",
    "failed": "red",
    "abandoned": "yellow",
    "running": "cyan",
    "sending": "cyan",
}


_DOCUMENTS = 50
_BATCHES = 12
# What a narrow terminal does without, the first first; a column needs no more than so many characters.
_SPARE = (
    "tasks",
    "closed",
    "version",
    "seconds",
    "deleted",
    "since",
    "plugin",
    "sent",
    "unchanged",
    "action",
    "company",
)
_ENOUGH = 24
# Spreadsheets take a cell that begins like this for a formula, which may run programs and fetch addresses; numbers are
# none.
_FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*")


def json(value: object) -> None:
    """Indented JSON on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    click.echo(printable_json(text))


def csv(records: Iterable[msgspec.Struct], columns: Sequence[str]) -> None:
    """CSV with a header on standard output; lists joined by spaces.

    It is opened in spreadsheets: what they would take for a formula stands behind a quotation mark.
    """
    writer = csv_module.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for record in records:
        writer.writerow([_no_formula(_cell(getattr(record, column))) for column in columns])


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table. Numbers stand right; known outcomes have a color."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(columns), *cells]:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    if not cells:
        say(f"{title}: none")
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    places = fitting(columns, cells, console.width)
    left_out = [column for place, column in enumerate(columns) if place not in places]
    columns, cells = [columns[at] for at in places], [[row[at] for at in places] for row in cells]
    shown = Table(title=escape(printable(title)), title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        numeric = all(row[place].replace(",", "").replace(".", "").isdigit() for row in cells if row[place])
        shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        colors = (_COLORS.get(cell.split("/")[0]) for cell in row)
        shown.add_row(*(f"[{color}]{escape(cell)}[/]" if color else escape(cell) for cell, color in zip(row, colors)))  # noqa: B905 - one per cell
    console.print(shown)
    if left_out:
        click.echo(f"Left out for the width: {', '.join(left_out)} (--json has all)")


def fitting(columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """The places of the columns that a terminal has room for: details go first, so that reasons stay readable."""
    needed = [
        3 + max(len(column), min(_ENOUGH, max((len(row[place]) for row in cells), default=0)))
        for place, column in enumerate(columns)
    ]
    places = list(range(len(columns)))
    for spare in _SPARE:
        if sum(needed[at] for at in places) <= width:
            break
        places = [at for at in places if columns[at] != spare]
    return places


def runs(found: Sequence[RunLine]) -> None:
    """The list of runs."""
    table(
        "Runs",
        [
            "run",
            "started",
            "seconds",
            "plugin",
            "destination",
            "outcome",
            "delivered",
            "rejected",
            "deleted",
            "message",
        ],
        [
            (
                run.run,
                _time(run.started),
                _lasted(run.started, run.finished),
                run.plugin,
                run.destination,
                run.outcome,
                run.delivered,
                run.rejected,
                run.deleted,
                run.message,
            )
            for run in found
        ],
    )


def summary(run: RunSummary) -> None:
    """One run."""
    table(
        f"Run {run.run} of {run.plugin} {run.version} into {run.destination}: {run.outcome} {run.message}".rstrip(),
        [
            "stream",
            "action",
            "outcome",
            "read",
            "unchanged",
            "sent",
            "delivered",
            "rejected",
            "deleted",
            "seconds",
            "tasks",
        ],
        [
            (
                action.stream,
                action.action,
                action.outcome,
                action.read,
                action.unchanged,
                action.sent,
                action.delivered,
                action.rejected,
                action.deleted,
                _seconds(action.seconds),
                action.tasks,
            )
            for action in run.actions
        ],
    )
    batches = [batch for action in run.actions for batch in action.batches]
    if batches and sys.stdout.isatty():
        shown = " ".join(batches[:_BATCHES]) + (" ..." if len(batches) > _BATCHES else "")
        click.echo(f"Row by row: audit batch ID, with {shown}")
    made = [line for action in run.actions for line in action.documents]
    if made:
        click.echo()
        documents(made[:_DOCUMENTS])
        if len(made) > _DOCUMENTS:
            click.echo(f"and {len(made) - _DOCUMENTS} more: see --json")
    reasons = [(action.stream, reason.reason, reason.records) for action in run.actions for reason in action.reasons]
    messages = [(action.stream, action.message, "") for action in run.actions if action.message]
    if reasons or messages:
        click.echo()
        table("Why", ["stream", "reason", "records"], [*reasons, *messages])


def batch(found: BatchReport, limit: int) -> None:
    """One batch: in a sentence, its documents, its rows."""
    say(
        f"Batch {found.batch} of run {found.run}: {found.system} {found.stream} into {found.destination}, "
        f"{found.action}: {found.outcome} {found.message}".rstrip()
    )
    say(
        f"{found.rows} rows, {found.delivered} delivered, {found.rejected} rejected; begun {_time(found.started)}"
        + (f", sent {_time(found.sent)}" if found.sent else "")
        + (f", settled {_time(found.settled)}" if found.settled else "")
        + (f"; tasks {' '.join(found.tasks)}" if found.tasks else "")
    )
    if found.documents:
        click.echo()
        documents(found.documents)
    click.echo()
    table(
        "Rows",
        ["row", "key", "outcome", "reason", "message", "closed", "documents", "record"],
        [
            (one.seq, one.key, one.outcome, one.reason, one.message, one.closed_how, one.documents, one.record)
            for one in found.records
        ],
    )
    if len(found.records) == limit:
        click.echo("There may be more: --limit, or audit export")


def documents(found: Sequence[DocumentLine]) -> None:
    """What rows became."""
    table(
        "Documents",
        ["stream", "key", "kind", "state", "number", "company", "year", "reference", "records", "messages"],
        [
            (
                one.stream,
                one.key,
                one.kind,
                one.state,
                one.number,
                one.company,
                one.year,
                one.reference,
                one.records,
                "; ".join(one.messages),
            )
            for one in found
        ],
    )


def history(found: Sequence[Occurrence]) -> None:
    """One record."""
    table(
        f"History of {found[0].key}" if found else "No record with this key",
        ["when", "run", "batch", "action", "outcome", "reason", "message", "tasks", "closed"],
        [
            (
                _time(one.when),
                one.run,
                one.batch,
                one.action,
                one.outcome,
                one.reason,
                one.message,
                one.tasks,
                f"{one.closed_how} {one.closed_by}".strip(),
            )
            for one in found
        ],
    )
    made = [line for one in found for line in one.documents]
    if made:
        click.echo()
        documents(made)
    records = [one for one in found if one.record is not None]
    if records:
        click.echo()
        say(bytes(records[-1].record or b"").decode())
    if any(one.encrypted for one in found):
        click.echo("\nThe record is encrypted: give its key in AUDIT_KEY to see it.", err=True)


def failures(found: Sequence[FailureGroup], whole: Sequence[FailedBatch]) -> None:
    """What is open."""
    table(
        "Open failures",
        ["records", "stream", "action", "reason", "since", "keys", "message"],
        [
            (
                group.records,
                group.stream,
                group.action,
                group.reason,
                _time(group.first),
                [sample.key for sample in group.samples],
                group.samples[0].message if group.samples else "",
            )
            for group in found
        ],
    )
    if whole:
        click.echo()
        table(
            "Batches that did not arrive (their records come again from the source)",
            ["records", "stream", "action", "run", "batch", "outcome", "when", "message"],
            [
                (one.records, one.stream, one.action, one.run, one.batch, one.outcome, _time(one.when), one.message)
                for one in whole
            ],
        )


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError, TypeError):  # no moment of the calendar: something else wrote it
        return str(seconds)


def _lasted(started: float, finished: float | None) -> str:
    try:
        return _seconds(finished - started) if finished else ""
    except TypeError:  # no time: something else wrote it
        return ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}"


def _no_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell.lstrip()) and not _NUMBER.fullmatch(cell) else cell


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = " ".join(str(item) for item in value)
    if isinstance(value, msgspec.Raw):
        value = bytes(value).decode()
    return printable(str(value), whole_text=True)
