"""A block of records into SYSPRO: read what stands, decide, write it down in the trail, send, read again, settle.

From the trail is known what was delivered last. With `on_conflict: overwrite` its digest is that of the owned values as
they were sent: records with equal ones are not even read. With `keep` and `reject` it is that of the owned values as
SYSPRO held them afterwards: when SYSPRO holds others now, somebody changed them there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from connector_kit.audit.keys import key_hash, row_digest
from connector_kit.audit.types import DELIVERED, FAILED, VALIDATED, Block, Rejected
from connector_kit.singer.target import stopped
from connector_kit.syspro.upkeep import Key, Record, Refusal, normal, plain
from target_syspro.deciding import Decision, carried, decide, digest, owned

if TYPE_CHECKING:
    from connector_kit.audit import Batch
    from connector_kit.syspro.session import Method
    from target_syspro.kept import Kept
    from target_syspro.waiting import Row

_AT_ONCE = 20  # records between two looks at whether the run is to stop


@dataclass(frozen=True, slots=True)
class _Planned:
    row: Row
    decision: Decision
    digest: bytes


def deliver_block(kept: Kept, rows: Sequence[Row]) -> None:
    """Bring rows into SYSPRO; of those with the same key the last counts."""
    latest = {plain(row.place): row for row in rows}
    wanted = [row for row in latest.values() if row.values is not None and _fits(kept, row)]
    gone = [row for row in latest.values() if row.values is None]
    planned = list(_planned(kept, wanted))
    if planned:
        _carry_out(kept, planned)
    if gone:
        _delete(kept, gone)


def _texts(kept: Kept, row: Row) -> dict[str, str]:
    return dict(zip([column.name for column in kept.keeping.columns], row.values or (), strict=True))


def _fits(kept: Kept, row: Row) -> bool:
    """Whether SYSPRO can take the record's values at all; otherwise it is refused."""
    master = kept.keeping.master
    named = [*zip(master.key, row.place, strict=True), *_texts(kept, row).items()]
    faults = [fault for name, text in named if (fault := master.field_of(name).fault(text, kept.on_strange))]
    faults += [f"{name} is blank" for name, text in zip(master.key, row.place, strict=True) if not text]
    if faults:
        reason = faults[0].partition(":")[0]
        kept.refuse(Rejected(None, row.key, f"{reason} does not fit", "; ".join(faults), row.raw.encode()))
    return not faults


def _planned(kept: Kept, rows: Sequence[Row]) -> Iterator[_Planned]:
    """What has to be done, and what stands right but is not in the trail. What can't be done is refused."""
    keeping, trail, scope = kept.keeping, kept.services.trail, kept.scope
    watching = keeping.on_conflict != "overwrite"
    hashes = [key_hash(row.key) for row in rows]
    sent = [digest(keeping.master, owned(keeping, carried(keeping, _texts(kept, row)))) for row in rows]
    same = set() if watching else trail.unchanged(scope, hashes, sent)
    asked = [at for at in range(len(rows)) if at not in same or keeping.recheck]
    kept.tally["unchanged"] += len(rows) - len(asked)
    names = [column.name for column in keeping.columns]
    current = kept.upkeep.read([rows[at].place for at in asked], names)
    clean, known = set[int](), set[int]()
    if watching:
        held = [digest(keeping.master, owned(keeping, current.get(row.place, {}))) for row in rows]
        clean, known = trail.unchanged(scope, hashes, held), trail.known(scope, hashes)
    for at in asked:
        texts, stands = _texts(kept, rows[at]), current.get(rows[at].place)
        decision = decide(keeping, texts, stands, changed_there=at in known - clean)
        if decision.refusal is not None:
            _refuse(kept, rows[at], decision.refusal)
        elif decision.verdict == "kept":
            kept.tally["kept"] += 1
        elif decision.verdict == "agrees" and at in (clean if watching else same):
            kept.tally["unchanged"] += 1
        else:
            after = {**(stands or dict.fromkeys(texts, "")), **decision.values}
            image = digest(keeping.master, owned(keeping, after)) if watching else sent[at]
            yield _Planned(rows[at], decision, image)


def _refuse(kept: Kept, row: Row, refusal: Refusal) -> None:
    message = f"{kept.keeping.master.name} {'/'.join(row.place)}: {refusal.message}"
    kept.refuse(Rejected(None, row.key, refusal.reason, message, row.raw.encode()))


def _carry_out(kept: Kept, planned: Sequence[_Planned]) -> None:
    batch = kept.begin_batch()
    rows = [one.row for one in planned]
    _add(batch, rows, [one.digest for one in planned])
    refused: dict[Key, Refusal] = {}

    def send() -> None:
        for method in ("add", "update"):
            some = [one for one in planned if one.decision.verdict == method]
            refused.update(_send(kept, method, [Record(one.row.place, one.decision.values) for one in some]))
        if not kept.services.validate_only:
            refused.update(_not_held(kept, [one for one in planned if one.row.place not in refused]))
        done = Counter(one.decision.verdict for one in planned if one.row.place not in refused)
        kept.tally.update(added=done["add"], updated=done["update"], agreed=done["agrees"])

    _settled(kept, batch, rows, refused, send)


def _delete(kept: Kept, rows: Sequence[Row]) -> None:
    """Records that are not there any more are deleted already."""
    there = kept.upkeep.read([row.place for row in rows], ()) if kept.keeping.master.table else None
    batch = kept.begin_batch(deletes=True)
    _add(batch, rows, [row_digest(b"")] * len(rows))
    refused: dict[Key, Refusal] = {}
    records = [Record(row.place, {}) for row in rows if there is None or row.place in there]

    def send() -> None:
        refused.update(_send(kept, "delete", records))
        kept.tally["deleted"] += len(rows) - len(refused)

    _settled(kept, batch, rows, refused, send)


def _add(batch: Batch, rows: Sequence[Row], digests: Sequence[bytes]) -> None:
    keys = [row.key for row in rows]
    batch.add(Block(0, keys, list(map(key_hash, keys)), digests, [row.raw.encode() for row in rows]))


def _send(kept: Kept, method: Method, records: Sequence[Record]) -> Mapping[Key, Refusal]:
    refused: dict[Key, Refusal] = {}
    left = iter(records)
    while some := list(islice(left, _AT_ONCE)):
        if kept.services.stopping.is_set():
            raise stopped()
        refused.update(kept.upkeep.send(method, some))
    return refused


def _not_held(kept: Kept, planned: Sequence[_Planned]) -> Mapping[Key, Refusal]:
    """Records of which SYSPRO does not hold what it took: it ignores elements that it does not know."""
    master = kept.keeping.master
    sent = [one for one in planned if one.decision.values]
    names = list(dict.fromkeys(name for one in sent for name in one.decision.values))
    if not sent or not master.table:
        return {}
    held = kept.upkeep.read([one.row.place for one in sent], names)
    wrong: dict[Key, Refusal] = {}
    for one in sent:
        there = held.get(one.row.place, {})
        different = [
            (name, text, there.get(name, ""))
            for name, text in one.decision.values.items()
            if normal(master.field_of(name), text) != there.get(name)
        ]
        if different:
            told = "; ".join(f"{name} is {found!r}, not {text!r}" for name, text, found in different)
            reason = f"accepted, but not held: {', '.join(name for name, *_ in different)}"
            wrong[one.row.place] = Refusal(reason, f"SYSPRO accepted it, but {told}")
    return wrong


def _settled(
    kept: Kept, batch: Batch, rows: Sequence[Row], refused: Mapping[Key, Refusal], send: Callable[[], None]
) -> None:
    """Send, and say in the trail what became of every row."""
    validating = kept.services.validate_only
    if not validating:
        batch.sending(action=kept.keeping.master.name)
    try:
        send()
    except BaseException as error:
        with suppress(Exception):  # the first error is the one to tell
            batch.settle(outcome=FAILED, counts=kept.counts(), message=str(error) or type(error).__name__)
        raise
    rejects = []
    for seq, row in enumerate(rows):
        if refusal := refused.get(row.place):
            kept.note_rejected(refusal.reason)
            message = f"{kept.keeping.master.name} {'/'.join(row.place)}: {refusal.message}"
            rejects.append(Rejected(seq, row.key, refusal.reason, message))
    settled = batch.settle(outcome=VALIDATED if validating else DELIVERED, counts=kept.counts(), rejects=rejects)
    kept.tally["repaired"] += settled.repaired
