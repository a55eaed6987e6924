"""The target: settings and wiring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from typing_extensions import override

from connector_kit.documents.target import Connected, DocumentTarget
from connector_kit.singer.plugin import run
from target_sap_s4hana import settings

if TYPE_CHECKING:
    from connector_kit.coordination.base import Coordinator
    from connector_kit.documents.model import Rules
    from target_sap_s4hana.objects import Objects


class TargetSapS4hana(DocumentTarget):
    """Singer target for SAP S/4HANA: rows become journal entries, plan data or supplier invoices, each posted once."""

    name = "target-sap-s4hana"
    config_jsonschema: ClassVar[dict[str, Any]] = settings.SCHEMA

    @cached_property
    def _objects(self) -> Objects:
        from target_sap_s4hana.objects import Objects  # noqa: PLC0415 - not needed for --about

        return Objects(self.config)

    @property
    @override
    def objects(self) -> Mapping[str, Rules]:  # type: ignore[override] # depends on the tenant's further elements
        return self._objects.rules

    @override
    def connect(self, objects: Collection[str], resources: ExitStack, coordinator: Coordinator) -> Connected:
        from connector_kit.sap.connecting import connect  # noqa: PLC0415 - not needed for --about

        connection = connect(self.config, coordinator=coordinator)
        resources.callback(connection.close)
        client = self.config.get("sap_client")
        return Connected(
            destination=urlsplit(connection.base_url).netloc.rpartition("@")[2] + (f"/{client}" if client else ""),
            posters={name: self._objects.poster(name, connection) for name in objects},
        )


def main() -> None:
    """The console entry point."""
    run(TargetSapS4hana)
