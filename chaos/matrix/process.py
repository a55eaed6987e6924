"""A command of a plugin as a user starts it: arguments, files, an exit code, what it wrote and what it left behind."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.world.process import Surroundings, Watch, start


@dataclass(frozen=True, slots=True)
class Ran:
    """How a process ended: its exit code (None: it had to be killed), what it wrote, what it left in its folder for
    temporary files. `seconds` are real ones.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    left: tuple[str, ...]


def run(
    command: str,
    arguments: Sequence[str],
    folder: Path,
    text: str | bytes = "",
    *,
    clock: Path | None = None,
    seconds: float = 150.0,
) -> Ran:
    """Run a plugin's command in `folder`, with `text` as its input; after so many real seconds it is killed.

    clock: the file of the time that it shares with the sandbox.
    """
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    (folder / "in").write_bytes(text.encode() if isinstance(text, str) else text)
    variables = {"TMPDIR": str(temporary), "HOME": str(folder), "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    begun = time.monotonic()
    with (folder / "in").open() as given, (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        files = (given.fileno(), out.fileno(), err.fileno())
        process = start(
            command, arguments, files, Surroundings(variables, folder, clock=clock), Watch(folder / "steps")
        )
    process.join(seconds)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    process.close()
    left = tuple(sorted(path.name for path in temporary.iterdir()))
    said = [(folder / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err")]
    return Ran(code, said[0], said[1], time.monotonic() - begun, left)
