"""The target: settings and wiring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from connector_kit.documents.target import Connected, DocumentRoute, DocumentTarget
from connector_kit.errors import ConfigurationError
from connector_kit.singer.plugin import run
from target_syspro import keeping, settings

if TYPE_CHECKING:
    from connector_kit.coordination.base import Coordinator
    from connector_kit.documents.model import Rules
    from connector_kit.documents.order import Services
    from connector_kit.syspro.session import EnetSession
    from target_syspro.objects import Objects


class TargetSyspro(DocumentTarget):
    """Singer target for SYSPRO: rows become journals or invoices, each posted once, or keep suppliers and customers."""

    name = "target-syspro"
    entries = "documents or objects"
    config_jsonschema: ClassVar[dict[str, Any]] = settings.SCHEMA
    _session: EnetSession | None = None

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        self._kept, faults = keeping.parse(self.config.get("objects") or [])
        if faults:
            raise ConfigurationError(system=self.name, subject="setting objects", faults=faults)

    @property
    @override
    def known_streams(self) -> set[str]:
        return super().known_streams | {one.stream for one in self._kept}

    @cached_property
    def _objects(self) -> Objects:
        from target_syspro.objects import Objects  # noqa: PLC0415 - not needed for --about

        return Objects(self.config)

    @property
    @override
    def objects(self) -> Mapping[str, Rules]:  # type: ignore[override] # depends on the site's further elements
        return self._objects.rules

    @override
    def connect(self, objects: Collection[str], resources: ExitStack, coordinator: Coordinator) -> Connected:
        from connector_kit.syspro.connecting import connect, place  # noqa: PLC0415 - not needed for --about

        session = self._session = connect(self.config, coordinator)
        resources.callback(session.close)
        return Connected(
            destination=place(session), posters={name: self._objects.poster(name, session) for name in objects}
        )

    @override
    def orders(self, services: Services, connected: Connected) -> list[DocumentRoute]:
        """Suppliers and customers come before the documents that name them."""
        from target_syspro.kept import Kept  # noqa: PLC0415 - not needed for --about

        if self._session is None:
            raise LookupError("not connected")
        kept: list[DocumentRoute] = [
            Kept(one, self._objects.upkeep(one.master, self._session), services, on_strange=self.config["unmappable"])
            for one in self._kept
        ]
        return [*kept, *super().orders(services, connected)]

    @override
    def deliver(self, *, last: bool) -> None:
        """The operator comes first, then the locks of what is posted: two runs never wait for each other in turns."""
        if last and self._session is not None:
            self._session.reserve()
        super().deliver(last=last)


def main() -> None:
    """The console entry point."""
    run(TargetSyspro)
