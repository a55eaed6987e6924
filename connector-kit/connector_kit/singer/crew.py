"""Partitions read by several threads, their pages handed over one by one to the thread that writes.

A thread goes on with its partition when its page has been written: what its generator records behind the `yield` is
then true. The servers' answers are what the threads wait for, so a few of them are enough.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connector_kit.threads import thread

Context = Mapping[str, Any]
Pages = Callable[[Any], Iterator[Sequence[Any]]]


class Crew:
    """Iterate over (partition, page), and (partition, None) when a partition is complete.

    When a partition fails, the others stop behind their present page, and the error is raised.

    Args:
        read: gives a partition's pages.
        contexts: the partitions, in the order in which they are begun.
        size: how many are read at once.
    """

    def __init__(self, read: Pages, contexts: Sequence[Context | None], size: int) -> None:
        self._read = read
        self._waiting = iter(contexts)
        self._left = len(contexts)
        self._pages: queue.SimpleQueue[tuple[Any, Sequence[Any] | None, threading.Event, BaseException | None]]
        self._pages = queue.SimpleQueue()
        self._stopped = False
        self._threads = [thread(self._work, name=f"partition-{number}") for number in range(min(size, len(contexts)))]
        self._guard = threading.Lock()
        self._unacknowledged: set[threading.Event] = set()

    def __iter__(self) -> Iterator[tuple[Context | None, Sequence[Any] | None]]:
        for each in self._threads:
            each.start()
        while self._left:
            context, page, written, error = self._pages.get()
            if error is not None:
                raise error
            if page is None:
                self._left -= 1
            yield context, page
            self._go_on(written)

    def stop(self) -> None:
        """Let the threads end behind what is written; a request under way is not waited for longer than it takes."""
        self._stopped = True
        with self._guard:
            waiting = list(self._unacknowledged)
        for event in waiting:
            event.set()

    def _go_on(self, written: threading.Event) -> None:
        with self._guard:
            self._unacknowledged.discard(written)
        written.set()

    def _work(self) -> None:
        while not self._stopped:
            with self._guard:
                context = next(self._waiting, _NOTHING)
            if context is _NOTHING:
                return
            try:
                for page in self._read(context):
                    if not self._handed_over(context, page):
                        return
                self._handed_over(context, None)
            except BaseException as error:
                self._pages.put((context, None, threading.Event(), error))
                return

    def _handed_over(self, context: Any, page: Sequence[Any] | None) -> bool:  # noqa: ANN401 - a context or None
        """Whether the page was written, and reading goes on."""
        written = threading.Event()
        with self._guard:
            self._unacknowledged.add(written)
        self._pages.put((context, page, written, None))
        if not self._stopped:
            written.wait()
        return not self._stopped


_NOTHING: Any = object()
