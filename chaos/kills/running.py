"""One run of a plugin's command, from its files to its end."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import msgspec

from chaos.kills.steps import Death, Steps
from chaos.kills.subject import Subject
from chaos.world.process import Surroundings, Watch, start
from testkit.forked import PRODUCT

_HANGS = 120.0


class Ended(msgspec.Struct, frozen=True):
    """How it ended. code: the exit code, negative after a signal. steps: counted by one that came to its end."""

    code: int
    out: list[str]
    err: str
    seconds: float
    steps: dict[str, int]

    @property
    def killed(self) -> bool:
        """Whether it died."""
        return self.code < 0

    @property
    def last_words(self) -> str:
        """The last line on stderr."""
        return (self.err.rstrip().splitlines() or ["nothing on stderr"])[-1]


def run(
    subject: Subject,
    settings: dict[str, Any],
    *,
    version: int,
    death: Death | None = None,
    after: float | None = None,
    counted: bool = False,
) -> Ended:
    """Run the subject's plugin once. death: at which step it dies; after: or after so many seconds.

    Raises:
        TimeoutError: it came to no end.
    """
    given, out, errors, steps = (subject.folder / name for name in ("stdin", "stdout", "stderr", "steps.json"))
    given.write_text(subject.messages(version), encoding="utf-8")
    config = subject.folder / "config.json"
    config.write_text(json.dumps(subject.config(settings)), encoding="utf-8")
    steps.unlink(missing_ok=True)
    begun = time.monotonic()
    counting = Steps(steps, PRODUCT, death) if counted or death else None
    watch = Watch(subject.folder / "acts", begin=counting)
    surroundings = Surroundings(dict(os.environ), subject.folder)
    with given.open("rb") as stdin, out.open("wb") as stdout, errors.open("wb") as stderr:
        files = (stdin.fileno(), stdout.fileno(), stderr.fileno())
        process = start(subject.command, ["--config", str(config), *subject.arguments()], files, surroundings, watch)
    process.join(_HANGS if after is None else after)
    if process.is_alive():
        process.kill()
        process.join()
        if after is None:
            raise TimeoutError(f"{subject.command}: no end within {_HANGS:.0f} s: {errors.read_text()[-2000:]}")
    return Ended(
        code=process.exitcode or 0,
        out=out.read_text(encoding="utf-8").splitlines(),
        err=errors.read_text(encoding="utf-8"),
        seconds=time.monotonic() - begun,
        steps=msgspec.json.decode(steps.read_bytes() if steps.exists() else b"{}", type=dict[str, int]),
    )
