"""Taking turns at a shared rate: the same way over any database.

The book of a rate has as many slots as turns are allowed in its window, and each slot holds the time at which it was
last used. A turn takes the slots one after the other and may begin one window after its slot's last use, so no window
of that length ever sees more turns than slots. Free turns may be taken in one burst; as soon as somebody has to wait,
turns come evenly, to those who wait in the order in which they asked: a fast process does not take all of the next
burst. Each turn costs one short transaction and, when it has to wait, one sleep.

A token bucket of the same figures (Anaplan: capacity 600, one more every 0.1 s; "Retry strategy" in its integration
documentation) never runs dry under such a client. Requests that travel at different speeds arrive closer together
than they left, hence the margin.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)

MARGIN = 0.02  # share by which the window is longer than the system's own
_WORTH_A_LINE = 2.0  # seconds
_ONE_LINE_PER = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Turn:
    """A slot of the book, to be used `delay` seconds from now. `due`: that moment on the book's clock."""

    slot: int
    due: float
    delay: float


class Book(Protocol):
    """The shared record of a rate's turns."""

    def reserve(self) -> Turn:
        """Take the next slot."""

    def confirm(self, turn: Turn, tolerance: float) -> bool:
        """After the wait: may the turn be used now?

        Not when a hold-off came meanwhile. A turn that is more than `tolerance` seconds late counts from now.
        """

    def hold_off(self, seconds: float) -> None:
        """No turn for so long, and then no burst: the system's own budget is spent, by us or by somebody else."""


class SharedLimiter:
    """The `Limiter` of `connector_kit.http` over a book."""

    def __init__(self, name: str, book: Book, turns: int, window: float) -> None:
        self._name = name
        self._book = book
        self._tolerance = window * MARGIN
        self._figures = f"{turns} per {window:g} s, shared by all processes"
        self._logged = -_ONE_LINE_PER

    def acquire(self) -> None:
        """Wait for a turn, then take it. One short transaction when there is no need to wait."""
        while True:
            turn = self._book.reserve()
            if turn.delay <= 0:
                return
            self._tell(turn.delay)
            time.sleep(turn.delay)
            if self._book.confirm(turn, self._tolerance):
                return

    def hold_off(self, seconds: float) -> None:
        """Nobody, in any process, takes a turn for so long."""
        self._book.hold_off(seconds)

    def _tell(self, delay: float) -> None:
        now = time.monotonic()
        if delay >= _WORTH_A_LINE and now - self._logged >= _ONE_LINE_PER:
            self._logged = now
            log.info("Waiting %.0f s for a turn at %s (%s)", delay, self._name, self._figures)
