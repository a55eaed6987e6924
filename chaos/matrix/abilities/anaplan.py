"""What tap-anaplan and target-anaplan can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chaos.matrix.abilities.base import Ability, Contents, Settings, Site, stream_of

_MODEL = "S4 Finance"
_LINES = [("Budget 2027", "YCOA/400000", "Jan 27", "1000.25"), ("Budget 2027", "YCOA/500000", "Feb 27", "-0.10")]
_GATE = {"module": "Plan Approval", "line_item": "Approved", "column": "Version", "by": "the head of controlling"}
_METADATA = [
    "models", "lists", "modules", "line_items", "imports", "exports", "processes", "actions", "files", "tasks",
]  # fmt: skip


def _tenant(site: Site) -> Settings:
    return {
        **site.info("anaplan", "api_url", "auth_url", "oauth_url", "workspace_id"),
        "coordination_url": site.databases()["coordination_url"],
        "wait_seconds": 30,
        "poll_first": 0.02,
        "poll_max": 0.1,
        "rate_per_minute": 6000,
    }


def _by_password(site: Site) -> Settings:
    return {**_tenant(site), **site.info("anaplan", "username", "password")}


def _plan_model(site: Site) -> Settings:
    return {"model_id": site.sandbox.info["anaplan"]["models"][_MODEL]}


def _plan(site: Site) -> None:
    """Two approved lines of a plan."""
    control = site.control
    for name, code, called in (
        ("GL Accounts", "YCOA/400000", "400000 Travel"),
        ("GL Accounts", "YCOA/500000", "500000 Rent, heat"),
        ("Cost Centers", "A000/CC1", "CC1 Sales"),
        ("Company Codes", "1010", "1010 Germany"),
    ):
        control.fill([{"code": code, "name": called}], list_name=name, model=_MODEL)
    names = ("Version", "Account", "Period", "Amount")
    common = {"Company Code": "1010", "Cost Center": "A000/CC1", "Currency": "EUR"}
    rows: list[dict[str, Any]] = [
        {"dimensions": {"Plan Lines": f"L{number}"}, "values": {**common, **dict(zip(names, line, strict=True))}}
        for number, line in enumerate(_LINES, start=1)
    ]
    control.fill(rows, module="Plan Lines", model=_MODEL)
    control.edit_cell("Plan Approval", "Approved", {"Plan Versions": "Budget 2027"}, True, model=_MODEL)


def _reading(site: Site) -> Settings:
    export = {
        "export": "Plan Lines.csv",
        "module": "Plan Lines",
        "stream": "plan_lines",
        "key": ["Plan Lines"],
        "codes": ["Account"],
        "approval": _GATE,
    }
    return {
        **_by_password(site),
        **_plan_model(site),
        "exports": [export],
        "views": ["Plan Approval"],
        "lists": ["GL Accounts"],
    }


def _defining(site: Site) -> Settings:
    return {**_by_password(site), **_plan_model(site), "metadata": _METADATA, "task_actions": ["Plan Lines.csv"]}


def _with_certificate(site: Site) -> Settings:
    certificate = site.info("anaplan", "certificate", "private_key")
    return {**_tenant(site), **certificate, **_plan_model(site), "metadata": ["lists"]}


def _with_oauth(site: Site) -> Settings:
    tokens = site.info("anaplan", "oauth_client_id", "oauth_refresh_token")
    return {**_tenant(site), **tokens, **_plan_model(site), "metadata": ["lists"]}


_READS = Ability("tap-anaplan", "tap-anaplan", _reading, prepare=_plan)
_DEFINES = Ability(
    "tap-anaplan definition",
    "tap-anaplan",
    _defining,
    prepare=_plan,
    volatile=("last_modified", "last_saved_serial_number"),
)

TAP = (
    _READS,
    _DEFINES,
    replace(_READS, name="tap-anaplan --test", arguments=("--test",)),
    replace(_READS, name="tap-anaplan --discover", arguments=("--discover",)),
    Ability("tap-anaplan certificate", "tap-anaplan", _with_certificate, only="/token/"),
    Ability(
        "tap-anaplan OAuth",
        "tap-anaplan",
        _with_oauth,
        only="/oauth/",
        switches={"refresh_tokens": "lasting"},
    ),
)

_SUPPLIERS = {
    "stream": "suppliers",
    "import": "Suppliers from suppliers.csv",
    "missing_columns": "blank",
    "columns": {"Code": "Code", "Name": "Name", "Balance": {"field": "Balance", "decimals": 2}},
    "delete": {
        "import": "Mark removed suppliers from removed_suppliers.csv",
        "columns": {"Code": "Code", "Removed": {"constant": True}},
        "action": "Delete removed suppliers",
    },
}
_LIST = {
    "stream": "suppliers",
    "list": "Suppliers",
    "columns": {"Code": "Code", "Name": "Name", "Balance": {"field": "Balance", "decimals": 2}},
    "delete": {"columns": {"Code": "Code"}},
}
_INVOICES = {
    "stream": "invoices",
    "process": "Load AP Invoices",
    "missing_columns": "blank",
    "columns": {
        "Invoice Key": "Key",
        "Period": {"period": ["Year", "Month"], "format": "%b %y"},
        "Original Value": {"field": "Value", "decimals": 2},
        "Balance": {"field": "Value", "decimals": 2},
    },
}


def _suppliers(*numbers: int, version: int, name: str = "Supplier") -> str:
    rows = [{"Code": f"S{n}", "Name": f"{name} {n}", "Balance": n + 0.5} for n in numbers]
    return stream_of("suppliers", ["Code"], rows, version=version)


def _invoices(*numbers: int, year: int = 2024) -> str:
    rows: list[dict[str, Any]] = [
        {"Key": f"I{n}", "Year": str(year if n else 2062), "Month": "3", "Value": n + 0.25} for n in numbers
    ]
    return stream_of("invoices", ["Key"], rows)


def _delivering(*mappings: dict[str, Any]) -> Any:  # noqa: ANN401 - a function of a site
    def settings(site: Site) -> Settings:
        return {
            **_by_password(site),
            **site.info("anaplan", "model_id"),
            **site.databases(),
            "mappings": list(mappings),
            "max_vanished_share": 1,
        }

    return settings


def _held(*lists: str, modules: Sequence[str] = ()) -> Any:  # noqa: ANN401 - a function of a site
    def contents(site: Site) -> Contents:
        items = {name: {one["code"]: one for one in site.control.list_items(name)} for name in lists}
        cells = {name: site.control.module_rows(name) for name in modules}
        return {
            **{name: {c: (i["name"], i["properties"]) for c, i in each.items()} for name, each in items.items()},
            **cells,
        }

    return contents


TARGET = (
    Ability(
        "target-anaplan imports",
        "target-anaplan",
        _delivering(_SUPPLIERS),
        earlier=_suppliers(1, 2, 3, version=1),
        text=_suppliers(2, 3, 4, version=2),
        contents=_held("Suppliers"),
    ),
    Ability(
        "target-anaplan processes",
        "target-anaplan",
        _delivering(_INVOICES),
        text=_invoices(0, 1, 2),  # the first one is of a year that the model does not know: Anaplan writes a dump
        contents=_held("AP Invoices", modules=["AP Invoices"]),
    ),
    Ability(
        "target-anaplan lists",
        "target-anaplan",
        _delivering(_LIST),
        earlier=_suppliers(1, 2, 3, version=1),
        text=_suppliers(2, 4, version=2, name="Renamed"),
        contents=_held("Suppliers"),
    ),
)
