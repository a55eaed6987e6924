"""tap-sap-s4hana: settings and wiring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import click
from singer_sdk import Stream
from typing_extensions import override

from connector_kit.commands import say
from connector_kit.odata.schema import as_declared, fields_of_schema
from connector_kit.singer.plugin import SecretsMixin, close_with, run
from connector_kit.singer.tap import PagedTap
from tap_sap_s4hana.declarations import Declaration
from tap_sap_s4hana.settings import settings
from tap_sap_s4hana.shipped import declarations
from tap_sap_s4hana.streams import SapStream, stream_of
from tap_sap_s4hana.tenant import Table, Tenant, settled


class TapSapS4Hana(SecretsMixin, PagedTap):
    """Singer tap for SAP S/4HANA: master data and postings through its OData services, V2 and V4."""

    name = "tap-sap-s4hana"
    dynamic_catalog = True
    config_jsonschema: ClassVar[dict[str, Any]] = settings()

    @cached_property
    def tenant(self) -> Tenant:
        """The tenant that the settings describe; closed when the tap goes."""
        tenant = Tenant(self.config)
        close_with(self, tenant.close)
        return tenant

    @override
    def discover_streams(self) -> Sequence[SapStream]:
        streams = [stream_of(self, *found) for each in declarations(self.config) if (found := self._found(each))]
        if not streams and self.tenant.missing is not None:
            raise self.tenant.missing  # an empty catalog would be a run that succeeds and reads nothing
        return streams

    @override
    def asked_for(self) -> Sequence[str]:
        return [each.name for each in declarations(self.config) if each.asked_for]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK has them by name; they are read in the order in which they are declared.
        found = super().streams
        return {each.name: found[each.name] for each in declarations(self.config) if each.name in found}

    def _found(self, declaration: Declaration) -> tuple[Declaration, Table] | None:
        """From the catalog of this run, which spares it the tenant's metadata; without one from the tenant.

        What is not known beforehand of a further stream (its types, whether it can be sorted) no catalog can tell.
        """
        entry = self.input_catalog.get_stream(declaration.name) if self.input_catalog is not None else None
        if self.input_catalog is not None and entry is None:
            return None
        if entry is None or (declaration.further and entry.metadata.root.selected):
            table = self.tenant.describe(declaration)
            if table is None:
                return None
            if entry is not None:
                table = replace(table, fields=as_declared(table.fields, entry.schema.to_dict()))
            return settled(declaration, table, self.tenant.entity(declaration)), table
        texts = declaration.texts.columns if declaration.texts else ()
        fields = tuple(f for f in fields_of_schema(entry.schema.to_dict()) if f.name not in texts)
        key = declaration.key if declaration.key_is_set else tuple(entry.key_properties or declaration.key)
        table = Table(key, fields)
        return settled(declaration, table, None), table

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        from tap_sap_s4hana.check import run_check  # noqa: PLC0415 - only for --test

        tap, chosen = cls.for_check(ctx)
        problems = run_check(tap, say, chosen)
        ctx.exit(1 if problems else 0)


def main() -> None:
    """Console entry point."""
    run(TapSapS4Hana)


if __name__ == "__main__":
    main()
