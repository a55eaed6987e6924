"""When which flow is polled, in which time zone and language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Pacific/Chatham",  # 12:45 and 13:45 from UTC
    "America/Santiago",
    "Asia/Kolkata",  # 5:30, and the same all year
)
LANGUAGES = ("de_DE", "fr_FR", "ar_SA", "hi_IN", "pt_BR")
"""They write numbers, or months, otherwise than English."""
_TIMES = {
    # The hour that daylight saving skips or repeats.
    "sap-to-anaplan": time(2, 30),
    "syspro-to-anaplan": time(2, 50),
    "plan-to-sap": time(19, 0),
    "plan-to-syspro": time(19, 15),
}


@dataclass(frozen=True, slots=True)
class Poll:
    """A flow that a scheduler of a place starts. ``at``: in UTC. ``day``: that place's, counted from 0. ``sweeps``:
    everything is read once more, which finds what no date shows.
    """

    day: int
    date: date
    at: datetime
    flow: str
    zone: str
    language: str
    sweeps: bool

    @property
    def schedule(self) -> str:
        """That of meltano/*.yml which is polled."""
        return schedule_of(self.flow, sweeps=self.sweeps)


def schedule_of(flow: str, *, sweeps: bool) -> str:
    """The shipped schedule of a flow."""
    if flow.startswith("plan"):
        return f"{flow}-every-evening"
    return f"{flow}-nightly" if sweeps else f"{flow}-ordinary-days"


def timetable(first: date, polls: int, languages: Sequence[str], *, every: int = 1, sweep: int = 8) -> Iterator[Poll]:
    """Each flow once each ``every`` days from ``first`` on, in the evening or at night: so many polls, in their order.

    The polls of a day belong to the zones whose clocks are changed on it, if there are any; on other days the zones
    take turns, a week each.
    ``languages``: those to take turns; none: the processes' own. ``sweep``: each so many polls of a flow one reads all.
    """
    for number in range(polls):
        turn, place = divmod(number, len(_TIMES))
        day = turn * every
        when = first + timedelta(day)
        zone = _zone_of(when, day, place)
        flow, clock = list(_TIMES.items())[place]
        at = datetime.combine(when, clock, ZoneInfo(zone)).astimezone(timezone.utc)
        language = languages[number % len(languages)] if languages else ""
        yield Poll(day, when, at, flow, zone, language, turn % sweep == sweep - 1)


def _zone_of(when: date, day: int, place: int) -> str:
    changed = [zone for zone in ZONES if clocks_change(zone, when)]
    return changed[place % len(changed)] if changed else ZONES[day // 7 % len(ZONES)]


def clocks_change(zone: str, when: date) -> bool:
    """Whether daylight saving begins or ends there on that day."""
    begin = datetime.combine(when, time(), ZoneInfo(zone))
    return begin.utcoffset() != datetime.combine(when + timedelta(1), time(), ZoneInfo(zone)).utcoffset()
