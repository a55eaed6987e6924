"""What is counted of a mapping's rows in one run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Rows of a mapping in this run. `sent` = `delivered` + rejected by Anaplan + `failed`.

    overtaken: replayed, but something newer of their key came meanwhile, or stands already.
    """

    read: int = 0
    filtered: int = 0
    repeated: int = 0
    unchanged: int = 0
    overtaken: int = 0
    sent: int = 0
    delivered: int = 0
    rejected: int = 0
    failed: int = 0
    deleted: int = 0
    repaired: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def nothing_delivered(self) -> bool:
        """Whether rows were refused, and nothing of the mapping is where it belongs."""
        return bool(self.rejected) and not (self.delivered or self.unchanged or self.overtaken or self.deleted)

    def reject(self, reason: str, sample: str, count: int = 1) -> None:
        """Count a rejected row under its reason, and keep a few examples."""
        self.rejected += count
        self.reasons[reason] += count
        if sample and len(known := self.samples.setdefault(reason, [])) < 3 and sample not in known:
            known.append(sample)
