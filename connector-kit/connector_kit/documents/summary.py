"""What a run did with a recipe's rows and documents: counted, and in lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from connector_kit.documents.model import Posted
from connector_kit.singer.outcomes import Line

_SHOWN = 20
_REASONS = 5


@dataclass(slots=True)
class Tally:
    """What became of a recipe's rows and documents in this run."""

    read: int = 0
    removed: int = 0
    filtered: int = 0
    replaced: int = 0
    outdated: int = 0
    rejected: int = 0
    unchanged: int = 0
    posted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    validated: int = 0
    refused: int = 0
    missing: int = 0
    repaired: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    def counts(self, *, stands: bool = False) -> dict[str, object]:
        """For the trail; ``stands``: nothing was sent, and every row that is meant is in a document that stands."""
        rows = {"read": self.read, "filtered": self.filtered, "replaced": self.replaced, "outdated": self.outdated}
        rows["unchanged"] = self.read - self.filtered - self.outdated if stands else 0
        documents = {
            "unchanged": self.unchanged,
            **{f"posted {kind}": count for kind, count in sorted(self.posted.items())},
            **{f"found {kind}": count for kind, count in sorted(self.found.items())},
            "validated": self.validated,
            "refused": self.refused,
            "differing between ERP and trail": self.missing,
        }
        return {
            **{name: count for name, count in rows.items() if count},
            "documents": {name: count for name, count in documents.items() if count},
        }

    def note_refused(self, reason: str, title: str, text: str) -> None:
        """Count a refused document under its reason, and keep the first one's words for people."""
        self.refused += 1
        self.reasons[reason] += 1
        if text != reason:
            self.examples.setdefault(reason, f"{title}: {text}")

    def note_posted(self, kind: str, title: str, posted: Posted, *, found: bool) -> None:
        """Count a document that was posted, or found to stand already, and keep the first few for people."""
        (self.found if found else self.posted)[kind] += 1
        if len(self.numbers) < _SHOWN:
            where = " ".join(part for part in (posted.company, posted.year) if part)
            what = "found" if found else "posted"
            self.numbers.append(f"{what} {kind} {title}: document {posted.number}{f' ({where})' if where else ''}")

    @property
    def nothing_delivered(self) -> bool:
        """Whether rows or documents were refused, and no document stands."""
        standing = self.posted.total() + self.found.total() + self.unchanged + self.validated
        return bool(self.refused or self.rejected) and not standing

    @property
    def has_news(self) -> bool:
        """Whether a run has something to say of the recipe. What the source deleted is posted without a row read."""
        posted = self.posted.total() + self.found.total() + self.validated
        return bool(self.read or self.removed or posted or self.refused or self.missing)

    def lines(self, title: str) -> Iterator[Line]:
        """One line for the recipe, one per document (the first twenty), one per reason for refusals."""
        posted, found = sum(self.posted.values()), sum(self.found.values())
        parts = [f"{self.read} rows read"]
        parts += [f"{self.removed} deleted at the source"] if self.removed else []
        parts += [f"{self.filtered} filtered"] if self.filtered else []
        parts += [f"{self.replaced} replaced by later ones"] if self.replaced else []
        parts += [f"{self.outdated} outdated"] if self.outdated else []
        parts += [f"{posted} documents posted"]
        parts += [f"{found} found in the ERP"] if found else []
        parts += [f"{self.unchanged} unchanged", f"{self.refused} refused"]
        parts += [f"{self.validated} would be posted"] if self.validated else []
        parts += [f"{self.missing} differing between ERP and trail"] if self.missing else []
        parts += [f"{self.rejected} rows rejected"]
        parts += [f"{self.repaired} earlier failures repaired"] if self.repaired else []
        yield Line.of(f"{title}: {', '.join(parts)}", refused=bool(self.refused or self.rejected or self.missing))
        for line in self.numbers:
            yield Line.of(f"  {line}", refused=False)
        if posted + found > len(self.numbers):
            yield Line.of(f"  and {posted + found - len(self.numbers)} more: see `audit show`", refused=False)
        for reason, count in self.reasons.most_common(_REASONS):
            example = self.examples.get(reason)
            told = f"  {count} refused: {reason.removeprefix('refused: ')}{f' (e.g. {example})' if example else ''}"
            yield Line.of(told, refused=True)
