"""Virtual time: pauses cost nothing, nobody's time races away, and each process of a world sees the same."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests

from chaos.clock import Clock
from chaos.database_time import follow
from sandbox.testing import running

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]
_BEGIN = "import sys, time, threading, queue, json, datetime\nfrom pathlib import Path\nimport chaos.preload\n"
_NEW_YEAR = datetime(2028, 1, 1, tzinfo=timezone.utc)
_HOUR = 3600.0


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    with Clock.create(tmp_path / "clock", _NEW_YEAR) as clock:
        yield clock


class Process:
    """Python code in a process of its own that lives in a world's time; `answer` is the JSON that it prints last."""

    def __init__(self, clock: Clock, code: str, host: str = "a") -> None:
        text = f"{_BEGIN}from chaos.patching import install\ninstall(Path({str(clock.path)!r}), {host!r})\n{code}\n"
        self.began = clock.elapsed()
        self._process = subprocess.Popen(
            [sys.executable, "-c", text], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid

    def answer(self) -> Any:
        printed, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        return json.loads(printed.splitlines()[-1])

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def test_a_long_sleep_takes_no_time_and_all_clocks_agree_that_it_passed(clock: Clock) -> None:
    since = time.monotonic()
    found = Process(
        clock,
        "from time import monotonic as kept\n"
        "def of(now=time.time, elapsed=time.monotonic):\n"
        "    return [now(), elapsed(), kept(), datetime.datetime.now(datetime.timezone.utc).timestamp(),\n"
        "            time.time_ns() / 1e9, time.mktime(time.localtime()), time.monotonic_ns() / 1e9]\n"
        "before = of()\n"
        "time.sleep(86400)\n"
        "print(json.dumps([before, of()]))",
    ).answer()
    assert time.monotonic() - since < 30
    before, after = found
    assert all(86400 <= later - earlier < 86430 for earlier, later in zip(before, after, strict=True)), found
    assert before[0] - _NEW_YEAR.timestamp() < 30
    assert clock.now() - _NEW_YEAR.timestamp() > 86400


def test_an_event_that_is_set_soon_is_seen_before_its_timeout(clock: Clock) -> None:
    """The thread that sets it works: it uses the processor."""
    code = (
        "event = threading.Event()\n"
        "def work():\n"
        "    until = time.perf_counter() + 0.4\n"
        "    while time.perf_counter() < until: sum(range(100))\n"
        "    event.set()\n"
        "threading.Thread(target=work).start()\n"
        "began = time.monotonic()\n"
        "print(json.dumps([event.wait(600), time.monotonic() - began]))"
    )
    seen, seconds = Process(clock, code).answer()
    assert seen
    assert seconds < 60


def test_who_waits_for_another_process_that_works_does_not_race_its_time_away(clock: Clock) -> None:
    """Each look takes a second of virtual time, and after 600 of them it would give up."""
    path = clock.path.parent / "done"
    worker = Process(
        clock,
        "print('ready', flush=True); sys.stdin.readline()\n"
        "until = time.perf_counter() + 1\n"
        "while time.perf_counter() < until: sum(range(100))\n"
        f"Path({str(path)!r}).touch(); print(1)",
    )
    assert worker.hear() == "ready"
    waiter = Process(
        clock,
        f"print('ready', flush=True); sys.stdin.readline()\nlooks = 0\nwhile not Path({str(path)!r}).exists():\n"
        "    time.sleep(1); looks += 1\nprint(looks)",
    )
    assert waiter.hear() == "ready"
    waiter.tell("go")
    worker.tell("go")
    assert waiter.answer() < 20
    worker.answer()


def test_pauses_of_several_threads_pass_together_and_in_their_order(clock: Clock) -> None:
    code = (
        "order = []; began = time.monotonic()\n"
        "def pause(seconds):\n"
        "    time.sleep(seconds); order.append([seconds, time.monotonic() - began])\n"
        "threads = [threading.Thread(target=pause, args=(s,)) for s in (300, 100, 200, 50)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "print(json.dumps(order))"
    )
    order = Process(clock, code).answer()
    assert [asked for asked, _ in order] == [50, 100, 200, 300]
    assert all(asked <= passed < asked + 10 for asked, passed in order), order


def test_a_heartbeat_between_two_queue_items_beats_during_a_pause_and_moves_no_time_alone(clock: Clock) -> None:
    code = (
        "beats = []; jobs = queue.Queue()\n"
        "def beat():\n"
        "    while True:\n"
        "        try:\n"
        "            return jobs.get(timeout=5)\n"
        "        except queue.Empty:\n"
        "            beats.append(time.monotonic())\n"
        "thread = threading.Thread(target=beat); thread.start()\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "alone = len(beats)\n"
        "time.sleep(60)\n"
        "jobs.put(1); thread.join(); print(json.dumps([alone, len(beats)]))"
    )
    process = Process(clock, code)
    assert process.hear() == "ready"
    time.sleep(1)
    process.tell("go")
    alone, beats = process.answer()
    assert alone == 0
    assert 11 <= beats <= 13


def test_a_host_has_its_own_wall_clock_and_no_monotonic_time_of_its_own(clock: Clock) -> None:
    code = "sys.stdin.readline(); print(json.dumps([time.time(), time.monotonic()]))"
    first, second = Process(clock, code, "a"), Process(clock, code, "b")
    clock.set_host("b", -_HOUR)
    first.tell("go")
    second.tell("go")
    wall, elapsed = zip(first.answer(), second.answer(), strict=True)
    assert wall[0] - wall[1] == pytest.approx(_HOUR, abs=60)
    assert elapsed[0] == pytest.approx(elapsed[1], abs=60)
    assert clock.now("b") == pytest.approx(clock.now() - _HOUR, abs=60)


def test_a_socket_waits_its_timeout_in_virtual_time(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import socket\nbegan = time.monotonic()\n"
            f"s = socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=300)\n"
            "try:\n    s.recv_into(bytearray(1))\nexcept TimeoutError as error:\n"
            "    print(json.dumps([str(error), time.monotonic() - began]))"
        )
        message, seconds = Process(clock, code).answer()
    assert message == "timed out"
    assert 300 <= seconds < 330


def test_the_time_of_sqlite_follows(clock: Clock) -> None:
    clock.advance(_HOUR)
    code = (
        "import sqlite3\n"
        "query = \"SELECT (julianday('now') - 2440587.5) * 86400.0, julianday('2000-01-01 12:00', '+1 day')\"\n"
        "print(json.dumps(sqlite3.connect(':memory:').execute(query).fetchone()))"
    )
    now, day = Process(clock, code).answer()
    assert now == pytest.approx(_NEW_YEAR.timestamp() + _HOUR, abs=60)
    assert day == 2451546.0


def test_time_of_a_dead_process_and_of_a_stopped_one_stops_nobody(clock: Clock) -> None:
    asleep = "print('ready', flush=True); sys.stdin.readline(); threading.Event().wait(20)"
    dead, stopped = Process(clock, asleep), Process(clock, asleep)
    for process in (dead, stopped):
        assert process.hear() == "ready"
    dead.end()
    os.kill(stopped.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        Process(clock, "time.sleep(3600); print(1)").answer()
        assert time.monotonic() - began < 30
    finally:
        stopped.end()


def test_time_only_moves_forward(clock: Clock) -> None:
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_the_sandbox_lives_in_the_same_time(clock: Clock, tmp_path: Path) -> None:
    """A delay of an answer passes in virtual time, and a client's timeout before it does, too."""
    with running(only="syspro", data=tmp_path / "data", clock=clock.path) as sandbox:
        url = sandbox.info["control"]["url"]
        assert requests.post(f"{url}/clock", json={"advance": 60}, timeout=10).json()["now"] == pytest.approx(
            clock.now(), abs=5
        )
        api = sandbox.info["syspro"]["odata_url"]
        told = requests.get(api, timeout=10).headers["Date"]
        assert parsedate_to_datetime(told).timestamp() == pytest.approx(clock.now(), abs=5)
        sandbox.control.fault("syspro", {"delay": 120.0}, times=2)
        code = (
            "import requests\n"
            "def get(timeout):\n"
            "    began = time.monotonic()\n"
            f"    try: status = requests.get({api!r}, timeout=timeout).status_code\n"
            "    except requests.Timeout: status = 0\n"
            "    return [status, time.monotonic() - began]\n"
            "print(json.dumps([get(300), get(30)]))"
        )
        (status, slow), (none, given_up) = Process(clock, code).answer()
    assert status in {200, 401}
    assert 120 <= slow < 140
    assert none == 0
    assert 30 <= given_up < 50


def test_the_time_of_postgresql_follows(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver")
    folder = tmp_path_factory.mktemp("pg")
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        follow(clock.path, server.get_uri(), folder)
        clock.advance(_HOUR)
        with psycopg.connect(server.get_uri()) as connection:
            found = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert found is not None
        assert found[0] == pytest.approx(clock.now(), abs=10)
    finally:
        server.cleanup()
