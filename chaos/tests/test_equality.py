"""What is equal is called equal; what is planted on either side is found; what the trail explains is left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from chaos.world import World
from chaos.world.equality import compare
from chaos.world.planning import COMPANY, Planners
from testkit.shipped import config_of, jobs


def test_a_load_from_syspro_is_compared_but_for_what_the_trail_explains(world: World) -> None:
    control = world.sandbox.control
    row = control.rows(COMPANY, "ArInvoice")[-1]
    key = {"Customer": row["Customer"], "Invoice": "000000000999999", "DocumentType": row["DocumentType"]}
    values = {k: v for k, v in row.items() if k not in key and k != "TimeStamp"} | {"InvoiceYear": 2062}
    control.change([{"company": COMPANY, "table": "ArInvoice", "op": "insert", "key": key, "values": values}])
    world.run("syspro-to-anaplan").well()
    assert world.differences("syspro-to-anaplan") == []
    supplier = control.rows(COMPANY, "ApSupplier")[0]["Supplier"]
    edit = {"key": {"Supplier": supplier}, "values": {"SupplierName": "Planted"}}
    control.change([{"company": COMPANY, "table": "ApSupplier", "op": "update", **edit}])
    assert [line.partition(":")[0] for line in world.differences("syspro-to-anaplan")] == ["Suppliers"]
    world.stores.lose("audit")
    assert any("999999" in line for line in world.differences("syspro-to-anaplan"))


def test_a_load_from_sap_is_compared(world: World) -> None:
    world.run("sap-to-anaplan").well()
    assert world.differences("sap-to-anaplan") == []
    lines = [
        {"account": "0063000000", "amount": "10", "cost_center": "0010100101"},
        {"account": "0021500000", "amount": "-10"},
    ]
    world.sandbox.control.sap_entry("1010", "2026-11-18", lines)
    assert {line.partition(":")[0] for line in world.differences("sap-to-anaplan")} == {
        "GL Line Items",
        "Totals per ledger, company code, account and period",
    }


@pytest.mark.parametrize(
    ("flow", "periods"), [("plan-to-sap", ["Jan 27", "Feb 27"]), ("plan-to-syspro", ["Nov 26", "Dec 26"])]
)
def test_what_is_approved_stands_once_in_the_books(world: World, flow: str, periods: list[str]) -> None:
    planners, dice = Planners(world, flow), Random(1)
    planners.settle()
    lines = planners.lines("Budget 2027", periods, 2, dice)
    planners.enter(lines)
    planners.enter(planners.lines("Forecast 2026", periods, 1, dice))
    planners.approve("Budget 2027")
    planners.invoice("PLAN-1", planners.suppliers()[0], lines[0], "2026-11-18")
    assert len(world.differences(flow)) == len(lines) + 1
    world.run(flow).well()
    assert world.differences(flow) == []
    planners.enter([replace(lines[0], amount=Decimal("1.01"))])
    (difference,) = world.differences(flow)
    assert lines[0].period in difference
    world.run(flow).well()
    planners.approve("Forecast 2026")
    assert world.differences(flow)
    planners.approve("Budget 2027", approved=False)
    world.run(flow).well()
    assert world.differences(flow) == []


def test_a_document_that_is_refused_is_left_out_until_it_is_posted(world: World) -> None:
    control, planners = world.sandbox.control, Planners(world, "plan-to-sap")
    planners.settle()
    planners.enter(planners.lines("Budget 2027", ["Jan 27", "Feb 27"], 2, Random(2)))
    planners.approve("Budget 2027")
    control.sap_period("1010", "2027", "002", is_open=False)
    world.run("plan-to-sap").well()
    assert world.differences("plan-to-sap") == []
    world.stores.lose("audit")
    assert all("Feb 27" in line for line in world.differences("plan-to-sap"))
    control.sap_period("1010", "2027", "002", is_open=True)
    world.run("plan-to-sap").well()
    assert world.differences("plan-to-sap") == []


@pytest.mark.parametrize(("flow", "model"), [("syspro-to-anaplan", None), ("sap-to-anaplan", "S4 Finance")])
def test_rows_that_every_import_refuses_are_explained_by_their_keys(world: World, flow: str, model: str | None) -> None:
    control, anaplan = world.sandbox.control, world.sandbox.info["anaplan"]
    destinations = {
        one.get("import") or f"{name} from {name.lower().replace(' ', '_')}.csv"
        for pipeline in jobs()[flow]
        for one in config_of(pipeline.target)["mappings"]
        for name in [one.get("process", "").removeprefix("Load ")]
    }
    for name in destinations:
        control.refuse(name, r"[27][,-]", "Planted", model=anaplan["models"][model] if model else None)
    world.settings["target-anaplan"] = {"on_nothing_delivered": "continue"}
    world.run(flow).well()
    comparisons = compare(world, flow)
    assert [line for one in comparisons for line in one.differences] == []
    world.stores.lose("audit")
    assert len([one for one in compare(world, flow) if one.differences]) >= len(comparisons) - 1
