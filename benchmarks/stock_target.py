"""A target written with the Singer SDK's own classes: batches to gzipped CSV chunks, uploaded, then one import."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

import requests
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th
from typing_extensions import override

from benchmarks.servers import FILE, HEADERS, IMPORT, MODEL, WORKSPACE

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def map_row(r: dict[str, Any]) -> list[str]:
    """The ten columns that all contenders write."""
    supplier = f"{r['CompanyId']}-{r['Supplier'].lstrip('0') or '0'}"
    day, due = str(r["InvoiceDate"]), str(r["DueDate"])
    return [
        f"{supplier}-{r['Invoice'].lstrip('0') or '0'}",
        supplier,
        r["Reference"],
        f"{day[8:10]}/{day[5:7]}/{day[:4]}",
        f"{due[8:10]}/{due[5:7]}/{due[:4]}",
        f"{_MONTHS[r['InvoiceMonth'] - 1]} {r['InvoiceYear'] % 100:02d}",
        r["Currency"],
        f"{r['OrigInvValue']:.2f}",
        f"{r['MthInvBal1']:.2f}",
        r["InvoiceStatus"],
    ]


class StockSink(BatchSink):
    """One chunk per batch."""

    chunks = 0

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.chunks:
            writer.writerow(HEADERS)
        writer.writerows(map_row(r) for r in context["records"])
        url = f"{self.config['api_url']}/2/0/workspaces/{WORKSPACE}/models/{MODEL}/files/{FILE}/chunks/{self.chunks}"
        requests.put(url, gzip.compress(text.getvalue().encode()), timeout=60).raise_for_status()
        StockSink.chunks += 1

    @override
    def clean_up(self) -> None:
        url = f"{self.config['api_url']}/2/0/workspaces/{WORKSPACE}/models/{MODEL}/imports/{IMPORT}/tasks"
        requests.post(url, json={"localeName": "en_US"}, timeout=60).raise_for_status()


class StockTarget(Target):
    """A target with one sink class."""

    name = "target-stock"
    default_sink_class = StockSink
    config_jsonschema = th.PropertiesList(th.Property("api_url", th.StringType)).to_dict()


if __name__ == "__main__":
    StockTarget.cli()
