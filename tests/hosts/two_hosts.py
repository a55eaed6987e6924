"""Two hosts' pipelines, from what the project's Meltano files say of taps, targets, streams and mappings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.environment import ROOT, clean_environment, plugin_environment
from testkit import shipped

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Flow:
    """Some streams on their way into a model. `tap`, `target`: names of the project's plugins."""

    name: str
    tap: str
    target: str
    streams: Collection[str]
    model: str = ""


def syspro(name: str, *streams: str) -> Flow:
    return Flow(name, "tap-syspro--finance", "target-anaplan--syspro", streams)


def sap(name: str, kind: str, *streams: str) -> Flow:
    return Flow(name, f"tap-sap-s4hana--{kind}", f"target-anaplan--sap-{kind}", streams, "S4 Finance")


def catalog_of(flow: Flow, discovered: Mapping[str, Any]) -> dict[str, Any]:
    """The discovered catalog with the flow's streams and, of them, the project's columns."""
    catalog = shipped.catalog_of(flow.tap, discovered)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] &= stream["tap_stream_id"] in flow.streams
    return catalog


@dataclass
class Host:
    """A process group with a home, temporary files and a disk of its own."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    prefix: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, jobs: str) -> None:
        """Start all pipelines of a folder of jobs."""
        with (self.folder / "stderr").open("a") as errors:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, Path(__file__).with_name("one_host.py"), self.folder / jobs],
                cwd=ROOT,
                env=clean_environment(self.environment),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End what is left, at the end of a test."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def wait(self, seconds: float) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def owns(self, pid: int) -> bool:
        """Whether a process is one of this host's."""
        assert self.process is not None
        try:
            return os.getpgid(pid) == self.process.pid
        except ProcessLookupError:
            return False

    def logs(self, jobs: str = "*") -> str:
        return "\n".join(
            f"--- {self.name} {path.parent.name}\n{path.read_text(encoding='utf-8')[-3000:]}"
            for path in self.folder.glob(f"{jobs}/*/log")
        )


class Hosts:
    """Two hosts that share a sandbox and a PostgreSQL, and no file."""

    def __init__(self, info: Mapping[str, Any], database: str, folder: Path) -> None:
        self._info = info
        self._database = database
        self._discovered: dict[str, Any] = {}
        self.folder = folder
        self.both = [self._host(name) for name in ("north", "south")]

    def _host(self, name: str, prefix: Sequence[str] = ()) -> Host:
        folder = self.folder / name
        for part in ("home", "tmp"):
            (folder / part).mkdir(parents=True)
        own = {name: value for name, value in plugin_environment(self._info, folder).items() if "MELTANO" not in name}
        shared = {name: self._database for name in own if name.endswith(("_AUDIT_URL", "_COORDINATION_URL"))}
        private = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
        private |= {f"XDG_{kind}_HOME": str(folder / "home" / kind.lower()) for kind in ("STATE", "CONFIG", "CACHE")}
        return Host(name, folder, own | shared | private, prefix)

    def discover(self, flows: Collection[Flow]) -> None:
        """Ask each tap once for its catalog."""
        taps = sorted({flow.tap for flow in flows} - self._discovered.keys())
        with ThreadPoolExecutor() as threads:
            self._discovered |= dict(zip(taps, threads.map(self._discover, taps), strict=True))

    def _discover(self, tap: str) -> Any:
        config = self.folder / f"{tap}.json"
        config.write_text(json.dumps(shipped.config_of(tap)), encoding="utf-8")
        done = subprocess.run(
            [BIN / shipped.command_of(tap), "--config", "ENV", "--config", config, "--discover"],
            env=clean_environment(self.both[0].environment),
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    def prepare(self, host: Host, jobs: str, flows: Sequence[Flow], **settings: Any) -> None:
        """Put the flows of a round on a host's disk. `settings`: of all its targets."""
        self.discover(flows)
        for flow in flows:
            folder = host.folder / jobs / flow.name
            folder.mkdir(parents=True)
            target = shipped.config_of(flow.target) | settings
            target["mappings"] = [one for one in target["mappings"] if one["stream"] in flow.streams]
            model = {"TARGET_ANAPLAN_MODEL_ID": self._info["anaplan"]["models"][flow.model]} if flow.model else {}
            job = {"tap": shipped.command_of(flow.tap), "target": shipped.command_of(flow.target), "environment": model}
            for name, content in (
                ("job", job),
                ("tap", shipped.config_of(flow.tap)),
                ("target", target),
                ("catalog", catalog_of(flow, self._discovered[flow.tap])),
            ):
                (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def stop(self) -> None:
        for host in self.both:
            host.stop()
