"""FIDELITY.md is complete: every route and switch has a row, every row its mark, its reason and a test that exists."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from sandbox.__main__ import SYSTEMS, build
from sandbox.core.clock import Clock
from sandbox.core.control import Control
from sandbox.core.faults import Faults
from sandbox.core.gates import Gates
from sandbox.core.journal import Journal
from sandbox.core.serve import Servers
from sandbox.core.system import Options
from sandbox.sap import auth as sap_auth
from sandbox.sap.odata import app as sap_odata
from sandbox.sap.soap import app as sap_soap
from sandbox.syspro.enet import app as enet
from sandbox.syspro.odata import app as odata

SANDBOX = Path(__file__).parent.parent
COLUMNS = ["id", "endpoint or behaviour", "mark", "source", "switch", "test", "third-party client"]
MARKS = {"VERIFIED", "SECOND-HAND", "UNSURE"}
ENDPOINT = re.compile(r"`([A-Z]+(?:, [A-Z]+)*) (/[^`\s?]*)")
SECTIONS = {"core": "Core", "syspro": "SYSPRO", "anaplan": "Anaplan", "sap": "SAP S/4HANA"}


@dataclass(frozen=True)
class Row:
    section: str
    id: str
    behaviour: str
    mark: str
    source: str
    switch: str
    test: str
    client: str


def table_rows():
    section, rows = "", []
    for line in (SANDBOX / "FIDELITY.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if cells[0] != "id" and not cells[0].startswith("---"):
                rows.append((section, cells))
    return rows


def rows_of(section):
    return [Row(name, *cells) for name, cells in table_rows() if name == section]


ROWS = [pytest.param(section, cells, id=f"{section} {cells[0]}") for section, cells in table_rows()]


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    options = Options("127.0.0.1", 7, "small", tmp_path_factory.mktemp("fidelity"), 0.01)
    return {system.name: system for system in build(SYSTEMS, options, Clock())}


def walked(routes, prefix=""):
    """(method, path) of Starlette routes; HEAD comes with GET and needs no row."""
    for route in routes:
        if isinstance(route, Mount):
            yield from walked(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD", "TRACE"}:
                yield method, prefix + route.path


def endpoints(name, system):
    """What a client can call. Anaplan's models are reachable below their workspace too: one row covers both."""
    own = {(method, f"/{name}{path}") for method, path in walked(system.control_routes())}
    if name == "syspro":
        posts = {enet.LARGE_POST}
        own |= {("POST" if path in posts else "GET", f"/{path}") for path in enet.PATHS}
        return own | {("GET", path) for path in odata.PATHS}
    if name == "sap":
        posted = {"/{service}/{set}", "/{service}/{function}", "/{service}/$batch"}
        only_posted = posted - {"/{service}/{set}"}
        own |= {("POST", path) for path in (*posted, *sap_auth.TOKEN_PATHS, sap_soap.PATH)}
        return own | {("GET", path) for path in (*sap_odata.PATHS, sap_soap.PATH) if path not in only_posted}
    app = system.app
    while not hasattr(app, "routes"):
        app = app._app
    for method, path in walked(app.routes):
        below = path.replace("/workspaces/{workspace_id}/models/{model_id}", "/models/{model_id}")
        if path != "/limited":
            own.add((method, below.removeprefix("/2/0")))
    return own


def described(section):
    """(method, path) of every endpoint in backticks."""
    found = set()
    for row in rows_of(section):
        for methods, path in ENDPOINT.findall(row.behaviour):
            found |= {(method, path.removeprefix("/2/0")) for method in methods.split(", ")}
    return found


def test_every_table_has_the_same_columns():
    text = (SANDBOX / "FIDELITY.md").read_text(encoding="utf-8")
    heads = re.findall(r"^\| id .*\|$", text, re.MULTILINE)
    assert heads
    assert all([cell.strip() for cell in head.strip("|").split("|")] == COLUMNS for head in heads)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_endpoint_of_a_system_has_a_row(systems, name):
    assert endpoints(name, systems[name]) - described(SECTIONS[name]) == set()


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_row_describes_an_endpoint_that_does_not_exist(systems, name):
    assert described(SECTIONS[name]) - endpoints(name, systems[name]) == set()


def test_every_route_of_the_control_api_has_a_row():
    app = Control([], Clock(), Journal(), Faults(), Gates(Servers(), {}, "", Path())).app
    assert set(walked(app.routes)) == described(SECTIONS["core"])


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_switch_has_a_row_and_every_row_a_switch_that_exists(systems, name):
    named = {switch for row in rows_of(SECTIONS[name]) for switch in re.findall(r"`([^`]+)`", row.switch)}
    assert named == {switch.name for switch in systems[name].switches}


@pytest.mark.parametrize(("section", "cells"), ROWS)
def test_a_row_is_whole_marked_and_shown_by_a_test_that_exists(section, cells):
    assert len(cells) == len(COLUMNS), cells
    row = Row(section, *cells)
    assert row.mark in MARKS
    assert row.source not in {"", "-"}
    if row.mark == "UNSURE":
        assert re.search(r"`[^`]+`", row.switch) or re.match(r"none: .{10,}", row.switch), "no switch and no reason"
    for test in row.test.split(", "):
        file, _, name = test.partition("::")
        places = (SANDBOX / "tests" / file, SANDBOX.parent / file)
        assert any(name in functions_in(place) for place in places), f"no test {test}"


def test_ids_are_unique():
    ids = [cells[0] for _, cells in table_rows()]
    assert len(ids) == len(set(ids))


def functions_in(path):
    if path not in _FUNCTIONS:
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        _FUNCTIONS[path] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return _FUNCTIONS[path]


_FUNCTIONS = {}
