"""Who lost a model's lock changes nothing in it any more, and what the dead left running is waited for."""

from __future__ import annotations

import gzip
import threading

import pytest

from connector_kit.anaplan import ChunkFile
from connector_kit.coordination import Holder, LockLostError
from connector_kit.errors import BusyError

FILE, IMPORT, LIST = "113000000001", "112000000001", "101000000001"


@pytest.fixture
def lose(coordinator):
    """Somebody else gets the lock."""
    return lambda: setattr(coordinator, "held", False)


def lost():
    return pytest.raises(LockLostError, match="was lost")


def test_no_further_chunk_is_sent(fake, model, root, reply, tmp_path, lose):
    (tmp_path / "0.gz").write_bytes(gzip.compress(b"row\n"))
    fake.on("POST", f"{root}/files/{FILE}", {"file": {"id": FILE}})
    fake.on("PUT", rf"{root}/files/{FILE}/chunks/\d+", reply(204))

    def chunks():
        for number in range(6):
            if number == 3:
                lose()
            yield ChunkFile(tmp_path / "0.gz")

    with model.lock("load", 0), lost():
        model.upload(FILE, chunks(), parallel=1)
    assert len(fake.sent("PUT", ".*")) <= 3


def test_no_task_is_started(fake, model, root, lose):
    fake.on("GET", rf"{root}/imports/{IMPORT}/tasks.*", {"tasks": []})
    with model.lock("load", 0), lost():
        lose()
        model.run("import", IMPORT)
    assert not fake.sent("POST", r".*/tasks")


def test_our_own_task_is_withdrawn_all_the_same(fake, model, root, reply, lose):
    path, task = f"{root}/imports/{IMPORT}/tasks", "A" * 32
    told = threading.Event()

    def under_way(request):
        lose()
        told.set()
        return reply(body={"task": {"taskId": task, "taskState": "IN_PROGRESS"}})

    fake.on("GET", path, {"tasks": []})
    fake.on("POST", path, {"task": {"taskId": task}})
    fake.on("GET", f"{path}/{task}", under_way, {"task": {"taskId": task, "taskState": "CANCELLED"}})
    fake.on("DELETE", f"{path}/{task}", {})
    with model.lock("load", 0):
        result = model.run("import", IMPORT, cancel=told)
    assert len(fake.sent("DELETE", ".*")) == 1
    assert result.problem


def test_no_item_of_a_list_is_changed(fake, model, root, lose):
    with model.lock("load", 0):
        lose()
        items = model.list_items(LIST)
        for change in (items.add, items.update, items.delete):
            with lost():
                change([{"code": "A"}])
    assert not fake.sent("POST", ".*items.*")
    assert not fake.sent("PUT", ".*items.*")


def test_reading_goes_on(fake, model, root, lose):
    fake.on("GET", rf"{root}/files.*", {"files": []})
    with model.lock("read", 0):
        lose()
        assert model.files() == []


# What a holder that died left running.


def busy(reply, tooltip="The system is currently processing an Import:\n\nImport started by user Jesse"):
    return reply(body={"requestStatus": {"currentStep": "Processing ...", "taskId": "A" * 32, "tooltip": tooltip}})


def idle(reply):
    return reply(body={"requestStatus": {"currentStep": "Open", "taskId": None, "tooltip": None}})


@pytest.fixture
def dead(coordinator):
    coordinator.orphaned = Holder("load suppliers", "south", 4711, 0.0)


def test_the_task_of_a_dead_holder_is_waited_for(fake, model, reply, dead, caplog):
    fake.on("GET", r".*/models/\w+/status", busy(reply), busy(reply), idle(reply))
    with caplog.at_level("INFO"), model.lock("next", 5):
        assert len(fake.sent("GET", r".*/status")) == 3
    (line,) = [line for line in caplog.messages if "died" in line]
    assert "load suppliers (process 4711 on south" in line
    assert "Import started by user Jesse" in line


def test_a_dead_holders_task_that_does_not_end_is_a_busy_model(fake, model, reply, dead):
    fake.on("GET", r".*/models/\w+/status", busy(reply, ""))
    with pytest.raises(BusyError, match=r"load suppliers .*which died"), model.lock("next", 0.1):
        pass


def test_a_user_that_may_not_look_goes_on(fake, model, reply, dead):
    fake.on("GET", r".*/models/\w+/status", reply(403, {"status": {"code": 403, "message": "Forbidden"}}))
    with model.lock("next", 5) as lease:
        lease.assert_held()


def test_after_a_holder_that_gave_back_nobody_looks(fake, model):
    with model.lock("next", 5):
        pass
    assert not fake.sent("GET", r".*/status")
