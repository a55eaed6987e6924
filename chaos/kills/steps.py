"""The death of a process by SIGKILL, at the step that was named."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from chaos.world.counting import CALL, Counting, Kind


class Death(msgspec.Struct, frozen=True, omit_defaults=True):
    """Before the process goes on behind the ``at``-th step of a ``kind``, or, when ``then`` is given, the ``then``-th
    call after that.
    """

    kind: Kind
    at: int
    then: int = 0


class Steps(msgspec.Struct, frozen=True):
    """Counts the steps of the process in which it is called, see `Counting`. What it gives, ends that, and writes the
    numbers by kind into ``file``, as JSON.

    packages: whose functions are counted.
    """

    file: Path
    packages: tuple[str, ...]
    death: Death | None = None

    def __call__(self) -> Callable[[], None]:
        """Begin."""
        counting = Counting(self.packages, _Dying(self.death).met)
        counting.begin()

        def end() -> None:
            self.file.write_bytes(msgspec.json.encode(counting.end()))

        return end


class _Dying:
    def __init__(self, death: Death | None) -> None:
        self._death = death
        self._left: int | None = None
        """Calls that are left to live."""

    def met(self, kind: Kind, number: int) -> None:
        death = self._death
        if death is None:
            return
        if self._left is None and kind == death.kind and number == death.at:
            self._left = death.then
        elif self._left is not None and kind == CALL:
            self._left -= 1
        if self._left is not None and self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
