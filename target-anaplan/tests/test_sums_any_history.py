"""Whatever came in which run, and wherever runs died: a cell of Anaplan is the sum of the records that live."""

from __future__ import annotations

import shutil
import tempfile
import threading
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_kit.anaplan import ActionResult, TaskResult
from connector_kit.audit import Trail
from connector_kit.audit.keys import key_hash, key_text
from connector_kit.delivery.intake import Keyed
from connector_kit.mapping.columns import Dialect
from connector_kit.singer.records import RecordReader
from target_anaplan.delivery import deliver
from target_anaplan.destination import Destination
from target_anaplan.full_read import CountedRead
from target_anaplan.mapping.spec import parse
from target_anaplan.outbox import Outbox, Policy, Services
from target_anaplan.rows import FileFormat
from target_anaplan.spool import SpoolDir, Worker

SCHEMA = {
    "properties": {
        "Doc": {"type": "string"},
        "Account": {"type": "string"},
        "Amount": {"type": "number"},
        "Draft": {"type": "boolean"},
    }
}
MAPPING = {
    "stream": "lines",
    "import": "Balances",
    "columns": {"Account": "Account", "Amount": {"field": "Amount", "decimals": 2}},
    "sum": ["Amount"],
    "where": {"Draft": {"not": [True]}},
}

encode = msgspec.json.Encoder(decimal_format="number").encode

# A process that died leaves its spool open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class DiedError(BaseException):
    """The process is no more."""


class Anaplan:
    """A module that takes the last of several rows for a cell, and the carrier that brings files to it."""

    def __init__(self):
        self.cells = {}
        self.stopping = threading.Event()
        self.lock = self
        self.step = lambda: None

    @contextmanager
    def held(self, purpose):
        yield

    def upload(self, destination, spool):
        self.step()
        self._rows = list(spool.read_rows())

    def run(self, destination):
        self.step()
        self.cells.update({row[0]: Decimal(row[1]) for row in self._rows})
        self.step()
        return TaskResult("T", "import", "1", "", "COMPLETE", "", "", ActionResult("1", "", True, False, (), ()), ())

    def confirm(self, result, destination, spool, outbox):
        return []


class Mortal:
    """Counts the steps of a process: what it writes and sends. It dies at one of them, before or after it is done."""

    def __init__(self, dies_at, trail, anaplan):
        self.left = dies_at
        self.dead = False
        writer = trail.writer
        for name in ("run", "submit"):
            setattr(writer, name, self._mortal(getattr(writer, name)))
        anaplan.step = self.step

    def step(self):
        if self.left is not None:
            self.left -= 1
            self.dead = self.dead or self.left <= 0
        if self.dead:
            raise DiedError

    def _mortal(self, work):
        def done(job):
            self.step()
            return work(job)

        return done


def run(folder, anaplan, operations, *, dies_at=None, version=None):
    """One run of the target; whether it came to its end, so that STATE left."""
    trail = Trail.open(f"sqlite:///{folder / 'audit.db'}")
    worker = Worker()
    try:
        mortal = Mortal(dies_at, trail, anaplan)
        with suppress(DiedError):
            outbox, read = _outbox(folder, trail, worker)
            _feed(outbox, read, operations, version)
            deliver(anaplan, [outbox], [], [read])
            trail.writer.run(lambda: None)
        return not mortal.dead
    finally:
        worker.stop()
        for name in ("run", "submit"):
            delattr(trail.writer, name)
        trail.close()


def _outbox(folder, trail, worker):
    (mapping,), faults = parse([MAPPING])
    assert not faults
    services = Services(
        trail=trail,
        run=trail.begin_run(plugin="test", version="1", destination="model"),
        spool_dir=SpoolDir(Path(tempfile.mkdtemp(dir=folder))),
        worker=worker,
        system="ERP",
        scope="anaplan/1",
        chunk_bytes=1 << 20,
        batch_rows=500_000,
        resend=False,
        line_breaks="space",
        fiscal=Dialect(),
    )
    destination = Destination("import", "1", "Balances", FileFormat(("Account", "Amount")))
    outbox = Outbox(mapping, destination, Policy(), services)
    return outbox, CountedRead(outbox, outbox.cells, 1.0)


def _feed(outbox, read, operations, version):
    assert outbox.bind(SCHEMA, b"{}", ["Doc"]) == []
    reader = RecordReader(SCHEMA, ["Account", "Amount", "Draft"])
    for doc, values in operations:
        if values is None:
            outbox.remove([key_text([doc])])
            continue
        account, amount, draft = values
        raw = encode({"Doc": doc, "Account": account, "Amount": amount, "Draft": draft})
        records, bad = reader.read([raw])
        assert not bad
        block = Keyed(records, [key_text([doc])], [key_hash(key_text([doc]))], version)
        outbox.take(block)
        read.version.seen(block.hashes, version)
    if version is not None:
        read.prove(version)


docs = st.sampled_from("abc")
amounts = st.integers(-(10**20), 10**20).map(lambda number: Decimal(number).scaleb(-2))
values = st.tuples(st.sampled_from(["A1", "A2", "A3"]), amounts, st.booleans())
changes = st.lists(st.tuples(docs, st.none() | values), min_size=1, max_size=4)
runs = st.lists(st.tuples(changes, st.booleans(), st.none() | st.integers(1, 25)), min_size=3, max_size=6)


@given(runs)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_cell_is_the_sum_of_the_live_records(history):
    folder = Path(tempfile.mkdtemp())
    try:
        anaplan, source, waiting, version = Anaplan(), {}, [], 0
        for changed, whole, dies_at in [*history, ([], False, None)]:
            for doc, value in changed:
                source.pop(doc, None)
                if value is not None:
                    source[doc] = value
            if whole and source:  # what was deleted since is not told
                version += 1
                waiting = list(source.items())
            else:
                waiting += changed
            proves = version if whole and source else None
            if run(folder, anaplan, waiting, dies_at=dies_at, version=proves):
                waiting = []
            elif proves is not None:  # the next run tells of changes only; those that vanished come again as deleted
                waiting += [(doc, None) for doc in "abc" if doc not in source]
        totals = dict.fromkeys(anaplan.cells, Decimal(0))
        for account, amount, draft in source.values():
            if not draft:
                totals[account] = totals.get(account, Decimal(0)) + amount
        assert anaplan.cells == totals
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("dies_at", range(1, 22))
def test_a_move_between_cells_survives_a_death_at_any_step(tmp_path, dies_at):
    anaplan = Anaplan()
    first = [("a", ("A1", Decimal("1.10"), False)), ("b", ("A1", Decimal("2.20"), False))]
    assert run(tmp_path, anaplan, first)
    moved = [("a", ("A2", Decimal("1.15"), False))]
    ended = run(tmp_path, anaplan, moved, dies_at=dies_at)
    assert run(tmp_path, anaplan, [] if ended else moved)
    assert anaplan.cells == {"A1": Decimal("2.20"), "A2": Decimal("1.15")}
