"""The state that a run is given: this shape or none, so that no run takes a whole load for an incremental one.

States come from older versions, from other taps, and from people: wrapped (Meltano's backends keep it under
`singer_state`), as a whole STATE message, without `bookmarks`. A stream's part may be of another tap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector_kit.errors import ConfigurationError

_WRAPPED = {"singer_state": "the value of singer_state", "value": "the value of the STATE message"}
_OURS = frozenset(
    {
        "replication_key",
        "replication_key_value",
        "starting_replication_value",
        "replication_key_signpost",
        "progress_markers",
        "partitions",
    }
)
"""What the SDK keeps of a stream. Streams of ours keep more, beside it."""


def check_state(plugin: str, state: object) -> None:
    """Refuse a state of another shape than {"bookmarks": {stream: {...}}}; an empty one is a first run's.

    Raises:
        ConfigurationError: says what it is instead.
    """
    if not isinstance(state, Mapping):
        raise _refused(plugin, "state", '{"bookmarks": {...}}', _kind(state))
    if "bookmarks" not in state:
        if not state:
            return
        wrapped = next((how for name, how in _WRAPPED.items() if name in state), "")
        hint = f"Give {wrapped} alone." if wrapped else "Put the streams' parts under `bookmarks`."
        raise _refused(plugin, "state", '{"bookmarks": {...}}', f"the members {', '.join(map(str, state))}", hint)
    bookmarks = state["bookmarks"]
    if not isinstance(bookmarks, Mapping):
        raise _refused(plugin, "state, bookmarks", "an object with a part for each stream", _kind(bookmarks))
    for name, part in bookmarks.items():
        if not isinstance(part, Mapping):
            raise _refused(plugin, f"state of stream {name}", "an object", _kind(part))
        partitions = part.get("partitions", [])
        if not isinstance(partitions, list) or not all(map(_is_partition, partitions)):
            expected = "a list of objects, each with its context"
            raise _refused(plugin, f"state of stream {name}, partitions", expected, _kind(partitions))


def parts_of(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A stream's part of a state, and those of its partitions."""
    yield part
    yield from part.get("partitions", [])


def check_part(plugin: str, stream: str, part: Mapping[str, Any], further: frozenset[str]) -> None:
    """Refuse a stream's part in which nothing is ours, such as another tap's {"updated_at": "..."}.

    It would be a first load, and nobody told. `further`: what streams of ours keep beside the SDK's members.

    Raises:
        ConfigurationError: names the members.
    """
    if part and not (_OURS | further).intersection(part):
        raise _refused(
            plugin,
            f"state of stream {stream}",
            "replication_key and replication_key_value",
            ", ".join(part),
            "It is another tap's: take the stream out of the state, and its history is read anew.",
        )


def wrong_bookmark(plugin: str, stream: str, value: object, expected: str) -> ConfigurationError:
    """The error for a bookmark that its stream can't go on from."""
    return _refused(
        plugin,
        f"state of stream {stream}, bookmark",
        expected,
        repr(value)[:60],
        "Correct it, or take the stream out of the state: its history is then read anew.",
    )


def _is_partition(part: object) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("context"), Mapping)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", type(None): "null", bool: "a boolean"}
    return names.get(type(value), "a number")


def _refused(plugin: str, subject: str, expected: str, got: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError(system=plugin, subject=subject, expected=expected, got=got, hint=hint)
