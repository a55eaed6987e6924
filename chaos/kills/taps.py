"""The taps: what a target that takes everything holds, after however many deaths, is what stands at the source."""

from __future__ import annotations

import json
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

from typing_extensions import override

from chaos.kills.subject import Subject

_COMPANY = "EDU1"
_AMOUNT = "AmountInCompanyCodeCurrency"


@cache
def _discovered(command: str, config: str) -> str:
    """The catalog as the command writes it."""
    arguments = [str(Path(sys.executable).parent / command), "--config", config, "--discover"]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


class Tap(Subject):
    """A tap with a perfect target behind it: it takes each whole line, and keeps the last STATE.

    Attributes:
        streams: the columns that are read of each, as patterns beside the key.
    """

    streams: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - as the base takes them
        super().__init__(*arguments)
        self.held: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in self.streams}
        self._keys: dict[str, list[str]] = {}
        self._versions: dict[str, dict[tuple[Any, ...], int | None]] = {name: {} for name in self.streams}
        self._state = self.folder / "state.json"
        self._select()

    def _select(self) -> None:
        config = self.folder / "discovery.json"
        config.write_text(json.dumps(self.config({})), encoding="utf-8")
        catalog = json.loads(_discovered(self.command, str(config)))
        for entry in catalog["streams"]:
            wanted = self.streams.get(entry["tap_stream_id"], ())
            for each in entry["metadata"]:
                column = each["breadcrumb"][-1] if each["breadcrumb"] else ""
                chosen = any(fnmatchcase(column, one) for one in wanted) if column else bool(wanted)
                each["metadata"]["selected"] = chosen
        (self.folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")

    @override
    def arguments(self) -> list[str]:
        state = ["--state", str(self._state)] if self._state.exists() else []
        return ["--catalog", str(self.folder / "catalog.json"), *state]

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"page_size": rng.choice([3, 7, 50])}

    @override
    def messages(self, version: int) -> str:
        return ""

    @override
    def took(self, out: Sequence[str]) -> None:
        for line in out:
            try:
                message = json.loads(line, parse_float=Decimal)
            except ValueError:
                break  # the line in which it died
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        name = message.get("stream", "")
        if message["type"] == "SCHEMA":
            self._keys[name] = message["key_properties"]
        elif message["type"] == "STATE":
            self._state.write_text(json.dumps(message["value"]), encoding="utf-8")
        elif message["type"] == "RECORD":
            key = tuple(message["record"][column] for column in self._keys[name])
            self.held[name][key] = message["record"]
            self._versions[name][key] = message.get("version")
        elif message["type"] == "ACTIVATE_VERSION":
            for key in [key for key, one in self._versions[name].items() if one != message["version"]]:
                del self.held[name][key], self._versions[name][key]

    @override
    def confirmed(self, out: Sequence[str], code: int) -> list[int]:
        return [self.plan] if code == 0 else []

    @override
    def disagreements(self) -> list[str]:
        return []

    @abstractmethod
    def source(self) -> Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]:
        """By stream and key, the columns that are compared."""

    @override
    def differences(self) -> list[str]:
        found = []
        for name, rows in self.source().items():
            held = self.held[name]
            found += [f"{name}: {key} is held, and is not there" for key in held.keys() - rows.keys()]
            for key, row in rows.items():
                mine = {column: _plain(held.get(key, {}).get(column)) for column in row}
                if mine != {column: _plain(value) for column, value in row.items()}:
                    found.append(f"{name}: {key}: {mine} is held, {dict(row)} is there")
        return found


def _plain(value: object) -> object:
    try:
        return Decimal(str(value)).normalize()
    except ArithmeticError:
        return value


class SysproTables(Tap):
    """Customers, read whole, and invoices by their dates."""

    name = "syspro/tap"
    system: ClassVar[Literal["syspro"]] = "syspro"
    command = "tap-syspro"
    posts = ("GET", "/(ArCustomer|ApInvoice)[?]")
    streams: ClassVar[Mapping[str, Sequence[str]]] = {
        "customers": ("CompanyId", "Customer", "Name"),
        "ap_invoices": ("CompanyId", "Supplier", "Invoice", "OrigInvValue", "JournalDate", "InvoiceDate"),
    }

    @override
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        info = self.sandbox.info["syspro"]
        own = {name: value for name, value in settings.items() if name != "settle_seconds"}
        logon = {"username": info["odata_username"], "password": info["odata_password"]}
        coordination = f"sqlite:///{self.folder}/coordination.db"
        return {"api_url": info["odata_url"], "companies": [_COMPANY], "coordination_url": coordination, **logon, **own}

    @override
    def revise(self, rng: Random) -> None:
        customers, invoices = (self.sandbox.control.rows(_COMPANY, name) for name in ("ArCustomer", "ApInvoice"))
        one, bill = rng.choice(customers), rng.choice(invoices)
        changes: list[dict[str, Any]] = [
            {
                "op": "update",
                "table": "ArCustomer",
                "key": {"Customer": one["Customer"]},
                "values": {"Name": f"N{self.plan}"},
            }
        ]
        new = {"Supplier": bill["Supplier"], "Invoice": f"K{self.plan}"}
        latest = max(row["JournalDate"] for row in invoices)
        values = {**bill, **new, "JournalDate": latest, "InvoiceDate": latest}
        del values["TimeStamp"]
        changes.append({"op": "insert", "table": "ApInvoice", "key": new, "values": values})
        if len(customers) > 5 and rng.random() < 0.4:
            gone = rng.choice([row for row in customers if row is not one])
            changes.append({"op": "delete", "table": "ArCustomer", "key": {"Customer": gone["Customer"]}})
        self.sandbox.control.change([{"company": _COMPANY, **change} for change in changes])

    @override
    def source(self) -> Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]:
        customers, invoices = (self.sandbox.control.rows(_COMPANY, name) for name in ("ArCustomer", "ApInvoice"))
        return {
            "customers": {(_COMPANY, row["Customer"]): {"Name": row["Name"]} for row in customers},
            "ap_invoices": {
                (_COMPANY, row["Supplier"], row["Invoice"]): {"OrigInvValue": row["OrigInvValue"]} for row in invoices
            },
        }


class SapTables(Tap):
    """Suppliers, and ledger lines by their change."""

    name = "sap/tap"
    system: ClassVar[Literal["sap"]] = "sap"
    command = "tap-sap-s4hana"
    posts = ("GET", "(Supplier|GLAccountLineItem)[?]")
    streams: ClassVar[Mapping[str, Sequence[str]]] = {
        "suppliers": ("Supplier", "SupplierFullName"),
        "gl_account_line_items": (_AMOUNT, "GLAccount"),
    }

    @override
    def draw_settings(self, rng: Random) -> dict[str, Any]:
        return {"page_size": rng.choice([7, 100, 1000])}

    @override
    def config(self, settings: dict[str, Any]) -> dict[str, Any]:
        info = self.sandbox.info["sap"]
        own = {name: value for name, value in settings.items() if name != "settle_seconds"}
        logon = {"username": info["username"], "password": info["password"]}
        return {"api_url": info["url"], "coordination_url": f"sqlite:///{self.folder}/coordination.db", **logon, **own}

    @override
    def revise(self, rng: Random) -> None:
        amount = f"{rng.randint(1, 99999) / 100:.2f}"
        lines = [
            {"account": "63000000", "amount": amount, "cost_center": "10100101"},
            {"account": "31000000", "amount": f"-{amount}"},
        ]
        self.sandbox.control.sap_entry("1010", "2026-11-20", lines)

    @override
    def source(self) -> Mapping[str, Mapping[tuple[Any, ...], Mapping[str, Any]]]:
        control = self.sandbox.control
        keys = self._keys["gl_account_line_items"]
        return {
            "suppliers": {
                (row["Supplier"],): {"SupplierFullName": row["SupplierFullName"]}
                for row in control.sap_rows("Supplier")
            },
            "gl_account_line_items": {
                tuple(row.get(name, row["Ledger"]) for name in keys): {
                    _AMOUNT: row[_AMOUNT]
                }  # SourceLedger is the same
                for row in control.sap_rows("JournalLine")
                if row["Ledger"] == "0L"
            },
        }
