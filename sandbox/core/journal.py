"""Every request that reached a system, and the totals over them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

_SECRET = re.compile(r"(?i)([?&;][^=&]*(?:password|secret|token|userid|code|assertion)[^=&]*=)[^&]+")
_HARMLESS = re.compile(r"(?i)(?:skip|syspro_)token=|languagecode=")
_WINDOW_SECONDS = 60.0
_KEPT = 200_000


def mask(path: str) -> str:
    """The path with the values of secret query parameters replaced by ``***``."""

    def replaced(match: re.Match[str]) -> str:
        return match.group(0) if _HARMLESS.search(match.group(1)) else match.group(1) + "***"

    return _SECRET.sub(replaced, path)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. ``status`` 0 = connection cut without an answer; ``start`` epoch seconds of the sandbox's clock;
    ``answer`` the body, where the journal keeps answers.
    """

    system: str
    method: str
    path: str
    status: int
    start: float
    seconds: float
    bytes_in: int
    bytes_out: int
    fault: int | None = None
    answer: bytes = b""


@dataclass(slots=True)
class _Totals:
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    window: deque[float] = field(default_factory=deque)
    peak: int = 0


class Journal:
    """The last requests in full, totals over all of them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._totals: dict[str, _Totals] = {}
        self._in_progress: Counter[str] = Counter()
        self.keeps_answers = False

    def arrived(self, system: str, start: float) -> None:
        """A request came in at ``start``: counts towards the peak per minute."""
        self._in_progress[system] += 1
        totals = self._totals.setdefault(system, _Totals())
        totals.window.append(start)
        while totals.window[0] <= start - _WINDOW_SECONDS:
            totals.window.popleft()
        totals.peak = max(totals.peak, len(totals.window))

    def finished(self, entry: Entry) -> None:
        """It was answered, or cut."""
        self._in_progress[entry.system] -= 1
        totals = self._totals.setdefault(entry.system, _Totals())
        totals.requests += 1
        totals.bytes_in += entry.bytes_in
        totals.bytes_out += entry.bytes_out
        totals.by_status[str(entry.status)] += 1
        self._entries.append(entry)

    def entries(self, system: str | None = None, since: float = 0.0) -> list[dict[str, object]]:
        """The kept requests, oldest first, optionally of one system and from ``since`` (epoch seconds) on; answers in
        base64.
        """
        return [
            {**asdict(entry), "answer": b64encode(entry.answer).decode()}
            for entry in self._entries
            if entry.start >= since and (system is None or entry.system == system)
        ]

    def report(self, system: str) -> dict[str, object]:
        """Totals of one system: requests, by_status, peak_per_minute (any 60 s window), bytes; in_progress: requests
        that came and are not done with yet, those included whose client is gone.
        """
        totals = self._totals.get(system, _Totals())
        return {
            "requests": totals.requests,
            "in_progress": self._in_progress[system],
            "by_status": dict(sorted(totals.by_status.items())),
            "peak_per_minute": totals.peak,
            "bytes_in": totals.bytes_in,
            "bytes_out": totals.bytes_out,
        }

    def clear(self) -> None:
        """Forget everything but what is in progress, and keep no answers."""
        self.keeps_answers = False
        self._entries.clear()
        self._totals.clear()
