"""A cell of the matrix: a fault at an endpoint; what the run makes of it, and what the next one does."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Literal

from chaos.matrix.abilities import ABILITIES
from chaos.matrix.addresses import CONNECT, settings
from chaos.matrix.endpoints import Endpoint
from chaos.matrix.faults import FAULTS
from chaos.matrix.known import known
from chaos.matrix.process import Ran
from chaos.matrix.trial import Bench, Trial, written
from chaos.matrix.verdict import differences, last_word, unclear

Mark = Literal["=", "!", "~", "X", "."]
"""Recovered; failed clearly, and the next run made it good; known and told; violated; never reached."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """`ability`, `fault`: by name. `always`: at each request to the endpoint, not only at the one in their middle."""

    ability: str
    endpoint: Endpoint
    fault: str
    always: bool

    def __str__(self) -> str:
        return f"{self.ability}, {self.endpoint}, {self.fault}, {'always' if self.always else 'once'}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `said`: the line with which the run failed. `why`: what is violated."""

    cell: Cell
    mark: Mark
    said: str
    why: str
    seconds: float


def tried(bench: Bench, cell: Cell) -> Result:
    """The cell, tried on a bench."""
    begun = time.monotonic()
    ability = ABILITIES[cell.ability]
    clean = bench.clean(ability)
    trial = bench.begin(ability)
    middle = 0 if cell.always else (clean.endpoints[cell.endpoint] - 1) // 2
    ran, hit = _with_fault(trial, cell, middle)
    if not hit and middle:  # how often a task is looked at is a matter of time
        trial = bench.begin(ability)
        ran, hit = _with_fault(trial, cell, 0)
    mark, why = _judged(trial, cell, ran, clean.contents) if hit else (".", "")
    if mark == "X" and known(str(cell), why):
        mark = "~"
    return Result(cell, mark, "" if ran.code == 0 else last_word(ran), why, time.monotonic() - begun)


def _with_fault(trial: Trial, cell: Cell, after: int) -> tuple[Ran, bool]:
    control, endpoint = trial.site.control, cell.endpoint
    if endpoint.method == CONNECT:
        path = trial.site.folder / "config.json"
        right = path.read_text(encoding="utf-8")
        path.write_text(json.dumps(settings(trial.site, endpoint, cell.fault, json.loads(right))), encoding="utf-8")
        ran = trial.run()
        path.write_text(right, encoding="utf-8")
        return ran, True
    control.fault(
        endpoint.system,
        dict(FAULTS[cell.fault]),
        path=endpoint.expression(),
        method=endpoint.method,
        after=after,
        times=-1 if cell.always else 1,
    )
    ran = trial.run()
    (rule,) = control.faults()
    control.clear_faults()
    return ran, rule["hits"] > 0


def _judged(trial: Trial, cell: Cell, ran: Ran, wanted: dict[str, object]) -> tuple[Mark, str]:
    if "Logoff" in cell.endpoint.pattern:  # a session whose log-off fails stays, and is said so
        wanted = {name: value for name, value in wanted.items() if name != "sessions"}
    wrong = _leaks(trial, ran)
    if ran.code == 0:
        wrong += ["a traceback in the log of a run that ended well"] if "Traceback" in ran.err else []
        wrong += _differing(trial, wanted)
        return ("X", "; ".join(wrong)) if wrong else ("=", "")
    wrong += [word for word in [unclear(ran)] if word]
    wrong += _ahead(trial, ran, wanted)
    again = trial.run()
    if again.code != 0:
        wrong.append(f"the next run fails too: {last_word(again)}")
    else:
        wrong += [f"after the next run: {each}" for each in _differing(trial, wanted)]
    return ("X", "; ".join(wrong)) if wrong else ("!", "")


def _differing(trial: Trial, wanted: dict[str, object]) -> list[str]:
    held = trial.contents()
    return differences(wanted, {name: value for name, value in held.items() if name in wanted or name != "sessions"})


def _leaks(trial: Trial, ran: Ran) -> list[str]:
    """Credentials that went to another host, and files that stayed behind."""
    wrong = [
        f"it followed a redirect: {one['path']}"
        for one in trial.site.control.requests()
        if "redirected=" in one["path"]
    ]
    if ran.left and ran.code is not None:
        wrong.append(f"temporary files stay: {', '.join(ran.left[:3])}")
    return wrong[:3]


def _ahead(trial: Trial, ran: Ran, wanted: dict[str, object]) -> list[str]:
    """Of a run that failed: STATE or ACTIVATE_VERSION for what has not arrived."""
    if trial.ability.delivers:
        states = [line for line in ran.out.splitlines() if line.strip()]
        held = trial.contents()
        missing = [each for each in differences(wanted, held) if not each.startswith("sessions")]
        return [f"STATE is ahead: {states[-1][:200]}; {missing[0]}"] if states and missing else []
    if not trial.ability.reads:
        return []
    found = written(ran.out)
    rows = {stream: set(wanted.get(stream) or ()) for stream in found.whole}  # type: ignore[call-overload]
    short = [stream for stream, keys in rows.items() if keys - set(found.records[stream])]
    return [f"ACTIVATE_VERSION after a read that was not whole: {json.dumps(short)}"] if short else []
