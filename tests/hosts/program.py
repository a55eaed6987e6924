"""A plugin as an orchestrator starts it: settings in a file, messages on its input, words and STATE in files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.environment import clean_environment

BIN = Path(sys.executable).parent


class Program:
    """A plugin as an orchestrator starts it."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, Any], lines: str = "") -> None:
        config, self._said, self._out = folder / f"{name}.json", folder / f"{name}.stderr", folder / f"{name}.stdout"
        config.write_text(json.dumps(settings))
        (folder / "lines").write_text(lines)
        with self._said.open("w") as said, self._out.open("w") as out, (folder / "lines").open() as given:
            command = [BIN / name, "--config", str(config)]
            own = clean_environment({"HOME": str(folder)})
            self.process = subprocess.Popen(command, stdin=given, stdout=out, stderr=said, env=own, cwd=folder)

    def said(self) -> str:
        return self._said.read_text()

    def states(self) -> list[str]:
        """A target's STATE, of its output."""
        return [line for line in self._out.read_text().splitlines() if '"mark"' in line]

    def wait(self, seconds: float = 90) -> int:
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
