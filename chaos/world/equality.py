"""Both sides of a flow compared, without what the audit trail explains: readings that know nothing of the plugins."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from demo.reconcile import approved, sap, syspro
from demo.reconcile.core import Comparison
from testkit import shipped

if TYPE_CHECKING:
    from chaos.world.world import World

_EVERY = "1000000"  # samples per reason: all of them


def differences(world: World, flow: str) -> list[str]:
    """Where a flow's two sides differ, a line each, but for rows that the trail calls failures; [] when nowhere."""
    return [f"{one.name}: {line}" for one in compare(world, flow) for line in one.differences]


def compare(world: World, flow: str) -> list[Comparison]:
    """All comparisons of a flow: lists, modules, totals, documents. KeyError: no such flow."""
    return _FLOWS[flow](world)


def failures(world: World, target: str) -> Mapping[str, Collection[tuple[str, ...]]]:
    """The open failures of a target plugin, as the command `audit` tells them: keys by stream."""
    said = world.command("audit", "failures", "--json", "--samples", _EVERY, "--plugin", shipped.command_of(target))
    if "expected a trail, got no" in said.stderr:  # nothing has run yet, or it is lost: nothing is explained
        return {}
    if said.code:
        raise RuntimeError(f"audit failures: exit code {said.code}: {said.stderr}")
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in json.loads(said.stdout)["failures"]:
        found[one["stream"]] |= {tuple(map(str, json.loads(sample["key"]))) for sample in one["samples"]}
    return found


def _from_syspro(world: World) -> list[Comparison]:
    open_failures = failures(world, "target-anaplan--syspro")
    refused = {syspro.anaplan_key(stream, key) for stream, keys in open_failures.items() for key in keys}
    return syspro.compare(world.sandbox.control, world.sandbox.info["syspro"]["companies"], refused)


def _from_sap(world: World) -> list[Comparison]:
    open_failures = failures(world, "target-anaplan--sap")
    refused = {sap.anaplan_key(stream, key) for stream, keys in open_failures.items() for key in keys}
    return sap.compare(world.sandbox.control, _model(world), refused)


def _into_sap(world: World) -> list[Comparison]:
    target = "target-sap-s4hana--plan"
    user, offset = world.sandbox.info["sap"]["username"], _offset(target)
    return approved.compare_sap(world.sandbox.control, _model(world), user, offset, failures(world, target))


def _into_syspro(world: World) -> list[Comparison]:
    target, company = "target-syspro--plan", world.sandbox.info["syspro"]["companies"][0]
    return approved.compare_syspro(world.sandbox.control, company, _offset(target), failures(world, target))


def _model(world: World) -> str:
    return str(world.sandbox.info["anaplan"]["models"]["S4 Finance"])


def _offset(target: str) -> str:
    (journal,) = [one for one in shipped.config_of(target)["documents"] if "offset" in one]
    return str(journal["offset"]["account"])


_FLOWS = {
    "syspro-to-anaplan": _from_syspro,
    "sap-to-anaplan": _from_sap,
    "plan-to-sap": _into_sap,
    "plan-to-syspro": _into_syspro,
}
