"""A checkout of the project in a folder of its own, with the plugins' environments of this one."""

from __future__ import annotations

import shutil
from pathlib import Path

from demo.environment import ROOT


def checkout(project: Path) -> Path:
    """Make it; what Meltano writes while it runs stays in there."""
    (project / ".meltano").mkdir(parents=True)
    shutil.copy(ROOT / "meltano.yml", project)
    shutil.copytree(ROOT / "meltano", project / "meltano")
    for part in ("extractors", "loaders", "utilities"):
        (project / ".meltano" / part).symlink_to(ROOT / ".meltano" / part)
    return project
