"""What plugins warn of, poll after poll: a warning that comes every night and means nothing hides the one that does."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"^[\d: ,-]+\| (WARNING|ERROR|CRITICAL) *\| (.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\w*\d[\w.:,/+-]*|'[^']*'|\"[^\"]*\"")
_NIGHTS = 5  # so many polls in a row are no coincidence


def warnings_in(text: str) -> dict[str, str]:
    """Warnings and errors of a log, each once: without what differs from night to night, and as it was written."""
    return {f"{match[1]} {_VARIABLE.sub('#', match[2]).strip()}": match[0] for match in _LINE.finditer(text)}


@dataclass
class Noise:
    """The warnings of all polls by flow."""

    counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    longest: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    _streaks: dict[tuple[str, str], int] = field(default_factory=dict)

    def hear(self, flow: str, text: str) -> None:
        """What a poll's processes wrote."""
        said = {(flow, line): example for line, example in warnings_in(text).items()}
        for key, example in said.items():
            self.counts[key] += 1
            self._streaks[key] = self._streaks.get(key, 0) + 1
            self.longest[key] = max(self.longest[key], self._streaks[key])
            self.examples.setdefault(key, example)
        for key in [key for key in self._streaks if key[0] == flow and key not in said]:
            del self._streaks[key]

    def repeated(self, reasons: Mapping[str, str]) -> list[str]:
        """Warnings of many polls in a row without a reason, a line each. ``reasons``: patterns, and why they may."""
        return [
            f"{flow}: {nights} polls in a row warned: {self.examples[flow, line]}"
            for (flow, line), nights in sorted(self.longest.items())
            if nights >= _NIGHTS and not any(re.search(pattern, line) for pattern in reasons)
        ]
