"""The plugins, and every way of giving each of them secrets. A new plugin joins by a line in `PLUGINS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization

from connector_kit.audit.codec import new_key
from connector_kit.singer.plugin import secret_settings
from sandbox.core.certificate import make

Settings = dict[str, Any]
Message = Mapping[str, Any]
Way = Callable[[dict[str, str]], Settings]


def canary(name: str) -> str:
    """A value that is found again in any writing, with all that writings change: / + & " ' < % @ : and an umlaut."""
    return f"{name[:4]}{uuid4().hex[:12]}/+&\"'<ü%@:{uuid4().hex[:12]}"


@cache
def key_pair() -> tuple[bytes, bytes]:
    """A certificate and its private key, made once: it takes a moment."""
    _, certificate, plain = make("canary")
    return certificate, plain


def private_key(password: str) -> tuple[str, str]:
    """A certificate and its private key, encrypted, as PEM texts."""
    certificate, plain = key_pair()
    key = serialization.load_pem_private_key(plain, None)
    encryption = serialization.BestAvailableEncryption(password.encode())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return certificate.decode(), key.private_bytes(encoding, form, encryption).decode()


def certificate_of(secrets: dict[str, str]) -> Settings:
    """A way to log on, with new secrets added to `secrets`."""
    secrets["private_key_password"] = canary("pass")
    certificate, secrets["private_key"] = private_key(secrets["private_key_password"])
    return {"certificate": certificate, **secrets}


def password_of(*names: str, **settings: object) -> Way:
    """A way to log on whose secrets are the settings called `names`."""

    def way(secrets: dict[str, str]) -> Settings:
        secrets.update((name, canary(name)) for name in names)
        return {**settings, **secrets}

    return way


def with_trail(ways: Mapping[str, Way]) -> dict[str, Way]:
    """The same ways for a target whose trail is encrypted."""

    def keyed(way: Way) -> Way:
        def settings(secrets: dict[str, str]) -> Settings:
            found = way(secrets)
            secrets["audit_key"] = new_key()
            return {**found, "audit_key": secrets["audit_key"]}

        return settings

    return {name: keyed(way) for name, way in ways.items()}


@dataclass(frozen=True)
class Plugin:
    """A plugin: its module, its addresses' settings, what else it needs, its ways to log on, a target's input."""

    name: str
    module: str
    addresses: Sequence[str]
    settings: Settings
    ways: Mapping[str, Way]
    databases: Sequence[str] = ("coordination_url",)
    messages: Sequence[Message] = ()
    # The sandbox's system; how its own user logs on; where its answers are replaced by errors that tell secrets.
    system: str = ""
    known: Callable[[Mapping[str, Any]], Settings] = lambda info: {}
    faults: Sequence[str] = ()

    @property
    def kind(self) -> Any:
        """The plugin's class."""
        module = import_module(self.module)
        return next(v for v in vars(module).values() if getattr(v, "name", "") == self.name)

    def secret_settings(self) -> set[str]:
        """What the plugin itself declares as secret."""
        return secret_settings(self.kind.config_jsonschema)

    def lines(self) -> str:
        """A target's input."""
        return "".join(json.dumps(message) + "\n" for message in self.messages)


TEXT = {"type": ["string", "null"]}


def _rows(stream: str, key: Sequence[str], *rows: Mapping[str, object]) -> list[Message]:
    properties = {name: {"type": ["number", "null"]} if name == "Amount" else TEXT for name in rows[0]}
    schema = {"type": "object", "properties": properties}
    return [
        {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)},
        *({"type": "RECORD", "stream": stream, "record": dict(row)} for row in rows),
        {"type": "STATE", "value": {"mark": 1}},
    ]


def _anaplan(info: Mapping[str, Any]) -> Settings:
    names = ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id", "username", "password")
    return {name: info[name] for name in names}


def _sap(info: Mapping[str, Any]) -> Settings:
    return {"api_url": info["url"], "username": info["username"], "password": info["password"]}


ANAPLAN_WAYS = {
    "password": password_of("password", username="integration@example.com"),
    "certificate": certificate_of,
    "oauth": password_of("oauth_client_secret", "oauth_refresh_token", oauth_client_id="client"),
}
SAP_WAYS = {
    "password": password_of("password", username="COMM"),
    "certificate": certificate_of,
    "oauth": password_of("client_secret", client_id="client"),
}
ANAPLAN = {
    "workspace_id": "0" * 32,
    "model_id": "0" * 32,
    "rate_per_minute": 3000,
    "poll_first": 0.02,
    "poll_max": 0.05,
    "wait_seconds": 3,
}
ANAPLAN_ADDRESSES = ("api_url", "auth_url", "oauth_url")
IMPATIENT = {"timeout": 2, "max_tries": 2}

PLUGINS = [
    Plugin(
        "tap-syspro",
        "tap_syspro.tap",
        ("api_url", "enet_url"),
        {"companies": ["EDU1"], **IMPATIENT},
        {
            "odata": password_of("password", username="INTEG"),
            "enet": password_of("operator_password", "company_password", interface="enet", operator="INTEG"),
        },
        system="syspro",
        known=lambda info: {
            "api_url": info["odata_url"],
            "username": info["odata_username"],
            "password": info["odata_password"],
        },
        faults=(r"\$metadata", "GenMaster", "ApInvoice"),
    ),
    Plugin(
        "tap-sap-s4hana",
        "tap_sap_s4hana.tap",
        ("api_url", "token_url"),
        IMPATIENT,
        SAP_WAYS,
        system="sap",
        known=_sap,
        faults=("metadata", "COSTCENTER", "GLACCOUNT"),
    ),
    Plugin(
        "tap-anaplan",
        "tap_anaplan.tap",
        ANAPLAN_ADDRESSES,
        {**ANAPLAN, "exports": ["Plan Lines.csv"]},
        ANAPLAN_WAYS,
        system="anaplan",
        known=lambda info: {**_anaplan(info), "model_id": info["models"]["S4 Finance"]},
        faults=("/exports", "/tasks", "/chunks"),
    ),
    Plugin(
        "target-anaplan",
        "target_anaplan.target",
        ANAPLAN_ADDRESSES,
        {
            **ANAPLAN,
            "mappings": [
                {
                    "stream": "suppliers",
                    "import": "Suppliers from suppliers.csv",
                    "missing_columns": "blank",
                    "columns": {"Code": "Supplier", "Name": "Name"},
                }
            ],
        },
        with_trail(ANAPLAN_WAYS),
        databases=("coordination_url", "audit_url"),
        messages=_rows("suppliers", ["Supplier"], {"Supplier": "1", "Name": "A"}, {"Supplier": "2", "Name": "B"}),
        system="anaplan",
        known=_anaplan,
        faults=("/imports", "/chunks", "/tasks$", "/tasks/"),
    ),
    Plugin(
        "target-sap-s4hana",
        "target_sap_s4hana.target",
        ("api_url", "token_url"),
        {
            **IMPATIENT,
            "settle_seconds": 0.2,
            "created_by": "PLAN",
            "documents": [
                {
                    "stream": "plan",
                    "object": "journal_entry",
                    "document": ["Company", "Period"],
                    "header": {"company_code": "Company"},
                    "lines": {
                        "account": "Account",
                        "cost_center": "CostCenter",
                        "amount": "Amount",
                        "currency": "Currency",
                    },
                    "period": {"field": "Period", "format": "%b %y"},
                    "offset": {"account": "31000000"},
                }
            ],
        },
        with_trail(SAP_WAYS),
        databases=("coordination_url", "audit_url"),
        messages=_rows(
            "plan",
            ["Company", "Account", "CostCenter", "Period"],
            {
                "Company": "1010",
                "Account": "63005000",
                "CostCenter": "10100101",
                "Period": "Nov 26",
                "Amount": 12.5,
                "Currency": "EUR",
            },
        ),
        system="sap",
        known=_sap,
        faults=("/bc/srt/", "sap/opu"),
    ),
    Plugin(
        "target-syspro",
        "target_syspro.target",
        ("enet_url",),
        {
            **IMPATIENT,
            "operator": "INTEG",
            "company": "EDU1",
            "settle_seconds": 0.2,
            "documents": [
                {
                    "stream": "plan",
                    "object": "gl_journal",
                    "document": ["Period"],
                    "header": {"notation": "Period"},
                    "lines": {"account": "Account", "amount": "Amount"},
                    "period": {"field": "Period", "format": "%b %y"},
                    "offset": {"account": "00-2110"},
                }
            ],
        },
        with_trail({"enet": password_of("operator_password", "company_password")}),
        databases=("coordination_url", "audit_url"),
        messages=_rows("plan", ["Period", "Account"], {"Period": "Nov 26", "Account": "00-4010", "Amount": 12.5}),
        system="syspro",
        known=lambda info: {
            "enet_url": info["enet_url"],
            "operator": info["operator"],
            "operator_password": info["operator_password"],
        },
        faults=("Logon", "Query", "Transaction"),
    ),
]
