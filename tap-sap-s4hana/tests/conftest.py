"""A running SAP, and the tap in this process."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_kit.http import Retry
from sandbox.testing import Running, running
from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.streams import SapStream
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit import singer

KEYS = {each.name: each.key for each in SHIPPED}
AMOUNTS = [
    "GLAccount",
    "FiscalPeriod",
    "CompanyCodeCurrency",
    "AmountInCompanyCodeCurrency",
    "IsReversed",
    "PostingDate",
]
FEW = {"gl_account_line_items": AMOUNTS, "operational_accounting_items": [*AMOUNTS, "ClearingDate", "Supplier"]}
"""Line items have some 250 columns: tests that are not about these read a few."""


class Output(singer.Output):
    """A run, with the keys of its records."""

    def keys(self, stream: str) -> list[tuple[Any, ...]]:
        return [tuple(record[name] for name in KEYS[stream]) for record in self.records[stream]]


def run_tap(
    config: dict[str, Any], catalog: dict[str, Any] | None = None, state: dict[str, Any] | None = None
) -> Output:
    """One run, its error kept. Numbers of records come as Decimal."""
    return singer.read(
        lambda: TapSapS4Hana(config=dict(config), catalog=copy.deepcopy(catalog), state=copy.deepcopy(state)),
        lambda tap: tap.tenant.close(),
        Output(),
    )


@dataclass
class Tenant:
    """An SAP with the tap's settings for it."""

    sandbox: Running
    full_catalog: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        info = self.sandbox.info["sap"]
        return {"api_url": info["url"], "username": info["username"], "password": info["password"]}

    @property
    def oauth_config(self) -> dict[str, Any]:
        info = self.sandbox.info["sap"]
        return {name: info[name] for name in ("token_url", "client_id", "client_secret")} | {"api_url": info["url"]}

    def catalog(self, *streams: str, columns: dict[str, list[str]] | None = None) -> dict[str, Any]:
        """The discovered catalog with these streams selected."""
        chosen = copy.deepcopy(self.full_catalog)
        for entry in chosen["streams"]:
            name = entry["tap_stream_id"]
            few = (FEW | (columns or {})).get(name)
            for each in entry["metadata"]:
                column = each["breadcrumb"][-1] if each["breadcrumb"] else None
                each["metadata"]["selected"] = name in streams and (few is None or column is None or column in few)
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
        oauth: bool = False,
        **settings: Any,
    ) -> Output:
        """A run whose error is kept; with `discover`, without a catalog: all streams, from the tenant's metadata."""
        catalog = None if discover else self.catalog(*streams, columns=columns)
        config = self.oauth_config if oauth else self.config
        return run_tap(config | settings, catalog, state)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.sandbox.control.sap_rows(table)

    def change(self, op: str, table: str, key: dict[str, Any], values: dict[str, Any] | None = None) -> None:
        self.sandbox.control.sap_change([{"table": table, "op": op, "key": key, "values": values or {}}])

    def queries(self, entity_set: str) -> list[dict[str, str]]:
        """The query options of all requests to an entity set, in their order."""
        paths = [urlsplit(each["path"]) for each in self.sandbox.control.requests("sap")]
        found = [path.query for path in paths if path.path.endswith(f"/{entity_set}")]
        return [{name: values[0] for name, values in parse_qs(query).items()} for query in found]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    with running(only="sap", size="small") as started:
        yield started


@pytest.fixture(scope="session")
def catalog(sandbox: Running) -> dict[str, Any]:
    sandbox.control.reset()
    info = sandbox.info["sap"]
    config = {"api_url": info["url"], "username": info["username"], "password": info["password"]}
    return TapSapS4Hana(config=config).catalog_dict


@pytest.fixture
def tenant(sandbox: Running, catalog: dict[str, Any]) -> Tenant:
    sandbox.control.reset()
    return Tenant(sandbox, catalog)


@pytest.fixture
def run() -> Callable[..., Output]:
    """A run with settings of the test's own."""
    return run_tap


@pytest.fixture
def often_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """STATE after each page, as a large set has it after a few."""
    monkeypatch.setattr(SapStream, "STATE_MSG_FREQUENCY", 1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries."""
    monkeypatch.setattr(Retry, "wait", lambda self, failures, retry_after: 0.01)
