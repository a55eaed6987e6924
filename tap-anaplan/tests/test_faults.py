from __future__ import annotations

import pytest

from connector_kit.coordination import LockLostError
from connector_kit.errors import AuthenticationError, BusyError, RefusedError
from testkit.stolen_lock import stolen

EXPORT = {"exports": ["Plan Lines.csv"]}
VIEW = {"views": ["Plan Lines"]}
LIST = {"lists": ["GL Accounts"]}
EVERY = pytest.mark.parametrize("source", [EXPORT, VIEW, LIST], ids=["export", "view", "list"])

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch):
    """Pauses of a blocked model and of repeated requests, shortened."""
    monkeypatch.setattr("connector_kit.anaplan.transport._LOOKS", (0.05,))
    monkeypatch.setattr("connector_kit.http.retry.Retry.wait", lambda self, failures, asked: 0.01)


def count(output):
    return sum(map(len, output.records.values()))


@EVERY
@pytest.mark.parametrize(
    "action",
    [{"status": 401}, {"status": 429}, {"status": 503}, {"html": 502}, {"reset": "before_response"}],
    ids=["401", "429", "503", "html", "reset"],
)
def test_a_passing_fault_at_any_request_costs_no_row(site, source, action):
    expected = count(site.read(**source))
    total = len(site.requests("/2/0/"))
    for at in range(0, total - 2, 3):
        site.control.clear_faults()
        site.fault(action, path="/2/0/", after=at)
        assert count(site.read(**source)) == expected, f"fault at request {at}"
        assert site.control.faults()[0]["hits"] == 1


@pytest.mark.parametrize(("source", "path"), [(EXPORT, "/chunks/1"), (VIEW, "/pages/1")], ids=["chunk", "page"])
@pytest.mark.parametrize("action", [{"reset": "mid_body"}, {"truncate": 40}], ids=["reset", "cut"])
def test_a_download_that_breaks_in_the_middle_is_repeated_and_no_row_is_doubled(site, many, source, path, action):
    many(60)
    site.switch("export_chunk_bytes", 2500)
    expected = site.read(**source).records
    chunks = len(site.requests(path.rsplit("/", 1)[0] + "/", "GET"))
    assert chunks > 1
    last = path.replace("/1", f"/{chunks - 1}")
    site.fault(action, path=last + "$")
    assert site.read(**source).records == expected


@EVERY
def test_a_download_that_stays_broken_leaves_no_record_and_no_bookmark(site, source):
    site.fault({"reset": "mid_body"}, path="/(chunks|pages)/0", times=-1)
    output = site.attempt(**source)
    assert output.error is not None
    assert not output.records
    assert not (output.state or {}).get("bookmarks", {}).get("plan_lines")


@pytest.mark.parametrize("status", [423, 424])
def test_a_model_that_is_blocked_is_waited_for(site, status):
    site.fault({"status": status}, path="/exports", times=2)
    assert count(site.read(**EXPORT)) == 3


def test_a_model_that_stays_locked_ends_the_run_with_what_to_do(site):
    site.fault({"status": 423}, path="/exports", times=-1)
    error = site.attempt(**EXPORT, wait_seconds=0.2).error
    assert isinstance(error, BusyError)
    assert "Unlock it" in str(error)


def test_an_archived_model_is_named_as_one(site):
    info = site.sandbox.info["anaplan"]
    error = site.attempt(**EXPORT, model_id=info["models"]["Plan FY20"]).error
    assert isinstance(error, RefusedError)
    assert "archived" in str(error)


def test_wrong_credentials_are_named_once(site):
    error = site.attempt(**EXPORT, password="wrong").error
    assert isinstance(error, AuthenticationError)
    assert len(site.requests("/token/authenticate")) == 1


def task(state, result=None):
    body = {"task": {"taskId": "A" * 32, "taskState": state, "currentStep": "Failed.", "creationTime": 1}}
    if result:
        body["task"]["result"] = result
    return body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (task("CANCELLED"), "cancelled"),
        (
            task("COMPLETE", {"successful": False, "details": [{"type": "notAuthorised", "values": []}]}),
            "may not run this action",
        ),
    ],
    ids=["cancelled", "failed"],
)
def test_an_export_that_fails_or_is_cancelled_gives_no_record(site, answer, said):
    import json  # noqa: PLC0415 - only here

    headers = {"Content-Type": "application/json"}
    site.fault(
        {"status": 200, "body": json.dumps(answer), "headers": headers},
        path="/exports/.*/tasks/",
        method="GET",
        times=-1,
    )
    output = site.attempt(**EXPORT)
    assert isinstance(output.error, RefusedError)
    assert said in str(output.error)
    assert not output.records
    assert not site.requests("/chunks")


def test_a_busy_model_is_waited_for_in_its_queue(site):
    site.control.foreign_task(0.5, model="S4 Finance")
    assert count(site.read(**EXPORT)) == 3


def test_a_file_that_another_job_may_have_exported_meanwhile_gives_no_rows(site):
    site.fault({"delay": 0.8}, path="/chunks/", method="GET")
    with stolen(site.control, site.config()["coordination_url"], site.folder):
        output = site.attempt(**EXPORT)
    assert isinstance(output.error, LockLostError)
    assert count(output) == 0
    assert count(site.read(**EXPORT))
