"""Envelopes, paging, sorting, identifiers, roles and the tenant's rate limit."""

from __future__ import annotations

import email.utils
import re
import time

import pytest

from sandbox.tests.anaplan_client import JSON

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000"


def test_collections_carry_meta_status_and_paging(anaplan):
    body = anaplan.get("/imports").json()
    assert body["status"] == {"code": 200, "message": "Success"}
    assert body["meta"]["schema"].endswith(f"/models/{anaplan.model_id}/objects/import")
    assert body["meta"]["paging"] == {"currentPageSize": 27, "totalSize": 27, "offset": 0}


def test_pages_have_links_to_their_neighbours(anaplan):
    first = anaplan.get("/imports", params={"limit": 10}).json()
    assert first["meta"]["paging"]["currentPageSize"] == len(first["imports"]) == 10
    assert "previous" not in first["meta"]["paging"]
    second = anaplan.get(first["meta"]["paging"]["next"]).json()
    last = anaplan.get(second["meta"]["paging"]["next"]).json()
    assert "next" not in last["meta"]["paging"]
    assert "previous" in last["meta"]["paging"]
    ids = [row["id"] for page in (first, second, last) for row in page["imports"]]
    assert len(set(ids)) == 27
    assert all(isinstance(each, str) for each in ids)


def test_the_server_cuts_pages_whatever_is_asked(anaplan):
    anaplan.control.switch("anaplan", "page_cap", 7)
    paging = anaplan.get("/imports", params={"limit": 5000}).json()["meta"]["paging"]
    assert (paging["currentPageSize"], paging["totalSize"]) == (7, 27)


def test_empty_collections_omit_their_key(anaplan):
    body = anaplan.get(f"/imports/{anaplan.id('imports', 'Balances to archive')}/tasks").json()
    assert "tasks" not in body
    assert body["meta"]["paging"]["totalSize"] == 0


def test_both_forms_of_the_path_and_a_trailing_slash_answer(anaplan):
    short = f"{anaplan.root}/models/{anaplan.model_id}"
    assert anaplan.get(f"{short}/imports/").json()["imports"] == anaplan.get("/imports").json()["imports"]


def test_a_model_below_its_workspace_knows_no_get(anaplan):
    answer = anaplan.get("")
    assert answer.status_code == 405
    body = answer.json()
    assert body["status"] == {"code": 405, "message": "Method Not Allowed"}
    assert body["path"].endswith(anaplan.model_id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", body["timestamp"])


def test_identifiers_are_case_sensitive(anaplan):
    model, workspace = anaplan.model_id, anaplan.info["workspace_id"]
    assert anaplan.get(f"{anaplan.root}/models/{model.lower()}/imports").status_code == 404
    assert anaplan.get(f"{anaplan.root}/workspaces/{workspace.upper()}/models/{model}/imports").status_code == 404


def test_sorting_is_strict_for_models_and_loose_inside_them(anaplan):
    names = [row["name"] for row in anaplan.get(f"{anaplan.root}/models", params={"sort": "-name"}).json()["models"]]
    assert names == ["Workforce", "S4 Finance", "Plan FY20", "Finance Hub"]
    assert anaplan.get(f"{anaplan.root}/models", params={"sort": "name"}).status_code == 400
    assert anaplan.get(f"{anaplan.root}/models", params={"sort": "+nothing"}).status_code == 400
    for kind in ("models", "workspaces", "users"):
        assert anaplan.get(f"{anaplan.root}/{kind}", params={"sort": "+id"}).status_code == 400
    for kind, field in (("workspaces", "sizeAllowance"), ("users", "lastLoginDate"), ("models", "activeState")):
        assert anaplan.get(f"{anaplan.root}/{kind}", params={"sort": f"-{field}"}).status_code == 200
    assert anaplan.get("/imports", params={"sort": "nothing"}).status_code == 200
    first = anaplan.get("/imports", params={"sort": "name"}).json()["imports"][0]
    assert first["name"] == "AP Invoices from ap_invoices.csv"


def test_models_and_workspaces_tell_everything_that_clients_require(anaplan):
    models = anaplan.get(f"{anaplan.root}/models", params={"modelDetails": "true"}).json()["models"]
    wanted = "id name activeState currentWorkspaceId currentWorkspaceName modelUrl categoryValues isoCreationDate"
    wanted += " lastModified lastSavedSerialNumber lastModifiedByUserGuid memoryUsage"
    assert set(wanted.split()) <= set(models[0])
    few = anaplan.get(f"{anaplan.root}/models/{anaplan.model_id}").json()["model"]
    assert set(few) == {*wanted.split()[:7], "modelTransactionRunning"}
    assert re.fullmatch(MOMENT, models[0]["lastModified"])
    assert isinstance(models[0]["lastSavedSerialNumber"], str)
    anaplan.control.switch("anaplan", "serial_number", "number")
    model = anaplan.get(f"{anaplan.root}/models/{anaplan.model_id}", params={"modelDetails": "true"}).json()["model"]
    assert isinstance(model["lastSavedSerialNumber"], int)
    assert model["modelTransactionRunning"] is False
    place = f"{anaplan.root}/workspaces"
    assert "currentSize" in anaplan.get(place, params={"tenantDetails": "true"}).json()["workspaces"][0]
    assert "currentSize" not in anaplan.get(place).json()["workspaces"][0]
    one = anaplan.get(f"{place}/{anaplan.info['workspace_id']}", params={"tenantDetails": "true"}).json()["workspace"]
    assert one["name"] == "Group Finance"
    assert len(anaplan.get(f"{place}/{anaplan.info['workspace_id']}/models").json()["models"]) == 4


def test_users_are_known_by_themselves_and_in_a_list(anaplan):
    user = anaplan.get(f"{anaplan.root}/users/me").json()["user"]
    assert user["email"] == anaplan.info["username"]
    assert re.fullmatch(MOMENT, user["lastLoginDate"])
    assert len(anaplan.get(f"{anaplan.root}/users").json()["users"]) == 3
    assert anaplan.get(f"{anaplan.root}/users/{user['id']}").json()["user"]["firstName"] == "Ina"


def test_without_access_a_model_is_named_while_all_it_holds_looks_absent(anaplan, other_user):
    visitor = other_user("visitor")
    for part in ("/imports", "/files", "/lists", "/status"):
        assert visitor.get(part).status_code == 404
    assert visitor.get(f"{visitor.root}/models/{anaplan.model_id}").json()["model"]["name"] == "Finance Hub"
    listed = visitor.get(f"{visitor.root}/workspaces/{anaplan.info['workspace_id']}/models").json()["models"]
    assert len(listed) == 4
    import_id = anaplan.id("imports", "Balances to archive")
    tasks = visitor.get(f"/imports/{import_id}/tasks")
    assert (tasks.status_code, tasks.json()["meta"]["paging"]["totalSize"]) == (200, 0)
    assert "models" not in visitor.get(f"{visitor.root}/models").json()


@pytest.mark.parametrize("kind", ["imports", "exports", "processes", "actions"])
def test_an_action_that_does_not_exist_has_an_empty_list_of_tasks(anaplan, kind):
    answer = anaplan.get(f"/{kind}/119000000099/tasks")
    assert answer.status_code == 200
    assert "tasks" not in answer.json()
    assert anaplan.get(f"/{kind}/119000000099/tasks/0000").status_code == 404


def test_only_administrators_open_and_close_models(anaplan, other_user):
    assert other_user("planner").call("POST", "/close").status_code == 403
    assert other_user("planner").get(f"{anaplan.root}/workspaces/{anaplan.info['workspace_id']}").status_code == 404
    assert anaplan.call("POST", "/close").status_code == 204
    assert anaplan.get("/status").json()["requestStatus"]["currentStep"] == "Closed"
    assert anaplan.call("POST", "/open").status_code == 202
    assert anaplan.call("POST", "/open").status_code == 200


def test_a_closed_model_loads_on_the_first_call(anaplan):
    anaplan.control.switch("anaplan", "cold_start_seconds", 0.3)
    anaplan.call("POST", "/close")
    began = time.monotonic()
    anaplan.get("/lists")
    assert time.monotonic() - began >= 0.3
    assert anaplan.get("/status").json()["requestStatus"]["currentStep"] == "Open"


def test_the_bucket_runs_dry_and_refills_with_time(anaplan):
    anaplan.control.consume_rate(10_000)
    refused = anaplan.get("/imports")
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert refused.json()["status"]["code"] == 429
    assert refused.json()["path"].endswith(f"/models/{anaplan.model_id}/imports")
    anaplan.control.advance(1)
    assert anaplan.get("/imports").status_code == 200
    assert anaplan.control.report()["anaplan"]["rate_limited"] == 1


def test_a_429_may_say_when_to_come_back(anaplan):
    anaplan.control.switch("anaplan", "rate_per_second", 0.1)
    for form in ("seconds", "date"):
        anaplan.control.switch("anaplan", "retry_after", form)
        anaplan.control.consume_rate(10_000)
        header = anaplan.get("/imports").headers["Retry-After"]
        if form == "seconds":
            assert 1 <= int(header) <= 10
        else:
            assert email.utils.parsedate_to_datetime(header).timestamp() > time.time()


def test_the_bucket_holds_600_and_authentication_costs_nothing(anaplan):
    anaplan.control.switch("anaplan", "rate_per_second", 0.0)
    anaplan.control.consume_rate(598)
    statuses = [anaplan.get(f"{anaplan.root}/users/me").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    headers = {"Authorization": f"AnaplanAuthToken {anaplan.token}"}
    assert anaplan.call("POST", anaplan.info["auth_url"] + "/token/refresh", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("state", "status"),
    [("ARCHIVED", 422), ("LOCKED", 423), ("MAINTENANCE", 424), ("OFFLINE", 424), ("PRODUCTION", 425)],
)
def test_the_models_state_decides_what_an_import_meets(anaplan, state, status):
    path = f"/imports/{anaplan.id('imports', 'Suppliers from suppliers.csv')}/tasks"
    anaplan.control.model_state(state)
    answer = anaplan.call("POST", path, json=JSON)
    assert answer.status_code == answer.json()["status"]["code"] == status
    assert anaplan.get(f"{anaplan.root}/models/{anaplan.model_id}").status_code == 200


def test_locked_models_are_read_and_deployed_ones_take_module_data(anaplan):
    module_import = f"/imports/{anaplan.id('imports', 'GL Balances from gl_balances.csv')}/tasks"
    anaplan.control.model_state("LOCKED")
    assert anaplan.get("/lists").status_code == 200
    anaplan.control.switch("anaplan", "locked_refuses", "everything")
    assert anaplan.get("/lists").status_code == 423
    anaplan.control.model_state("PRODUCTION")
    assert anaplan.call("POST", module_import, json=JSON).status_code == 200
    anaplan.control.switch("anaplan", "deployed_refuses", "writes")
    assert anaplan.call("POST", module_import, json=JSON).status_code == 425


def test_a_deployed_model_refuses_processes_that_change_lists(anaplan):
    path = f"/processes/{anaplan.id('processes', 'Load AP Invoices')}/tasks"
    anaplan.control.model_state("PRODUCTION")
    assert anaplan.call("POST", path, json=JSON).status_code == 425


@pytest.mark.parametrize("form", ["message", "empty", "html"])
def test_the_body_of_a_state_refusal_can_take_other_forms(anaplan, form):
    anaplan.control.switch("anaplan", "refusal_body", form)
    anaplan.control.switch("anaplan", "timestamp_suffix", "+0000")
    anaplan.control.model_state("ARCHIVED")
    text = anaplan.get("/lists").text
    assert {"message": '{"message"', "empty": "", "html": "<html>"}[form] == text[
        : {"message": 10, "empty": 9, "html": 6}[form]
    ]
    assert anaplan.get(f"{anaplan.root}/nothing").json()["timestamp"].endswith("+0000")
