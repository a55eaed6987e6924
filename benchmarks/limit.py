"""The bare limit: the same bytes in and out with requests, msgspec, csv and gzip, and nothing of Singer but its lines.

`python -m benchmarks.limit tap URL` writes RECORD lines, `python -m benchmarks.limit target URL` reads them.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import sys
from decimal import Decimal
from typing import Any

import msgspec
import requests

from benchmarks.rows import COLUMNS, PAGE_ROWS
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


if __name__ == "__main__":
    {"tap": tap, "target": target}[sys.argv[1]](sys.argv[2])
