"""The same client against the sandbox's Anaplan, which was written from the facts by other hands."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connector_kit.anaplan import ChunkFile, Polling, connect, device_login, token_service
from connector_kit.anaplan.token_service import auth_session
from connector_kit.coordination import connect as coordinate
from connector_kit.errors import BusyError, NotFoundError, RefusedError, UnavailableError
from connector_kit.http import Retry
from connector_kit.redaction import redact
from sandbox.testing import running

IMPORT = "Cost Centers from cost_centers.csv"
FAST = Retry(tries=5, first=0.02, cap=0.1)
ROWS = "Code,Name,Company\nC1,One,EDU1\nC2,Two,EDU1\n,Nothing,EDU1\nC1,again,EDU1\n"


@pytest.fixture(scope="module")
def sandbox():
    with running(only="anaplan", task_seconds=0.05) as started:
        yield started


@pytest.fixture
def control(sandbox):
    yield sandbox.control
    sandbox.control.reset()


@pytest.fixture
def info(sandbox, control):
    return sandbox.info["anaplan"]


@pytest.fixture
def connected(info, tmp_path):
    """Opens tenants with settings beyond the addresses; basic login by default."""
    opened = []
    with coordinate(f"sqlite:///{tmp_path}/coordination.db") as coordinator:

        def open_one(**settings):
            addresses = {key: info[key] for key in ("api_url", "auth_url", "oauth_url")}
            if not {"certificate", "oauth_client_id"} & set(settings):
                settings = {"username": info["username"], "password": info["password"], **settings}
            given = {"poll_first": 0.02, "poll_max": 0.1, "wait_seconds": 5, **addresses, **settings}
            store = given.pop("store", None)
            tenant = connect(given, coordinator=coordinator, retry=FAST, store_refresh_token=store)
            tenant._polling = replace(tenant._polling, settle=(0.02, 0.05, 0.1))
            opened.append(tenant)
            return tenant

        yield open_one
        for tenant in opened:
            tenant.close()


@pytest.fixture
def model(connected):
    return connected().find_model("Group Finance", "Finance Hub")


@pytest.fixture
def chunks(tmp_path):
    names = itertools.count()

    def cut(text, count=3, encoding="utf-8"):
        data = text.encode(encoding)
        size = -(-len(data) // count)
        made = []
        for at in range(0, len(data), size):
            path = tmp_path / f"{next(names)}.gz"
            path.write_bytes(gzip.compress(data[at : at + size]))
            made.append(ChunkFile(path))
        return made

    return cut


def load(model, chunks, text, name=IMPORT, encoding="utf-8"):
    model.upload(model.import_source(name).file_id, chunks(text, encoding=encoding))
    return model.run("import", model.find_import(name).id)


def starts(control):
    return [r for r in control.requests("anaplan") if r["method"] == "POST" and r["path"].endswith("/tasks")]


def test_rows_arrive_and_rejected_ones_are_named_by_line(model, chunks, control):
    result = load(model, chunks, ROWS).check()
    (counts,) = result.counts
    assert (counts.object_name, counts.processed, counts.created, counts.failed) == ("Cost Centers", 4, 2, 2)
    dumped = {row.line: row for row in model.dump("import", result.object_id, result.task_id)}
    assert set(dumped) == {4, 5}
    assert dumped[5].values == {"Code": "C1", "Name": "again", "Company": "EDU1"}
    assert all(row.errors for row in dumped.values())
    assert {item["code"] for item in control.list_items("Cost Centers")} == {"C1", "C2"}


def test_a_second_load_of_the_same_rows_has_no_dump(model, chunks):
    first = load(model, chunks, ROWS)
    text = "Code,Name,Company\nC1,One,EDU1\nC3,Three,EDU1\n"
    model.upload(model.import_source(IMPORT).file_id, iter(chunks(text)))
    second = model.run("import", first.object_id)
    (counts,) = second.counts
    assert (counts.created, counts.ignored, counts.failed, second.dump_available) == (1, 1, 0, False)
    with pytest.raises(NotFoundError, match="can't be read any more"):
        model.dump("import", first.object_id, first.task_id)


@pytest.mark.parametrize("encoding", ["utf-8", "source"])
@pytest.mark.parametrize("separator", ["comma", "source"])
def test_dumps_of_any_make_are_read(model, chunks, control, encoding, separator):
    control.switch("anaplan", "dump_encoding", encoding)
    control.switch("anaplan", "dump_separator", separator)
    name = "Customers from customers.csv"
    header = "Code;Name;Company;Customer;Class;Currency;Terms;Credit Limit;On Hold\n"
    text = header + "EDU1-1;Grün, Söhne;EDU1;1;A;EUR;30;1;false\n;Müller, Köln;EDU1;2;A;EUR;30;2;false\n"
    result = load(model, chunks, text, name, "iso8859-1")
    (row,) = model.dump("import", result.object_id, result.task_id)
    assert (row.line, row.values["Name"], row.values["Customer"]) == (3, "Müller, Köln", "2")


@pytest.mark.parametrize("details", ["rows", "cells", "none"])
def test_the_counts_of_a_process_are_read_however_they_are_told(model, chunks, control, details):
    control.switch("anaplan", "module_values", details)
    file = model.import_source("AP Invoices from ap_invoices.csv").file_id
    header = "Invoice Key,Supplier,Reference,Invoice Date,Due Date,Period,Currency,Original Value,Balance,Status\n"
    rows = "A1,,r,01/02/2024,02/03/2024,Feb 24,EUR,10.00,1.00,Open\nA2,,r,01/02/2024,x,Nay 24,EUR,a,b,Open\n"
    model.upload(file, chunks(header + rows))
    process = model.find_process("Load AP Invoices")
    result = model.run("process", process.id).check()
    steps = model.process_steps(process.id)
    assert [action.object_id for action in result.nested] == [step.id for step in steps]
    assert result.nested[0].counts[0].created == 2
    assert result.nested[1].rejected >= 1
    (dumped,) = result.dumps
    assert dumped.object_id == steps[1].id
    (row,) = model.dump("process", process.id, result.task_id, dumped.object_id)
    assert (row.line, row.values["Invoice Key"]) == (3, "A2")


def test_a_file_with_other_columns_fails_as_a_whole_with_the_reason(model, chunks):
    with pytest.raises(RefusedError, match="The file lacks columns"):
        load(model, chunks, "Wrong,Header\n1,2\n").check()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_certificates_log_in(connected, info, control, version):
    control.switch("anaplan", "certificate", "v2_only" if version == "v2" else "v1_and_v2")
    settings = {"certificate": info["certificate"], "private_key": info["private_key"], "certificate_version": version}
    assert connected(**settings).me().email


def test_a_rotating_refresh_token_lives_on_over_runs(connected, info):
    kept = [info["oauth_refresh_token"]]
    for _ in range(3):
        settings = {"oauth_client_id": info["oauth_client_id"], "oauth_refresh_token": kept[-1]}
        assert connected(**settings, store=kept.append).me().email
    assert len(set(kept)) == 4


@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_a_device_login_gives_a_first_refresh_token(info, control, connected, status):
    control.switch("anaplan", "oauth_error_status", status)
    control.switch("anaplan", "device_approval", "automatic")
    client = info["oauth_client_id"]
    tokens = device_login(auth_session(), info["oauth_url"], client, tell=print, sleep=lambda _: time.sleep(0.01))
    assert connected(oauth_client_id=client, oauth_refresh_token=tokens.refresh_token).me().email


def test_a_token_that_ends_in_the_middle_is_followed_by_the_next(connected, control, chunks):
    control.switch("anaplan", "token_seconds", 60)
    model = connected().find_model("Group Finance", "Finance Hub")
    control.advance(120)
    assert load(model, chunks, ROWS).successful
    logins = [r for r in control.requests("anaplan") if r["path"].endswith("/token/authenticate")]
    assert len(logins) == 2


@pytest.mark.parametrize(
    "action", [{"reset": "before_request"}, {"reset": "before_response"}, {"status": 503}, {"html": 502}]
)
def test_an_upload_gets_through_faults_whole(model, chunks, control, action):
    control.fault("anaplan", action, method="PUT", path="/chunks/", after=1, times=3)
    result = load(model, chunks, ROWS)
    assert result.counts[0].processed == 4


def test_an_upload_that_fails_names_its_chunk_and_is_not_imported(model, chunks, control):
    control.fault("anaplan", {"status": 500}, method="PUT", path="/chunks/1$", times=-1)
    with pytest.raises(UnavailableError, match=r"cost_centers\.csv, chunk 2 of 3: got HTTP 500"):
        load(model, chunks, ROWS)
    assert not starts(control)
    assert not model.run("import", model.find_import(IMPORT).id).successful


@pytest.mark.parametrize("action", [{"reset": "before_response"}, {"reset": "mid_body"}, {"truncate": 20}])
def test_a_start_whose_answer_is_lost_runs_once(model, chunks, control, action):
    control.fault("anaplan", action, method="POST", path="/tasks$")
    assert load(model, chunks, ROWS).successful
    assert len(starts(control)) == 1


def test_a_start_that_was_never_received_is_tried_again(model, chunks, control):
    control.fault("anaplan", {"reset": "before_request"}, method="POST", path="/tasks$")
    result = load(model, chunks, ROWS)
    assert result.counts[0].created == 2


def test_polling_survives_trouble(model, chunks, control):
    control.fault("anaplan", {"status": 503}, method="GET", path="/tasks/", times=3)
    control.fault("anaplan", {"reset": "mid_body"}, method="GET", path="/tasks/", after=3, times=1)
    assert load(model, chunks, ROWS).successful


def test_a_task_waits_for_somebody_elses(model, chunks, control, caplog):
    caplog.set_level("INFO")
    model.upload(model.import_source(IMPORT).file_id, chunks(ROWS))
    control.foreign_task(0.6)
    assert model.run("import", model.find_import(IMPORT).id).successful
    assert caplog.text.count("waits for the model") == 1


def test_a_cancelled_task_leaves_nothing_behind(model, chunks, control):
    model.upload(model.import_source(IMPORT).file_id, chunks(ROWS))
    control.foreign_task(1.0)
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    assert model.run("import", model.find_import(IMPORT).id, cancel=cancel).cancelled
    assert control.list_items("Cost Centers") == []


def test_a_queue_that_takes_too_long_is_left(connected, chunks, control, info):
    tenant = connected()
    tenant._polling = Polling(first=0.02, longest=0.05, queue=0.2)
    model = tenant.find_model("Group Finance", "Finance Hub")
    model.upload(model.import_source(IMPORT).file_id, chunks(ROWS))
    control.foreign_task(2.0)
    with pytest.raises(BusyError, match="the task was withdrawn"):
        model.run("import", model.find_import(IMPORT).id)
    assert control.list_items("Cost Centers") == []


@pytest.mark.parametrize("body", ["integration", "message", "empty", "html"])
@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("LOCKED", BusyError, "is locked"),
        ("OFFLINE", BusyError, "is offline"),
        ("ARCHIVED", RefusedError, "is archived"),
    ],
)
def test_a_model_that_takes_nothing_says_why(connected, control, body, state, kind, words):
    control.switch("anaplan", "refusal_body", body)
    control.switch("anaplan", "locked_refuses", "everything")
    model = connected(wait_seconds=0).find_model("Group Finance", "Finance Hub")
    control.model_state(state)
    with pytest.raises(kind, match=f"model Finance Hub.*{words}"):
        model.run("import", "112000000003")


def test_a_lock_that_is_lifted_in_time_is_waited_for(model, chunks, control, monkeypatch):
    monkeypatch.setattr("connector_kit.anaplan.transport._LOOKS", (0.05,))
    model.upload(model.import_source(IMPORT).file_id, chunks(ROWS))
    control.model_state("LOCKED")
    threading.Timer(0.4, control.model_state, ["UNLOCKED"]).start()
    assert model.run("import", model.find_import(IMPORT).id).successful


def test_short_pages_and_odd_answers_hide_nothing(model, control):
    control.switch("anaplan", "page_cap", 2)
    control.switch("anaplan", "serial_number", "number")
    assert len(model.lists()) == 14
    assert len(model.imports()) > 20
    assert model.find_import(IMPORT).id == "112000000003"


@pytest.mark.parametrize("form", ["none", "seconds"])
def test_an_empty_bucket_is_waited_for(connected, control, form, monkeypatch):
    monkeypatch.setattr("connector_kit.anaplan.errors._OVER_LIMIT_PAUSE", 0.3)
    control.switch("anaplan", "retry_after", form)
    tenant = connected()
    tenant.me()
    control.consume_rate(600)
    with ThreadPoolExecutor(4) as threads:
        assert all(user.email for user in threads.map(lambda _: tenant.me(), range(8)))


@pytest.mark.parametrize("empty", [True, False])
def test_list_items_are_added_changed_and_deleted(model, control, empty):
    control.switch("anaplan", "empty_failures", empty)
    items = model.list_items(model.find_list("Cost Centers").id, batch=2)
    added = items.add([{"code": f"N{i}", "name": f"New {i}", "properties": {"Company": "EDU1"}} for i in range(5)])
    assert (added.done, added.failures) == (5, ())
    changed = items.update([{"code": "N0", "name": "Newer"}, {"code": "N1", "name": "N"}, {"code": "?", "name": "x"}])
    assert (changed.done, [failure.index for failure in changed.failures]) == (2, [2])
    assert items.delete([{"code": "N0"}, {"code": "N4"}]).done == 2
    left = {item.code: (item.name, item.properties["Company"]) for item in items.read()}
    assert left == {"N1": ("N", "EDU1"), "N2": ("New 2", "EDU1"), "N3": ("New 3", "EDU1")}


def test_a_list_write_whose_answer_is_lost_counts_once(model, control):
    items = model.list_items(model.find_list("Cost Centers").id)
    control.fault("anaplan", {"reset": "before_response"}, method="POST", path="/items")
    added = items.add([{"code": "N1", "name": "One"}, {"code": "N2", "name": "Two"}])
    assert (added.done, added.failures) == (2, ())
    control.fault("anaplan", {"reset": "before_response"}, method="POST", path="/items")
    deleted = items.delete([{"code": "N1"}])
    assert (deleted.done, deleted.failures) == (1, ())


def test_an_export_comes_in_its_chunks(model, chunks, control):
    control.switch("anaplan", "export_chunk_bytes", 1000)
    text = "Code,Name,Company,Supplier,Class,Currency,Terms,Branch,On Hold,Balance\n"
    rows = "".join(f"EDU1-{i},Supplier {i},EDU1,{i},A,EUR,30,B,false,{i}.50\n" for i in range(50))
    assert load(model, chunks, text + rows, "Suppliers from suppliers.csv").counts[0].created == 50
    export = model.find_export("Suppliers.csv")
    model.run("export", export.id).check()
    parts = list(model.download(export.id))
    assert len(parts) > 2
    lines = b"".join(parts).decode().splitlines()
    assert len(lines) == 51
    assert "Supplier 49" in lines[-1]
    assert tuple(lines[0].split(",")) == model.export_metadata(export.id).header_names


@pytest.mark.parametrize("counts", ["counts", "result"])
def test_deleted_items_are_counted_wherever_the_answer_has_it(model, control, counts):
    control.switch("anaplan", "list_delete_answer", counts)
    control.fill([{"code": "C1"}, {"code": "C2"}], list_name="Cost Centers")
    items = model.list_items(model.find_list("Cost Centers").id)
    outcome = items.delete([{"code": "C1"}, {"code": "C9"}, {"code": "C2"}])
    assert (outcome.done, [failure.index for failure in outcome.failures]) == (2, [1])


@pytest.mark.parametrize("taken", ["both", "json", "form"])
def test_oauth_works_whichever_body_the_service_reads(info, control, connected, taken):
    control.switch("anaplan", "oauth_body", taken)
    control.switch("anaplan", "device_approval", "automatic")
    client = info["oauth_client_id"]
    tokens = device_login(auth_session(), info["oauth_url"], client, tell=print, sleep=lambda _: time.sleep(0.01))
    stored = []
    tenant = connected(oauth_client_id=client, oauth_refresh_token=tokens.refresh_token, store=stored.append)
    assert tenant.me().email == info["username"]
    assert len(stored) == 1


def test_the_refresh_token_of_a_login_is_not_shown(control, connected):
    control.switch("anaplan", "login_refresh_token", True)
    seen = []
    read = token_service.read_token

    def watched(response, what):
        seen.append(response.json()["tokenInfo"]["refreshToken"])
        return read(response, what)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_service, "read_token", watched)
        connected().me()
    assert seen[0] not in redact(f"it is {seen[0]}")


@pytest.mark.parametrize("role", ["any", "admin"])
def test_a_role_that_may_not_read_lists_is_told_as_such(control, connected, role):
    control.switch("anaplan", "transactional_role", role)
    user = next(u for u in control.call("GET", "/anaplan/users")["users"] if u["email"].startswith("planner"))
    model = connected(username=user["email"], password=user["password"]).find_model("Group Finance", "Finance Hub")
    items = model.list_items(model.find_list("Cost Centers").id)
    if role == "any":
        assert list(items.read()) == []
    else:
        with pytest.raises(NotFoundError, match=r"list Cost Centers.*workspace administrators"):
            list(items.read())


def test_a_model_that_the_user_can_not_open_is_named_with_the_access_it_lacks(info, control, connected):
    user = next(u for u in control.call("GET", "/anaplan/users")["users"] if u["email"].startswith("visitor"))
    visitor = connected(username=user["email"], password=user["password"])
    model = visitor.find_model(info["workspace_id"], "Finance Hub")
    with pytest.raises(NotFoundError, match=r"model Finance Hub, imports.*model access"):
        model.find_import(IMPORT)


@pytest.mark.parametrize("serial", ["string", "number"])
def test_the_model_tells_when_it_changed_in_either_form(model, control, serial):
    control.switch("anaplan", "serial_number", serial)
    details = model.reads.details()
    assert details.last_saved_serial_number == "1"
    assert details.last_modified.endswith("+0000")


def test_a_file_without_chunks_is_no_empty_file(model, control):
    control.switch("anaplan", "export_output", "gone")
    export = model.find_export("Suppliers.csv")
    model.run("export", export.id).check()
    with pytest.raises(NotFoundError, match="a file without content"):
        list(model.download(export.id))
