"""An ERP, a trail and a clock of their own, and runs that may die at any step: orders without a target around them."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from fake_erp import JOURNAL, Crash, FakeErp, FakePoster
from plans import RECIPE, SCHEMA, expected, messages

from connector_kit.audit import Trail
from connector_kit.audit.documents import DocumentBook
from connector_kit.audit.keys import key_hash, key_text
from connector_kit.delivery.intake import Bound, Keyed
from connector_kit.documents.order import Order, Services
from connector_kit.documents.periods import FiscalYears
from connector_kit.documents.reading import parse
from connector_kit.documents.work import Clock
from connector_kit.singer.records import RecordReader

DESTINATION = "fake ERP 100"
SETTLE = 600.0


class _Lease:
    def assert_held(self):
        pass


class _Coordinator:
    @contextmanager
    def lock(self, name, *, purpose, wait_seconds):
        yield _Lease()


class World:
    """`run` is one process. Time passes only while somebody waits, or by `wait`."""

    def __init__(self, folder, *, rules=JOURNAL, per_call=3, **recipe):
        self.options = {"rules": rules, "per_call": per_call, **recipe}
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.time = time.time()  # near the trail's own clock, by which it knows when a run was last alive
        self.erp = FakeErp(self.folder / "erp.db", clock=lambda: self.time)
        self.poster = FakePoster(self.erp, rules, per_call)
        given = {name: value for name, value in {**RECIPE, **recipe}.items() if value is not None}
        recipes, faults = parse([given], {rules.name: rules})
        assert not faults
        self.recipe = recipes[0]
        self.version = 0
        self.audit_url = f"sqlite:///{self.folder / 'audit.db'}"
        self.host_ahead = 0.0  # seconds by which the trail's host shows more than the real time
        self.host_gains = 0.0  # so many more with each wait
        self.steps = 0
        self.stop_when_waiting = False
        self.on_wait = lambda: None
        self.runs = 0
        self.refused = 0
        self.key = ()

    def copy(self, folder):
        """Another world with the same past, without faults."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("run*"))
        other = World(folder, **self.options)
        other.time, other.runs = self.time, self.runs
        return other

    # What becomes of the trail between runs.

    def lose_trail(self):
        for path in self.folder.glob("audit.db*"):
            path.unlink()

    def back_up_trail(self):
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        (self.folder / "backup").mkdir()
        for path in self.folder.glob("audit.db*"):
            shutil.copy(path, self.folder / "backup")

    def restore_trail(self):
        """An older copy; nothing, when none was made."""
        self.lose_trail()
        for path in (self.folder / "backup").glob("audit.db*"):
            shutil.copy(path, self.folder)

    def swap_trail(self):
        """Another trail, which has its own past: that of the last time that it was used."""
        other = self.folder / "other"
        other.mkdir(exist_ok=True)
        mine = [path.rename(other / f"{path.name}.new") for path in list(self.folder.glob("audit.db*"))]
        for path in other.glob("audit.db*"):
            if path not in mine:
                path.rename(self.folder / path.name)
        for path in mine:
            path.rename(other / path.name.removesuffix(".new"))

    def reverse_all_but(self, rows):
        """Somebody reverses in the ERP what neither the trail knows nor these rows have a document for."""
        kept = {(company, year, period) for company, year, period, *_ in expected(rows)}
        known = self.standing()
        for number, reference, one in self.erp.documents():
            if (one["company"], one["year"], one["period"]) not in kept and reference not in known:
                self.erp.reversed.add(f"{number:010d}")

    def wait(self, seconds):
        self.time += seconds

    def run(self, rows, *, crash_at=None, after=False, faults=(), follow_erp=False, whole=True):
        """True when the run came to its end, False when it died at its step `crash_at` (or by a fault)."""
        self.erp.faults = list(faults)
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        trail = Trail.open(self.audit_url)
        steps = self._mortal(trail, crash_at, after)
        order = None
        try:
            run = trail.begin_run(plugin="test", version="1", destination=DESTINATION)
            order = self._order(trail, run, folder, follow_erp)
            self.version += 1
            self._feed(order, rows, self.version, whole=whole)
            order.deliver()
            run.finish("delivered")
        except Crash:
            return False
        else:
            return True
        finally:
            self.steps = steps["done"]
            if order is not None:
                self.refused = order.tally.refused
                order.discard()
            with suppress(Crash):
                trail.close()

    def _order(self, trail, run, folder, follow_erp):
        def wait(event, seconds):
            self.time += seconds
            self.host_ahead += self.host_gains
            self.on_wait()
            if self.stop_when_waiting:
                event.set()

        services = Services(
            plugin="test",
            destination=DESTINATION,
            trail=trail,
            run=run,
            coordinator=_Coordinator(),
            years=FiscalYears(),
            folder=folder,
            stopping=threading.Event(),
            system="Anaplan",
            settle_seconds=SETTLE,
            wait_seconds=1.0,
            follow_erp=follow_erp,
            clock=Clock(lambda: self.time + self.host_ahead, lambda: self.time, wait),
        )
        return Order(self.recipe, self.poster, services)

    def _feed(self, order, rows, version, *, whole):
        message, *records = messages(rows, state=None).splitlines()
        order.bind(Bound(SCHEMA, message.encode(), self.key))
        reader = RecordReader(SCHEMA, SCHEMA["properties"])
        raws = [msgspec.json.encode(msgspec.json.decode(line)["record"]) for line in records]
        if raws:
            good, bad = reader.read(raws)
            assert not bad
            keys = (
                [key_text([one[name] for name in self.key]) for one in rows] if self.key else [*map(bytes.decode, raws)]
            )
            order.take(Keyed(good, keys, list(map(key_hash, keys)), version))
            order.close()
            if whole:
                order.prove(version)

    def _mortal(self, trail, crash_at, after):
        """Every write that the process waits for is a step; from the step where it dies on nothing is written."""
        counted = {"done": 0, "dead": False}
        write, submit = trail.writer.run, trail.writer.submit

        def run(job):
            if counted["dead"]:
                raise Crash
            counted["done"] += 1
            if counted["done"] == crash_at:
                counted["dead"] = True
                if after:
                    write(job)
                raise Crash
            return write(job)

        def later(job):
            if counted["dead"]:
                raise Crash
            submit(job)

        trail.writer.run, trail.writer.submit = run, later
        self.erp.on_crash = lambda: counted.update(dead=True)
        return counted

    def standing(self):
        """The references that stand by the trail."""
        with Trail.open(self.audit_url) as trail:
            book = DocumentBook(trail, f"{DESTINATION}/{self.recipe.rules.name}/{self.recipe.stream}")
            found = book._stored("d.state = 'posted'", {})
        return sorted(one.reference for one in found)

    def posted(self):
        """The references that stand in the ERP."""
        documents = self.erp.documents()
        return sorted(name for number, name, _ in documents if f"{number:010d}" not in self.erp.reversed)
