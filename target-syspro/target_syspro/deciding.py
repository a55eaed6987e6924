"""What becomes of one record: what the source says beside what SYSPRO holds, and the rules of the entry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from connector_kit.audit.keys import row_digest
from connector_kit.syspro.masters import SetupObject
from connector_kit.syspro.upkeep import Refusal, normal
from target_syspro.keeping import Keeping

Verdict = Literal["add", "update", "agrees", "kept", "refused"]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """verdict: what to do; "agrees": SYSPRO holds what it should. values: the elements to send."""

    verdict: Verdict
    values: Texts = field(default_factory=dict)
    refusal: Refusal | None = None


def carried(keeping: Keeping, wanted: Texts) -> dict[str, str]:
    """The elements that a record says something about: blank ones only where blanks clear."""
    return {name: text for name, text in wanted.items() if text or keeping.clear_blanks}


def owned(keeping: Keeping, texts: Texts) -> dict[str, str]:
    """Those of the elements that updates may touch."""
    return {name: text for name, text in texts.items() if name in keeping.owns}


def digest(master: SetupObject, texts: Texts) -> bytes:
    """Changes when a value changes; not with blanks and zeros that mean nothing."""
    facts = sorted((name, normal(master.field_of(name), text)) for name, text in texts.items())
    return row_digest(msgspec.json.encode(facts))


def decide(keeping: Keeping, wanted: Texts, current: Texts | None, *, changed_there: bool) -> Decision:
    """What to do with a record.

    Args:
        keeping: the entry.
        wanted: the texts of all its elements.
        current: what SYSPRO holds, as `normal` texts; None when the record is not there, or can't be read.
        changed_there: whether somebody changed owned elements in SYSPRO since we wrote them.
    """
    master, said = keeping.master, carried(keeping, wanted)
    if not master.table:
        method: Verdict = "add" if keeping.mode == "add_only" else "update"
        return Decision(method, said if method == "add" else owned(keeping, said))
    if current is None:
        if keeping.mode == "update_only":
            return Decision("refused", refusal=Refusal("not in SYSPRO", "not in SYSPRO, and mode is update_only"))
        return Decision("add", {name: text for name, text in said.items() if text})
    if keeping.mode == "add_only":
        return Decision("agrees")
    return _changed(keeping, owned(keeping, said), current, changed_there=changed_there)


def _changed(keeping: Keeping, said: Texts, current: Texts, *, changed_there: bool) -> Decision:
    def differs(name: str, text: str) -> bool:
        return normal(keeping.master.field_of(name), text) != current.get(name)

    differing = {name: text for name, text in said.items() if differs(name, text)}
    if not differing:
        return Decision("agrees")
    if not changed_there or keeping.on_conflict == "overwrite":
        return Decision("update", differing)
    if keeping.on_conflict == "keep":
        return Decision("kept")
    told = "; ".join(f"{name} is {current.get(name)!r} there, {text!r} here" for name, text in differing.items())
    reason = "changed in SYSPRO since it was last written"
    return Decision("refused", refusal=Refusal(reason, f"{reason}: {told}; on_conflict is reject"))
