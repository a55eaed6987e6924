from __future__ import annotations

import threading
import time

import pytest

from connector_kit.anaplan import Polling
from connector_kit.errors import BusyError, NotFoundError, RefusedError, UnavailableError

WORKSPACE, MODEL = "8a81b08e4f6d2b43014fbe11a3bd3e02", "96339A3B8F224CCAB1D5C1E2F2B3C4D5"
IMPORT, TASK = "112000000001", "1B1D84DDD53847BAA621810B593C3FC1"
OLD = {"taskId": "0" * 32, "taskState": "COMPLETE", "creationTime": 1_700_000_000_000}
GOOD = {"successful": True, "failureDumpAvailable": False, "objectId": IMPORT}


def state(name, **more):
    return {"task": {"taskId": TASK, "taskState": name, "creationTime": 1_700_000_001_000, "progress": 0.5, **more}}


class Server:
    """A task that exists once it was started, with the states that a test lists."""

    def __init__(self, fake, root, reply):
        self.fake, self.reply = fake, reply
        self.path = f"{root}/imports/{IMPORT}/tasks"
        self.started = 0
        self.extra = []
        fake.on("GET", self.path, self._list)
        fake.on("POST", self.path, self._start)
        self.states(state("IN_PROGRESS"), state("COMPLETE", result=GOOD))

    def states(self, *answers):
        self.fake.on("GET", f"{self.path}/{TASK}", *answers)

    def _list(self, request):
        # The order is not one to rely on.
        mine = [{"taskId": TASK, "creationTime": 1_700_000_001_000, "taskState": "IN_PROGRESS"}] * bool(self.started)
        return self.reply(body={"tasks": [OLD, *mine, *self.extra]})

    def _start(self, request):
        self.started += 1
        return self.reply(body={"task": {"taskId": TASK}})

    def start_but_answer(self, answer):
        def start(request):
            self.started += 1
            return answer

        self.fake.on("POST", self.path, start, self._start)

    @property
    def posts(self):
        return self.fake.sent("POST", self.path)

    @property
    def looks(self):
        return self.fake.sent("GET", f"{self.path}/{TASK}")

    @property
    def cancels(self):
        return self.fake.sent("DELETE", f"{self.path}/{TASK}")


@pytest.fixture
def server(fake, root, reply):
    return Server(fake, root, reply)


def test_a_task_is_followed_to_its_end(server, model):
    server.states(state("NOT_STARTED"), state("SOMETHING_NEW"), state("COMPLETE", result=GOOD))
    result = model.run("import", IMPORT)
    assert result.successful
    assert result.check() is result
    assert (result.task_id, result.state, result.rejected, result.problem) == (TASK, "COMPLETE", 0, "")
    assert server.posts[0].json == {"localeName": "en_US"}


def test_answers_to_an_imports_questions_follow_the_locale(server, model):
    model.run("import", IMPORT, mapping_parameters=[{"entityType": "Version", "entityName": "Actual"}], locale="en_GB")
    assert server.posts[0].body.index(b"localeName") < server.posts[0].body.index(b"mappingParameters")
    assert server.posts[0].json["mappingParameters"] == [{"entityType": "Version", "entityName": "Actual"}]


@pytest.mark.parametrize(
    ("kind", "collection"), [("process", "processes"), ("action", "actions"), ("export", "exports")]
)
def test_each_kind_of_action_has_its_place(fake, model, root, kind, collection):
    path = f"{root}/{collection}/118000000001/tasks"
    fake.on("GET", path, {"status": {"code": 200}})
    fake.on("POST", path, {"taskId": TASK})
    fake.on("GET", f"{path}/{TASK}", state("COMPLETE", result=GOOD))
    assert model.run(kind, "118000000001").successful


def test_pauses_between_looks_grow_to_the_longest(server, open_tenant, monkeypatch):
    pauses = []
    monkeypatch.setattr(threading.Event, "wait", lambda self, timeout=None: pauses.append(timeout) or False)
    server.states(*[state("IN_PROGRESS")] * 6, state("COMPLETE", result=GOOD))
    open_tenant(polling=Polling(first=1, longest=5)).model(WORKSPACE, MODEL).run("import", IMPORT)
    assert pauses[-7:] == [1, 1.5, 2.25, 3.375, 5, 5, 5]


def test_waiting_for_the_models_turn_is_logged_once(server, model, caplog):
    caplog.set_level("INFO")
    server.states(*[state("NOT_STARTED")] * 5, state("COMPLETE", result=GOOD))
    model.run("import", IMPORT)
    assert caplog.text.count("waits for the model") == 1


def test_a_task_whose_turn_does_not_come_is_withdrawn(server, fake, open_tenant, reply):
    server.states(state("NOT_STARTED"))

    def cancel(_):
        server.states(state("CANCELLING"), state("CANCELLED"))
        return reply(body=state("CANCELLING"))

    fake.on("DELETE", f"{server.path}/{TASK}", cancel)
    polling = Polling(first=0.01, longest=0.01, queue=0.1)
    with pytest.raises(BusyError, match=r"import 112000000001: expected the model's turn within 0 s.*withdrawn"):
        open_tenant(polling=polling).model(WORKSPACE, MODEL).run("import", IMPORT)
    assert len(server.cancels) == 1


@pytest.mark.parametrize("answer", ["reset", 400, 403, 404, 408, 409, 425, 499, 500, 502, 504, "html"])
def test_a_start_whose_answer_is_lost_is_not_started_again(server, model, reply, answer):
    lost = {"reset": reply(reset=True), "html": reply(200, b"<html>")}.get(answer) or reply(answer)
    server.start_but_answer(lost)
    assert model.run("import", IMPORT).successful
    assert server.started == 1
    assert len(server.posts) == 1


def test_a_lost_start_is_found_although_older_and_foreign_tasks_are_listed(server, fake, model, reply):
    earlier = {"taskId": "E" * 32, "creationTime": OLD["creationTime"] - 5, "taskState": "COMPLETE"}
    server.start_but_answer(reply(reset=True))
    before = server.reply(body={"tasks": [OLD]})

    def after(request):
        # Shown only now, but made before our request.
        return reply(body={"tasks": [earlier, *server._list(request).body["tasks"]]})

    fake.on("GET", server.path, before, after)
    assert model.run("import", IMPORT).task_id == TASK
    assert len(server.posts) == 1


@pytest.mark.parametrize("answer", ["reset", 408, 409, 499, 500, 502, 504])
def test_a_start_that_did_not_happen_is_tried_again(server, fake, model, reply, answer):
    lost = reply(reset=True) if answer == "reset" else reply(answer)
    fake.on("POST", server.path, lost, lost, server._start)
    assert model.run("import", IMPORT).successful
    assert server.started == 1
    assert len(server.posts) == 3


def test_a_start_that_never_works_ends_with_the_reason(server, fake, model, reply):
    fake.on("POST", server.path, reply(500, {"status": {"code": 500, "message": "Internal Server Error"}}))
    with pytest.raises(UnavailableError, match=r"import 112000000001: got HTTP 500: Internal Server Error"):
        model.run("import", IMPORT)
    assert len(server.posts) == 4


@pytest.mark.parametrize(("status", "kind"), [(400, RefusedError), (403, NotFoundError), (422, RefusedError)])
def test_a_refused_start_is_not_repeated(server, fake, model, reply, status, kind):
    fake.on("POST", server.path, reply(status))
    with pytest.raises(kind):
        model.run("import", IMPORT)
    assert len(server.posts) == 1


def test_a_conflict_in_anaplans_own_words_is_waited_for_without_looking_for_a_task(server, fake, open_tenant, reply):
    own = reply(409, {"status": {"code": 409, "message": "Conflict"}})
    fake.on("POST", server.path, own)
    with pytest.raises(BusyError):
        open_tenant(wait_seconds=0).model(WORKSPACE, MODEL).run("import", IMPORT)
    assert len(fake.sent("GET", f"{server.path}.*")) == 1


def test_too_many_requests_at_the_start_are_no_lost_start(server, fake, model, reply):
    fake.on("POST", server.path, reply(429, headers={"Retry-After": "0"}), server._start)
    assert model.run("import", IMPORT).successful
    assert server.started == 1


def test_an_outage_while_polling_does_not_lose_the_task(server, model, reply):
    server.states(reply(503), reply(reset=True), *[reply(502)] * 5, reply(200, b"{"), state("COMPLETE", result=GOOD))
    assert model.run("import", IMPORT).successful
    assert server.started == 1


def test_an_outage_without_end_says_that_the_task_may_go_on(server, open_tenant, reply):
    server.states(reply(503))
    polling = Polling(first=0.01, longest=0.01, patience=0.05)
    with pytest.raises(UnavailableError, match=rf"task {TASK}: .*got no readable answer .* may still be running"):
        open_tenant(polling=polling).model(WORKSPACE, MODEL).run("import", IMPORT)


def test_cancelling_waits_until_anaplan_has_undone_the_task(server, fake, model, reply):
    cancel = threading.Event()
    server.states(state("IN_PROGRESS"))

    def cancelled(_):
        server.states(state("CANCELLING"), state("CANCELLING"), state("CANCELLED", cancelledBy="jo@example.com"))
        return reply(body=state("CANCELLING"))

    fake.on("DELETE", f"{server.path}/{TASK}", cancelled)
    threading.Timer(0.1, cancel.set).start()
    result = model.run("import", IMPORT, cancel=cancel)
    assert result.cancelled
    assert not result.successful
    assert len(server.cancels) == 1
    with pytest.raises(
        RefusedError, match=r"got cancelled\. It was cancelled by jo@example.com; its changes are undone"
    ):
        result.check()


def test_a_task_that_was_faster_than_its_cancellation_is_a_result(server, fake, model, reply):
    cancel = threading.Event()
    server.states(state("IN_PROGRESS"))

    def too_late(_):
        server.states(state("COMPLETE", result=GOOD))
        return reply(400)

    fake.on("DELETE", f"{server.path}/{TASK}", too_late)
    threading.Timer(0.05, cancel.set).start()
    assert model.run("import", IMPORT, cancel=cancel).successful


def test_a_task_that_somebody_else_cancels_ends(server, model):
    server.states(state("IN_PROGRESS"), state("CANCELLED"))
    assert model.run("import", IMPORT).problem == "It was cancelled; its changes are undone."


def test_nothing_is_started_when_cancelled_before(server, fake, model):
    cancel = threading.Event()
    cancel.set()
    assert model.run("import", IMPORT, cancel=cancel).cancelled
    assert not fake.requests


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_stopped_process_takes_its_task_with_it(server, fake, model, monkeypatch, signal, reply):
    server.states(state("IN_PROGRESS"))

    def cancelled(_):
        server.states(state("CANCELLED"))
        return reply(body=state("CANCELLING"))

    fake.on("DELETE", f"{server.path}/{TASK}", cancelled)

    class Stopped(threading.Event):
        def wait(self, timeout=None):
            raise signal

    with pytest.raises(signal):
        model.run("import", IMPORT, cancel=Stopped())
    assert len(server.cancels) == 1


def test_a_stop_between_the_start_and_its_answer_finds_and_cancels_the_task(server, fake, model, monkeypatch, reply):
    transport = model._transport
    json = transport.json

    def interrupted(method, path, **options):
        answer = json(method, path, **options)
        if method == "POST":
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(transport, "json", interrupted)
    server.states(state("CANCELLED"))
    fake.on("DELETE", f"{server.path}/{TASK}", state("CANCELLING"))
    with pytest.raises(KeyboardInterrupt):
        model.run("import", IMPORT)
    assert len(server.cancels) == 1


def test_polling_is_quick_for_a_quick_task(server, model):
    started = time.monotonic()
    model.run("import", IMPORT)
    assert time.monotonic() - started < 1


def test_a_started_task_that_is_not_found_yet_is_asked_for_again(server, model, reply):
    server.states(reply(404), reply(404), state("IN_PROGRESS"), reply(404), state("COMPLETE", result=GOOD))
    assert model.run("import", IMPORT).successful
    assert server.started == 1


def test_a_started_task_that_stays_away_is_unknown(server, open_tenant, reply):
    server.states(reply(404))
    polling = Polling(first=0.01, longest=0.01, missing=0.05)
    with pytest.raises(UnavailableError, match=rf"task {TASK}.*HTTP 404.*Whether it ran is unknown"):
        open_tenant(polling=polling).model(WORKSPACE, MODEL).run("import", IMPORT)
