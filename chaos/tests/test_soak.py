"""The soak: its timetable, what it notices, and a quick share of it over a year's end."""

from __future__ import annotations

from collections import Counter
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaos.soak.drive import Plan, Soak
from chaos.soak.growth import grown
from chaos.soak.life import Life, Trouble
from chaos.soak.noise import Noise
from chaos.soak.timetable import ZONES, Poll, clocks_change, timetable

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.world import World

FIRST = date(2026, 11, 23)
WARNING = "2027-03-28 02:30:00,012 | WARNING  | tap-syspro | 3 rows of ApInvoice have no supplier\n"


def test_two_thousand_polls_see_leap_day_two_years_ends_and_the_clocks_of_five_zones_change() -> None:
    polls = [*timetable(FIRST, 2000, ())]
    assert len(polls) == 2000
    assert {date(2026, 12, 31), date(2027, 12, 31), date(2028, 2, 29)} <= {poll.date for poll in polls}
    changes = Counter(zone for zone, when in {(p.zone, p.date) for p in polls} if clocks_change(zone, when))
    assert set(changes) == set(ZONES) - {"Asia/Kolkata"}
    assert min(changes.values()) >= 2


def test_each_flow_is_polled_once_a_day_in_order() -> None:
    polls = [*timetable(FIRST, 40, ("de_DE", "ar_SA"))]
    assert Counter(poll.flow for poll in polls) == dict.fromkeys(
        ("sap-to-anaplan", "syspro-to-anaplan", "plan-to-sap", "plan-to-syspro"), 10
    )
    assert [poll.day for poll in polls] == sorted(poll.day for poll in polls)
    assert {poll.language for poll in polls} == {"de_DE", "ar_SA"}


def series(*values: float) -> list[tuple[int, dict[str, float]]]:
    return [(number, {"rows": value}) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "is_found"),
    [
        ([100] * 16, False),
        ([100, 140, 180, 220, 260, 300, 340, 380, 420, 460, 500, 540, 580, 620, 660, 700], True),
        ([0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 110, 0], False),  # comes and goes
        ([0, 100, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200], False),  # fills up, and stays
    ],
)
def test_what_grows_is_found_and_what_comes_and_goes_is_not(values: list[float], is_found: bool) -> None:
    data = dict.fromkeys(range(16), 1.0)
    assert bool(grown(series(*values), [], data)) is is_found


def test_what_is_kept_per_key_may_grow_as_the_data_does() -> None:
    values = [100.0 * number for number in range(1, 17)]
    data = dict(enumerate(values))
    assert grown(series(*values), [], data)
    assert not grown(series(*values), ["rows"], data)


def test_a_warning_that_repeats_night_by_night_is_found_unless_it_has_a_reason() -> None:
    noise = Noise()
    for _ in range(4):
        noise.hear("syspro-to-anaplan", WARNING)
    assert noise.repeated({}) == []
    noise.hear("syspro-to-anaplan", WARNING.replace(" 3 ", " 4 "))
    (found,) = noise.repeated({})
    assert "5 polls in a row" in found
    assert noise.repeated({"have no supplier": "planted"}) == []


class _World:
    """Runs as it is told, and shows whatever differences."""

    def __init__(self, folder: Path, *runs: tuple[bool, str], differences: tuple[str, ...] = ()) -> None:
        self.variables: dict[str, str] = {}
        self.clock = SimpleNamespace(now=lambda: 0.0, advance=lambda _: None)
        self.sandbox = SimpleNamespace(control=SimpleNamespace(sessions=list))
        self.runs = [*runs]
        self._folder = folder
        self._differences = [*differences]

    def run(self, flow: str) -> Any:
        ok, said = self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        return SimpleNamespace(flow=flow, ok=ok, tap_stderr=said, target_stderr="", parts=(), hung=False)

    def differences(self, _: str) -> list[str]:
        return self._differences


def polled(folder: Path, world: _World, *troubles: Trouble) -> list[str]:
    """The violations of one poll."""
    soak = Soak(folder, Plan(compare=1), lambda _: None)
    (poll,) = timetable(FIRST, 1, (), sweep=1)
    assert isinstance(poll, Poll)
    life = SimpleNamespace(troubles=[*troubles])
    soak._poll(cast("World", world), cast("Life", life), poll)
    return soak.result.violations


def trouble() -> Trouble:
    return Trouble("SAP's password", ("sap-to-anaplan",), "HTTP 401", lambda: None)


def test_a_poll_that_an_expired_password_stops_is_seen_to_and_run_again(tmp_path: Path) -> None:
    assert polled(tmp_path, _World(tmp_path, (False, "got HTTP 401"), (True, "")), trouble()) == []


def test_a_refused_line_that_stops_nothing_is_seen_to_as_well(tmp_path: Path) -> None:
    assert polled(tmp_path, _World(tmp_path, (True, "1 refused: HTTP 401"), (True, "")), trouble()) == []


@pytest.mark.parametrize(
    ("runs", "differences", "standing", "says"),
    [
        ([(False, "got HTTP 500")], (), False, "HTTP 500"),
        ([(False, "got HTTP 500")], (), True, "HTTP 500"),
        ([(True, "")], (), True, "in spite of"),
        ([(True, "Traceback (most recent call last)")], (), False, "traceback"),
        ([(True, "")], ("Suppliers: 7 is missing",), False, "7 is missing"),
    ],
)
def test_what_must_not_be_is_found(
    tmp_path: Path, runs: list[tuple[bool, str]], differences: tuple[str, ...], standing: bool, says: str
) -> None:
    world = _World(tmp_path, *runs, differences=differences)
    assert any(says in line for line in polled(tmp_path, world, *([trouble()] if standing else [])))


@pytest.mark.timeout(600)
def test_polls_over_a_years_end(tmp_path: Path) -> None:
    """Fiscal years, calendars and budgets turn; both sides of each flow are equal at the end."""
    told: list[str] = []
    result = Soak(tmp_path, Plan(polls=20, first=date(2027, 12, 29), compare=100), told.append).run()
    assert result.violations == [], told
    assert result.polls.total() == 20
    assert result.life["calendars extended"] == 1
