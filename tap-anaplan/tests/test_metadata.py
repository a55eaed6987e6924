from __future__ import annotations

import pytest

from connector_kit.errors import ConfigurationError
from tap_anaplan.settings import METADATA


def test_the_model_tells_what_it_is_made_of(site):
    found = site.read(metadata=[name for name in METADATA if name != "tasks"]).records
    assert {"S4 Finance", "Finance Hub"} <= {row["name"] for row in found["models"]}
    assert "GL Accounts" in {row["name"] for row in found["lists"]}
    assert "Plan Lines" in {row["name"] for row in found["modules"]}
    assert "Plan Lines.csv" in {row["name"] for row in found["exports"]}
    assert {row["import_type"] for row in found["imports"]} >= {"HIERARCHY_DATA", "MODULE_DATA"}
    assert "Load Plan Lines" in {row["name"] for row in found["processes"]}
    assert found["actions"]
    assert found["files"]
    (amount,) = [r for r in found["line_items"] if (r["module_name"], r["name"]) == ("Plan Lines", "Amount")]
    assert (amount["format"], amount["applies_to"], amount["formula"]) == ("NUMBER", ["Plan Lines"], None)


def test_nothing_of_the_definition_is_read_unasked(site):
    assert list(site.read(exports=["Plan Lines.csv"]).records) == ["plan_lines"]


def test_the_history_of_actions_tells_what_came_of_them(site):
    site.read(exports=["Plan Lines.csv"])
    output = site.read(metadata=["tasks"], task_actions=["Plan Lines.csv"])
    (task,) = output.records["tasks"]
    assert (task["action_kind"], task["action_name"], task["state"]) == ("export", "Plan Lines.csv", "COMPLETE")
    assert (task["successful"], task["rejected_rows"], task["problem"]) == (True, 0, None)
    assert task["created_at"].startswith("20")
    assert task["created_at"].endswith("Z")


def test_only_new_tasks_come_the_next_time(site):
    settings = {"metadata": ["tasks"], "task_actions": ["Plan Lines.csv"]}
    site.read(exports=["Plan Lines.csv"])
    first = site.read(**settings)
    site.read(exports=["Plan Lines.csv"])
    second = site.read(state=first.state, **settings)
    known = first.records["tasks"][0]["task_id"]
    assert [row["task_id"] == known for row in second.records["tasks"]] == [True, False], "the last one is read again"


def test_the_bookmark_does_not_pass_a_task_that_is_under_way(site):
    settings = {"metadata": ["tasks"], "task_actions": ["Load Plan Lines", "Plan Lines.csv"]}
    site.read(exports=["Plan Lines.csv"])
    body = '{"meta":{"paging":{"totalSize":1,"currentPageSize":1,"offset":0}},"tasks":[%s]}'
    running = '{"taskId":"%s","taskState":"IN_PROGRESS","creationTime":1000}' % ("B" * 32)
    site.fault({"status": 200, "body": body % running}, path="/processes/.*/tasks", times=1)
    output = site.read(**settings)
    assert {row["state"] for row in output.records["tasks"]} == {"IN_PROGRESS", "COMPLETE"}
    assert output.state["bookmarks"]["tasks"]["replication_key_value"] == "1970-01-01T00:00:01.000Z"


def test_an_action_that_is_not_there_is_named(site):
    error = site.attempt(metadata=["tasks"], task_actions=["Load plans"]).error
    assert isinstance(error, ConfigurationError)
    assert "'Load plans'" in str(error)


def test_a_stream_of_the_definition_can_not_share_its_name(site):
    error = site.attempt(metadata=["lists"], views=[{"module": "Plan Lines", "stream": "lists"}]).error
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize("name", METADATA)
def test_each_stream_of_the_definition_has_a_key_and_a_description(site, name):
    (entry,) = site.catalog(metadata=[name])["streams"]
    assert entry["key_properties"]
    assert set(entry["key_properties"]) <= set(entry["schema"]["properties"])
    assert entry["schema"]["description"]
