"""Large reads, against answers as the reference lists them."""

from __future__ import annotations

import pytest

from connector_kit.anaplan.spool import Spool
from connector_kit.errors import BusyError, NotFoundError, RefusedError, UnavailableError

ROOT = "/2/0/models/96339A3B8F224CCAB1D5C1E2F2B3C4D5"
VIEW = f"{ROOT}/views/102000000001/readRequests"
LIST = f"{ROOT}/lists/101000000001/readRequests"


def status(state, pages=None, successful=None, key="viewReadRequest"):
    told = {"requestId": "R1", "requestState": state, "availablePages": pages, "successful": successful}
    return {key: {name: value for name, value in told.items() if value is not None}}


@pytest.fixture
def read(model):
    def whole():
        with Spool() as spool:
            model.reads.read_view("102000000001", spool, "view Plan")
            with spool.reading() as stream:
                return stream.read()

    return whole


@pytest.fixture
def pages(fake, reply):
    def serve(*bodies):
        fake.on("POST", VIEW, status("NOT_STARTED"))
        fake.on("DELETE", f"{VIEW}/R1", status("COMPLETE"))
        for at, body in enumerate(bodies):
            fake.on("GET", f"{VIEW}/R1/pages/{at}", reply(body=body))

    return serve


def test_pages_are_fetched_as_they_come_and_the_request_is_deleted(fake, pages, read):
    pages(b"A,B\n1,2\n", b"3,4\n", b"5,6\n")
    fake.on(
        "GET",
        f"{VIEW}/R1",
        status("NOT_STARTED"),
        status("IN_PROGRESS", 1),
        status("IN_PROGRESS", 2),
        status("COMPLETE", 3, True),
    )
    assert read() == b"A,B\n1,2\n3,4\n5,6\n"
    sent = [(r.method, r.path.removeprefix(VIEW)) for r in fake.requests if "readRequests" in r.path]
    assert sent.index(("GET", "/R1/pages/0")) < len(sent) - 4, "before the last look"
    assert sent[-1] == ("DELETE", "/R1")
    assert fake.sent("POST", VIEW)[0].json == {"exportType": "TABULAR_MULTI_COLUMN"}


def test_a_server_that_does_not_say_whether_it_was_successful_is_believed(fake, pages, read):
    pages(b"A\n1\n")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 1))
    assert read() == b"A\n1\n"


@pytest.mark.parametrize("end", [("CANCELLED", 1, None), ("COMPLETE", 1, False)])
def test_a_read_that_anaplan_gives_up_is_an_error(fake, pages, read, end):
    pages(b"A\n1\n")
    fake.on("GET", f"{VIEW}/R1", status(*end))
    with pytest.raises(RefusedError, match=f"ended as {end[0]} after 1 pages"):
        read()
    assert fake.sent("DELETE", f"{VIEW}/R1")


def test_a_page_that_is_not_counted_is_noticed(fake, pages, read):
    pages(b"A\n1\n", b"2\n")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 1, True))
    with pytest.raises(RefusedError, match="behind page 1: expected nothing"):
        read()


def test_a_request_that_expired_is_made_again_from_the_first_page(fake, pages, reply, read):
    pages(b"A\n1\n", b"2\n")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 2, True))
    fake.on("GET", f"{VIEW}/R1/pages/1", reply(404), reply(body=b"2\n"))
    assert read() == b"A\n1\n2\n"
    assert len(fake.sent("POST", VIEW)) == 2


def test_a_view_that_is_not_there_is_not_taken_for_an_expired_request(fake, read):
    with pytest.raises(NotFoundError, match="view Plan, read request"):
        read()
    assert len(fake.requests) == 2, "the token and one question"


def test_a_request_that_always_expires_is_made_three_times(fake, pages, reply, read):
    pages()
    fake.on("GET", f"{VIEW}/R1", reply(404))
    with pytest.raises(UnavailableError, match="30 minutes"):
        read()
    assert len(fake.sent("POST", VIEW)) == 3


def test_a_read_that_does_not_begin_ends_as_busy(fake, pages, open_tenant):
    from connector_kit.anaplan import Polling  # noqa: PLC0415 - only here

    pages()
    fake.on("GET", f"{VIEW}/R1", status("NOT_STARTED"))
    tenant = open_tenant(polling=Polling(first=0.01, longest=0.01, queue=0.05))
    model = tenant.model("8a81b08e4f6d2b43014fbe11a3bd3e02", "96339A3B8F224CCAB1D5C1E2F2B3C4D5")
    with Spool() as spool, pytest.raises(BusyError, match="NOT_STARTED"):
        model.reads.read_view("102000000001", spool, "view Plan")
    assert fake.sent("DELETE", f"{VIEW}/R1")


def test_a_page_that_was_cut_is_fetched_once_more(fake, pages, reply, read):
    pages(b"A\n1\n")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 1, True))
    fake.on("GET", f"{VIEW}/R1/pages/0", reply(body=b"A\n100.2"), reply(body=b"A\n100.25\n"))
    assert read() == b"A\n100.25\n"


def test_a_page_that_never_ends_its_last_line_is_taken_when_it_is_the_same_again(fake, pages, reply, read):
    pages(b"A\n100.25")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 1, True))
    assert read() == b"A\n100.25\n"
    assert len(fake.sent("GET", f"{VIEW}/R1/pages/0")) == 2


def test_a_failing_end_of_the_request_does_not_hide_that_it_was_read(fake, pages, reply, read):
    pages(b"A\n1\n")
    fake.on("GET", f"{VIEW}/R1", status("COMPLETE", 1, True))
    fake.on("DELETE", f"{VIEW}/R1", reply(503))
    assert read() == b"A\n1\n"


def test_lists_are_read_the_same_way(fake, model, reply):
    fake.on("POST", f"{LIST}/", status("COMPLETE", key="listReadRequest"))
    fake.on("GET", f"{LIST}/R1", status("COMPLETE", 1, True, key="listReadRequest"))
    fake.on("GET", f"{LIST}/R1/pages/0", reply(body=b"Accounts,Parent,Code\nCash,,1\n"))
    fake.on("DELETE", f"{LIST}/R1", status("COMPLETE", key="listReadRequest"))
    with Spool() as spool:
        model.reads.read_list("101000000001", spool, "list Accounts")
        with spool.reading() as stream:
            assert stream.read() == b"Accounts,Parent,Code\nCash,,1\n"


def test_a_view_without_a_wrapper_and_with_empty_axes_is_understood(fake, model):
    fake.on(
        "GET",
        f"{ROOT}/views/102000000001",
        {
            "viewId": "102000000001",
            "viewName": "Plan",
            "rows": [{"id": 101000000001, "name": "Accounts"}],
            "pages": [{"id": "20000000012", "name": "Line Items"}],
        },
    )
    assert [(each.id, each.name) for each in model.reads.axes("102000000001").dimensions] == [
        ("101000000001", "Accounts")
    ]
