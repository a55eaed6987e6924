"""Trail, coordination and state of a world between runs: lost, older, moved, of another version."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.weather.events.base import NothingToActOnError
from chaos.world import Ran, World
from testkit import shipped

State = dict[str, Any]
_NOBODY_WRITES = 150.0  # seconds without a sign of life from a run


class Keeping:
    """As `chaos.weather.ground.Stores` has it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._saved: str | None = None
        self._states: dict[str, list[State]] = defaultdict(list)

    def ran(self, rans: Sequence[Ran]) -> None:
        """Remember the states that runs began with."""
        for ran in rans:
            for part in ran.parts:
                self._states[str(part.pipeline)].append(dict(part.state_in))

    def lose_trail(self) -> None:
        """Its database is gone."""
        self._world.stores.lose("audit")

    def save_trail(self) -> None:
        """A back-up."""
        self._saved = self._world.stores.keep("audit")

    def restore_trail(self) -> None:
        """The back-up is put back; NothingToActOnError when there is none."""
        if self._saved is None:
            raise NothingToActOnError
        self._world.stores.restore("audit", self._saved)

    def move_trail(self) -> None:
        """Into another database, by `audit copy`, which waits until nobody can still write."""
        self._world.clock.advance(_NOBODY_WRITES)
        self._world.stores.move("sqlite")

    def lose_coordination(self) -> None:
        """Its database is gone."""
        self._world.stores.lose("coordination")

    def lose_state(self, flow: str) -> None:
        """The state of all taps of a flow is gone."""
        for file in self._files(flow):
            file.unlink(missing_ok=True)

    def older_state(self, flow: str, back: int) -> None:
        """The state that it had so many runs ago."""
        for pipeline in shipped.jobs()[flow]:
            states = self._states[str(pipeline)]
            if not states:
                raise NothingToActOnError
            self._world.state_file(pipeline).write_text(json.dumps(states[-min(back, len(states))]), encoding="utf-8")

    def state_of_another(self, flow: str, shape: str) -> None:
        """A state that it did not write."""
        for file in self._files(flow):
            if file.exists():
                state = json.loads(file.read_text(encoding="utf-8"))
                file.write_text(json.dumps(SHAPES[shape](state)), encoding="utf-8")

    def _files(self, flow: str) -> list[Path]:
        return [self._world.state_file(pipeline) for pipeline in shipped.jobs()[flow]]


def _null_bookmarks(state: State) -> State:
    return {"bookmarks": dict.fromkeys(state.get("bookmarks", {}))}


def _singer_sdk(state: State) -> State:
    """As taps on the SDK write it: a replication key and its value."""
    marks = {stream: {"replication_key": "x", "replication_key_value": "2026-11-01"} for stream in _streams(state)}
    return {"bookmarks": marks}


def _unknown_streams(state: State) -> State:
    return {**state, "bookmarks": {**state.get("bookmarks", {}), "no_such_stream": {"since": "2026-01-01"}}}


def _no_version(state: State) -> State:
    """Every name that speaks of a version or of progress is left out, at any depth."""

    def without(value: Any) -> Any:  # noqa: ANN401  JSON of any shape
        if isinstance(value, dict):
            return {
                name: without(one) for name, one in value.items() if "version" not in name and "progress" not in name
            }
        return [without(one) for one in value] if isinstance(value, list) else value

    return dict(without(state))


def _other_types(state: State) -> State:
    """A text where an object was, a number where a text was."""
    values: tuple[Any, ...] = ("2026", 7, [], True)
    return {"bookmarks": {stream: values[at % 4] for at, stream in enumerate(_streams(state))}}


def _streams(state: State) -> list[str]:
    return sorted(state.get("bookmarks", {}))


SHAPES = {
    "empty": lambda _: {},
    "null_bookmarks": _null_bookmarks,
    "singer_sdk": _singer_sdk,
    "unknown_streams": _unknown_streams,
    "no_version": _no_version,
    "other_types": _other_types,
}
"""What another release, another tap or an editor leaves."""
