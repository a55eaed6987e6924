"""Servers that cost next to nothing, so that what is measured is the plugin: two replay OData pages from disk, one is
an Anaplan that takes every chunk and calls every import a success.

`python -m benchmarks.servers odata|linked FOLDER` and `... anaplan` print their port and serve.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

from benchmarks.rows import PAGE_ROWS

EMPTY = b'{"@odata.context":"$metadata#ApInvoice","value":[]}'
_LAST_KEY = re.compile(r"Invoice gt '(\d+)'")
_SKIP = re.compile(r"[$]skip=(\d+)")
_TOKEN = re.compile(r"[$]skiptoken=(\d+)")

HEADERS = (
    "Invoice Key",
    "Supplier",
    "Reference",
    "Invoice Date",
    "Due Date",
    "Period",
    "Currency",
    "Original Value",
    "Balance",
    "Status",
)
IMPORT, FILE = "112000000001", "113000000001"
MODEL, WORKSPACE = "A" * 32, "a" * 32
TASK = "B" * 32
SOURCE = {
    "textEncoding": "UTF-8",
    "columnSeparator": ",",
    "textDelimiter": '"',
    "headerRow": 1,
    "firstDataRow": 2,
    "decimalSeparator": ".",
    "headerNames": list(HEADERS),
    "columnCount": len(HEADERS),
}
ENTRY = {
    "id": FILE,
    "name": "ap_invoices.csv",
    "chunkCount": 1,
    "delimiter": '"',
    "encoding": "UTF-8",
    "firstDataRow": 2,
    "format": "txt",
    "headerRow": 1,
    "separator": ",",
}


class OData:
    """Pages by `$skip` or by the last key of a keyset filter."""

    def __init__(self, folder: Path) -> None:
        self.pages = sorted(folder.glob("*.json"), key=lambda p: int(p.stem))

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - as Anaplan's
        """The page that follows what the address asks for."""
        query = unquote_plus(target)
        if "$metadata" in query or not method:
            return 404, b'{"error":{"code":"","message":"Resource not found"}}'
        if key := _LAST_KEY.search(query):
            number = (int(key.group(1)) + 1) // PAGE_ROWS
        else:
            skip = _SKIP.search(query)
            number = int(skip.group(1)) // PAGE_ROWS if skip else 0
        return 200, self.pages[number].read_bytes() if number < len(self.pages) else EMPTY


class Linked:
    """Pages by `$skiptoken`, as their links say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - as Anaplan's
        """The page of the token, without one the first; behind the last key there is nothing."""
        query = unquote_plus(target)
        token = _TOKEN.search(query)
        if not token and " gt '" in query:
            return 200, b'{"d":{"results":[]},"value":[]}'
        return 200, (self._folder / f"{token.group(1) if token else 0}.json").read_bytes()


class Anaplan:
    """The few calls that a load of one file by one import makes.

    Args:
        pace: rows per second that an import takes; 0: it takes no time.
    """

    def __init__(self, pace: int = 0) -> None:
        self._pace = pace
        self._done_at = 0.0
        self._last = (-1, b"")
        self.rows = 0

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """What the Integration API would say, without looking twice."""
        path = target.partition("?")[0].rstrip("/")
        if "/chunks/" in path and method == "PUT":
            content = gzip.decompress(body)
            self.rows += content.count(b"\n")
            self._last = max(self._last, (int(path.rpartition("/")[2]), content))
            return 204, b""
        if method == "POST" and path.endswith(f"/files/{FILE}"):  # the next upload, whose header is no row
            self.rows, self._last = -1, (-1, b"")
        if path.endswith(f"/files/{FILE}/chunks/{self._last[0]}"):
            return 200, self._last[1]
        return self._json(method, path)

    def _json(self, method: str, path: str) -> tuple[int, bytes]:
        if path.endswith("/token/authenticate"):
            expires = int(time.time() * 1000) + 2_100_000
            token = {"tokenId": "t", "tokenValue": "v" * 40, "expiresAt": expires, "refreshTokenId": "r"}
            return 201, json.dumps(
                {"status": "SUCCESS", "statusMessage": "Login successful", "tokenInfo": token}
            ).encode()
        if path.endswith("/status"):
            return 200, json.dumps(
                {"requestStatus": {"currentStep": "Open", "progress": -1.0, "taskId": None}}
            ).encode()
        start = method == "POST" and path.endswith(f"/imports/{IMPORT}/tasks")
        if start and self._pace:
            self._done_at = time.monotonic() + self.rows / self._pace
        tasks: dict[str, object] = {"task": {"taskId": TASK}} if start else {"tasks": []}
        for ending, content in (("/tasks", tasks), *self._contents()):
            if path.endswith(ending):
                return 200, _envelope(**content)
        return 404, json.dumps({"status": {"code": 404, "message": "Not Found"}, "path": path}).encode()

    def _contents(self) -> Iterator[tuple[str, dict[str, object]]]:
        import_ = {"id": IMPORT, "name": "AP Invoices", "importDataSourceId": FILE, "importType": "MODULE_DATA"}
        workspace = {"currentWorkspaceId": WORKSPACE, "currentWorkspaceName": "Group Finance"}
        model = {"id": MODEL, "name": "Finance Hub", "activeState": "UNLOCKED", **workspace}
        yield TASK, {"task": self._task()}
        yield f"/imports/{IMPORT}", {"importMetadata": {"name": "AP Invoices", "type": "FILE", "source": SOURCE}}
        yield "/imports", {"imports": [import_]}
        yield "/files", {"files": [ENTRY]}
        yield f"/files/{FILE}", {"file": ENTRY}
        yield f"/files/{FILE}/complete", {"file": ENTRY}
        yield f"/files/{FILE}/chunks", {"chunks": [{"id": str(self._last[0]), "name": "Chunk"}]}
        yield "/workspaces", {"workspaces": [{"id": WORKSPACE, "name": "Group Finance", "active": True}]}
        yield f"/workspaces/{WORKSPACE}", {"workspace": {"id": WORKSPACE, "name": "Group Finance", "active": True}}
        yield "/models", {"models": [model]}
        yield f"/models/{MODEL}", {"model": model}
        for kind in ("processes", "actions", "exports", "lists", "modules"):
            yield f"/{kind}", {kind: []}

    def _task(self) -> dict[str, object]:
        if time.monotonic() < self._done_at:
            return {"taskId": TASK, "creationTime": 1, "taskState": "IN_PROGRESS", "progress": 0.5}
        text = f"AP Invoices: {self.rows} (0/{self.rows}) rows successful, 0 ignored "
        values = [
            "successRowCount",
            str(self.rows),
            "failedCount",
            "0",
            "ignoredCount",
            "0",
            "totalRowCount",
            str(self.rows),
        ]
        detail = {"localMessageText": text, "occurrences": 0, "type": "lineItemRowsProcessed", "values": values}
        result = {"successful": True, "failureDumpAvailable": False, "objectId": IMPORT, "details": [detail]}
        state = {"taskState": "COMPLETE", "currentStep": "Complete.", "progress": 1.0}
        return {"taskId": TASK, "creationTime": 1, **state, "result": result}


def _envelope(**content: object) -> bytes:
    size = next((len(v) for v in content.values() if isinstance(v, list)), 1)
    paging = {"currentPageSize": size, "totalSize": size, "offset": 0}
    return json.dumps(
        {"meta": {"schema": "x", "paging": paging}, "status": {"code": 200, "message": "Success"}, **content}
    ).encode()


async def _serve(app: OData | Linked | Anaplan) -> None:
    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split(" ", 2)
                length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                status, answer = app.answer(method, target, body)
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(head.encode() + answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        kind, *folder = sys.argv[1:]
        app: OData | Linked | Anaplan
        if kind == "anaplan":
            app = Anaplan(int(folder[0]) if folder else 0)
        else:
            app = OData(Path(folder[0])) if kind == "odata" else Linked(Path(folder[0]))
        asyncio.run(_serve(app))
