"""A running Anaplan with a plan in it, and the tap in this process."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Running, running
from tap_anaplan.tap import TapAnaplan
from testkit import singer

MODEL = "S4 Finance"
LINES: list[dict[str, Any]] = [
    {"Version": "Budget 2027", "Account": "YCOA/400000", "Period": "Jan 27", "Amount": "1000.25", "Approved": True},
    {"Version": "Budget 2027", "Account": "YCOA/500000", "Period": "Feb 27", "Amount": "-0.10", "Approved": False},
    {"Version": "Forecast 2026", "Account": "YCOA/400000", "Period": "Dec 26", "Amount": "77", "Approved": True},
]
GATE = {"module": "Plan Approval", "line_item": "Approved", "item": "Budget 2027", "by": "the head of controlling"}


@dataclass
class Output(singer.Output):
    """What a run wrote and logged, and the error it ended with."""

    log: str = ""

    def schema(self, stream: str) -> dict[str, Any]:
        return next(m for m in self.messages if m["type"] == "SCHEMA" and m["stream"] == stream)


@dataclass
class Site:
    """An Anaplan model with the tap's settings for it."""

    sandbox: Running
    folder: Path
    logs: pytest.LogCaptureFixture
    gate = GATE

    @property
    def control(self) -> Any:
        return self.sandbox.control

    def config(self, **settings: Any) -> dict[str, Any]:
        info = self.sandbox.info["anaplan"]
        return {
            **{name: info[name] for name in ("api_url", "auth_url", "oauth_url", "workspace_id")},
            "model_id": info["models"][MODEL],
            "username": info["username"],
            "password": info["password"],
            "coordination_url": f"sqlite:///{self.folder}/coordination.db",
            "rate_per_minute": 6000,
            "poll_first": 0.02,
            "poll_max": 0.05,
            "wait_seconds": 5,
            **settings,
        }

    def catalog(self, **settings: Any) -> dict[str, Any]:
        tap = TapAnaplan(config=self.config(**settings))
        try:
            return json.loads(json.dumps(tap.catalog_dict))
        finally:
            tap.site.close()

    def attempt(
        self, catalog: dict[str, Any] | None = None, state: dict[str, Any] | None = None, **settings: Any
    ) -> Output:
        """One run, its error kept."""
        self.logs.clear()
        with self.logs.at_level(logging.INFO):
            output = singer.read(
                lambda: TapAnaplan(
                    config=self.config(**settings), catalog=copy.deepcopy(catalog), state=copy.deepcopy(state)
                ),
                lambda tap: tap.site.close(),
                Output(),
            )
        output.log = self.logs.text
        return output

    def read(
        self, catalog: dict[str, Any] | None = None, state: dict[str, Any] | None = None, **settings: Any
    ) -> Output:
        """A run that must succeed."""
        output = self.attempt(catalog, state, **settings)
        if output.error is not None:
            raise output.error
        return output

    def rows(self, **settings: Any) -> list[dict[str, Any]]:
        """The records of the only stream."""
        (found,) = self.read(**settings).records.values()
        return found

    def fill(self, module: str, rows: list[dict[str, Any]]) -> None:
        """`rows`: values, by the code of the module's only dimension under its name."""
        dimension = module
        self.control.fill(
            [{"dimensions": {dimension: row.pop(dimension)}, "values": row} for row in map(dict, rows)],
            module=module,
            model=MODEL,
        )

    def lines(self, lines: list[dict[str, Any]]) -> None:
        common = {"Company Code": "1010", "Cost Center": "A000/CC1", "Currency": "EUR"}
        numbered = enumerate(lines, start=1)
        self.fill("Plan Lines", [{"Plan Lines": f"L{n}", **common, **line} for n, line in numbered])

    def approve(self, version: str = "Budget 2027", value: bool = True) -> None:
        self.control.edit_cell("Plan Approval", "Approved", {"Plan Versions": version}, value, model=MODEL)

    def switch(self, name: str, value: Any) -> None:
        self.control.switch("anaplan", name, value)

    def fault(self, action: dict[str, object], path: str, **more: Any) -> None:
        self.control.fault("anaplan", action, path=path, **more)

    def requests(self, part: str, method: str | None = None) -> list[dict[str, Any]]:
        found = [r for r in self.control.requests("anaplan") if part in r["path"]]
        return [r for r in found if method in (None, r["method"])]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    with running(only="anaplan", task_seconds=0.02) as started:
        yield started


@pytest.fixture
def site(sandbox: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Site:
    """With three plan lines of two versions, of which none is approved."""
    sandbox.control.reset()
    site = Site(sandbox, tmp_path, caplog)

    def fill(name: str, *items: tuple[str, str]) -> None:
        site.control.fill([{"code": code, "name": called} for code, called in items], list_name=name, model=MODEL)

    fill("GL Accounts", ("YCOA/400000", "400000 Travel"), ("YCOA/500000", "500000 Rent, heat"))
    fill("Cost Centers", ("A000/CC1", "CC1 Sales"))
    fill("Company Codes", ("1010", "1010 Germany"))
    site.lines(LINES)
    return site


@pytest.fixture
def many(site: Site) -> Callable[[int], None]:
    """Fills the plan with so many lines."""

    def fill(count: int) -> None:
        site.lines([{"Version": "Budget 2027", "Amount": f"{n}.5", "Text": f"line {n}"} for n in range(1, count + 1)])

    return fill
