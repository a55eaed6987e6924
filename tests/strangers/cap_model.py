"""A CAP project whose services have the shapes of SAP's: what `cds import` makes of their EDMX, made servable.

The EDMX comes from SAP_METADATA_DIR (SAP's own files, no part of this project) or from the sandbox's `$metadata`.
`cds import` marks what it reads as remote; here its entities get tables, and navigation properties that EDMX V2 leaves
without a condition get one: the key columns that both sides have.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tap_sap_s4hana.declarations import Declaration
from tap_sap_s4hana.shipped import SHIPPED

Csn = dict[str, Any]
V2_PATH = "/sap/opu/odata/sap"
V4_PATH = "/v4"
"""Where CAP serves the services that the adapter offers as V2 below `V2_PATH`."""
V4_FILES = {
    "/sap/opu/odata4/sap/api_cost_center/srvd_a2x/sap/costcenter/0001": "CE_COSTCENTER_0001",
    "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001": "CE_PURCHASEORDER_0001",
}


def name_of(service: str) -> str:
    """A service's file name at SAP, and its name in the model."""
    return V4_FILES.get(service) or service.rpartition("/")[2]


def services() -> dict[str, list[Declaration]]:
    """The shipped streams by the path of their service."""
    found: dict[str, list[Declaration]] = {}
    for each in SHIPPED:
        found.setdefault(each.service, []).append(each)
    return found


def write_model(project: Path, edmx: Mapping[str, bytes], environment: Mapping[str, str]) -> Csn:
    """The project's `srv/model.csn` of the services in `edmx` (by path); its definitions."""
    definitions: Csn = {}
    for path, document in edmx.items():
        name = name_of(path)
        source = project / "edmx" / f"{name}.edmx"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(document)
        imported = project / "imported" / name
        command = [
            project / "node_modules" / ".bin" / "cds",
            "import",
            str(source),
            "--out",
            str(imported),
            "--as",
            "csn",
            "--no-copy",
            "--force",
        ]
        subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
        (found,) = project.glob(f"imported/{name}*.csn")
        definitions |= served(json.loads(found.read_text())["definitions"], path, services()[path])
    (project / "srv").mkdir(exist_ok=True)
    (project / "srv" / "model.csn").write_text(json.dumps({"$version": "2.0", "definitions": definitions}))
    return definitions


def served(imported: Csn, path: str, streams: Iterable[Declaration]) -> Csn:
    """The service and its entities that streams read, with tables of their own."""
    (service,) = [name for name, each in imported.items() if each["kind"] == "service"]
    wanted = {f"{service}.{each}" for stream in streams for each in _sets(stream)}
    wanted |= {target for name in wanted for target in _on_the_way(imported, name, streams)}
    protocol = [{"kind": "odata-v4", "path": path.replace(V2_PATH, V4_PATH)}]
    found: Csn = {service: {"kind": "service", "@protocol": protocol, "@requires": "authenticated-user"}}
    for name in sorted(wanted & imported.keys()):
        found[name] = {
            "kind": "entity",
            **{key: value for key, value in imported[name].items() if key.startswith("@sap.semantics")},
            "elements": dict(_elements(imported, name, wanted)),
        }
    return found


def _sets(stream: Declaration) -> Iterable[str]:
    yield stream.entity_set
    yield from (each.entity_set for each in stream.through)
    if stream.header:
        yield stream.header.entity_set


def _on_the_way(imported: Csn, name: str, streams: Iterable[Declaration]) -> Iterable[str]:
    paths = [stream.header.path for stream in streams if stream.header] + [
        (stream.texts.path,) for stream in streams if stream.texts
    ]
    for path in paths:
        at = name
        for nav in path:
            element = imported.get(at, {}).get("elements", {}).get(nav)
            if element is None:
                break
            at = element["target"]
            yield at


def _elements(imported: Csn, name: str, wanted: set[str]) -> Iterable[tuple[str, Any]]:
    elements = imported[name]["elements"]
    for column, element in elements.items():
        if "target" in element:
            if element["target"] in wanted and _many(element):
                yield column, _joined(imported, column, element, elements)
        elif str(element.get("type", "")).startswith("cds.") and element["type"] not in {
            "cds.Binary",
            "cds.LargeBinary",
        }:
            yield column, _typed(element)


def _typed(element: Csn) -> Csn:
    kept = {"key", "type", "length", "precision", "scale", "notNull"}
    return {key: value for key, value in element.items() if key in kept or key.startswith("@sap.")}


def _many(element: Csn) -> bool:
    return element.get("cardinality", {}).get("max") == "*"


def _joined(imported: Csn, column: str, element: Csn, own: Csn) -> Csn:
    """The navigation property with the condition that both sides' columns suggest."""
    there = imported[element["target"]]["elements"]
    keys = [name for name, each in own.items() if each.get("key")]
    pairs = [(name, name if name in there else name.replace("PurchaseOrder", "PurchasingDocument")) for name in keys]
    condition: list[Any] = []
    for mine, theirs in pairs:
        if theirs in there:
            condition += ["and"] * bool(condition) + [{"ref": [column, theirs]}, "=", {"ref": [mine]}]
    return {
        "type": "cds.Association",
        "target": element["target"],
        "cardinality": {"max": "*"},
        "on": condition,
    }


def sap_metadata() -> dict[str, bytes]:
    """SAP's own EDMX by service path, as far as SAP_METADATA_DIR has it."""
    folder = os.environ.get("SAP_METADATA_DIR", "")
    found = {path: Path(folder) / f"{name_of(path)}.edmx" for path in services()} if folder else {}
    return {path: file.read_bytes() for path, file in found.items() if file.exists()}
