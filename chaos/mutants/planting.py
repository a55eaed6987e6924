"""A mutant: passages of the product's code and what stands there instead, in a copy that is imported first."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent.parent


class Edit(msgspec.Struct, frozen=True):
    """``old`` stands once in a file, and ``new`` takes its place. file: from the root."""

    file: str
    old: str
    new: str


class Mutant(msgspec.Struct, frozen=True):
    """A bug. name: for the command; says: what is wrong, in a sentence; flow: the one to play, for what runs in it."""

    name: str
    says: str
    edits: tuple[Edit, ...]
    flow: str = ""

    def outdated(self, root: Path = ROOT) -> list[str]:
        """Edits that fit the code no more: the mutant has to be renewed."""
        return [
            f"{self.name}: {edit.file} has this {times} times: {edit.old.strip().splitlines()[0]}"
            for edit in self.edits
            if (times := _text(root / edit.file).count(edit.old)) != 1
        ]


def plant(mutant: Mutant, folder: Path, root: Path = ROOT) -> Path:
    """Copy the packages that the mutant changes into a folder, changed; the folder goes first on the path.

    Raises:
        ValueError: it fits the code no more.
    """
    if outdated := mutant.outdated(root):
        raise ValueError("; ".join(outdated))
    for edit in mutant.edits:
        distribution, package, *_ = Path(edit.file).parts
        if not (folder / package).exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / distribution / package, folder / package, ignore=ignored)
        file = folder / Path(edit.file).relative_to(distribution)
        file.write_text(_text(file).replace(edit.old, edit.new), encoding="utf-8")
    return folder


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
