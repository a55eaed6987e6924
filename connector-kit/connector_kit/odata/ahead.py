"""The next page, requested while the caller works on the present one."""

from __future__ import annotations

from collections.abc import Callable

from connector_kit.odata.rows import Page
from connector_kit.threads import thread


class Ahead:
    """A call under way in a thread of its own, which does not keep the process alive."""

    def __init__(self, call: Callable[[], Page]) -> None:
        self._call = call
        self._page: Page | None = None
        self._error: BaseException | None = None
        self._thread = thread(self._run, name="next-page")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._page = self._call()
        except BaseException as error:
            self._error = error

    def result(self) -> Page:
        """The page, or the error, as soon as it is there."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._page is None:  # pragma: no cover - one of the two is always set
            raise RuntimeError("a page without a result")
        return self._page
