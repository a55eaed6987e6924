"""What a target says at its end, like all others: streams that never came, rows of which none arrived."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk import typing as th

from connector_kit.audit.types import REPLAY_MARK, REPLAY_SEEN
from connector_kit.errors import RefusedError

if TYPE_CHECKING:
    from singer_sdk import Sink

ON_NOTHING_DELIVERED: th.Property[str] = th.Property(
    "on_nothing_delivered",
    th.StringType,
    allowed_values=["fail", "continue"],
    default="fail",
    description="What it means that records of a mapping came, some were refused, and none is where it belongs: "
    "the run fails and no STATE leaves, or they wait in the audit trail.",
)


class Line(NamedTuple):
    """A line of a run's summary. What was refused is a warning: it shows at LOGLEVEL=warning too."""

    level: int
    text: str

    @classmethod
    def of(cls, text: str, *, refused: bool) -> Line:
        """A line that tells of refused rows, or of none."""
        return cls(logging.WARNING if refused else logging.INFO, text)


def check_delivered(plugin: str, config: Mapping[str, Any], refused: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Fail a run of which some mapping delivered nothing.

    Args:
        plugin: the target's name.
        config: its settings, with `on_nothing_delivered`.
        refused: of such mappings, the title and how often each reason was given.

    Raises:
        RefusedError: there is such a mapping, and the setting does not say otherwise.
    """
    found = list(refused)
    if not found or config["on_nothing_delivered"] == "continue":
        return
    title, reasons = found[0]
    top = "; ".join(f"{count} x {reason}" for reason, count in Counter(reasons).most_common(3))
    others = f"; the same of {', '.join(title for title, _ in found[1:])}" if found[1:] else ""
    raise RefusedError(
        system=plugin,
        subject=title,
        expected="something of it to arrive",
        got=f"{sum(reasons.values())} rejected, none delivered ({top}){others}",
        hint="`audit failures` lists them. If that may be, set on_nothing_delivered: continue.",
    )


def note_missing_streams(logger: logging.Logger, wanted: Iterable[str], came: Mapping[str, Sink], setting: str) -> None:
    """Mention the streams that the settings name and the tap did not send. A replay sends only what failed.

    came: the streams that a SCHEMA announced, with their sinks.
    """
    missing = [stream for stream in dict.fromkeys(wanted) if stream not in came]
    replay = any({REPLAY_MARK, REPLAY_SEEN} & set(sink.original_schema) for sink in came.values())
    if missing and not replay:
        logger.warning(
            "%s %s: in the setting %s, but no SCHEMA of %s came. Is it selected in the tap, and spelt as there?",
            "stream" if len(missing) == 1 else "streams",
            ", ".join(missing),
            setting,
            "it" if len(missing) == 1 else "them",
        )
