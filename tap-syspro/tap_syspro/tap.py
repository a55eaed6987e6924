"""tap-syspro: settings and wiring."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import click
from singer_sdk import Stream
from singer_sdk.singerlib import CatalogEntry
from typing_extensions import override

from connector_kit.commands import say
from connector_kit.errors import ConfigurationError, NotFoundError
from connector_kit.odata.schema import fields_of_schema
from connector_kit.singer.plugin import SecretsMixin, close_with, run
from connector_kit.singer.tap import PagedTap
from tap_syspro.declarations import Declaration, declarations
from tap_syspro.settings import settings
from tap_syspro.site import ODataSite, Site
from tap_syspro.streams import SysproStream, stream_of
from tap_syspro.tables import Table, known_tables


class TapSyspro(SecretsMixin, PagedTap):
    """Singer tap for SYSPRO: several companies, through the OData service or e.net's COMFND."""

    name = "tap-syspro"
    dynamic_catalog = True
    config_jsonschema: ClassVar[dict[str, Any]] = settings()

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        if self.config.get("companies") == []:
            raise ConfigurationError(
                system=self.name,
                subject="setting companies",
                expected="a company's id at least",
                got="an empty list",
            )

    @cached_property
    def site(self) -> Site:
        """The SYSPRO site that the settings describe; closed when the tap goes."""
        site: Site = ODataSite(self.config)
        if self.config.get("interface") == "enet":
            from tap_syspro.enet import EnetSite  # noqa: PLC0415 - most sites have OData

            site = EnetSite(self.config)
        close_with(self, site.close)
        return site

    @override
    def discover_streams(self) -> Sequence[SysproStream]:
        streams, missing = [], []
        for declaration in declarations(self.config):
            table = self._table(declaration)
            if table is None:
                missing.append(declaration)
            else:
                streams.append(stream_of(self, declaration, table))
        asked = [declaration for declaration in missing if declaration.asked_for]
        if asked:
            known = self.site.metadata.entity_sets if self.site.metadata else {}
            close = difflib.get_close_matches(asked[0].table, known, 1)
            raise NotFoundError(
                system=self.name,
                subject=", ".join(f"stream {each.name}" for each in asked),
                expected=f"table {', '.join(each.table for each in asked)}",
                got="none of that name that this user sees",
                hint=(f"Did you mean {close[0]}? " if close else "")
                + "A setting names it: check its spelling, in upper and lower case; `--test` tells each answer.",
            )
        if not streams:  # an empty catalog would be a run that succeeds and reads nothing
            raise NotFoundError(
                system=self.name,
                subject=f"companies {', '.join(map(str, self.config['companies']))}",
                expected="tables",
                got=f"none of {len(missing)}",
                hint="Check companies, the address and what the user may see; `--test` tells each answer.",
            )
        for declaration in missing:
            self.logger.warning("Table %s is not exposed: no stream %s", declaration.table, declaration.name)
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

    def _table(self, declaration: Declaration) -> Table | None:
        """From the catalog that this run was given, which spares it the site's metadata; otherwise from the site."""
        if self.input_catalog is None:
            return self.site.describe(declaration)
        entry = self.input_catalog.get_stream(declaration.name)
        known = known_tables().get(declaration.table)
        if entry is None or declaration.shape == "balances":
            return known if known is None or not declaration.key else Table(declaration.key, known.fields)
        return self._from_catalog(declaration, entry)

    def _from_catalog(self, declaration: Declaration, entry: CatalogEntry) -> Table:
        own = {str(self.config.get("company_column", "CompanyId")), declaration.column if declaration.year else None}
        shipped = known_tables().get(declaration.table)
        present = {f.name for f in shipped.fields} if shipped else set()
        if declaration.shape == "distributions":
            own |= {"Supplier", "Invoice", "TrnDate"} - present
        own -= present
        fields = tuple(f for f in fields_of_schema(entry.schema.to_dict()) if f.name not in own)
        listed = tuple(name for name in entry.key_properties or () if name not in own)
        return Table(declaration.key or listed or declaration.keys, fields)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        from tap_syspro.check import run_check  # noqa: PLC0415 - only for --test

        tap, chosen = cls.for_check(ctx)
        problems = run_check(tap.config, tap.site, say, chosen)
        ctx.exit(1 if problems else 0)


def main() -> None:
    """Console entry point."""
    run(TapSyspro)


if __name__ == "__main__":
    main()
