"""The matrix: its rows are what the plugins use, its checks find what is planted, and a share of its cells holds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from chaos.matrix import cell as cells_module
from chaos.matrix.abilities import ABILITIES
from chaos.matrix.addresses import ADDRESSES, ROWS
from chaos.matrix.cell import Cell, Result, tried
from chaos.matrix.command import command
from chaos.matrix.endpoints import Endpoint
from chaos.matrix.faults import FAULTS
from chaos.matrix.known import known
from chaos.matrix.plan import cells, differing, recorded, share, stored
from chaos.matrix.process import Ran
from chaos.matrix.run import bench, shuffled
from chaos.matrix.table import load, markdown, save, text
from chaos.matrix.trial import Bench, written
from chaos.matrix.verdict import differences, last_word, unclear
from sandbox.core.faults import Action

pytestmark = pytest.mark.timeout(300)  # a busy machine's minutes, a quiet one's seconds
SEED = 20261201
SHARE = 20
"""Cells in `make test`; `python -m chaos matrix` tries all of them."""
SLOW = {"gzip bomb", "slow headers", "slow body", "no answer"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    with bench() as one:
        yield one


def test_the_rows_are_what_the_plugins_ask_for(shared: Bench) -> None:
    """A new one: `python -m chaos matrix --record`, and look at what the matrix makes of it."""
    assert differing(stored(), recorded(shared)) == []


@pytest.mark.parametrize(
    "chosen",
    [pytest.param(one, id=str(one)) for one in shuffled([*share(stored(), SEED)], SEED) if one.fault not in SLOW][
        :SHARE
    ],
)
def test_a_fault_is_recovered_from_or_told_plainly_and_made_good(shared: Bench, chosen: Cell) -> None:
    result = tried(shared, chosen)
    assert result.mark in {"=", "!", "."}, f"{result.why}\n{result.said}"


REQUESTS = [
    ("GET", "/2/0/models/FE5F266ED26E046CD5C206D84BD7C500/lists/101000000005", "/2/0/models/{guid}/lists/{id}"),
    ("GET", "/2/0/workspaces/c96e08b26816556422f8e717c78bbbf0/models?limit=5&offset=0",
     "/2/0/workspaces/{guid}/models?limit&offset"),
    ("GET", "/SYSPRO8Odata/SYSPROOData/EDU1/ApInvoice?%24top=1&$skip=2",
     "/SYSPRO8Odata/SYSPROOData/{company}/{table}?$top&$skip"),
    ("GET", "/SYSPRO8Odata/SYSPROOData/EDU1/$metadata", "/SYSPRO8Odata/SYSPROOData/{company}/$metadata"),
    ("GET", "/sap/opu/odata4/sap/api_x/srvd_a2x/sap/x/0001/A_Set", "/sap/opu/odata4/{service}/{set}"),
    ("POST", "/sap/opu/odata/sap/API_X/A_Set", "/sap/opu/odata/sap/API_X/A_Set"),
    ("GET", "/Rest/Query/Query?UserId=***&BusinessObject=COMFND", "/Rest/Query/Query?UserId&BusinessObject=COMFND"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "pattern"), REQUESTS)
def test_an_endpoint_has_words_for_what_varies_and_finds_its_requests_again(
    method: str, path: str, pattern: str
) -> None:
    found = Endpoint.of({"system": "x", "method": method, "path": path})
    assert found == Endpoint("x", method, pattern)
    assert re.search(found.expression(), path)
    assert not re.search(found.expression(), path + ("&more=1" if "?" in path else "?more=1"))
    assert not re.search(found.expression(), "/before" + path)


def test_every_fault_is_one_that_the_sandbox_knows() -> None:
    for name, action in FAULTS.items():
        assert msgspec.convert(dict(action), Action), name


SAID = "2026-12-01 04:11:44,221 | {level:8} | target-anaplan                 | {line}\n"
GOOD = "Anaplan: model Hub, list Suppliers: expected an answer, got HTTP 503: busy. Run again later."


def ran(line: str = GOOD, code: int | None = 1, level: str = "ERROR", more: str = "") -> Ran:
    return Ran(code, "", SAID.format(level=level, line=line) + more, 0.1, ())


def test_a_clear_failure_is_one_line_with_system_object_and_advice() -> None:
    assert unclear(ran()) == ""
    assert unclear(ran("SAP S/4HANA: setting token_url: expected an address with https://, got one with http://")) == ""
    assert last_word(ran()) == GOOD


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (ran(code=None), "it hangs"),
        (ran(code=2), "exit code 2"),
        (ran(code=-9), "exit code -9"),
        (ran(level="INFO"), "no word about why"),
        (ran(more="Traceback (most recent call last):\nKeyError: 'x'\n"), "a traceback"),
        (ran(GOOD.replace("Anaplan", "Something")), "no system is named"),
        (ran("Anaplan: got HTTP 503. Run again later."), "no object is named"),
        (ran(GOOD.replace(" Run again later.", "")), "it does not say what to do"),
        (ran(GOOD + "\x1b[2J"), "control characters"),
        (ran(GOOD + " x" * 1000), "signs"),
    ],
)
def test_a_failure_that_is_not_clear_is_seen(run: Ran, fault: str) -> None:
    assert fault in unclear(run)


def test_what_differs_is_named() -> None:
    assert differences({"a": {"k": 1}, "n": 1}, {"a": {"k": 1}, "n": 1}) == []
    assert differences({"a": {"k": 1}}, {"a": {"k": 2}}) == ["a: 1 of 1 differ (k: 1 -> 2)"]
    assert differences({"n": [1]}, {"n": [1, 1]}) == ["n: [1] -> [1, 1]"]


def one_cell(name: str, fault: str, *, always: bool = False) -> Cell:
    (endpoint,) = [e for (_, e), ability in stored().items() if ability == name and "$metadata" in e.pattern]
    return Cell(name, endpoint, fault, always)


def test_a_recovery_with_other_contents_is_a_violation(shared: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    ability = replace(ABILITIES["tap-syspro --discover"], name="planted", contents=lambda _: {"n": next(numbers)})
    monkeypatch.setitem(ABILITIES, "planted", ability)
    found = tried(shared, replace(one_cell("tap-syspro --discover", "503"), ability="planted"))
    assert (found.mark, found.why) == ("X", "n: 0 -> 1")


def test_a_next_run_that_does_not_make_it_good_is_a_violation(shared: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = SimpleNamespace(
        ability=ABILITIES["tap-syspro"],
        contents=lambda: {"suppliers": {}},
        run=lambda: Ran(0, "", "", 0.1, ()),
        site=shared.begin(ABILITIES["tap-syspro"]).site,
    )
    mark, why = cells_module._judged(
        trial, one_cell("tap-syspro --discover", "503"), ran(), {"suppliers": {"1": {"Name": "x"}}}
    )
    assert mark == "X"
    assert why.startswith("after the next run: suppliers: 1 of 1 differ")


def test_state_and_activate_version_before_what_they_stand_for_are_seen() -> None:
    schema = '{"type": "SCHEMA", "stream": "s", "schema": {}, "key_properties": ["k"]}\n'
    out = schema + '{"type": "ACTIVATE_VERSION", "stream": "s", "version": 1}\n'
    tap = SimpleNamespace(ability=ABILITIES["tap-syspro"])
    assert cells_module._ahead(tap, Ran(1, out, "", 0.1, ()), {"s": {"[1]": {}}}) != []
    row = '{"type": "RECORD", "stream": "s", "record": {"k": 1}}\n'
    assert cells_module._ahead(tap, Ran(1, schema + row + out[len(schema) :], "", 0.1, ()), {"s": {"[1]": {}}}) == []
    target = SimpleNamespace(ability=ABILITIES["target-syspro journals"], contents=lambda: {"lines": []})
    assert "STATE is ahead" in cells_module._ahead(target, Ran(1, "{}\n", "", 0.1, ()), {"lines": [1]})[0]
    assert cells_module._ahead(target, Ran(1, "", "", 0.1, ()), {"lines": [1]}) == []


def test_a_redirect_that_is_followed_and_a_file_that_stays_are_seen() -> None:
    site = SimpleNamespace(control=SimpleNamespace(requests=lambda: [{"path": "/x?redirected=other_host"}]))
    wrong = cells_module._leaks(SimpleNamespace(site=site), Ran(0, "", "", 0.1, ("rest.csv",)))
    assert wrong == ["it followed a redirect: /x?redirected=other_host", "temporary files stay: rest.csv"]


@pytest.mark.parametrize("fault", ["nobody listens", "certificate good", "certificate expired"])
def test_an_address_may_be_wrong(shared: Bench, fault: str) -> None:
    ability, endpoint = ROWS[0]
    found = tried(shared, Cell(ability, endpoint, fault, True))
    assert (found.mark, found.why) == ("=" if fault == "certificate good" else "!", "")


def test_only_what_is_known_is_known() -> None:
    cell = "target-anaplan processes, anaplan GET /x/dumps/{id}/chunks, empty, once"
    assert known(cell, "trail: 2 of 3 differ (invoices : None -> rejected; ...)")
    assert not known(cell, "Suppliers: 1 of 3 differ")
    assert not known(cell.replace("dumps", "files"), "trail: 2 of 3 differ (invoices : None -> rejected; ...)")


def test_a_line_that_was_cut_is_no_message() -> None:
    assert written('{"type": "STATE", "value": {"a": 1}}\n{"type": "STA').state == {"a": 1}


def test_cells_are_all_endpoints_with_all_faults() -> None:
    rows = stored()
    wrong = len(ROWS) * len(ADDRESSES)
    assert len(cells(rows)) == len(cells(rows, "once")) == len(rows) * len(FAULTS) + wrong
    assert len(cells(rows, "both")) == 2 * len(rows) * len(FAULTS) + wrong
    assert cells(rows, seed=3) == cells(rows, seed=3) != cells(rows, seed=4)


def results() -> list[Result]:
    endpoint = Endpoint("sap", "GET", "/x")
    marks: list[Any] = ["=", "!", "X", "."]
    faults = ["400", "401", "403", "404"]
    return [
        Result(Cell("tap-sap-s4hana", endpoint, f, False), m, "", "", 0.1) for f, m in zip(faults, marks, strict=True)
    ]


def test_the_table_shows_the_worst_of_each_cell_and_comes_back_from_its_file(tmp_path: Any) -> None:
    worse = replace(results()[0], mark="X", cell=replace(results()[0].cell, always=True))
    lines = list(text([*results(), worse]))
    assert "X!X.  tap-sap-s4hana  GET /x" in lines
    counted = "1 recovered, 1 failed clearly and were made good, 0 known, 2 violations, 1 not reached"
    assert lines[-1] == f"5 cells of 1 endpoints: {counted}"
    assert "| 400 | 1X |" in list(markdown([*results(), worse]))
    save(results(), tmp_path / "m.json", seed=1)
    assert load(tmp_path / "m.json") == results()


def test_the_command_is_there() -> None:
    assert command.name == "command"
