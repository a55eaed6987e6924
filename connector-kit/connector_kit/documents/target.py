"""A target whose streams become documents. A plugin brings its settings, `Rules` per object, and `connect`."""

from __future__ import annotations

import gc
import tempfile
from abc import abstractmethod
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import (
    TARGET_VALIDATE_RECORDS_CONFIG,
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)
from typing_extensions import override

from connector_kit.documents.reading import parse
from connector_kit.documents.sink import DocumentSink
from connector_kit.errors import ConfigurationError
from connector_kit.singer.outcomes import check_delivered, note_missing_streams
from connector_kit.singer.plugin import SecretsMixin
from connector_kit.singer.target import BlockTarget

if TYPE_CHECKING:
    from connector_kit.audit import Run
    from connector_kit.coordination.base import Coordinator
    from connector_kit.documents.model import Poster, Rules
    from connector_kit.documents.order import Services
    from connector_kit.documents.sink import Taker

_GC_THRESHOLD = 100_000


@dataclass(frozen=True, slots=True)
class Connected:
    """What `connect` made. destination: names the ERP (host, client, company) in the trail and in locks; no secrets.

    posters: by the objects' names.
    """

    destination: str
    posters: Mapping[str, Poster]


class DocumentTarget(SecretsMixin, BlockTarget):
    """Everything but the ERP.

    Attributes:
        objects: what can be posted, by the names that recipes use.
        entries: the settings in which streams are named, for messages.
    """

    entries: ClassVar[str] = "documents"
    objects: ClassVar[Mapping[str, Rules]]
    default_sink_class = DocumentSink
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        self.recipes, faults = parse(self.config.get("documents") or [], self.objects)
        if faults:
            raise ConfigurationError(system=self.name, subject="setting documents", got="; ".join(faults))
        self._ignored = set(self.config.get("streams_ignored") or [])
        self._resources = ExitStack()
        self._orders: list[Taker] | None = None
        self._run: Run | None = None

    @abstractmethod
    def connect(self, objects: Collection[str], resources: ExitStack, coordinator: Coordinator) -> Connected:
        """Connect to the ERP and check what can be checked, once, before the first record.

        Args:
            objects: the names that the recipes use.
            resources: what has to be closed at the end goes in here.
            coordinator: for shared rates and locks of the ERP.
        """

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Of the SDK's own settings the one that means something here."""
        config_jsonschema["properties"].setdefault(
            "validate_records", TARGET_VALIDATE_RECORDS_CONFIG["properties"]["validate_records"]
        )

    # What sinks ask for.

    @property
    def known_streams(self) -> set[str]:
        """The streams that the settings say something about."""
        return {recipe.stream for recipe in self.recipes}

    def orders_of(self, stream: str) -> list[Taker]:
        """The orders of a stream's recipes, none when it is ignored.

        Raises:
            ConfigurationError: the stream has neither a recipe nor is it ignored.
        """
        known = self.known_streams
        if stream in self._ignored:
            return []
        if stream not in known:
            raise ConfigurationError(
                system=self.name,
                subject=f"stream {stream}",
                expected=f"an entry in {self.entries}, or its name in streams_ignored",
                got="neither",
                hint=f"In {self.entries}: {', '.join(sorted(known)) or 'none'}. Nothing was posted.",
            )
        return [order for order in self._prepared() if order.stream == stream]

    # The run.

    @override
    def deliver(self, *, last: bool) -> None:
        """Documents are whole only when the input has ended; then all of them, in the order of the recipes."""
        if not last:
            return
        orders = self._orders or []
        for order in orders:
            order.check_complete()
        for order in orders:
            order.deliver()
        check_delivered(self.name, self.config, filter(None, (order.none_arrived() for order in orders)))

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        for order in self._orders or []:
            order.close("STATE")

    @override
    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Nothing was brought into the ERP by a test run: the next run has to read the same again."""
        if not self.config["validate_only"]:
            super()._write_state_message(state)

    @override
    def process_endofpipe(self) -> None:
        super().process_endofpipe()
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

    def orders(self, services: Services, connected: Connected) -> list[Taker]:
        """What takes the streams, in the order of delivery."""
        from connector_kit.documents.order import Order  # noqa: PLC0415 - not needed for --about

        return [Order(recipe, connected.posters[recipe.rules.name], services) for recipe in self.recipes]

    def _prepared(self) -> list[Taker]:
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
        parent = config.get("spool_dir") and Path(config["spool_dir"]).expanduser()
        if parent:
            parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=f"{self.name}-", dir=parent)
        folder = Path(self._resources.enter_context(temporary))
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
            clock=Clock(trail.database.now),
        )
        self._orders = self.orders(services, connected)
        for order in self._orders:
            self._resources.callback(order.discard)
        gc.freeze()  # what lives until the end needs no more visits of the collector
        gc.set_threshold(_GC_THRESHOLD)
        return self._orders
