"""Singer plugins run in a test's own process, as a user runs them: messages in, messages out, errors kept."""

from __future__ import annotations

import copy
import io
import json
from collections import defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sdk import Tap, Target

    Made = TypeVar("Made", bound=Tap)
    Kept = TypeVar("Kept", bound="Output")


@dataclass
class Output:
    """What a tap wrote, numbers as Decimal, and the error it ended with."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        """By stream."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                found[message["stream"]].append(message["record"])
        return found

    @property
    def state(self) -> dict[str, Any] | None:
        """The last one."""
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return copy.deepcopy(states[-1]) if states else None

    def bookmark(self, stream: str, partition: str = "") -> dict[str, Any]:
        """A stream's part of the last state, or of a partition that has this value in its context."""
        assert self.state is not None, "no STATE message"
        found = self.state["bookmarks"][stream]
        if partition:
            found = next(one for one in found["partitions"] if partition in one["context"].values())
        return dict(found)

    def versions(self, stream: str) -> list[int]:
        """The versions that ACTIVATE_VERSION named."""
        return [m["version"] for m in self.messages if m["type"] == "ACTIVATE_VERSION" and m["stream"] == stream]


def read(make: Callable[[], Made], close: Callable[[Made], None], output: Kept) -> Kept:
    """Run the tap that ``make`` gives over its selected streams; what it writes goes into ``output``."""
    buffer = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(buffer):
        tap = None
        try:
            tap = make()
            tap.sync_all()
        except Exception as error:
            output.error = error
        finally:
            if tap is not None:
                close(tap)
    buffer.flush()
    text = buffer.buffer.getvalue().decode()
    output.messages = [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
    return output


def lines(messages: Sequence[Mapping[str, Any] | str]) -> str:
    """Messages as a tap writes them, with decimals as exact numbers; those that are text stay as they are."""
    return "".join((m if isinstance(m, str) else _exact(m)) + "\n" for m in messages)


def _exact(message: Mapping[str, Any]) -> str:
    marked = json.dumps(message, default=lambda value: f"\x00{value}\x00")
    return marked.replace('"\\u0000', "").replace('\\u0000"', "")


@dataclass
class Outcome:
    """What a run of a target left behind."""

    states: list[Any]
    error: Exception | None

    def well(self) -> Outcome:
        """Itself, unless it ended with an error."""
        if self.error is not None:
            raise self.error
        return self


def deliver(make: Callable[[], Target], messages: Sequence[Mapping[str, Any] | str]) -> Outcome:
    """Run the target that ``make`` gives over messages."""
    out, error = io.StringIO(), None
    with redirect_stdout(out):
        try:
            make().listen(io.StringIO(lines(messages)))
        except Exception as exc:
            error = exc
    return Outcome([json.loads(line) for line in out.getvalue().splitlines()], error)
