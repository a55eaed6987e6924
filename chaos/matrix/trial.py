"""An ability tried on a sandbox: as it should be, and with a fault at one endpoint."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.matrix.abilities.base import Ability, Contents, Site, selected
from chaos.matrix.endpoints import Endpoint, endpoints
from chaos.matrix.process import Ran, run
from connector_kit.audit import Trail
from sandbox.testing import Running
from testkit.trail import TrailReader

_LATEST = 5.0  # real seconds


class _Trail(TrailReader):
    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def audit_url(self) -> str:
        return self._url

    def outcomes(self) -> Contents:
        """The last outcome of every record."""
        found = map(json.loads, self.audit("export").splitlines())
        return {f"{line['stream']} {line['key']}": line["outcome"] for line in found}


@dataclass(frozen=True, slots=True)
class Written:
    """What a tap wrote: records by stream and key, the last STATE, and the streams that it called whole."""

    records: dict[str, dict[str, Any]]
    state: dict[str, Any] | None
    whole: frozenset[str]


def written(out: str) -> Written:
    """What the lines of a tap say; a line that is cut is left out, as a target that dies leaves it out."""
    records: dict[str, dict[str, Any]] = {}
    keys: dict[str, Sequence[str]] = {}
    state, whole = None, set()
    for line in out.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        match message["type"]:
            case "SCHEMA":
                keys[message["stream"]] = message.get("key_properties") or ()
                records.setdefault(message["stream"], {})
            case "RECORD":
                row, key = message["record"], keys[message["stream"]]
                told = [row.get(name) for name in key] if key else row
                records[message["stream"]][json.dumps(told, sort_keys=True)] = _stable(row)
            case "STATE":
                state = message["value"]
            case "ACTIVATE_VERSION":
                whole.add(message["stream"])
    return Written(records, state, frozenset(whole))


def _stable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_sdc_")}


@dataclass(frozen=True, slots=True)
class Clean:
    """An ability without faults: what counts afterwards, and the endpoints that were asked, how often."""

    contents: Contents
    endpoints: Counter[Endpoint]
    seconds: float


@dataclass(slots=True)
class Bench:
    """A sandbox on which abilities are tried, one after the other, in a folder of its own."""

    sandbox: Running
    folder: Path
    clock: Path | None = None
    _catalogs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _clean: dict[str, Clean] = field(default_factory=dict)

    def clean(self, ability: Ability) -> Clean:
        """The ability as it should be; ValueError when it fails though nothing is wrong."""
        if ability.name not in self._clean:
            trial = self.begin(ability)
            since = trial.site.control.advance(0)
            ran = trial.run()
            if ran.code != 0:
                raise ValueError(f"{ability.name} fails without a fault: {ran.err or ran.out}")
            asked = endpoints(trial.site.control.requests(since=since))
            asked = Counter({e: n for e, n in asked.items() if re.search(ability.only, str(e))})
            self._clean[ability.name] = Clean(trial.contents(), asked, ran.seconds)
        return self._clean[ability.name]

    def begin(self, ability: Ability) -> Trial:
        """Everything as it stands before the run that is tried."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        site = Site(self.sandbox, self.folder)
        self._await_rest(site)
        site.control.reset()
        system = "anaplan" if "anaplan" in ability.command else "sap" if "sap" in ability.command else "syspro"
        for name, value in ability.switches.items():
            site.control.switch(system, name, value)
        ability.prepare(site)
        trial = Trial(ability, site, self.clock)
        self._configure(trial)
        if ability.delivers:
            shutil.copy(self._empty_trail(), self.folder / "audit.db")
        if ability.earlier is not None:
            ran = trial.run(ability.earlier)
            if ran.code != 0:
                raise ValueError(f"{ability.name}: the earlier run fails without a fault: {ran.err}")
            trial.forget()
            ability.change(site)
        return trial

    @staticmethod
    def _await_rest(site: Site) -> None:
        """Work that is done late belongs to the trial before."""
        until = time.monotonic() + _LATEST
        while any(one.get("in_progress") for one in site.control.report().values()) and time.monotonic() < until:
            time.sleep(0.01)

    def _empty_trail(self) -> Path:
        """A trail of today's shape: making one takes longer than a run."""
        path = self.folder.with_name(f"{self.folder.name}-trail.db")
        if not path.exists():
            Trail.open(f"sqlite:///{path}").close()
        return path

    def _configure(self, trial: Trial) -> None:
        ability, folder = trial.ability, self.folder
        (folder / "config.json").write_text(json.dumps(ability.settings(trial.site)), encoding="utf-8")
        if ability.streams is None:
            return
        if ability.name not in self._catalogs:
            ran = run(ability.command, ["--config", "config.json", "--discover"], folder, clock=self.clock)
            if ran.code != 0:
                raise ValueError(f"{ability.name}: no catalog: {ran.err}")
            self._catalogs[ability.name] = selected(json.loads(ran.out), ability.streams)
        (folder / "catalog.json").write_text(json.dumps(self._catalogs[ability.name]), encoding="utf-8")


@dataclass(slots=True)
class Trial:
    """One ability, its history behind it, to be run as often as it takes."""

    ability: Ability
    site: Site
    clock: Path | None
    ran: list[Ran] = field(default_factory=list)
    _records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, text: str | None = None) -> Ran:
        """One run; a tap goes on from the last STATE that it wrote."""
        ability, folder = self.ability, self.site.folder
        arguments = ["--config", "config.json"]
        for name in ("catalog", "state"):
            if (folder / f"{name}.json").exists() and not ability.arguments:
                arguments += [f"--{name}", f"{name}.json"]
        given = ability.text if text is None else text
        done = run(ability.command, [*arguments, *ability.arguments], folder, given, clock=self.clock)
        self.ran.append(done)
        if ability.reads:
            self._keep(written(done.out))
        return done

    def _keep(self, found: Written) -> None:
        for stream, rows in found.records.items():
            self._records.setdefault(stream, {}).update(rows)
            for row in rows.values():
                for name in self.ability.volatile:
                    row.pop(name, None)
        if found.state is not None:
            (self.site.folder / "state.json").write_text(json.dumps(found.state), encoding="utf-8")

    def forget(self) -> None:
        """What was read so far is history."""
        self._records.clear()
        self.ran.clear()

    def contents(self) -> Contents:
        """What counts after the last run."""
        ability = self.ability
        found = dict(ability.contents(self.site))
        if ability.reads:
            found |= self._records
        elif ability.delivers:
            found["trail"] = _Trail(self.site.databases()["audit_url"]).outcomes()
        else:
            found["said"] = self.ran[-1].out
        if self.site.sandbox.info.get("syspro"):
            found["sessions"] = len(self.site.control.sessions())
        return found
