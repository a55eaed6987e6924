"""An OData server in a test's own words: one entity set `Rows`, whose metadata and answers the test writes itself."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from connector_kit.threads import thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_V2 = "http://schemas.microsoft.com/ado/2007/06/edmx"
_V4 = "http://docs.oasis-open.org/odata/ns/edmx"


@dataclass
class Reply:
    """What is answered."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass
class Service:
    """The server's address, and the paths that were asked for, with their queries."""

    url: str
    asked: list[str] = field(default_factory=list)

    def rows_asked(self) -> list[dict[str, str]]:
        """The query options of the requests for rows."""
        parts = [urlsplit(path) for path in self.asked]
        return [dict(parse_qsl(part.query)) for part in parts if not part.path.endswith("$metadata")]


def metadata(*properties: str, keys: Sequence[str] = ("K",), version: str = "2.0") -> Reply:
    """An EDMX document; a property is "Name Edm.Type" with further attributes behind."""
    edmx = _V2 if version == "2.0" else _V4
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in keys)
    columns = ""
    for each in properties:
        name, edm, *more = each.split(" ", 2)
        columns += f'<Property Name="{name}" Type="{edm}" {"".join(more)}/>'
    document = (
        f'<edmx:Edmx Version="{"1.0" if version == "2.0" else "4.0"}" xmlns:edmx="{edmx}" '
        'xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices>'
        f'<Schema Namespace="Z"><EntityType Name="Row"><Key>{key}</Key>{columns}</EntityType>'
        '<EntityContainer Name="C"><EntitySet Name="Rows" EntityType="Z.Row"/></EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )
    return Reply(document.encode(), headers={"Content-Type": "application/xml"})


def page(rows: Sequence[dict[str, Any]], version: str = "2.0", **more: object) -> Reply:
    """A page of a collection."""
    whole: dict[str, Any] = {"d": {"results": rows, **more}} if version == "2.0" else {"value": rows, **more}
    return Reply(json.dumps(whole).encode())


def behind(rows: Sequence[dict[str, Any]], query: dict[str, str], key: str = "K") -> list[dict[str, Any]]:
    """The rows, sorted, behind the text key that a page filter names."""
    _, found, rest = query.get("$filter", "").partition(f"{key} gt '")
    return [row for row in rows if not found or row[key] > rest.partition("'")[0]]


@contextlib.contextmanager
def serving(
    described: Reply | Callable[[str], Reply], answer: Callable[[str, dict[str, str]], Reply] | None = None
) -> Iterator[Service]:
    """Serve `described` as `$metadata` of any service, or by its path, and what `answer(path, query)` says to all else.

    Without `answer` there are no rows.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits for the acknowledgement of its headers

        def log_message(self, *arguments: object) -> None:
            pass

        def answer_it(self) -> None:
            parts = urlsplit(self.path)
            service.asked.append(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path.endswith("$metadata"):
                reply = described(parts.path) if callable(described) else described
            else:
                reply = answer(self.path, query) if answer else page([])
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = answer_it  # noqa: N815 - http.server's names

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    service = Service(f"http://127.0.0.1:{listener.server_port}")
    serving_thread = thread(lambda: listener.serve_forever(0.02), name="odata")
    serving_thread.start()
    try:
        yield service
    finally:
        listener.shutdown()
        listener.server_close()
        serving_thread.join()
