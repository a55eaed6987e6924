"""Each plugin's command, run from real files and answers of which one is not as it should be.

Files (settings, catalog, state, messages) are changed on disk, answers on their way, over HTTP, after the server has
done its work. What a run may be is what `judge` says of a parser's, and more: it ends with exit code 0 or 1, its last line
says why, nothing is told of what is secret, and an answer that can't be read changes no record.
"""

from __future__ import annotations

import json
import re
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fuzz.judge import Violation, check_line
from fuzz.mutation import mutated
from fuzz.target import CORPUS

from chaos.matrix.abilities import ABILITIES
from chaos.matrix.abilities.base import Ability
from chaos.matrix.process import Ran, run
from chaos.matrix.trial import Bench, Trial, written
from chaos.matrix.verdict import differences

NAMES = (
    *(
        "tap-syspro",
        "tap-syspro e.net",
        "tap-sap-s4hana",
        "tap-sap-s4hana OAuth",
        "tap-anaplan",
        "tap-anaplan definition",
    ),
    *("target-anaplan processes", "target-anaplan lists", "target-sap-s4hana journals", "target-syspro journals"),
)
"""One ability of each plugin's, and those that meet other answers."""
FILES = {"config": "config.json", "catalog": "catalog.json", "state": "state.json"}
_SECONDS = 100.0
_SECRET = re.compile("password|secret|token|private_key$")
_FRAMES = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_LAST_LINE = re.compile(r"^(\w[\w.]*(?:Error|Exception|Exit|Interrupt)\b)", re.MULTILINE)
_MOST_SHOWN = 4000


@dataclass(frozen=True)
class Answer:
    """A system's answer to its `nth` request of a run."""

    system: str
    nth: int
    body: bytes

    def written(self) -> bytes:
        """As the corpus keeps it: a line that tells which answer, then the body."""
        return json.dumps([self.system, self.nth]).encode() + b"\n" + self.body

    @classmethod
    def read(cls, data: bytes) -> Answer:
        """One that was kept."""
        line, _, body = data.partition(b"\n")
        system, nth = json.loads(line)
        return cls(str(system), int(nth), body)


@dataclass(frozen=True)
class Clean:
    """A run with nothing wrong: what it was given, and what it made of it."""

    inputs: dict[str, bytes]
    answers: list[Answer]
    contents: dict[str, Any]
    secrets: frozenset[str]


@dataclass(frozen=True)
class Find:
    """An input of a plugin's run that broke a promise."""

    ability: str
    kind: str
    data: bytes
    violation: Violation


@dataclass
class Runs:
    """All runs on one sandbox."""

    bench: Bench
    _clean: dict[str, Clean] = field(default_factory=dict)

    def clean(self, ability: Ability) -> Clean:
        """What an ability's inputs and answers are when nothing is wrong."""
        if ability.name not in self._clean:
            trial = self.bench.begin(ability)
            given = self._inputs(trial)
            trial.site.control.keep_answers()
            ran = self._run(trial, given)
            assert ran.code == 0, ran.err
            answers = list(self._answers(trial))
            config = json.loads(given["config"])
            secrets = {str(v) for n, v in config.items() if _SECRET.search(n) and isinstance(v, str) and len(v) > 3}
            self._clean[ability.name] = Clean(given, answers, self._contents(trial, ran), frozenset(secrets))
        return self._clean[ability.name]

    def kinds(self, ability: Ability) -> list[str]:
        """What can be wrong with an ability's run."""
        return [*self.clean(ability).inputs, "answer"]

    def hunt(self, name: str, seed: str, examples: int, kinds: tuple[str, ...] = ()) -> Iterator[Find]:
        """Finds of an ability, one for each way of breaking; the same inputs for the same seed."""
        ability, ways = ABILITIES[name], set[str]()
        random = Random(f"{name} {seed}")
        chosen = [kind for kind in self.kinds(ability) if not kinds or kind in kinds]
        for number in range(examples):
            kind = chosen[number % len(chosen)]
            data = self.draw(ability, kind, random)
            try:
                self.judge(ability, kind, data)
            except Violation as violation:
                if violation.kind not in ways:
                    ways.add(violation.kind)
                    for mark, value in self._own(ability):
                        data = data.replace(value, mark)
                    yield Find(name, kind, data, violation)

    def _own(self, ability: Ability) -> Iterator[tuple[bytes, bytes]]:
        """What is this sandbox's alone in settings, addresses and folders, and the marks that stand for it."""
        config = json.loads(self.clean(ability).inputs["config"])
        for name, value in config.items():
            if isinstance(value, str) and len(value) > 7:
                yield f"@{name}@".encode(), value.encode()

    def draw(self, ability: Ability, kind: str, random: Random) -> bytes:
        """A changed input."""
        clean = self.clean(ability)
        if kind != "answer":
            return mutated(random, clean.inputs[kind], [*clean.inputs.values()])
        answer = random.choice(clean.answers)
        others = [one.body for one in clean.answers]
        return Answer(answer.system, answer.nth, mutated(random, answer.body, others)).written()

    def judge(self, ability: Ability, kind: str, data: bytes) -> None:
        """Run the ability with one input changed.

        Raises:
            Violation: see the module's docstring.
        """
        clean = self.clean(ability)
        for mark, value in self._own(ability):
            data = data.replace(mark, value)
        given = dict(clean.inputs)
        trial = self.bench.begin(ability)
        spoilt = kind == "answer" and self._spoil(trial, clean, Answer.read(data))
        if kind != "answer":
            given[kind] = data
        ran = self._run(trial, given)
        secrets = frozenset() if kind == "config" else clean.secrets
        _check(ran, secrets)
        if spoilt and ran.code == 0 and ability.command.startswith("tap-"):
            wrong = differences(clean.contents, self._contents(trial, ran))
            if wrong:
                raise Violation("an answer that can't be read changed what was read", "\n".join(wrong)[:_MOST_SHOWN])

    def _spoil(self, trial: Trial, clean: Clean, answer: Answer) -> bool:
        """Let the server's answer be changed on its way; whether what is left of it can't be read at all."""
        known = [one.body for one in clean.answers if (one.system, one.nth) == (answer.system, answer.nth)]
        start, removed, inserted = edit(known[0] if known else b"", answer.body)
        action = {"edit": [start, removed, b64encode(inserted).decode()]}
        trial.site.control.fault(answer.system, action, after=answer.nth, times=1)
        return bool(known) and _is_json(known[0]) and not _is_json(answer.body)

    def _inputs(self, trial: Trial) -> dict[str, bytes]:
        found = {kind: (trial.site.folder / file) for kind, file in FILES.items()}
        given = {kind: path.read_bytes() for kind, path in found.items() if path.exists()}
        if trial.ability.delivers:
            given["lines"] = trial.ability.text.encode()
        elif "state" not in given:
            given["state"] = b'{"bookmarks": {}}'
        return given

    def _run(self, trial: Trial, given: dict[str, bytes]) -> Ran:
        ability, folder = trial.ability, trial.site.folder
        arguments = list(ability.arguments)
        for kind, file in FILES.items():
            if kind in given:
                (folder / file).write_bytes(given[kind])
                arguments += [f"--{kind}", file]
        return run(ability.command, arguments, folder, given.get("lines", b""), clock=trial.clock, seconds=_SECONDS)

    def _answers(self, trial: Trial) -> Iterator[Answer]:
        numbers: dict[str, int] = {}
        for one in trial.site.control.requests():
            nth = numbers[one["system"]] = numbers.get(one["system"], -1) + 1
            if one["answer"]:
                yield Answer(one["system"], nth, b64decode(one["answer"]))

    def _contents(self, trial: Trial, ran: Ran) -> dict[str, Any]:
        if not trial.ability.reads:
            return {}
        records = {name: dict(rows) for name, rows in written(ran.out).records.items()}
        for rows in records.values():
            for row in rows.values():
                for name in trial.ability.volatile:
                    row.pop(name, None)
        return records


def edit(before: bytes, after: bytes) -> tuple[int, int, bytes]:
    """What turns one body into the other: from a place on, so many bytes are replaced by others."""
    most = min(len(before), len(after))
    start = next((at for at in range(most) if before[at] != after[at]), most)
    left = most - start
    end = next((at for at in range(left) if before[-1 - at] != after[-1 - at]), left)
    return start, len(before) - start - end, after[start : len(after) - end]


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _check(ran: Ran, secrets: frozenset[str]) -> None:
    if ran.code is None:
        raise Violation("hangs", ran.err[-_MOST_SHOWN:])
    if "Traceback (most recent call last)" in ran.err or "Fatal Python error" in ran.err:
        raise Violation(_defect(ran.err), ran.err[-_MOST_SHOWN:])
    if ran.code not in {0, 1}:
        raise Violation(f"exit code {ran.code}", ran.err[-_MOST_SHOWN:])
    if ran.code and not ran.err.strip():
        raise Violation("fails without a word", ran.out[-_MOST_SHOWN:])
    for line in ran.err.splitlines():
        check_line(line, "a run")
    for secret in secrets:
        if secret in ran.err or secret in ran.out:
            raise Violation("a secret is told", ran.err[-_MOST_SHOWN:])
    for line in ran.out.splitlines():
        if not _is_json(line.encode()):
            raise Violation("its output is no JSON", line[:_MOST_SHOWN])


def _defect(text: str) -> str:
    frames = [
        (file, line) for file, line, _ in _FRAMES.findall(text) if "/.venv/" not in file and "/lib/python" not in file
    ]
    frames = [(file, line) for file, line in frames if "/chaos/" not in file and "/testkit/" not in file]
    names = _LAST_LINE.findall(text)
    file, line = frames[-1] if frames else ("?", "0")
    return f"{names[-1] if names else 'a traceback'} at {'/'.join(Path(file).parts[-2:])}:{line}"


def folder_of(name: str, kind: str) -> Path:
    """Where what broke it is kept."""
    return CORPUS / f"run {name} {kind}".replace(" ", "-")


def kept() -> list[tuple[str, str, Path]]:
    """All that once broke a run: ability, kind, file."""
    places = [(name, kind) for name in NAMES for kind in (*FILES, "lines", "answer")]
    return [(name, kind, path) for name, kind in places for path in sorted(folder_of(name, kind).glob("*"))]


def scratch() -> Path:
    """A folder for runs of one's own."""
    return Path(tempfile.mkdtemp(prefix="fuzz-runs-"))
