"""``python -m sandbox``: start the systems, print one JSON line with their addresses, run until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.core.clock import Clock
from sandbox.core.control import Control
from sandbox.core.faults import Faults
from sandbox.core.gates import Gates
from sandbox.core.journal import Journal
from sandbox.core.middleware import Watched
from sandbox.core.serve import Servers, bind, serve, url_of
from sandbox.core.switches import SwitchError
from sandbox.core.system import Options

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from sandbox.core.system import System

SYSTEMS = ("syspro", "anaplan", "sap")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    for name in (*SYSTEMS, "control"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=7, help="everything generated follows from it")
    parser.add_argument(
        "--size",
        default="demo",
        help="demo, small, tiny, a number (of SYSPRO's AP invoices, SAP's journal lines), or 100000:ApInvoice",
    )
    parser.add_argument("--data", type=Path, help="folder that keeps the data; a temporary one when not given")
    parser.add_argument("--task-seconds", type=float, default=0.3, help="base duration of an Anaplan task")
    parser.add_argument("--switch", action="append", default=[], metavar="SYSTEM.NAME=VALUE")
    parser.add_argument("--clock", type=Path, help="file of a time that other processes share, see core/shared_time.py")
    parser.add_argument("--only", action="append", choices=SYSTEMS, help="start only this system (repeatable)")
    return parser.parse_args(argv)


def build(names: Sequence[str], options: Options, clock: Clock) -> list[System]:
    """The systems called ``names``, seeded. Each package is imported only when it is started."""
    return [importlib.import_module(f"sandbox.{name}").build(options, clock) for name in names]


def _set_switches(systems: Sequence[System], assignments: Sequence[str]) -> None:
    by_name = {system.name: system for system in systems}
    for assignment in assignments:
        target, equals, value = assignment.partition("=")
        name, dot, switch = target.partition(".")
        if not equals or not dot or name not in by_name:
            raise SwitchError(f"--switch {assignment}: expected SYSTEM.NAME=VALUE, SYSTEM one of {', '.join(by_name)}")
        by_name[name].switches.start_with(switch, value)


def _clock(path: Path | None) -> Clock:
    if path is None:
        return Clock()
    from sandbox.core.shared_time import SharedTime  # noqa: PLC0415  POSIX only, as nothing else here

    shared = SharedTime(path)
    shared.enroll()
    return Clock(shared)


def _run(arguments: argparse.Namespace, data: Path) -> None:
    options = Options(arguments.host, arguments.seed, arguments.size, data, arguments.task_seconds)
    clock, journal, faults = _clock(arguments.clock), Journal(), Faults()
    names = arguments.only or SYSTEMS
    sockets = {name: bind(arguments.host, getattr(arguments, f"{name}_port")) for name in (*names, "control")}
    systems = build(names, options, clock)
    _set_switches(systems, arguments.switch)
    line: dict[str, object] = {system.name: system.describe(url_of(sockets[system.name])) for system in systems}
    line["control"] = {"url": url_of(sockets["control"])}
    watched = {system.name: Watched(system, clock, journal, faults) for system in systems}
    servers = Servers()
    control = Control(systems, clock, journal, faults, Gates(servers, watched, arguments.host, data))
    apps: list[tuple[ASGIApp, socket.socket]] = [(watched[name], sockets[name]) for name in names]
    apps.append((control.app, sockets["control"]))
    asyncio.run(serve(servers, apps, lambda: print(json.dumps(line), flush=True)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0 after a stop by signal, 2 when the command line does not hold."""
    arguments = _arguments(argv)
    try:
        if arguments.data is not None:
            arguments.data.mkdir(parents=True, exist_ok=True)
            _run(arguments, arguments.data)
        else:
            with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
                _run(arguments, Path(folder))
    except (SwitchError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
