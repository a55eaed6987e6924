from __future__ import annotations

import pytest

from connector_kit.errors import (
    BusyError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)

WORKSPACE, MODEL = "8a81b08e4f6d2b43014fbe11a3bd3e02", "96339A3B8F224CCAB1D5C1E2F2B3C4D5"


def numbered(count, key="imports"):
    return [{"id": f"112{i:09}", "name": f"{key} {i}"} for i in range(count)]


def paged(reply, everything, cap, key="imports", total=True):
    """A server that gives at most `cap` rows, whatever was asked for."""

    def serve(request):
        offset = int(request.query.get("offset", 0))
        rows = everything[offset : offset + cap]
        paging = {"currentPageSize": len(rows), "offset": offset}
        if total:
            paging["totalSize"] = len(everything)
        if offset + cap < len(everything):
            paging["next"] = f"?offset={offset + cap}"
        body = {"meta": {"paging": paging}, "status": {"code": 200}}
        return reply(body={**body, key: rows} if rows else body)

    return serve


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 7, 9, 10])
def test_pages_go_by_what_the_server_gave(fake, model, root, reply, count, total):
    fake.on("GET", f"{root}/imports", paged(reply, numbered(count), 3, total=total))
    assert [i.id for i in model.imports()] == [f"112{i:09}" for i in range(count)]


READS = {
    "lists": lambda model: model.lists(),
    "lists/101000000001": lambda model: model.reads.list_metadata("101000000001"),
    "views/102000000001": lambda model: model.reads.axes("102000000001"),
    "lineItems": lambda model: model.reads.line_items(),
    "dimensions/101000000001/items": lambda model: model.reads.items("101000000001", "list"),
}


@pytest.mark.parametrize("place", READS)
def test_an_object_without_what_it_has_to_hold_is_no_answer(fake, model, place):
    fake.on("GET", rf".*/models/{MODEL}/{place}", {})
    with pytest.raises(UnavailableError, match=r"can't be read .it has no "):
        READS[place](model)
    assert len(fake.sent("GET", rf".*/models/{MODEL}/{place}")) == 3


PAGE = b"<!DOCTYPE html>\n<html><body>Log on</body></html>\n"
CELLS = b"Version,Approved\nBudget,true\n"


@pytest.mark.parametrize("bad", [PAGE, CELLS[:20], b""])
def test_a_page_or_half_a_text_in_place_of_a_view_is_asked_for_again(fake, model, reply, bad):
    answers = iter([bad, CELLS])
    fake.on("GET", rf".*/models/{MODEL}/views/1/data", lambda _: reply(200, next(answers)))
    assert model.reads.view_text("1", "2", "module") == CELLS


def test_a_page_in_place_of_a_view_is_never_a_view(fake, model, reply):
    fake.on("GET", rf".*/models/{MODEL}/views/1/data", reply(200, PAGE))
    with pytest.raises(UnavailableError, match="a web page instead of an answer"):
        model.reads.view_text("1", "2", "module")


def test_a_next_link_on_the_last_page_does_not_mislead(fake, model, root):
    paging = {"totalSize": 2, "currentPageSize": 2, "offset": 0, "next": "?limit=20&offset=20"}
    fake.on("GET", f"{root}/imports", {"meta": {"paging": paging}, "imports": numbered(2)})
    assert len(model.imports()) == 2
    assert len(fake.requests) == 2  # the login, one page


def test_a_list_is_read_once_per_client(fake, model, root):
    fake.on("GET", f"{root}/imports", {"imports": numbered(2)})
    assert model.find_import("imports 0").id == "112000000000"
    assert model.find_import("imports 1").id == "112000000001"
    assert len(fake.sent("GET", f"{root}/imports")) == 1


def test_odd_values_are_read_and_new_ones_are_accepted(fake, model, root):
    rows = [
        {"id": 113000000001, "name": "a.csv", "chunkCount": "3", "separator": None, "headerRow": -1, "new": {"x": 1}},
        {"id": "113000000002", "name": None, "encoding": "EBCDIC-9", "firstDataRow": 2.0},
    ]
    fake.on("GET", f"{root}/files", {"files": rows})
    first, second = model.files()
    assert (first.id, first.chunk_count, first.separator, first.header_row) == ("113000000001", 3, "", -1)
    assert (second.name, second.encoding, second.first_data_row) == ("", "EBCDIC-9", 2)


def test_models_are_found_by_name_or_id_in_a_workspace(fake, tenant, coordinator):
    row = {"id": MODEL, "name": "Finance Hub", "activeState": "HIBERNATING", "lastSavedSerialNumber": "17"}
    fake.on("GET", "/2/0/workspaces", {"workspaces": [{"id": WORKSPACE, "name": "Group Finance", "active": True}]})
    fake.on("GET", f"/2/0/workspaces/{WORKSPACE}/models", {"models": [row]})
    for workspace, model in (
        ("Group Finance", "Finance Hub"),
        (WORKSPACE.upper(), MODEL.lower()),
        ("group finance", MODEL),
    ):
        client = tenant.find_model(workspace, model)
        assert (client.workspace_id, client.id, client.label) == (WORKSPACE, MODEL, "model Finance Hub")
    (found,) = tenant.models(WORKSPACE)
    assert (found.active_state, found.last_saved_serial_number) == ("HIBERNATING", "17")
    with pytest.raises(NotFoundError, match="Did you mean 'Finance Hub'"):
        tenant.find_model(WORKSPACE, "Finanz Hub")
    with pytest.raises(ConfigurationError, match="31 digits"):
        tenant.find_model(WORKSPACE, MODEL[1:])
    with client.lock("load suppliers", 5):
        assert coordinator.locked == [(f"anaplan:model:{MODEL}", "load suppliers", 5)]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, NotFoundError, "user's role and model access"),
        (404, NotFoundError, "not swapped"),
        (422, RefusedError, "archived: unarchive"),
        (423, BusyError, r"locked\). Unlock"),
        (424, BusyError, r"offline \(maintenance\)\). Bring"),
        (425, RefusedError, "deployed"),
        (409, BusyError, "conflicts"),
        (400, RefusedError, "The server's own words"),
    ],
)
def test_a_status_is_explained_with_the_model_and_what_to_do(fake, model, root, reply, status, kind, words):
    body = {"status": {"code": status, "message": "The server's own words"}, "path": "/2/0/x", "timestamp": "now"}
    fake.on("GET", f"{root}/imports", reply(status, body))
    with pytest.raises(kind, match=words) as error:
        model.imports()
    assert str(error.value).startswith("Anaplan: model Finance Hub, imports: ")
    assert "The server's own words" in str(error.value)
    assert len(fake.sent("GET", f"{root}/imports")) == 1


def test_a_locked_model_is_waited_for_and_this_is_logged_once(fake, open_tenant, root, reply, monkeypatch, caplog):
    monkeypatch.setattr("connector_kit.anaplan.transport._LOOKS", (0.01,))
    caplog.set_level("INFO")
    fake.on("GET", f"{root}/imports", *[reply(423)] * 4, reply(424), {"imports": numbered(1)})
    model = open_tenant(wait_seconds=5).model(WORKSPACE, MODEL)
    assert len(model.imports()) == 1
    assert caplog.text.count("the model is locked, waiting for up to 5 s") == 1


def test_a_model_that_stays_locked_ends_the_wait_with_the_reason(fake, open_tenant, root, reply, monkeypatch):
    monkeypatch.setattr("connector_kit.anaplan.transport._LOOKS", (0.05,))
    fake.on("GET", f"{root}/imports", reply(423))
    with pytest.raises(BusyError, match=r"expected a free model within .*the model is locked"):
        open_tenant(wait_seconds=0.2).model(WORKSPACE, MODEL).imports()
    assert len(fake.sent("GET", f"{root}/imports")) > 2


@pytest.mark.parametrize(("header", "pause"), [({}, 10.0), ({"Retry-After": "0"}, 0.0)])
def test_too_many_requests_hold_off_everybody(fake, open_tenant, coordinator, root, reply, monkeypatch, header, pause):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    fake.on("GET", f"{root}/imports", reply(429, headers=header), {"imports": numbered(1)})
    assert len(open_tenant().model(WORKSPACE, MODEL).imports()) == 1
    limiter = coordinator.limiters["anaplan:acme"]
    assert limiter.acquired == 2
    assert limiter.held_off == [pytest.approx(pause, abs=0.01)]


@pytest.mark.parametrize("status", [410, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(fake, model, root, reply, status):
    page = b"<html><h1>Sorry</h1> nginx</html>"
    fake.on("GET", f"{root}/imports", reply(status, page), {"imports": numbered(1)})
    assert len(model.imports()) == 1


def test_a_gateway_that_stays_in_trouble_is_not_quoted_at_length(fake, model, root, reply):
    fake.on("GET", f"{root}/imports", reply(502, b"<html><h1>Sorry</h1> nginx</html>"))
    with pytest.raises(UnavailableError, match="HTTP 502: a web page instead of an answer"):
        model.imports()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"imports": [', b"[]"])
def test_a_body_that_is_no_answer_is_not_an_empty_list(fake, model, root, reply, body):
    fake.on("GET", f"{root}/imports", reply(200, body))
    with pytest.raises(UnavailableError, match="a complete answer"):
        model.imports()
