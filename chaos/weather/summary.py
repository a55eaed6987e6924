"""What a campaign was: events by kind, outcomes, violations with their seeds. A table, and JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from chaos.weather.campaign import Finished


@dataclass
class Summary:
    """Counts over all seeds that were played."""

    seeds: int = 0
    seconds: float = 0.0
    events: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    sentences: dict[int, str] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)

    def add(self, one: Finished) -> None:
        """One more seed."""
        self.seeds += 1
        self.seconds += one.played.seconds
        self.events += one.played.events
        self.skipped += one.played.skipped
        self.outcomes += one.played.outcomes
        for name in dict.fromkeys(violation.invariant for violation in one.played.violations):
            self.violations[name].append(one.played.seed)
        if one.played.violations:
            first = one.played.violations[0]
            self.sentences[one.played.seed] = f"{first.invariant}: {first.sentence}"
            self.files[one.played.seed] = one.file

    def line(self) -> str:
        """How far it is."""
        runs, bad = sum(self.outcomes.values()), len(self.sentences)
        each = self.seconds / max(self.seeds, 1)
        return f"{self.seeds} seeds, {sum(self.events.values())} events, {runs} runs, {each:.1f} s each, {bad} violate"

    def show(self, console: Console) -> None:
        """The table, then each seed that violates something."""
        table = Table("kind", "events", "skipped", title=self.line())
        for kind, times in sorted(self.events.items(), key=lambda pair: -pair[1]):
            table.add_row(kind, str(times), str(self.skipped[kind] or ""))
        console.print(table)
        console.print("runs:", ", ".join(f"{name} {times}" for name, times in self.outcomes.most_common()))
        for seed, sentence in sorted(self.sentences.items()):
            console.print(f"seed {seed}: {sentence}\n  {self.files[seed]}", markup=False)

    def write(self, path: Path, command: str) -> None:
        """As JSON, with the command that gives it."""
        told: dict[str, Any] = {"command": command, **msgspec.to_builtins(self)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
