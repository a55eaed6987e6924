"""target-anaplan: suppliers that come, change and vanish."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, ClassVar, Literal

from typing_extensions import override

from chaos.kills.plans import stream
from chaos.kills.subject import Subject

_CODE = {"Code": {"template": "EDU1-{Supplier|strip_zeros}"}}
_MAPPING = {
    "stream": "suppliers",
    "import": "Suppliers from suppliers.csv",
    "missing_columns": "blank",
    "columns": {
        **_CODE,
        "Name": "Name",
        "Company": {"constant": "EDU1"},
        "Supplier": "Supplier",
        "Balance": {"field": "Amount", "decimals": 2},
    },
    "delete": {
        "import": "Mark removed suppliers from removed_suppliers.csv",
        "columns": {**_CODE, "Removed": {"constant": True}},
        "action": "Delete removed suppliers",
    },
}
_NAMES = ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id", "username", "password")


class Items(Subject):
    """A list of which every read is whole. Whoever loses its trail no longer knows what it once brought."""

    name = "anaplan/list"
    system: ClassVar[Literal["anaplan"]] = "anaplan"
    command = "target-anaplan"
    posts = ("", "/(tasks|chunks/0|complete)$")
    trail_can_go = False

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self.records: dict[str, dict[str, Any]] = {}

    @override
    def revise(self, rng: Random) -> None:
        for _ in range(rng.randint(2, 8)):
            code = f"{rng.randint(1, 30):015d}"
            if rng.random() < 0.2:
                self.records.pop(code, None)
            else:
                amount = Decimal(rng.randint(0, 99999)) / 100
                self.records[code] = {"Supplier": code, "Name": f"Supplier {code} {self.plan}", "Amount": amount}
        self.records.setdefault("A", {"Supplier": "A", "Name": "Stays", "Amount": Decimal(self.plan)})

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"mappings": [_MAPPING], "batch_rows": rng.choice([3, 500_000]), "max_vanished_share": 1}

    @override
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        info = self.sandbox.info["anaplan"]
        own = {name: value for name, value in settings.items() if name != "settle_seconds"}
        polling = {"rate_per_minute": 6000, "poll_first": 0.01, "poll_max": 0.05}
        return {**self.shared_settings(), **{name: info[name] for name in _NAMES}, **polling, **own}

    @override
    def messages(self, version: int) -> str:
        rows = list(self.records.values())
        return stream("suppliers", ("Supplier", "Name"), ("Supplier",), rows, plan=self.plan, version=version)

    @override
    def differences(self) -> list[str]:
        items = self.sandbox.control.list_items("Suppliers")
        held = {one["code"]: (one["name"], Decimal(one["properties"]["Balance"] or 0)) for one in items}
        wanted = {
            f"EDU1-{code.lstrip('0')}": (record["Name"], record["Amount"]) for code, record in self.records.items()
        }
        found = [f"{one['code']} is there twice" for at, one in enumerate(items) if one in items[:at]]
        return found + [
            f"{code}: {held.get(code)} stands, {wanted.get(code)} was sent"
            for code in sorted({*held, *wanted})
            if held.get(code) != wanted.get(code)
        ]
