"""Who lost a model's lock changes nothing in it any more."""

from __future__ import annotations

import gzip
import threading

import pytest

from connector_kit.anaplan import ChunkFile
from connector_kit.coordination import LockLostError

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
