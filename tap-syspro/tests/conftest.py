"""A running SYSPRO, and the tap in this process."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.testing import Running, running
from tap_syspro.streams import SysproStream
from tap_syspro.tap import TapSyspro
from testkit.singer import Output, read


def run_tap(
    config: dict[str, Any], catalog: dict[str, Any] | None = None, state: dict[str, Any] | None = None
) -> Output:
    """One run, its error kept."""
    return read(
        lambda: TapSyspro(config=dict(config), catalog=copy.deepcopy(catalog), state=copy.deepcopy(state)),
        lambda tap: tap.site.close(),
        Output(),
    )


@pytest.fixture
def run() -> Callable[..., Output]:
    """A run with settings of the test's own."""
    return run_tap


@dataclass
class Site:
    """A SYSPRO with the tap's settings for it."""

    sandbox: Running
    full_catalog: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        info = self.sandbox.info["syspro"]
        return {
            "api_url": info["odata_url"],
            "companies": ["EDU1"],
            "username": info["odata_username"],
            "password": info["odata_password"],
        }

    @property
    def enet_config(self) -> dict[str, Any]:
        info = self.sandbox.info["syspro"]
        return {
            "interface": "enet",
            "enet_url": info["enet_url"],
            "companies": ["EDU1"],
            "operator": info["operator"],
            "operator_password": info["operator_password"],
        }

    def catalog(self, *streams: str, columns: dict[str, list[str]] | None = None) -> dict[str, Any]:
        """The discovered catalog with these streams selected."""
        chosen = copy.deepcopy(self.full_catalog)
        for entry in chosen["streams"]:
            name = entry["tap_stream_id"]
            for each in entry["metadata"]:
                column = each["breadcrumb"][-1] if each["breadcrumb"] else None
                wanted = name in streams and (not columns or column is None or column in columns.get(name, []))
                each["metadata"]["selected"] = wanted
        return chosen

    def read(self, *streams: str, state: dict[str, Any] | None = None, **settings: Any) -> Output:
        """A run over these streams, which must succeed."""
        output = self.attempt(*streams, state=state, **settings)
        if output.error is not None:
            raise output.error
        return output

    def attempt(
        self,
        *streams: str,
        state: dict[str, Any] | None = None,
        columns: dict[str, list[str]] | None = None,
        discover: bool = False,
        **settings: Any,
    ) -> Output:
        """A run whose error is kept; with `discover`, without a catalog: all streams, from the site's own metadata."""
        catalog = None if discover else self.catalog(*streams, columns=columns)
        config = self.enet_config if settings.get("interface") == "enet" else self.config
        return run_tap(config | settings, catalog, state)

    def rows(self, table: str, company: str = "EDU1") -> list[dict[str, Any]]:
        return self.sandbox.control.rows(company, table)

    def change(
        self, op: str, table: str, key: dict[str, Any], values: dict[str, Any] | None = None, **more: Any
    ) -> None:
        values = {name: value for name, value in (values or {}).items() if name != "TimeStamp"}
        operation = {"company": more.pop("company", "EDU1"), "table": table, "op": op, "key": key, "values": values}
        self.sandbox.control.change([operation], **more)

    def requests(self, table: str) -> list[dict[str, Any]]:
        return [r for r in self.sandbox.control.requests("syspro") if f"/{table}?" in r["path"]]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    with running(only="syspro", size="small") as started:
        yield started


@pytest.fixture(scope="session")
def catalog(sandbox: Running) -> dict[str, Any]:
    sandbox.control.reset()
    info = sandbox.info["syspro"]
    tap = TapSyspro(
        config={
            "api_url": info["odata_url"],
            "companies": ["EDU1"],
            "username": info["odata_username"],
            "password": info["odata_password"],
        }
    )
    return tap.catalog_dict


@pytest.fixture
def site(sandbox: Running, catalog: dict[str, Any]) -> Site:
    sandbox.control.reset()
    return Site(sandbox, catalog)


@pytest.fixture
def often_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """STATE after each page, as a large table has it after a few."""
    monkeypatch.setattr(SysproStream, "STATE_MSG_FREQUENCY", 1)
