"""The kit's own commands, each call in a process of its own and in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canaries.search import Search

from demo.environment import clean_environment

BIN = Path(sys.executable).parent
_OWN = ("AUDIT_URL", "AUDIT_KEY", "COORDINATION_URL", "CONNECTOR_SECRETS_FILE", "CONNECTOR_SECRETS_KEY")
# What a defect deep inside says: all that the process was given.
_DEFECT = """
import os, sys
import {module} as command
import connector_kit.{broken} as broken
def defect(*arguments, **options):
    try:
        {{}}[repr((arguments, options, sys.argv, os.environ.get("AUDIT_KEY"), os.environ.get("AUDIT_URL")))]
    except KeyError as error:
        raise RuntimeError(f"what nobody expected: {{error}}") from error
broken.{function} = defect
sys.argv = [{name!r}, *sys.argv[1:]]
command.main()
"""


@dataclass
class Call:
    """What a call said, its exit code, and what of the secrets it left behind."""

    code: int
    said: str
    leaks: list[str]


@dataclass
class Caller:
    """Calls commands and searches what they say and write."""

    folder: Path
    calls: int = 0
    searched: list[Path] = field(default_factory=list)

    def __call__(
        self,
        command: list[str],
        secrets: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
        *,
        stdin: str = "",
    ) -> Call:
        """Call `command`, its words after the interpreter's or the program's name, and search its folder.

        Files in which a secret belongs (the key file) are to be made outside of it.
        """
        self.calls += 1
        folder = self.folder / str(self.calls)
        folder.mkdir()
        outside = {"HOME": str(folder), "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder), **(environment or {})}
        clean = {name: value for name, value in clean_environment({}).items() if name not in _OWN}
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=folder,
            env=clean | outside,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        (folder / "said").write_text(said)
        return Call(done.returncode, said, Search(dict(secrets)).in_folder(folder))


def defect(name: str, module: str, broken: str, function: str) -> list[str]:
    """The words that call a command whose `function` of module `broken` has a defect."""
    return ["python", "-c", _DEFECT.format(name=name, module=module, broken=broken, function=function)]
