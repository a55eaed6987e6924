"""Another job that gets a lock which is held: what a tidy administrator and a second job can do between them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connector_kit.coordination import connect


@contextlib.contextmanager
def stolen(control: Any, coordination_url: str, folder: Path, *, faults: int = 1) -> Iterator[None]:  # noqa: ANN401 - the sandbox's control
    """Within the block the only lock that is held is taken as soon as so many faults were met, and kept.

    folder: where the coordination's lock files are.
    """
    over = threading.Event()
    thief = threading.Thread(target=_take, args=(control, coordination_url, folder, faults, over))
    thief.start()
    try:
        yield
    finally:
        over.set()
        thief.join()


def _take(control: Any, url: str, folder: Path, faults: int, over: threading.Event) -> None:  # noqa: ANN401 - see above
    with connect(url) as coordinator:
        while sum(fault["hits"] for fault in control.faults()) < faults:
            if over.wait(0.02):
                return
        (held,) = coordinator.status().locks
        for file in folder.glob("*.lock"):
            file.unlink()
        with coordinator.lock(held.name, purpose="somebody else", wait_seconds=0):
            over.wait(30)
