"""`connector-locks`: who holds which lock since when, who waits, and how much of each rate is used."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
import msgspec

from connector_kit.commands import run_click, say
from connector_kit.coordination.base import Holder
from connector_kit.coordination.connect import connect
from connector_kit.coordination.status import RateStatus, Status
from connector_kit.redaction import printable_json
from connector_kit.secrets import resolve


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url",
    envvar="COORDINATION_URL",
    help="The plugins' coordination_url (or COORDINATION_URL); by default the file of this user.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
def cli(url: str | None, as_json: bool) -> None:
    """Who holds which lock, who waits for it, and how much of each rate is used.

    Changes nothing, and takes no turn and no lock.
    """
    setting = "coordination_url"
    place = resolve({setting: url}, {setting})[setting] if url else None
    with connect(None if place is None else str(place)) as coordinator:
        found = coordinator.status()
    if as_json:
        click.echo(printable_json(msgspec.json.encode(found).decode()))
    else:
        for line in lines(found, time.time()):
            say(line)


def lines(status: Status, now: float) -> Iterator[str]:
    """The status for people."""
    yield "Locks" if status.locks else "Locks: none is held"
    for lock in status.locks:
        yield f"  {lock.name}"
        yield f"    held {_whom(lock.holder, now)}" if lock.holder else "    free"
        yield from (f"    waits {_whom(one, now)}" for one in lock.waiting)
    yield "Rates" if status.rates else "Rates: none is known"
    yield from (f"  {_rate(rate)}" for rate in status.rates)


def _whom(one: Holder, now: float) -> str:
    return f"{_seconds(now - one.since)}: {one}"


def _rate(rate: RateStatus) -> str:
    used = f"{rate.name}: {rate.used} of {rate.allowed} in the last {_seconds(rate.seconds)}"
    waiting = f", {rate.waiting} waiting for their turn" if rate.waiting else ""
    held = f", nobody for {_seconds(rate.held_seconds)}: the system said it is too much" if rate.held_seconds else ""
    return f"{used} ({rate.per_minute} a minute){waiting}{held}"


def _seconds(count: float) -> str:
    count = max(0, round(count, 1) if count < 1 else round(count))
    if count < 120:
        return f"{count:g} s"
    return f"{count // 60:.0f} min" if count < 7200 else f"{count / 3600:.1f} h"


def main() -> None:
    """Run the command; what a person can put right is said in one line."""
    run_click("connector-locks", cli)


if __name__ == "__main__":
    main()
