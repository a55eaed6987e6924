"""How each kind of event is drawn, and how often beside the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaos.weather.events import AnyEvent
from chaos.weather.events.clocks import ClockJump, TimePasses
from chaos.weather.events.data import BusinessDay, DeletedRow, EditRow, JournalEntry, NewRow, Reversal
from chaos.weather.events.faults import EatenRate, ForeignTask, ModelState, RefusedRows
from chaos.weather.events.lies import Lie
from chaos.weather.events.planning import Approval, BlockedAccount, Period, PlanAmount, PlanInvoice, PlanLines, Version
from chaos.weather.events.processes import BrokenPipe, DatabaseStruck, FullDisk, Struck
from chaos.weather.events.runs import Narrow, Replay, SmallBatches, SmallPages, Sweep
from chaos.weather.events.stores import (
    CoordinationLost,
    StateLost,
    StateOfAnother,
    StateOlder,
    TrailLost,
    TrailMoved,
    TrailRestored,
    TrailSaved,
)
from chaos.weather.lies import LIES
from chaos.weather.tables import EDITS, NEW_ROWS
from chaos.weather.wire import fault

if TYPE_CHECKING:
    from chaos.weather.generator import Draw, Maker

_VERSIONS: tuple[Version, ...] = ("Budget 2027", "Forecast 2026")
_SHAPES: tuple[Literal["empty", "null_bookmarks", "singer_sdk", "unknown_streams", "no_version", "other_types"], ...]
_SHAPES = ("empty", "null_bookmarks", "singer_sdk", "unknown_streams", "no_version", "other_types")
_IMPORTS = {
    "syspro": ("Suppliers from suppliers.csv", "GL Balances from gl_balances.csv", "AP Invoices from ap_invoices.csv"),
    "sap": ("Suppliers from suppliers.csv", "GL Line Items from gl_line_items.csv"),
}


def _pages(draw: Draw) -> int:
    """At once most of the time, else between two pages of the read that comes."""
    return draw.rng.randint(1, 3) if draw.inbound and draw.rng.random() < 0.3 else 0


def business_day(draw: Draw) -> AnyEvent:
    """A day of business."""
    return BusinessDay(draw.system)


def edit(draw: Draw) -> AnyEvent | None:
    """Some column of some row. Hidden ones are drawn seldom: behind them only a sweep is held to be equal."""
    names = [name for name, one in EDITS.items() if one.system == draw.system]
    name = draw.rng.choice(names)
    if EDITS[name].hidden and draw.rng.random() < 0.7:
        return None
    return EditRow(name, draw.rng.randrange(1000), draw.rng.randrange(1, 100_000), draw.rng.randrange(2), _pages(draw))


def new_row(draw: Draw) -> AnyEvent | None:
    """A row that was not there."""
    if draw.system == "sap":
        rng = draw.rng
        return JournalEntry(rng.randrange(1, 10**7), rng.randrange(100), rng.choice((0, 0, 1, 3)), rng.randrange(2))
    name, number = draw.rng.choice(list(NEW_ROWS)), next(draw.number)
    draw.made.append((name, number))
    return NewRow(name, number, draw.rng.randrange(1000), draw.rng.choice((0, 0, 5, 20)), 0, _pages(draw))


def gone_row(draw: Draw) -> AnyEvent | None:
    """A row that was made is deleted, or an entry is reversed."""
    if draw.system == "sap":
        return Reversal(draw.rng.randrange(100))
    if not draw.made:
        return None
    name, number = draw.made.pop(draw.rng.randrange(len(draw.made)))
    return DeletedRow(name, number, 0, _pages(draw))


def plan_lines(draw: Draw) -> AnyEvent:
    """A plan, or more of one."""
    rng = draw.rng
    return PlanLines(
        draw.system, rng.choice(_VERSIONS), rng.randint(1, 9), rng.randrange(100, 5_000_000), rng.randrange(40)
    )


def plan_amount(draw: Draw) -> AnyEvent:
    """Another amount, sometimes none."""
    rng = draw.rng
    cents = 0 if rng.random() < 0.15 else rng.randrange(-500_000, 5_000_000)
    return PlanAmount(draw.system, rng.choice(_VERSIONS), rng.randrange(100), cents)


def approval(draw: Draw) -> AnyEvent:
    """Approved more often than withdrawn."""
    return Approval(draw.system, draw.rng.choice(_VERSIONS), draw.rng.random() < 0.75)


def plan_invoice(draw: Draw) -> AnyEvent:
    """One of few numbers, so that some come again."""
    rng = draw.rng
    number, cents = rng.randint(1, 4), rng.randrange(100, 900_000)
    return PlanInvoice(draw.system, number, cents, rng.random() < 0.7, rng.randrange(20))


def closed(draw: Draw) -> AnyEvent | None:
    """SAP's accounting closes a period, or blocks an account."""
    if draw.system != "sap":
        return None
    if draw.rng.random() < 0.5:
        return Period(draw.rng.randrange(2), draw.rng.randrange(3), draw.rng.random() < 0.3)
    return BlockedAccount(draw.rng.randrange(10), draw.rng.random() < 0.7)


def wire(draw: Draw) -> AnyEvent:
    """A fault of the wire or of a server."""
    return fault(draw.rng, draw.flow)


def anaplan_trouble(draw: Draw) -> AnyEvent:
    """What others do to the model and the tenant."""
    rng = draw.rng
    which = rng.randrange(4)
    if which == 0:
        return ForeignTask(draw.system, rng.choice((0.2, 1.0, 3.0)))
    if which == 1:
        return EatenRate(rng.choice((300, 590, 600)))
    if which == 2:
        return ModelState(draw.system, rng.choice(("LOCKED", "OFFLINE", "ARCHIVED")))
    pattern = rng.choice((r"7[0-4]", r"1[0-3]\d", r"EDU1", r"(?i)steel"))
    return RefusedRows(draw.system, rng.choice(_IMPORTS[draw.system]), pattern)


def lie(draw: Draw) -> AnyEvent:
    """A switch of the sandbox."""
    system = draw.rng.choice((draw.system, "anaplan"))
    switch = draw.rng.choice(sorted(LIES[system]))
    return Lie(system, switch, draw.rng.choice(LIES[system][switch]))


def struck(draw: Draw) -> AnyEvent:
    """A signal at a step: signals that kill hit small steps, so that they hit at all."""
    rng = draw.rng
    at: Literal["request", "record", "call"] = rng.choice(("request", "request", "record", "call"))
    nth = {"request": rng.randint(1, 40), "record": rng.randint(1, 400), "call": int(10 ** rng.uniform(2, 4.3))}[at]
    signal: Literal["SIGTERM", "SIGKILL", "SIGSTOP"] = rng.choice(("SIGTERM", "SIGKILL", "SIGKILL", "SIGSTOP"))
    when: Literal["before", "sent", "answered"] = rng.choice(("before", "sent", "answered"))
    seconds = rng.choice((0.5, 40.0, 700.0)) if signal == "SIGSTOP" else 0.0
    pipeline = rng.randrange(2) if draw.flow == "sap-to-anaplan" else 0
    return Struck(rng.choice(("tap", "target", "target")), signal, at, nth, when, seconds=seconds, pipeline=pipeline)


def pipe_or_disk(draw: Draw) -> AnyEvent:
    """The reader goes away, the database does, or the disk fills up."""
    which = draw.rng.random()
    if which < 0.3:
        return BrokenPipe(draw.rng.randint(1, 300))
    if which < 0.5:
        return DatabaseStruck(draw.rng.choice(("goes", "hangs")), draw.rng.randint(1, 300))
    return FullDisk(draw.rng.choice((1, 16, 64, 256, 600)))


def clock(draw: Draw) -> AnyEvent:
    """Time passes, or a clock is wrong."""
    rng = draw.rng
    if rng.random() < 0.5:
        return TimePasses(rng.choice((60.0, 700.0, 2200.0, 4000.0, 50_000.0, 90_000.0)))
    return ClockJump(rng.choice((-4000.0, -700.0, -30.0, 30.0, 700.0, 4000.0)), rng.choice(("a", "b")))


def trail(draw: Draw) -> AnyEvent:
    """Something happens to the trail or to the locks."""
    return draw.rng.choice(
        (TrailLost, TrailSaved, TrailSaved, TrailRestored, TrailRestored, TrailMoved, CoordinationLost)
    )()


def state(draw: Draw) -> AnyEvent:
    """The state of the flow that runs next."""
    which = draw.rng.randrange(3)
    if which == 0:
        return StateLost(draw.flow)
    return (
        StateOlder(draw.flow, draw.rng.randint(1, 3))
        if which == 1
        else StateOfAnother(draw.flow, draw.rng.choice(_SHAPES))
    )


def run(draw: Draw) -> AnyEvent | None:
    """How the next run is started."""
    rng, flow = draw.rng, draw.flow
    which = rng.randrange(5)
    if which == 4:
        return Replay(flow)
    if not draw.inbound:
        return None
    return (
        Sweep(flow), SmallPages(flow, rng.choice((3, 10, 50))), SmallBatches(flow, rng.choice((20, 200))), Narrow(flow)
    )[which]  # fmt: skip


MAKERS: dict[Maker, int] = {
    business_day: 4,
    edit: 10,
    new_row: 7,
    gone_row: 4,
    plan_lines: 7,
    plan_amount: 6,
    approval: 8,
    plan_invoice: 4,
    closed: 3,
    wire: 16,
    anaplan_trouble: 4,
    lie: 6,
    struck: 10,
    pipe_or_disk: 3,
    clock: 4,
    trail: 4,
    state: 4,
    run: 8,
}
