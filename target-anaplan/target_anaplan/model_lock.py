"""The model's lock, as deliveries and replays hold it.

What a model holds of a key can only change under its lock. So a replay takes it when its first record comes and keeps
it until that is delivered: what the trail says meanwhile of newer rows (`connector_kit.audit.overtaken`) stays true.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_kit.anaplan.model import ModelClient


class ModelLock:
    """The model's lock, for one delivery, or from a replay's first record to the end of its delivery."""

    def __init__(self, model: ModelClient, wait_seconds: float) -> None:
        self._model = model
        self._wait_seconds = wait_seconds
        self._kept = ExitStack()
        self._early = False

    def keep(self, purpose: str) -> None:
        """Take it now, if that was not done; `release` gives it back.

        Raises:
            BusyError: still held by somebody after `wait_seconds`.
        """
        if not self._early:
            self._kept.enter_context(self._model.lock(f"target-anaplan: {purpose}", self._wait_seconds))
            self._early = True

    @contextmanager
    def held(self, purpose: str) -> Iterator[None]:
        """Within the block it is held, as before or anew."""
        if self._early:
            yield
            return
        with self._model.lock(f"target-anaplan: {purpose}", self._wait_seconds):
            yield

    def release(self) -> None:
        """Give back what `keep` took."""
        self._early = False
        self._kept.close()
