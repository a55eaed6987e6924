"""The ground that `chaos.world` gives: runs in it as the weather asks for them, and what they left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from chaos.weather.events.base import Host, System
from chaos.weather.events.processes import Struck
from chaos.weather.events.stores import LockFreed
from chaos.weather.ground import Job, Settings
from chaos.weather.keeping import Keeping
from chaos.weather.keys import PLACES, key_in_anaplan
from chaos.weather.seen import Part
from chaos.world import Act, Moment, Piped, Ran, Record, Request, Step, Underway, World
from connector_kit.errors import ConfigurationError
from sandbox.testing import Control
from testkit.trail import TrailReader

_SOURCES: dict[str, System] = {"SYSPRO": "syspro", "SAP S/4HANA": "sap"}

_LONGEST = 300.0  # real seconds for a pipeline, also on a host that has much else to do
_REPLAYS = {"plan-to-sap": "replay-to-sap", "plan-to-syspro": "replay-to-syspro"}


@contextmanager
def ground() -> Iterator[WorldGround]:
    """A new world in a temporary folder."""
    with TemporaryDirectory(prefix="weather-", ignore_cleanup_errors=True) as folder, World(Path(folder)) as world:
        yield WorldGround(world)


class _Trail(TrailReader):
    """The trail as it is read from outside the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def audit_url(self) -> str:
        return self._world.stores.audit_url

    def told(self, *arguments: str) -> Any:  # noqa: ANN401  JSON of any shape
        """What the command tells as JSON; nothing where there is no trail."""
        try:
            return json.loads(self.audit(*arguments, "--json"))
        except ConfigurationError:
            return {}


class WorldGround:
    """A world as `chaos.weather.ground.Ground` has it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stores = Keeping(world)
        self._trail = _Trail(world)

    @property
    def control(self) -> Control:
        """The sandbox's control API."""
        return self.world.sandbox.control

    @property
    def info(self) -> Mapping[str, Any]:
        """What the sandbox says when it is ready."""
        return self.world.sandbox.info

    @property
    def secrets(self) -> Sequence[str]:
        """Passwords and keys of the settings."""
        words = ("password", "secret", "refresh_token")
        return [
            str(value)
            for system in self.info.values()
            for name, value in system.items()
            if value and any(word in name for word in words)
        ]

    def reset(self, database: Literal["sqlite", "postgresql"]) -> None:
        """Seeded data, no state, an empty trail in such a database, clocks that agree."""
        self.world.reset()
        if database != "sqlite":
            self.world.stores.use(database)
        self.stores = Keeping(self.world)

    def now(self) -> float:
        """The world's time."""
        return self.world.clock.now()

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.advance(seconds)

    def set_apart(self, host: Host, seconds: float) -> None:
        """A host's clock stands apart from the world's."""
        self.world.clock.set_host(host, seconds)

    def run(self, jobs: Sequence[Job]) -> list[Part]:
        """All jobs at the same time, to their end; a part per tap."""
        before = set(self._runs())
        underway = [
            self.world.start(
                job.flow,
                act=list(_acts(job)),
                settings=_settings(job.settings),
                host=job.host,
                room=1024 * job.disk_kilobytes or None,
                limit=_LONGEST,
            )
            for job in jobs
        ]
        for freed in (one for job in jobs for one in job.locks_freed):
            self._free_locks(freed, underway)
        rans = [one.wait() for one in underway]
        self.stores.ran(rans)
        new = {run: one for run, one in self._runs().items() if run not in before}
        return [
            _part(job, piped, self._run_of(piped, rans, new))
            for job, ran in zip(jobs, rans, strict=True)
            for piped in ran.parts
        ]

    def _free_locks(self, freed: LockFreed, underway: Sequence[Underway]) -> None:
        """Wait until the server has seen so many requests, and free what is held: which request that is, and what a
        process does just then, is the machine's to say.
        """
        wanted = self._requests(freed.system) + freed.nth
        while self._requests(freed.system) < wanted:
            if not any(one.running for one in underway):
                return
            time.sleep(0.02)
        self.world.stores.free_locks()

    def _requests(self, system: str) -> int:
        return int(self.control.report()[system]["requests"])

    def replay(self, flow: str) -> list[Part]:
        """What failed is sent again from the trail."""
        job = _REPLAYS.get(flow, "replay-to-anaplan")
        return self.run([Job(job, "a")])

    def rejected(self, system: System) -> Mapping[tuple[str, str], str]:
        """Places in Anaplan of rows that were refused and are still open, with the reasons that the trail gives."""
        found = {}
        for group in self._trail.told("failures", "--samples", "1000000").get("failures", ()):
            stream = group["stream"]
            if _SOURCES.get(group["system"]) == system and (system, stream) in PLACES:
                for key in group["samples"]:
                    place = PLACES[system, stream], key_in_anaplan(system, stream, json.loads(key["key"]))
                    found[place] = str(group["reason"])
        return found

    def differences(self, flow: str) -> list[str]:
        """Where the two sides of a flow differ, but for what the trail explains."""
        return self.world.differences(flow)

    def written(self) -> Sequence[Path]:
        """Files that runs wrote: state, trail, coordination, spools."""
        folders = ("state", "stores", "tmp", "home")
        return [path for name in folders for path in (self.world.folder / name).rglob("*") if path.is_file()]

    def leftovers(self) -> Sequence[str]:
        """Temporary files and processes that are still there, in words."""
        return [f"the temporary file {path.name}" for path in (self.world.folder / "tmp").rglob("*") if path.is_file()]

    def _runs(self) -> dict[str, Mapping[str, Any]]:
        return {run["run"]: run for run in self._trail.told("runs", "--limit", "8")}

    def _run_of(self, piped: Piped, rans: Sequence[Ran], new: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """The run that this pipeline's target made, where it can be told from the others."""
        targets = [str(one.pipeline.target) for ran in rans for one in ran.parts]
        runs = sorted(new.values(), key=lambda run: run["started"])
        if len(rans) > 1 or len(runs) != len(targets):
            return {}
        run = runs[targets.index(piped.pipeline.target)]
        return dict(self._trail.told("show", run["run"]))


def _part(job: Job, piped: Piped, trail: Mapping[str, Any]) -> Part:
    lines = [json.loads(line, parse_float=Decimal) for line in piped.lines()]
    ends = piped.ends
    return Part(
        job.flow, str(piped.pipeline), 0 if ends.tap_ended else ends.tap, ends.target, piped.tap_stderr,
        piped.target_stderr, lines, piped.states, trail, ends.acts > 0, ends.hung,
    )  # fmt: skip


def _settings(settings: Settings) -> dict[str, dict[str, Any]]:
    """For whatever tap or target the job has: names of plugins that others inherit from."""
    taps, targets = (
        ("tap-syspro", "tap-sap-s4hana", "tap-anaplan"),
        ("target-anaplan", "target-sap-s4hana", "target-syspro"),
    )
    return {
        name: values
        for side, names in (("tap", taps), ("target", targets))
        for name in names
        if (values := settings.get(side))
    }


def _acts(job: Job) -> Iterator[Act]:
    for blow in job.strikes:
        yield Act(blow.process, blow.signal, _moment(blow), blow.seconds, blow.pipeline)
    if job.pipe_breaks_after:
        yield Act("tap", "close", Record(job.pipe_breaks_after))
    for struck in job.database:
        yield Act("database", "SIGKILL" if struck.how == "goes" else "SIGSTOP", Record(struck.nth), struck.seconds)


def _moment(blow: Struck) -> Moment:
    if blow.at == "request":
        return Request(blow.path, nth=blow.nth, when=blow.when)
    return Record(blow.nth) if blow.at == "record" else Step("call", blow.nth)
