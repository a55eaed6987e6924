"""A sandbox, a folder, and the shipped flows as processes in it: what histories act on."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Self

from chaos.clock import Clock
from chaos.world import equality
from chaos.world.acts import Act
from chaos.world.piped import Pipe, Side
from chaos.world.process import Surroundings, Watch, start
from chaos.world.ran import Piped, Ran, states_in
from chaos.world.room import Room, empty
from chaos.world.stores import Stores
from demo.environment import plugin_environment
from sandbox.testing import Running, running
from testkit import shipped
from testkit.shipped import Pipeline

FLOWS = ("syspro-to-anaplan", "sap-to-anaplan", "plan-to-sap", "plan-to-syspro")
Settings = Mapping[str, Mapping[str, Any]]
"""By plugin, or by one that it inherits from: settings over the shipped ones."""
_FOLDERS = ("state", "runs", "home", "tmp")
_LONGEST = 90.0  # real seconds for one pipeline


@dataclass(frozen=True, slots=True)
class Said:
    """A command that ended: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str


@dataclass
class World:
    """A context manager. All servers are those of one sandbox process; `reset` makes everything new but that process.

    folder: an existing one for all files. seed: of the sandbox's data and of the processes' random numbers. size: of
    the sandbox's data. begins: what the clocks show at first, with a time zone; now, when None.
    """

    folder: Path
    seed: int = 7
    size: str = "tiny"
    begins: datetime | None = None
    sandbox: Running = field(init=False)
    clock: Clock = field(init=False)
    stores: Stores = field(init=False)
    variables: dict[str, str] = field(init=False, default_factory=dict)
    """Of all processes, such as TZ and LC_ALL."""
    settings: dict[str, dict[str, Any]] = field(init=False, default_factory=dict)
    """For all runs to come."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._numbers = itertools.count(1)
        self._catalogs: dict[str, dict[str, Any]] = {}
        try:
            time_file = self.folder / "time"
            self.clock = self._stack.enter_context(Clock.create(time_file, self.begins))
            servers = running(seed=self.seed, size=self.size, task_seconds=0.3, clock=time_file)
            self.sandbox = self._stack.enter_context(servers)
            self.stores = self._stack.enter_context(Stores(self.folder / "stores", self.clock, self.command))
            self._room = Room(self.folder / "stores", self.folder / "tmp")
            self._stack.callback(self._room.close)
            self._lay_out()
            self._discover()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def reset(self) -> None:
        """Seeded data, no faults, no trail, no STATE, no files: a new world at the same addresses."""
        self.sandbox.control.reset()
        self.stores.clear()
        self.settings.clear()
        self.variables.clear()
        for name in _FOLDERS:
            empty(self.folder / name)
        self._lay_out()

    def _lay_out(self) -> None:
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    # Flows.

    def run(
        self,
        flow: str,
        *,
        act: Act | Sequence[Act] = (),
        settings: Settings | None = None,
        host: str = "a",
        counted: bool = False,
        room: int | None = None,
        limit: float = _LONGEST,
    ) -> Ran:
        """Run a job to its end; see `start`."""
        wishes = Wishes(_acts(act), settings or {}, host, counted, room, limit)
        return Underway(self, flow, wishes).wait()

    def start(
        self,
        flow: str,
        *,
        act: Act | Sequence[Act] = (),
        settings: Settings | None = None,
        host: str = "a",
        counted: bool = False,
        room: int | None = None,
        limit: float = _LONGEST,
    ) -> Underway:
        """Begin a job of meltano/*.yml, such as one of `FLOWS`.

        Args:
            flow: the job's name, or that of a schedule, which brings settings of its own.
            act: what happens to its processes.
            settings: over the shipped ones and those of the world, for this run.
            host: "a" to "h"; what hosts share is in `stores`.
            counted: the steps of both processes are counted, see `Ends.steps`.
            room: bytes left on the disk of trail, coordination and spools as long as a pipeline runs; where this user
                may not mount a disk, bytes by which the largest file there may grow.
            limit: real seconds for each pipeline, after which it hangs and is killed; more on a busy machine.
        """
        return Underway(self, flow, Wishes(_acts(act), settings or {}, host, counted, room, limit))

    def state_file(self, pipeline: Pipeline) -> Path:
        """Where a pipeline's STATE is kept, as JSON."""
        return self.folder / "state" / f"{pipeline}.json"

    def pipe(self, pipeline: Pipeline, place: int, environment: Mapping[str, str], wishes: Wishes) -> Piped:
        """Run one pipeline to its end; `place`: in its job."""
        folder = self.folder / "runs" / f"{next(self._numbers):04d}-{pipeline}"
        folder.mkdir()
        state = self._state(pipeline)
        arguments = ["--config", self._config(folder, pipeline.tap, environment, wishes)]
        if shipped.can(pipeline.tap, "catalog"):
            catalog = shipped.catalog_of(pipeline.tap, self._catalogs[pipeline.tap])
            arguments += ["--catalog", _write(folder / "catalog.json", catalog)]
        if shipped.can(pipeline.tap, "state") and state:
            arguments += ["--state", _write(folder / "state.json", state)]
        where = self._surroundings(wishes.host, self._room.leave(wishes.room))
        tap = Side(shipped.command_of(pipeline.tap), arguments, where)
        config = self._config(folder, pipeline.target, environment, wishes)
        target = Side(shipped.command_of(pipeline.target), ["--config", config], where)
        acts = [act for act in wishes.acts if act.pipeline == place]
        began = time.monotonic()
        running = Pipe(
            tap, target, folder, acts, counted=wishes.counted, clock=self.clock, database=self.stores.disturb
        )
        ends = running.wait(wishes.limit)
        self._room.grow()
        seconds = time.monotonic() - began
        after: Mapping[str, Any] = state
        for after in states_in(folder / "states.jsonl"):  # noqa: B007 - the last one is wanted
            pass
        _write(self.state_file(pipeline), after)
        return Piped(pipeline, folder, ends, state, after, seconds)

    def command(self, name: str, *arguments: str, host: str = "a") -> Said:
        """Run a command of the environment, such as `audit`, to its end."""
        folder = self.folder / "runs" / f"{next(self._numbers):04d}-{name}"
        folder.mkdir()
        with (
            Path(os.devnull).open("rb") as nothing,
            (folder / "stdout").open("w+b") as out,
            (folder / "stderr").open("w+b") as errors,
        ):
            files = (nothing.fileno(), out.fileno(), errors.fileno())
            process = start(name, arguments, files, self._surroundings(host), Watch(folder / "steps"))
            process.join()
            texts = [(folder / part).read_text("utf-8", "replace") for part in ("stdout", "stderr")]
        assert process.exitcode is not None
        return Said(process.exitcode, *texts)

    def differences(self, flow: str) -> list[str]:
        """Where a flow's two sides differ, a line each, but for rows that the trail calls failures; [] when nowhere."""
        return equality.differences(self, flow)

    # What processes are given.

    def environment(self, host: str = "a") -> dict[str, str]:
        """The settings that differ from installation to installation, as variables: addresses, names, stores."""
        found = plugin_environment(self.sandbox.info, self.stores.folder)
        urls = {"_AUDIT_URL": self.stores.audit_url, "_COORDINATION_URL": self.stores.coordination_url}
        for name in found:
            for end, url in urls.items():
                if f"_{name}".endswith(end):
                    found[name] = url
        spool = str(self.folder / "tmp" / host)
        return found | {f"{name}_SPOOL_DIR": spool for name in ("TAP_ANAPLAN", "TARGET_ANAPLAN", "TARGET_SYSPRO")}

    def _config(self, folder: Path, name: str, environment: Mapping[str, str], wishes: Wishes) -> str:
        config = shipped.config_of(name, environment)
        for plugin in shipped.lineage(name):
            for over in (self.settings, wishes.settings):
                config |= over.get(plugin["name"], {})
        return _write(folder / f"{name}.json", config)

    def _surroundings(self, host: str, largest_file: int | None = None) -> Surroundings:
        home, temporary = self.folder / "home" / host, self.folder / "tmp" / host
        home.mkdir(exist_ok=True)
        temporary.mkdir(exist_ok=True)
        own = {"HOME": str(home), "TMPDIR": str(temporary), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        own |= {"NO_COLOR": "1", "AUDIT_URL": self.stores.audit_url, **self.variables}
        return Surroundings(own, home, host, self.clock.path, largest_file, self.seed)

    def _state(self, pipeline: Pipeline) -> dict[str, Any]:
        file = self.state_file(pipeline)
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}

    def _discover(self) -> None:
        """Ask each tap once what it has: Meltano keeps that too, until a setting changes."""
        folder = self.folder / "runs" / "discovery"
        folder.mkdir()
        for tap in sorted({pipeline.tap for flow in FLOWS for pipeline in shipped.jobs()[flow]}):
            config = _write(folder / f"{tap}.json", shipped.config_of(tap, self.environment()))
            said = self.command(shipped.command_of(tap), "--config", config, "--discover")
            if said.code:
                raise RuntimeError(f"{tap} --discover: exit code {said.code}\n{said.stderr}")
            self._catalogs[tap] = json.loads(said.stdout)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of a run, see `World.start`."""

    acts: Sequence[Act]
    settings: Settings
    host: str
    counted: bool
    room: int | None
    limit: float


class Underway:
    """A job that runs."""

    def __init__(self, world: World, flow: str, wishes: Wishes) -> None:
        job, variables = shipped.schedules().get(flow, (flow, {}))
        self._pipelines = shipped.jobs()[job]
        self._world = world
        self._flow = flow
        self._wishes = wishes
        self._environment = {**world.environment(wishes.host), **variables}
        self._parts: list[Piped] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=flow, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for place, pipeline in enumerate(self._pipelines):
                self._parts.append(self._world.pipe(pipeline, place, self._environment, self._wishes))
                if not self._parts[-1].ok:
                    break
        except BaseException as error:
            self._error = error

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def wait(self) -> Ran:
        """What it left behind, when it has ended."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return Ran(self._flow, tuple(self._parts))


def _acts(given: Act | Sequence[Act]) -> Sequence[Act]:
    return (given,) if isinstance(given, Act) else tuple(given)


def _write(file: Path, content: Mapping[str, Any]) -> str:
    """As Meltano writes settings: nobody else may read them."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(content), encoding="utf-8")
    return str(file)
