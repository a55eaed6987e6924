"""One target, many inputs: mutations of what is known, and of each input that went a way of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from fuzz.judge import Violation
from fuzz.mutation import mutated
from fuzz.target import Target

_MOST_SEEDS = 400


@dataclass(frozen=True)
class Find:
    """An input that breaks a promise, made small."""

    target: Target
    data: bytes
    violation: Violation

    def keep(self) -> str:
        """Add it to the corpus; the file's name there."""
        self.target.folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(self.data).hexdigest()[:12]
        (self.target.folder / name).write_bytes(self.data)
        return name


def hunt(target: Target, seed: str, examples: int) -> Iterator[Find]:
    """Finds, one for each way of breaking, among so many inputs; the same for the same seed."""
    random = Random(f"{target.name} {seed}")
    pool = [*target.seeds, *target.finds.values()]
    ways: set[str] = set()
    for data in pool:
        yield from _tried(target, data, ways)
    for _ in range(max(1, int(examples * target.share))):
        data = mutated(random, random.choice(pool), pool, target.tokens)
        known = len(ways)
        yield from _tried(target, data, ways)
        # Whoever fails in a new place is near other new places.
        if len(ways) > known and len(pool) < _MOST_SEEDS and len(data) < 50_000:
            pool.append(data)


def _tried(target: Target, data: bytes, ways: set[str]) -> Iterator[Find]:
    try:
        ways.add(target.judge(data).way)
    except Violation as violation:
        if violation.kind not in ways:
            ways.add(violation.kind)
            small = shrunk(target, data, violation.kind)
            yield Find(target, small, _violation(target, small) or violation)


def shrunk(target: Target, data: bytes, kind: str, tries: int = 1500) -> bytes:
    """A part of `data` that breaks the target in the same way: pieces are left out, halves first."""
    size = len(data) // 2
    if kind.startswith("hangs"):
        tries = 6
    while size and tries:
        at, kept = 0, False
        while at < len(data) and tries:
            tries -= 1
            smaller = data[:at] + data[at + size :]
            found = _violation(target, smaller)
            if found is not None and found.kind == kind:
                data, kept = smaller, True
            else:
                at += size
        size = min(size, len(data)) if kept and size > 1 else size // 2
    return data


def _violation(target: Target, data: bytes) -> Violation | None:
    try:
        target.judge(data)
    except Violation as violation:
        return violation
    return None
