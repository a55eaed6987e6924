"""What a run of a flow left behind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from chaos.world.piped import Ends
from testkit.shipped import Pipeline


class _Head(msgspec.Struct):
    type: str
    stream: str = ""


_heads = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Piped:
    """A tap and a target that ran, joined by a pipe.

    folder: all files of the run. state_in, state_out: STATE before and after. seconds: real ones.
    """

    pipeline: Pipeline
    folder: Path
    ends: Ends
    state_in: Mapping[str, Any]
    state_out: Mapping[str, Any]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether a scheduler sees success."""
        ends = self.ends
        return ends.target == 0 and (ends.tap == 0 or ends.tap_ended) and not ends.hung

    @property
    def tap_stderr(self) -> str:
        """What the tap said."""
        return _text(self.folder / "tap.stderr")

    @property
    def target_stderr(self) -> str:
        """What the target said."""
        return _text(self.folder / "target.stderr")

    def lines(self) -> Iterator[bytes]:
        """The messages that the tap wrote, each whole."""
        with (self.folder / "messages.jsonl").open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))

    @property
    def messages(self) -> Counter[tuple[str, str]]:
        """The messages that the tap wrote, by type and stream."""
        heads = (_heads.decode(line) for line in self.lines())
        return Counter((head.type, head.stream) for head in heads)

    @property
    def states(self) -> list[Mapping[str, Any]]:
        """All that the target wrote to its output, in their order."""
        return [*states_in(self.folder / "states.jsonl")]


@dataclass(frozen=True, slots=True)
class Ran:
    """A run of a job: its pipelines one after the other, up to the first that failed."""

    flow: str
    parts: tuple[Piped, ...]

    @property
    def ok(self) -> bool:
        """Whether a scheduler sees success."""
        return all(part.ok for part in self.parts)

    def well(self) -> Ran:
        """Itself; AssertionError with what the processes said when it failed."""
        assert self.ok, self.said()
        return self

    def said(self) -> str:
        """The ends of what the processes said, and how they ended."""
        return "\n".join(
            f"--- {part.pipeline}: tap {part.ends.tap}, target {part.ends.target}{', hung' if part.ends.hung else ''}\n"
            f"{part.tap_stderr[-2000:]}\n{part.target_stderr[-4000:]}"
            for part in self.parts
        )

    @property
    def tap_exit(self) -> int:
        """Of the last pipeline that ran."""
        return self.parts[-1].ends.tap

    @property
    def target_exit(self) -> int:
        """Of the last pipeline that ran."""
        return self.parts[-1].ends.target

    @property
    def hung(self) -> bool:
        """Whether a pipeline had to be killed."""
        return any(part.ends.hung for part in self.parts)

    @property
    def tap_stderr(self) -> str:
        """What the taps said."""
        return "".join(part.tap_stderr for part in self.parts)

    @property
    def target_stderr(self) -> str:
        """What the targets said."""
        return "".join(part.target_stderr for part in self.parts)

    @property
    def acts(self) -> int:
        """How many acts happened."""
        return sum(part.ends.acts for part in self.parts)

    @property
    def records(self) -> dict[str, int]:
        """How many RECORD messages the taps wrote, by stream."""
        found: Counter[str] = Counter()
        for part in self.parts:
            for (kind, stream), number in part.messages.items():
                found[stream] += number * (kind == "RECORD")
        return dict(+found)

    @property
    def states_in(self) -> dict[str, Mapping[str, Any]]:
        """STATE before, by pipeline."""
        return {str(part.pipeline): part.state_in for part in self.parts}

    @property
    def states_out(self) -> dict[str, Mapping[str, Any]]:
        """STATE after, by pipeline."""
        return {str(part.pipeline): part.state_out for part in self.parts}

    @property
    def seconds(self) -> float:
        """Real seconds in all."""
        return sum(part.seconds for part in self.parts)


def states_in(file: Path) -> Iterator[Mapping[str, Any]]:
    """The states in a target's output, as Meltano takes them: no empty ones, and no line that was cut."""
    for line in file.read_text("utf-8", "replace").splitlines():
        try:
            state = json.loads(line)
        except ValueError:
            continue
        if state and isinstance(state, dict):
            yield state


def _text(file: Path) -> str:
    return file.read_text("utf-8", "replace")
