"""The model that the settings name, opened when something is first asked of it."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connector_kit.anaplan.cells import Notation

if TYPE_CHECKING:
    from connector_kit.anaplan import Anaplan, ModelClient
    from connector_kit.anaplan.objects import Model
    from connector_kit.coordination import Lease
    from connector_kit.http import Retry

_GC_THRESHOLD = 100_000
"""Rows come as lists by the thousand: the collector would look at each generation of them in vain."""


class Site:
    """One tenant and one model.

    Args:
        config: the settings, references to secrets resolved.
        configured: the settings as they were written.

    Attributes:
        retry: how often, and how patiently, requests are repeated; None for the client's own way.
    """

    retry: Retry | None = None

    def __init__(self, config: Mapping[str, Any], configured: Mapping[str, Any]) -> None:
        self.config = config
        self._configured = configured
        self._resources = ExitStack()

    def close(self) -> None:
        """Close the connections."""
        self._resources.close()

    @cached_property
    def tenant(self) -> Anaplan:
        """The tenant."""
        from connector_kit import anaplan, coordination  # noqa: PLC0415 - not needed for --about
        from connector_kit.secrets import rotating  # noqa: PLC0415

        token = rotating(self._configured.get("oauth_refresh_token"))
        coordinator = self._resources.enter_context(coordination.connect(self.config.get("coordination_url")))
        return self._resources.enter_context(
            anaplan.connect(
                self.config,
                coordinator=coordinator,
                load_refresh_token=token.load if token else None,
                store_refresh_token=token.store if token else None,
                retry=self.retry,
            )
        )

    @cached_property
    def model(self) -> ModelClient:
        """The model."""
        gc.freeze()  # what lives until the end needs no more visits of the collector
        gc.set_threshold(_GC_THRESHOLD)
        return self.tenant.find_model(self.config["workspace_id"], self.config["model_id"])

    @cached_property
    def before(self) -> Model:
        """The model as it was before this run read anything: a later change makes the next run read again."""
        return self.model.reads.details()

    def lock(self, purpose: str) -> AbstractContextManager[Lease]:
        """The model for this process alone, among all that share the coordination."""
        return self.model.lock(purpose, float(self.config["wait_seconds"]))

    @property
    def notation(self) -> Notation:
        """How numbers and dates are written."""
        return Notation(
            decimal_separator=str(self.config["decimal_separator"]),
            group_separator=str(self.config["group_separator"]),
            date_format=str(self.config["date_format"]),
        )
