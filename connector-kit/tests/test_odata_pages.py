"""Pages over real HTTP, against a server that answers as it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_kit.errors import RefusedError
from connector_kit.http import Retry
from connector_kit.odata.client import Dialect, ODataClient, ODataSession
from connector_kit.odata.fetch import Query
from connector_kit.odata.pages import EntitySet
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field


class Server:
    """Answers each request with `answer(path, query)`: a status and a JSON value."""

    def __init__(self, answer):
        self.seen = []
        self.headers = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                outer.seen.append(query)
                outer.headers.append(self.headers)
                status, value = answer(parts.path, query)
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def serve():
    running = []

    def start(answer, **options):
        server = Server(answer)
        session = ODataSession("test", retry=Retry(tries=2, first=0.01))
        running.extend([server, session])
        return server, ODataClient(session, server.url, **options)

    yield start
    for each in running:
        each.close()


def entity(client, **options):
    return EntitySet(client, f"{client.base_url}/Things", what="things", **options)


def read(source, *, key=("K",), version="4.0", **query):
    reader = RowReader([Field("K")], key, version=version)
    return [row.K for page in source.pages(reader, Query(("K",), **query)) for row in page.rows]


def rows(*keys):
    return {"value": [{"K": key} for key in keys]}


def test_the_end_is_an_empty_page_and_not_a_short_one(serve):
    pages = {None: rows("a", "b"), "K gt 'b'": rows("c"), "K gt 'c'": rows("d"), "K gt 'd'": rows()}
    _, client = serve(lambda _, query: (200, rows("d") if "$skip" in query else pages[query.get("$filter")]))
    assert read(entity(client)) == ["a", "b", "c", "d"]


def test_a_first_page_that_is_complete_by_its_count_costs_one_more_request(serve):
    server, client = serve(lambda _, query: (200, rows(*"ab"[int(query.get("$skip", 0)) :]) | {"@odata.count": 2}))
    source = entity(client)
    assert read(source) == ["a", "b"]
    assert source.confirmed
    assert [(seen["$top"], seen.get("$skip")) for seen in server.seen] == [("5000", None), ("2", "1")]


def test_a_server_that_ignores_the_filter_is_found_out(serve):
    _, client = serve(lambda _, query: (200, rows("a", "b")))
    with pytest.raises(RefusedError, match="nothing that does"):
        read(entity(client))


def test_a_server_that_can_not_count_is_not_asked_again(serve):
    def answer(_, query):
        if "$count" in query:
            return 400, {"error": {"message": "no $count here"}}
        return 200, rows("a") if "$filter" not in query else rows()

    server, client = serve(answer)
    assert read(entity(client)) == ["a"]
    assert read(entity(client)) == ["a"]
    assert not client.dialect.count
    assert "$count" not in server.seen[-1]


def test_a_refusal_that_no_dialect_helps_is_the_servers_own(serve):
    _, client = serve(lambda _, query: (400, {"error": {"message": "Could not find a property named 'K'"}}))
    with pytest.raises(RefusedError, match="named 'K'"):
        read(entity(client))


def test_links_are_followed_whole_and_without_a_key(serve):
    def answer(path, query):
        if query.get("token") == "2 x":
            return 200, rows("b")
        return 200, rows("a") | {"@odata.nextLink": "Things?token=2%20x"}

    server, client = serve(answer)
    assert read(entity(client), key=()) == ["a", "b"]
    assert "$top" not in server.seen[0], "where the server pages, $top would be the total"
    assert server.seen[1] == {"token": "2 x"}


def test_v2_links_and_counts_are_followed(serve):
    def answer(path, query):
        if "$skiptoken" in query:
            return 200, {"d": {"results": [{"K": "b"}]}}
        if "$filter" in query:
            return 200, {"d": {"results": []}}
        assert query["$inlinecount"] == "allpages"
        return 200, {"d": {"results": [{"K": "a"}], "__next": "Things?$skiptoken=1", "__count": "2"}}

    _, client = serve(answer, version="2.0")
    source = entity(client, follow_links=True)
    assert read(source, version="2.0") == ["a", "b"]
    assert source.tally.total == 2
    assert source.confirmed


def test_a_link_to_another_service_on_another_host_is_not_followed(serve):
    _, client = serve(lambda _, query: (200, rows("a") | {"@odata.nextLink": "http://elsewhere.example/Other?x=1"}))
    with pytest.raises(RefusedError, match=r"elsewhere\.example.*paging: keyset"):
        read(entity(client), key=())


def test_a_link_that_repeats_ends_with_an_error(serve):
    pages = iter("abcdef")
    _, client = serve(lambda _, query: (200, rows(next(pages)) | {"@odata.nextLink": "Things?x=1"}))
    with pytest.raises(RefusedError, match="same link"):
        read(entity(client), key=())


def test_an_error_while_the_next_page_is_fetched_reaches_the_reader(serve):
    _, client = serve(
        lambda _, query: (200, rows("a")) if "$filter" not in query else (403, {"error": {"message": "not yours"}}),
        dialect=Dialect(count=False),
    )
    with pytest.raises(Exception, match="403"):
        read(entity(client))


def test_where_the_links_end_too_early_reading_goes_on_behind_the_last_key(serve):
    def answer(_, query):
        if "token" in query:
            return 200, rows("b")
        if "$filter" in query:
            return 200, rows(*[key for key in "abcd" if f"'{key}'" > query["$filter"][5:]])
        return 200, rows("a") | {"@odata.nextLink": "Things?token=2", "@odata.count": 4}

    _, client = serve(answer)
    assert read(entity(client, follow_links=True)) == ["a", "b", "c", "d"]


def test_where_a_filter_behind_the_key_is_refused_the_links_lead_on(serve):
    def answer(_, query):
        if "$filter" in query:
            return 400, {"error": {"message": "no such filter here"}}
        if "token" in query:
            return 200, rows("b") if query["token"] == "2" else rows("c")
        return 200, rows("a") | {"@odata.nextLink": "Things?token=2", "@odata.count": 3}

    server, client = serve(lambda path, query: _with_more(*answer(path, query), query))
    assert read(entity(client)) == ["a", "b", "c"]
    assert "$filter" not in server.seen[-1]


def _with_more(status, body, query):
    more = {"@odata.nextLink": "Things?token=3"} if query.get("token") == "2" else {}
    return status, body | more


def test_a_set_that_can_not_be_sorted_is_read_along_its_links_without_order(serve):
    def answer(_, query):
        return 200, rows("b") if "token" in query else rows("a") | {"@odata.nextLink": "Things?token=2"}

    server, client = serve(answer)
    assert read(entity(client, sortable=False)) == ["a", "b"]
    assert not any("$orderby" in seen or "$filter" in seen for seen in server.seen), "there is no key to go on behind"


def test_a_v4_server_that_pages_itself_is_asked_for_pages_of_our_size(serve):
    server, client = serve(lambda _, query: (200, rows("a") | {"@odata.count": 1}), dialect=Dialect(page_size=700))
    assert read(entity(client, follow_links=True)) == read(entity(client)) == ["a"]
    assert [headers.get("Prefer") for headers in server.headers] == ["odata.maxpagesize=700", None, None, None]


@pytest.mark.parametrize(
    ("version", "kind", "edm", "value", "behind"),
    [
        ("2.0", "timestamp", "Edm.DateTime", "/Date(250)/", "datetime'1970-01-01T00:00:00.250000'"),
        ("2.0", "timestamp", "Edm.DateTimeOffset", "/Date(250+0000)/", "datetimeoffset'1970-01-01T00:00:00.250000Z'"),
        ("2.0", "time", "Edm.Time", "PT1H0M2.5S", "time'PT1H0M2.500000S'"),
        ("2.0", "time", "Edm.Time", "PT1H0M2.1234567S", "time'PT1H0M2.1234567S'"),
        ("4.0", "timestamp", "Edm.DateTimeOffset", "2026-01-31T10:00:00.1234567Z", "2026-01-31T10:00:00.1234567Z"),
        ("4.0", "timestamp", "Edm.DateTimeOffset", "2026-01-31T10:00:00.5Z", "2026-01-31T10:00:00.500000Z"),
        ("4.0", "time", "Edm.TimeOfDay", "01:00:02.1234567", "01:00:02.1234567"),
    ],
)
def test_a_position_is_as_exact_as_the_key(serve, version, kind, edm, value, behind):
    def answer(_, query):
        found = [] if "$filter" in query else [{"K": value}]
        return 200, {"d": {"results": found}} if version == "2.0" else {"value": found}

    server, client = serve(answer, version=version, dialect=Dialect(count=False))
    reader = RowReader([Field("K", kind, edm)], ["K"], version=version)
    assert len(list(entity(client, types={"K": edm}, reconcile=False).pages(reader, Query(("K",))))) == 1
    assert server.seen[1]["$filter"] == f"K gt {behind}"


def test_a_set_that_breaks_on_its_count_is_read_without_it(serve):
    def answer(_, query):
        if "$count" in query:
            return 500, {"error": {"message": "internal"}}
        keys = "abc"[int(query.get("$skip", 0)) :]
        return 200, rows(*[key for key in keys if f"'{key}'" > query.get("$filter", "K gt '")[5:]])

    server, client = serve(answer)
    source = entity(client)
    assert read(source) == ["a", "b", "c"]
    assert source.confirmed
    assert not client.dialect.count
    assert sum("$count" in seen for seen in server.seen) == 2, "one of them may have been an accident"


def test_a_set_that_refuses_nested_filters_is_read_along_its_links(serve):
    everything = [{"A": "1", "K": key} for key in "abcd"]

    def answer(_, query):
        if " or " in query.get("$filter", ""):
            return 400, {"error": {"message": "unable to convert the filters"}}
        at = int(query.get("$skiptoken", query.get("$skip", 0)))
        page = everything[at : at + int(query.get("$top", 2))]
        more = {} if "$top" in query or at + 2 >= 4 else {"@odata.nextLink": f"Things?$skiptoken={at + 2}"}
        return 200, {"value": page, "@odata.count": 4} | more

    for links in (False, True):
        for counts in (True, False):
            _, client = serve(answer, dialect=Dialect(page_size=2, count=counts))
            source = entity(client, follow_links=links)
            reader = RowReader([Field("A"), Field("K")], ["A", "K"])
            assert [row.K for page in source.pages(reader, Query(("A", "K"))) for row in page.rows] == list("abcd")
            assert source.confirmed
