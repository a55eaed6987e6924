"""tap-anaplan: settings and wiring."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import click
from singer_sdk import Stream
from typing_extensions import override

from connector_kit.commands import say
from connector_kit.errors import ConfigurationError
from connector_kit.singer.plugin import SecretsMixin, close_with, run
from connector_kit.singer.tap import TRIES_OF_A_CHECK, PagedStream, PagedTap
from tap_anaplan.metadata import DEFINITIONS, Definition, DefinitionStream
from tap_anaplan.settings import settings
from tap_anaplan.site import Site
from tap_anaplan.sources import source_of
from tap_anaplan.specs import Spec, specs
from tap_anaplan.streams import RowStream
from tap_anaplan.task_history import TASKS, TaskStream


class TapAnaplan(SecretsMixin, PagedTap):
    """Singer tap for Anaplan: export actions, views, lists and the model's own metadata."""

    name = "tap-anaplan"
    dynamic_catalog = True
    config_jsonschema: ClassVar[dict[str, Any]] = settings()

    @cached_property
    def site(self) -> Site:
        """The tenant and model that the settings name; closed when the tap goes."""
        site = Site(self.config, self.configured)
        close_with(self, site.close)
        return site

    @cached_property
    def specs(self) -> list[Spec]:
        """The exports, views and lists."""
        return specs(self.config)

    @override
    def discover_streams(self) -> Sequence[PagedStream]:
        streams: list[PagedStream] = [
            RowStream(self, source_of(self.site, spec), self._declared(spec)) for spec in self.specs
        ]
        self.check_settings()
        streams += [TaskStream(self) if each is TASKS else DefinitionStream(self, each) for each in self.definitions]
        return streams

    @property
    def definitions(self) -> list[Definition]:
        """The streams of the model's own definition that the settings name."""
        chosen = self.config.get("metadata") or []
        return [each for each in (*DEFINITIONS, TASKS) if each.name in chosen]

    def check_settings(self) -> None:
        """Refuse settings that choose nothing: a run that succeeds and reads nothing."""
        if not self.specs and not self.config.get("metadata"):
            raise ConfigurationError(
                system=self.name,
                subject="settings",
                expected="something in exports, views, lists or metadata",
                got="none",
            )

    @override
    def asked_for(self) -> Sequence[str]:
        return [*(spec.stream for spec in self.specs), *(each.name for each in self.definitions)]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        # The SDK has them by name; they are read in the order of the settings.
        found = super().streams
        order = [*(spec.stream for spec in self.specs), *found]
        return {name: found[name] for name in dict.fromkeys(order) if name in found}

    def _declared(self, spec: Spec) -> dict[str, Any] | None:
        """The schema in the catalog that this run was given, which spares it the questions until rows are read."""
        entry = self.input_catalog.get_stream(spec.stream) if self.input_catalog is not None else None
        return None if entry is None else entry.schema.to_dict()

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        from connector_kit.http import Retry  # noqa: PLC0415 - only for --test
        from tap_anaplan.check import run_check  # noqa: PLC0415 - only for --test

        tap, chosen = cls.for_check(ctx)
        tap.site.retry = Retry(tries=TRIES_OF_A_CHECK)
        tap.check_settings()
        problems = run_check(tap, say, chosen)
        ctx.exit(1 if problems else 0)


def main() -> None:
    """Console entry point."""
    run(TapAnaplan)


if __name__ == "__main__":
    main()
