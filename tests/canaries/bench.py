"""One plugin run again and again, and what its runs left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canaries.plugins import Plugin
from canaries.search import Search

from connector_kit.audit import Trail
from demo.environment import ROOT, clean_environment


@dataclass
class Case:
    """A run: its exit code, and where its files are."""

    name: str
    folder: Path
    code: int
    leaks: list[str]

    @property
    def said(self) -> str:
        return (self.folder / "stdout").read_text() + (self.folder / "stderr").read_text()


@dataclass
class Bench:
    """A plugin that is imported once and forked for each run."""

    plugin: Plugin
    folder: Path
    cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked.py")), self.plugin.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean_environment({"PYTHONWARNINGS": "always"}),
        )

        # Making the trail's tables takes longer than a run that fails.
        Trail.open(f"sqlite:///{self.folder / 'trail.db'}").close()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def databases(self, folder: Path) -> dict[str, str]:
        return {name: f"sqlite:///{folder / name}.db" for name in self.plugin.databases}

    def run(
        self,
        name: str,
        settings: dict[str, Any] | str,
        secrets: dict[str, str],
        *options: str,
        environment: dict[str, str] | None = None,
        issued: dict[str, str] | None = None,
        **more: Any,
    ) -> Case:
        """Run the plugin with `settings` at log level debug, and search all it left for `secrets`.

        `issued`: a server's tokens, which fill while the plugin runs.
        """
        number = len(self.cases)
        folder, given = self.folder / f"{number}-{name}", self.folder / "given"
        for path in (folder / "spool", given):
            path.mkdir(parents=True, exist_ok=True)
        if "audit_url" in self.plugin.databases:
            shutil.copy(self.folder / "trail.db", folder / "audit_url.db")
        config, lines = given / f"{number}.json", given / f"{number}.singer"
        if isinstance(settings, dict):
            settings = {**self.databases(folder), **settings}
            if "spool_dir" in self.plugin.kind.config_jsonschema["properties"]:
                settings.setdefault("spool_dir", str(folder / "spool"))
            settings = json.dumps(settings)
        config.write_text(settings)
        lines.write_text(self.plugin.lines())
        level = f"{self.plugin.name.upper().replace('-', '_')}_LOGLEVEL"
        case = {
            "folder": str(folder),
            "stdin": str(lines) if self.plugin.messages else os.devnull,
            "arguments": ["--config", str(config), *options],
            "environment": {level: "DEBUG", "HOME": str(folder), "TMPDIR": str(folder), **(environment or {})},
            **more,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        code = json.loads(self._process.stdout.readline())
        ran = Case(name, folder, code, Search(secrets | (issued or {})).in_folder(folder))
        self.cases.append(ran)
        return ran
