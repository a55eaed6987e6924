"""Records, outcomes and STATE of a run, against what the trail says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaos.weather.keys import PLACES
from chaos.weather.seen import Part, Seen


def one_outcome_for_each_record(seen: Seen) -> Iterator[str]:
    """Of a run that ended well, the trail counts every record that the tap wrote, each with one outcome."""
    for part in seen.parts:
        if not part.well or not part.trail:
            continue
        records = part.records()
        for action in part.trail["actions"]:
            name, written = f"{part.name}: {action['stream']} into {action['action']}", records[action["stream"]]
            if action["deleted"]:
                continue
            if action["read"] != written:
                yield f"{name}: the tap wrote {written} records, the trail read {action['read']}"
            told = sum(action[name] for name in ("unchanged", "filtered", "delivered", "rejected"))
            told += sum(action["counts"].get(name, 0) for name in ("repeated", "overtaken", "outdated"))
            if told != action["read"]:
                yield f"{name}: {action['read']} records were read, {told} have an outcome"


def state_not_ahead(seen: Seen) -> Iterator[str]:
    """What the target wrote as STATE came from the tap, and behind it nothing before it waits for an outcome."""
    for part in seen.parts:
        came = [line["value"] for line in part.tap_lines if line.get("type") == "STATE"]
        for state in part.states:
            if state not in came:
                yield f"{part.name}: the target wrote a STATE that the tap never did"
        if part.states and part.trail and part.trail.get("outcome") in {"", "running", "unknown"}:
            yield f"{part.name}: STATE left the target, and the trail knows no outcome of the run"


def no_unproven_activation(seen: Seen) -> Iterator[str]:
    """ACTIVATE_VERSION says that what did not come is gone: what stands in the ERP and in Anaplan must have come."""
    for part in seen.parts:
        for line in _activations(part):
            stream, version = str(line["stream"]), line.get("version")
            name = PLACES.get((seen.system, stream), "")
            if not name or (stream, version) not in seen.came:
                continue
            stood = (
                seen.before.erp[name].keys() & seen.after.erp[name].keys() & seen.before.anaplan.get(name, {}).keys()
            )
            missing = sorted(stood - seen.came[stream, version])
            if missing:
                yield f"{part.name}: {stream}: ACTIVATE_VERSION, and {len(missing)} had not come, such as {missing[0]}"


def _activations(part: Part) -> Iterator[Mapping[str, Any]]:
    """Those behind records: the others prove nothing, and targets take them so."""
    begun = set()
    for line in part.tap_lines:
        if line.get("type") == "RECORD":
            begun.add(line["stream"])
        elif line.get("type") == "ACTIVATE_VERSION" and line["stream"] in begun:
            yield line
