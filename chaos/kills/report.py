"""The points counted, as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
from rich.table import Table

from chaos.kills.chain import Chain, Violation
from chaos.kills.points import ANSWER


class Tally:
    """What has been tried so far."""

    def __init__(self) -> None:
        self.killed: Counter[tuple[str, str]] = Counter()
        self.outlived: Counter[tuple[str, str]] = Counter()
        self.made_good: Counter[str] = Counter()
        self.in_words: Counter[str] = Counter()
        self.violations: list[Violation] = []

    def add(self, chain: Chain) -> None:
        """Count a chain."""
        for point in chain.points:
            counter = self.killed if point.outcome == "killed" else self.outlived
            counter[point.subject, point.kind] += 1
        self.made_good.update(chain.recovered)
        self.in_words.update(chain.in_words)
        self.violations += chain.violations

    def points(self, *subjects: str) -> int:
        """How many processes died, of these subjects or of all."""
        return sum(times for (name, _), times in self.killed.items() if not subjects or name in subjects)

    def table(self) -> Table:
        """Per subject and kind of point: how many died, how many had ended before; how many runs made it good, in how
        many of these a person had to do what a message said, because the trail was gone.
        """
        table = Table("killed at", "point", "died", "had ended before", "made good", "by a person", "violations")
        for name in sorted({name for name, _ in (*self.killed, *self.outlived)}):
            wrong = sum(one.subject == name for one in self.violations)
            kinds = sorted({kind for one, kind in (*self.killed, *self.outlived) if one == name})
            for kind in kinds:
                table.add_row(name, kind, str(self.killed[name, kind]), str(self.outlived[name, kind]), "", "", "")
            outlived = sum(times for (one, _), times in self.outlived.items() if one == name)
            total = (
                str(self.points(name)),
                str(outlived),
                str(self.made_good[name]),
                str(self.in_words[name]),
                str(wrong),
            )
            table.add_row(name, "all", *total, end_section=True, style="bold")
        return table

    def write(self, file: Path, *, seed: int, seconds: float) -> None:
        """The same for scripts, with what must not have been in full."""
        said = {
            "seed": seed,
            "seconds": round(seconds, 1),
            "points": self.points(),
            "killed": {f"{name} {kind}": times for (name, kind), times in sorted(self.killed.items())},
            "ended_before": {f"{name} {kind}": times for (name, kind), times in sorted(self.outlived.items())},
            "made_good": dict(sorted(self.made_good.items())),
            "by_a_person": dict(sorted(self.in_words.items())),
            "violations": msgspec.to_builtins(self.violations),
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")


def told(one: Violation, seed: int) -> str:
    """A violation in words, with what repeats it."""
    lines = [f"{one.subject}: chain {one.chain}, episode {one.episode}"]
    lines += [f"  {fault}" for fault in one.found[:10]]
    for attempt in one.drawn.attempts:
        death = attempt.death
        at = f"{death.kind} {death.at} + {death.then}" if death else f"{attempt.after:.2f} of a run"
        died = "not killed" if attempt.kind == ANSWER else f"killed at {at}"
        lines.append(f"  {died}" + (", with a plan that had changed" if attempt.changes else ""))
        lines += [f"    answer {attempt.nth + 1} to a post: {attempt.fault}"] if attempt.fault else []
        lines += [f"    {attempt.then}"] if attempt.then else []
    if one.drawn.last.changes:
        lines.append("  the last run had another plan")
    lines.append(f"  again: python -m chaos kills --seed {seed} --only {one.subject} --chain {one.chain}")
    return "\n".join(lines)
