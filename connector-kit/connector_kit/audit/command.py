"""The `audit` command: what was sent, what became of it, and sending again what failed."""

from __future__ import annotations

import re
import sys
import time
from contextlib import closing
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from connector_kit.audit import database as databases
from connector_kit.audit import display
from connector_kit.audit.batch_report import batch_report
from connector_kit.audit.codec import Codec, new_key
from connector_kit.audit.copying import copy
from connector_kit.audit.export import ExportedRecord, export
from connector_kit.audit.failures import Selection, dismiss, failed_batches, groups
from connector_kit.audit.history import history
from connector_kit.audit.migrations import prepare
from connector_kit.audit.prune import prune
from connector_kit.audit.record_keys import rekey
from connector_kit.audit.replay import replay
from connector_kit.audit.report import runs, summary
from connector_kit.commands import run_click, say
from connector_kit.redaction import printable_json
from connector_kit.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector_kit.audit.database import Database

F = TypeVar("F", bound="Callable[..., object]")

_UNITS = {"h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url", envvar="AUDIT_URL", help="Where the trail is: sqlite:///file or postgresql://... (or AUDIT_URL)."
)
@click.option(
    "--audit-key",
    envvar="AUDIT_KEY",
    metavar="REFERENCE",
    help="The targets' audit_key, such as file:audit/key (or AUDIT_KEY), where records are encrypted.",
)
@click.pass_context
def cli(context: click.Context, url: str | None, audit_key: str | None) -> None:
    """What the targets sent, what became of every record, and sending again what failed."""
    context.obj = {"audit_url": url or databases.default_url(), **({"audit_key": audit_key} if audit_key else {})}


def _open(context: click.Context) -> Database:
    settings = resolve(context.obj, set(context.obj))
    key = settings.get("audit_key")
    database = databases.Database(str(settings["audit_url"]), create=False, codec=Codec.of(str(key) if key else None))
    context.call_on_close(database.close)
    prepare(database)
    return database


def _json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")(command)


def _selection_options(command: Callable[..., object]) -> Callable[..., object]:
    """Options that choose failures; the command gets them as one `selection`."""

    @wraps(command)
    def chosen(*arguments: object, **options: Any) -> object:  # noqa: ANN401 - click's values
        picked = {name: options.pop(name) for name in Selection.__dataclass_fields__}
        return command(*arguments, selection=Selection(**picked), **options)

    for option in (
        click.option("--destination", default="", help="A part of the name of the model or ERP."),
        click.option("--plugin", default="", help="The target that was refused, e.g. target-anaplan."),
        click.option("--system", default="", help="The source system."),
        click.option("--key", multiple=True, help="A key property's value; give one per key property, in order."),
        click.option("--reason", default="", help="A part of the reason."),
        click.option("--stream", "streams", multiple=True, help="Several may be given."),
        click.option("--run", default="", help='A run\'s id, its beginning, or "last".'),
    ):
        chosen = option(chosen)
    return chosen


def _age(text: str) -> float:
    match = re.fullmatch(r"(\d+)([hdw])", text.strip())
    if match is None:
        raise click.BadParameter(f'expected hours, days or weeks such as "12h", "90d" or "8w", got "{text}"')
    return int(match[1]) * _UNITS[match[2]]


@cli.command("runs")
@click.option("--limit", default=20, show_default=True, help="The latest so many.")
@_json_option
@click.pass_context
def runs_command(context: click.Context, limit: int, as_json: bool) -> None:
    """List the runs, the latest first."""
    with _open(context).reading() as connection:
        found = runs(connection, limit)
    display.json(found) if as_json else display.runs(found)


@cli.command("show")
@click.argument("run", default="last")
@_json_option
@click.pass_context
def show_command(context: click.Context, run: str, as_json: bool) -> None:
    """Show what a RUN did, per stream and action (default: the last run)."""
    with _open(context).reading() as connection:
        found = summary(connection, run)
    display.json(found) if as_json else display.summary(found)


@cli.command("record")
@click.argument("stream")
@click.argument("key", nargs=-1, required=True)
@click.option("--system", help="Only of this source system.")
@_json_option
@click.pass_context
def record_command(
    context: click.Context,
    stream: str,
    key: tuple[str, ...],
    system: str | None,
    as_json: bool,
) -> None:
    """Show the whole history of the record of STREAM whose key properties have the values KEY..."""
    with _open(context).reading() as connection:
        found = history(connection, stream, key, system=system)
        known = [] if found else connection.rows("SELECT DISTINCT stream FROM audit_batches ORDER BY stream")
    if found or as_json:
        display.json(found) if as_json else display.history(found)
    else:
        streams = ", ".join(row["stream"] for row in known) or "none"
        say(f"No record of stream {stream} with the key {' '.join(key)}. Streams: {streams}", err=True)
    if not found:
        context.exit(1)


@cli.command("batch")
@click.argument("batch")
@click.option("--outcome", default="", help='Only rows with this outcome, e.g. "rejected".')
@click.option("--limit", default=50, show_default=True, help="Rows to show.")
@click.option("--records", is_flag=True, help="With the raw records.")
@_json_option
@click.pass_context
def batch_command(context: click.Context, batch: str, outcome: str, limit: int, records: bool, as_json: bool) -> None:
    """Show a BATCH: its rows with their outcomes, and the documents that they became."""
    with _open(context).reading() as connection:
        found = batch_report(connection, batch, outcome=outcome, limit=limit, records=records)
    display.json(found) if as_json else display.batch(found, limit)


@cli.command("failures")
@_selection_options
@click.option("--samples", default=3, show_default=True, help="Records to name per reason.")
@_json_option
@click.pass_context
def failures_command(context: click.Context, selection: Selection, samples: int, as_json: bool) -> None:
    """Show what is still to be repaired, grouped by reason, with the ERP keys."""
    with _open(context).reading() as connection:
        found = groups(connection, selection, samples=samples)
        whole = [] if selection.reason or selection.key else failed_batches(connection, selection)
    if as_json:
        display.json({"failures": found, "batches": whole})
    else:
        display.failures(found, whole)


@cli.command("replay")
@_selection_options
@click.option("--json", "as_json", is_flag=True, help="What was done, on standard error, as JSON for scripts.")
@click.pass_context
def replay_command(context: click.Context, selection: Selection, as_json: bool) -> None:
    """Write the open failures as Singer messages to standard output: pipe them into the target that refused them."""
    out = sys.stdout.buffer
    with _open(context).reading() as connection:
        done = replay(connection, selection, out.write)
    out.flush()
    say(printable_json(msgspec.json.encode(done).decode()) if as_json else str(done), err=True)


@cli.command("dismiss")
@_selection_options
@_json_option
@click.pass_context
def dismiss_command(context: click.Context, selection: Selection, as_json: bool) -> None:
    """Close open failures that nobody will repair, such as records without a key. Needs at least one option."""
    if selection == Selection():
        raise click.UsageError("say which failures: --run, --stream, --reason, --key ...")
    with _open(context).writing(durable=True) as connection:
        count = dismiss(connection, selection)
    display.json({"dismissed": count}) if as_json else click.echo(f"{count} failures dismissed")


@cli.command("export")
@click.option("--run", default="", help='A run\'s id, its beginning, or "last".')
@click.option("--stream", default="")
@click.option("--since", default="", help='Only batches of the last hours, days or weeks, such as "7d".')
@click.option("--records", is_flag=True, help="With the raw records.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.pass_context
def export_command(
    context: click.Context,
    run: str,
    stream: str,
    since: str,
    records: bool,
    form: str,
) -> None:
    """Write every record with its outcome to standard output."""
    begun = time.time() - _age(since) if since else 0.0
    with _open(context).reading() as connection:
        found = export(connection, run=run, stream=stream, since=begun, records=records)
        if form == "csv":
            display.csv(found, ExportedRecord.__struct_fields__)
        else:
            for record in found:
                sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
            sys.stdout.buffer.flush()


@cli.command("prune")
@click.option("--older-than", required=True, help='Hours, days or weeks, such as "90d".')
@click.option("--open-failures-too", is_flag=True, help="Also remove failures that nobody repaired.")
@click.option("--compact", is_flag=True, help="Give the space back to the file system (SQLite).")
@_json_option
@click.pass_context
def prune_command(
    context: click.Context,
    older_than: str,
    open_failures_too: bool,
    compact: bool,
    as_json: bool,
) -> None:
    """Remove what is older. Open failures stay, and what the systems are known to hold."""
    before = time.time() - _age(older_than)
    done = prune(_open(context), before=before, open_failures_too=open_failures_too, compact=compact)
    if as_json:
        display.json(done)
    else:
        click.echo(
            f"{done.runs} runs, {done.batches} batches and {done.records} records removed; "
            f"of {done.thinned} batches only the open failures were kept"
        )


@cli.command("rekey")
@click.argument("stream")
@click.argument("key", nargs=-1, required=True)
@click.option("--forget", is_flag=True, help="Forget the records that can't be named by the new key.")
@_json_option
@click.pass_context
def rekey_command(context: click.Context, stream: str, key: tuple[str, ...], forget: bool, as_json: bool) -> None:
    """Name what was delivered of STREAM by another KEY..., when its tap makes the key of other properties."""
    with _open(context).writing(durable=True) as connection:
        done = rekey(connection, stream, key, forget=forget)
    display.json(done) if as_json else say(str(done))


@cli.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@_json_option
def copy_command(source: str, target: str, as_json: bool) -> None:
    """Copy the trail FROM one database TO another, which has none yet: URLs as for --url."""
    urls = resolve({"from": source, "to": target}, {"from", "to"})
    with (
        closing(databases.Database(str(urls["from"]), create=False)) as old,
        closing(databases.Database(str(urls["to"]))) as new,
    ):
        done = copy(old, new)
    if as_json:
        display.json(done)
    else:
        click.echo(f"{sum(done.values())} rows in {len(done)} tables copied and compared: set audit_url to the copy")


@cli.command("new-key")
def new_key_command() -> None:
    """Write a new key for the setting audit_key: audit new-key | connector-secrets set audit/key."""
    click.echo(new_key())


def main() -> None:
    """Run the command; what a person can put right is said in one line."""
    run_click("audit", cli)
