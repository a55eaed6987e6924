"""Meltano's plugin definitions, made from what each plugin says of itself: `make definitions` after a setting changed.

A test compares them, so that `meltano.yml` never lacks a setting that a plugin has.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
PLUGINS = {
    "tap-anaplan": ("extractors", "Anaplan"),
    "tap-sap-s4hana": ("extractors", "SAP S/4HANA"),
    "tap-syspro": ("extractors", "SYSPRO"),
    "target-anaplan": ("loaders", "Anaplan"),
    "target-sap-s4hana": ("loaders", "SAP S/4HANA"),
    "target-syspro": ("loaders", "SYSPRO"),
}
# Meltano 4.4 reads its kind "decimal" but can't write it to a plugin's configuration: a number travels as text.
KINDS = {"integer": "integer", "number": "string", "boolean": "boolean", "array": "array", "object": "object"}
# Those of the SDK's that Meltano knows.
CAPABILITIES = (
    "catalog",
    "state",
    "discover",
    "about",
    "activate-version",
    "stream-maps",
    "schema-flattening",
    "validate-records",
    "structured-logging",
)


def about(plugin: str) -> dict[str, Any]:
    """A plugin's own description."""
    command = [str(Path(sys.executable).parent / plugin), "--about", "--format", "json"]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own plugins
    return found


def setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One setting as Meltano writes it."""
    types = schema.get("type", "string")
    kind = next((KINDS[t] for t in ([types] if isinstance(types, str) else types) if t in KINDS), "string")
    entry: dict[str, Any] = {"name": name, "kind": kind}
    if schema.get("enum"):
        entry |= {"kind": "options", "options": [{"label": str(v), "value": v} for v in schema["enum"]]}
    elif schema.get("format") == "date":
        entry["kind"] = "date_iso8601"
    if schema.get("description"):
        entry["description"] = schema["description"].removeprefix("[BETA, Optional] ").strip()
    if schema.get("writeOnly"):
        entry["sensitive"] = True
    return entry


def definition(plugin: str) -> str:
    """The YAML file of one plugin."""
    kind, label = PLUGINS[plugin]
    own = about(plugin)
    entry = {
        "name": plugin,
        "namespace": plugin.replace("-", "_"),
        "label": label,
        "description": own["description"],
        "pip_url": f"-c constraints.txt -e ./{plugin}",
        "executable": plugin,
        "capabilities": [c for c in CAPABILITIES if c in own["capabilities"]],
        "settings": [setting(name, schema) for name, schema in own["settings"]["properties"].items()],
    }
    head = "# Made from the plugin's own description: run `make definitions` after a setting changed.\n"
    return head + yaml.safe_dump({"plugins": {kind: [entry]}}, sort_keys=False, allow_unicode=True, width=120)


def main() -> None:
    """Write all of them."""
    for plugin in PLUGINS:
        (HERE / f"{plugin}.yml").write_text(definition(plugin), encoding="utf-8")


if __name__ == "__main__":
    main()
