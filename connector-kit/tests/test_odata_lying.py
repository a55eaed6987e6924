"""Servers that lie about order, count, links and end in any combination: all rows once, or an error."""

from __future__ import annotations

import json
import operator
import re
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector_kit.errors import ConnectorError
from connector_kit.http import Retry
from connector_kit.odata.client import Dialect, ODataClient, ODataSession
from connector_kit.odata.fetch import Query
from connector_kit.odata.pages import EntitySet
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field

_BEHIND = re.compile(r"K (gt|lt) '([^']*)'")
_PAIR = re.compile(r"K eq '([^']*)' and K gt '([^']*)'")


@dataclass(frozen=True)
class Lies:
    """What a server does otherwise than it was asked."""

    sorts: str = "exact"
    compares: str = "exact"
    ignores: frozenset[str] = frozenset()
    count: str = "right"
    cap: int = 100
    links: str = "none"
    end: str = "right"


class Service:
    """One set of rows, served under some lies; over real HTTP."""

    def __init__(self):
        self.keys: list[str] = []
        self.lies = Lies()
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests += 1
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                status, value = outer.answer(query) if outer.requests < 400 else (400, {"error": {"message": "enough"}})
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def answer(self, query):
        lies = self.lies
        asked = {name: value for name, value in query.items() if name not in lies.ignores}
        if "$count" in asked and lies.count in {"400", "500"}:
            return int(lies.count), {"error": {"message": "no count here"}}
        rows = self._ordered() if "$orderby" in asked else list(self.keys)
        if asked.get("$orderby", "").endswith("desc"):
            rows.reverse()
        rows = self._filtered(rows, asked.get("$filter", ""))
        matching = len(rows)
        start = int(asked.get("$skip", 0)) if "from" not in asked else int(asked["from"])
        size = min(int(asked.get("$top", lies.cap)), lies.cap)
        page = rows[start : start + size]
        if lies.end == "early" and "$filter" in query and len(rows) * 2 < len(self.keys):
            page = []
        body = {"value": [{"K": key} for key in page]}
        if "$count" in asked and lies.count != "none":
            said = {"right": matching, "page": len(page), "zero": 0, "negative": -1, "more": matching + 7}
            body["@odata.count"] = said[lies.count]
        link = self._link(query, start + size, more=start + size < matching and "$top" not in asked)
        return 200, body | link

    def _fold(self, how, text):
        return text.upper() if how == "caseless" else text

    def _ordered(self):
        return sorted(self.keys, key=lambda key: (self._fold(self.lies.sorts, key), key))

    def _filtered(self, rows, text):
        fold = self.lies.compares
        pairs = [(one, other) for one, other in _PAIR.findall(text)]
        if pairs:
            good = {one for one, other in pairs if self._fold(fold, one) > self._fold(fold, other)}
            return [key for key in rows if key in good]
        found = _BEHIND.search(text)
        if not found:
            return rows
        limit = self._fold(fold, found[2])
        behind = operator.gt if found[1] == "gt" else operator.lt
        return [key for key in rows if behind(self._fold(fold, key), limit)]

    def _link(self, query, behind, *, more):
        kind = self.lies.links
        if kind == "none" or (kind == "right" and not more):
            return {}
        if kind == "early" and (not more or behind * 2 > len(self.keys)):
            return {}
        if kind == "back" and not more:
            behind = 0
        options = "&".join(f"{name}={query[name]}" for name in ("$orderby",) if name in query)
        return {"@odata.nextLink": f"Things?from={behind}&{options}"}


@pytest.fixture(scope="module")
def service():
    running = Service()
    yield running
    running.close()


def run(service, lies, keys, *, page_size, paging="keyset", before=()):
    """The keys that were read, whether they were confirmed, and the error that ended it."""
    service.lies, service.keys, service.requests = lies, keys, 0
    session = ODataSession("test", retry=Retry(tries=1, first=0.01))
    client = ODataClient(session, service.url, dialect=Dialect(page_size=page_size))
    source = EntitySet(client, f"{service.url}/Things", what="things", follow_links=paging == "links")
    reader = RowReader([Field("K")], ["K"])
    found = []
    try:
        for page in source.pages(reader, Query(("K",), prove=True)):
            found += [row.K for row in page.rows]
    except ConnectorError as error:
        return found, source.confirmed, error
    finally:
        session.close()
    assert service.requests < 400, "endless"
    return found, source.confirmed, None


keys = st.lists(st.text("aAbBzZ_19", min_size=1, max_size=3), min_size=1, max_size=24, unique_by=str.upper)
options = st.frozensets(st.sampled_from(["$orderby", "$filter", "$top", "$skip", "$count"]), max_size=5)
lies = st.builds(
    Lies,
    sorts=st.sampled_from(["exact", "caseless"]),
    compares=st.sampled_from(["exact", "caseless"]),
    ignores=options,
    count=st.sampled_from(["right", "page", "zero", "negative", "more", "none", "400", "500"]),
    cap=st.sampled_from([3, 5, 100]),
    links=st.sampled_from(["none", "right", "early", "always", "back"]),
    end=st.sampled_from(["right", "early"]),
)
RARE = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@RARE
@example(Lies(sorts="caseless", count="none"), ["A1", "a2", "B1", "b2", "Z1", "z9"], 2)
@example(Lies(sorts="caseless", count="page"), ["A1", "a2", "B1", "b2", "Z1", "z9"], 2)
@example(Lies(ignores=frozenset({"$orderby"}), count="none"), ["z", "a", "Z", "b", "1", "9", "A1"], 3)
@given(lies, keys, st.integers(1, 9))
def test_pages_by_key_give_every_row_once_or_an_error(service, lies, keys, page_size):
    found, confirmed, error = run(service, lies, keys, page_size=page_size)
    if error is None:
        assert sorted(found) == sorted(keys), "lost or doubled"
    else:
        assert not confirmed


@RARE
@example(Lies(compares="caseless", ignores=frozenset({"$skip"})), ["B", "a"], 1)
@given(lies, keys, st.integers(1, 9))
def test_along_links_every_row_comes_once_at_most_and_what_is_confirmed_is_whole(service, lies, keys, page_size):
    found, confirmed, error = run(service, lies, keys, page_size=page_size, paging="links")
    assert error or len(found) == len(set(found)), "doubled"
    assert not (confirmed and error)
    if confirmed:
        assert sorted(found) == sorted(keys), "lost"


@pytest.mark.parametrize("sorts", ["exact", "caseless"])
@pytest.mark.parametrize("count", ["right", "none", "page", "500"])
@pytest.mark.parametrize("paging", ["keyset", "links"])
def test_a_server_that_compares_as_it_sorts_is_read_whole_and_confirmed(service, sorts, count, paging):
    honest = Lies(sorts=sorts, compares=sorts, count=count, cap=4, links="right")
    names = [f"{letter}{number}" for number in range(3) for letter in "bACdEf_"]
    found, confirmed, error = run(service, honest, names, page_size=5, paging=paging)
    assert (sorted(found), confirmed, error) == (sorted(names), True, None)
    assert run(service, replace(honest, cap=100), names, page_size=50, paging=paging)[1]
