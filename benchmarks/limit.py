"""The bare limit: the same bytes in and out with requests, msgspec, csv and gzip, and nothing of Singer but its lines.

`python -m benchmarks.limit tap URL` and `... sap URL VERSION` write RECORD lines, `... target URL` reads them.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import sys
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

import msgspec
import requests

from benchmarks.rows import COLUMNS, PAGE_ROWS
from benchmarks.sap_rows import V2, V4
from benchmarks.servers import FILE, HEADERS, IMPORT, MODEL, WORKSPACE
from benchmarks.stock_target import map_row


def tap(url: str) -> None:
    """Pages in, RECORD lines out."""
    session = requests.Session()
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    encode = msgspec.json.Encoder(decimal_format="number").encode
    for skip in itertools.count(0, PAGE_ROWS):
        params: dict[str, str | int] = {"$select": ",".join(COLUMNS), "$skip": skip, "$top": PAGE_ROWS}
        rows = decode(session.get(f"{url}/EDU1/ApInvoice", params=params, timeout=60).content)["value"]
        if not rows:
            break
        lines = (
            encode({"type": "RECORD", "stream": "ap_invoices", "record": {"CompanyId": "EDU1", **row}}) for row in rows
        )
        sys.stdout.buffer.write(b"\n".join(lines) + b"\n")


def target(url: str) -> None:
    """RECORD lines in, gzipped CSV chunks out, one import."""
    session = requests.Session()
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    base = f"{url}/2/0/workspaces/{WORKSPACE}/models/{MODEL}"
    for number in itertools.count():
        text = io.StringIO()
        writer = csv.writer(text)
        if not number:
            writer.writerow(HEADERS)
        lines = list(itertools.islice(sys.stdin.buffer, 10_000))
        messages: list[dict[str, Any]] = [decode(line) for line in lines]
        writer.writerows(map_row(m["record"]) for m in messages if m["type"] == "RECORD")
        session.put(
            f"{base}/files/{FILE}/chunks/{number}", gzip.compress(text.getvalue().encode(), 1), timeout=60
        ).raise_for_status()
        if not lines:
            break
    session.post(f"{base}/imports/{IMPORT}/tasks", json={"localeName": "en_US"}, timeout=60).raise_for_status()


def sap(url: str, version: str) -> None:
    """Pages along their links in, RECORD lines out; nothing is converted."""
    pages = V2 if version == "2.0" else V4
    session = requests.Session()
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    encode = msgspec.json.Encoder(decimal_format="number").encode
    address: str | None = f"{url}{pages.path}"
    while address:
        body = decode(session.get(address, timeout=60).content)
        page = body["d"] if version == "2.0" else body
        rows = page["results" if version == "2.0" else "value"]
        link = page.get("__next" if version == "2.0" else "@odata.nextLink")
        address = urljoin(address, link) if link else None
        lines = (encode({"type": "RECORD", "stream": pages.stream, "record": row}) for row in rows)
        sys.stdout.buffer.write(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "sap":
        sap(*arguments)
    else:
        (tap if what == "tap" else target)(*arguments)
