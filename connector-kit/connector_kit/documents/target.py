"""A target whose streams become documents. A plugin brings its settings, `Rules` per object, and `connect`."""

from __future__ import annotations

import gc
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from typing_extensions import override

from connector_kit.delivery.intake import Route
from connector_kit.delivery.target import DeliveryTarget
from connector_kit.documents.reading import parse
from connector_kit.errors import ConfigurationError
from connector_kit.private_files import run_folder
from connector_kit.singer.outcomes import check_delivered, note_missing_streams

if TYPE_CHECKING:
    from connector_kit.audit import Run
    from connector_kit.coordination.base import Coordinator
    from connector_kit.documents.model import Poster, Rules
    from connector_kit.documents.order import Services
    from connector_kit.singer.outcomes import Line

_GC_THRESHOLD = 100_000


@dataclass(frozen=True, slots=True)
class Connected:
    """What `connect` made. destination: names the ERP (host, client, company) in the trail and in locks; no secrets.

    posters: by the objects' names.
    """

    destination: str
    posters: Mapping[str, Poster]


class DocumentRoute(Route, Protocol):
    """What becomes of a stream's records: `connector_kit.documents.order.Order`, or what a target adds to it."""

    def close(self) -> None:
        """A STATE or ACTIVATE_VERSION message came."""

    @property
    def is_open(self) -> bool:
        """Whether records came of which it is not said that they are all, and that matters."""

    def prove(self, version: int | None) -> None:
        """Which version of the stream came whole, None: none did."""

    def check_complete(self) -> None:
        """Raises UnavailableError when the input seems to have broken off, and that matters."""

    def deliver(self) -> None:
        """Bring what there is into the ERP."""

    def discard(self) -> None:
        """Let go of what was not delivered."""

    def summary(self) -> Iterable[Line]:
        """What was done, in lines for people."""

    def none_arrived(self) -> tuple[str, Mapping[str, int]] | None:
        """Its title and the reasons, where records came and were refused and nothing of them stands."""


class DocumentTarget(DeliveryTarget):
    """Everything but the ERP.

    Attributes:
        objects: what can be posted, by the names that recipes use.
    """

    entries: ClassVar[str] = "documents"
    untouched = "Nothing was posted."
    objects: ClassVar[Mapping[str, Rules]]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        self.recipes, faults = parse(self.config.get("documents") or [], self.objects)
        if faults:
            raise ConfigurationError(system=self.name, subject="setting documents", got="; ".join(faults))
        self._resources = ExitStack()
        self._orders: list[DocumentRoute] | None = None
        self._run: Run | None = None

    @abstractmethod
    def connect(self, objects: Collection[str], resources: ExitStack, coordinator: Coordinator) -> Connected:
        """Connect to the ERP and check what can be checked, once, before the first record.

        Args:
            objects: the names that the recipes use.
            resources: what has to be closed at the end goes in here.
            coordinator: for shared rates and locks of the ERP.
        """

    # What sinks ask for.

    @property
    @override
    def known_streams(self) -> set[str]:
        return {recipe.stream for recipe in self.recipes}

    @override
    def routes_of(self, stream: str) -> Sequence[Route]:
        return [order for order in self._prepared() if order.stream == stream]

    # The run.

    @override
    def deliver(self, *, last: bool) -> None:
        """Documents are whole only when the input has ended; then all of them, in the order of the recipes."""
        if not last:
            return
        orders = self._orders or []
        for order in orders:
            if self.fault is not None and order.is_open:
                raise self.fault  # half a document is never posted
            order.check_complete()
            order.prove(self.proven(order.stream))
        for order in orders:
            order.deliver()
        check_delivered(self.name, self.config, filter(None, (order.none_arrived() for order in orders)))

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        for order in self._orders or []:
            order.close()

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_activate_version_message(message_dict)
        for order in self._orders or []:
            if order.stream == message_dict["stream"]:
                order.close()

    @override
    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Nothing was brought into the ERP by a test run: the next run has to read the same again."""
        if not self.config["validate_only"]:
            super()._write_state_message(state)

    @override
    def finished(self) -> None:
        note_missing_streams(self.logger, sorted(self.known_streams), self._sinks_active, self.entries)
        self._close("validated" if self.config["validate_only"] else "delivered")

    @override
    def failed(self, error: BaseException) -> None:
        self._close("failed", str(error) or type(error).__name__)

    def _close(self, outcome: str, message: str = "") -> None:
        for order in self._orders or []:
            for line in order.summary():
                self.logger.log(line.level, line.text)
        try:
            if self._run is not None:
                self._run.finish(outcome, message)
                self.logger.info("audit trail: run %s (`audit show %s`)", self._run.id, self._run.id)
        finally:
            self._run, self._orders = None, None
            self._resources.close()

    def orders(self, services: Services, connected: Connected) -> list[DocumentRoute]:
        """What takes the streams, in the order of delivery."""
        from connector_kit.documents.order import Order  # noqa: PLC0415 - not needed for --about

        return [Order(recipe, connected.posters[recipe.rules.name], services) for recipe in self.recipes]

    def _prepared(self) -> list[DocumentRoute]:
        if self._orders is not None:
            return self._orders
        from connector_kit import audit, coordination  # noqa: PLC0415 - not needed for --about
        from connector_kit.documents.order import Services  # noqa: PLC0415
        from connector_kit.documents.periods import read_settings  # noqa: PLC0415
        from connector_kit.documents.work import Clock  # noqa: PLC0415

        config = self.config
        years = read_settings(config, plugin=self.name)
        coordinator = self._resources.enter_context(coordination.connect(config.get("coordination_url")))
        connected = self.connect({recipe.rules.name for recipe in self.recipes}, self._resources, coordinator)
        trail = self._resources.enter_context(audit.Trail.of(config))
        folder = self._resources.enter_context(run_folder(self.name, config.get("spool_dir")))
        self._run = trail.begin_run(
            plugin=self.name,
            version=self.plugin_version,
            destination=connected.destination,
            details={"validate_only": config["validate_only"]},
        )
        services = Services(
            plugin=self.name,
            destination=connected.destination,
            trail=trail,
            run=self._run,
            coordinator=coordinator,
            years=years,
            folder=folder,
            stopping=self.stopping,
            system=config.get("source_system") or "",
            settle_seconds=config["settle_seconds"],
            wait_seconds=config["wait_seconds"],
            validate_only=config["validate_only"],
            check_standing=config["check_standing"],
            look_up_first=config["look_up_first"],
            max_vanished_share=config["max_vanished_share"],
            clock=Clock(trail.database.now),
            follow_erp=config["on_mismatch"] == "follow_erp",
        )
        self._orders = self.orders(services, connected)
        for order in self._orders:
            self._resources.callback(order.discard)
        gc.freeze()  # what lives until the end needs no more visits of the collector
        gc.set_threshold(_GC_THRESHOLD)
        return self._orders
