"""The weather over a mutant, until a seed violates something."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from chaos.mutants.planting import ROOT, Mutant, plant


class Found(msgspec.Struct, frozen=True):
    """What became of a mutant. seed: that found it, None: none of `seeds` that were played; sentence: what it saw."""

    mutant: str
    says: str
    seed: int | None
    seeds: int
    invariant: str
    sentence: str
    seconds: float


class Weather:
    """The driver: `python -m chaos weather`, which stops at its first violation.

    seeds: how many, from 1 on, for each mutant; minutes: or so long.
    """

    def __init__(self, seeds: int, minutes: float | None = None) -> None:
        self._seeds = seeds
        self._minutes = minutes
        self._guilty: dict[tuple[int, str], bool] = {}
        self._asking: dict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)

    def hunt(self, mutant: Mutant) -> Found:
        """Play the seeds over the product with this bug in it, until one violates what it does not without the bug.

        Raises:
            RuntimeError: the driver said neither that it found nothing nor what it found.
        """
        began, played, first = time.monotonic(), 0, 1
        while first <= self._seeds:
            left = None if self._minutes is None else self._minutes - (time.monotonic() - began) / 60
            if left is not None and left <= 0:
                break
            report = _play(f"{first}-{self._seeds}", mutant.flow, mutant, left)
            played += int(report["seeds"])
            sentences: dict[str, str] = report["sentences"]
            if not sentences:
                break
            seed = min(map(int, sentences))
            if self._finds_without(seed, mutant.flow):
                first = seed + 1
                continue
            invariant, _, sentence = sentences[str(seed)].partition(": ")
            seconds = time.monotonic() - began
            return Found(mutant.name, mutant.says, seed, played, invariant, " ".join(sentence.split()), seconds)
        return Found(mutant.name, mutant.says, None, played, "", "", time.monotonic() - began)

    def _finds_without(self, seed: int, flow: str) -> bool:
        with self._asking[seed, flow]:
            if (seed, flow) not in self._guilty:
                self._guilty[seed, flow] = bool(_play(str(seed), flow, None, None)["sentences"])
            return self._guilty[seed, flow]


def _play(seeds: str, flow: str, mutant: Mutant | None, minutes: float | None) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    told = folder / "told"
    told.mkdir()
    command = [sys.executable, "-m", "chaos", "weather", "--seeds", seeds, "--jobs", "1", "--shrink-seconds", "0"]
    command += ["--only", flow] if flow else []
    command += ["--folder", str(told), *([] if minutes is None else ["--minutes", str(minutes)])]
    try:
        paths = [str(plant(mutant, folder / "planted")) if mutant else "", str(ROOT), os.environ.get("PYTHONPATH", "")]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TMPDIR": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, errors = process.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whatever servers a driver that broke off has left
        report = told / "weather.json"
        if not report.exists():
            name = mutant.name if mutant else "no mutant"
            raise RuntimeError(f"{name}: the driver ended with {process.returncode}: {errors[-2000:]}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)
