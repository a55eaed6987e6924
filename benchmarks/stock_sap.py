"""SAP's pages with the Singer SDK's own classes, as its template suggests: `python -m benchmarks.stock_sap 2.0 ...`."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from requests.auth import HTTPBasicAuth
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import JSONPathPaginator
from typing_extensions import override

from benchmarks.sap_rows import PAGE_ROWS, V2, V4

_TYPES = {"string": th.StringType, "number": th.NumberType, "date": th.DateType, "timestamp": th.DateTimeType}
_TICKS = re.compile(r"/Date\((-?\d+)")
PAGES = V4 if sys.argv[1:2] == ["4.0"] else V2


class Rows(RESTStream[str]):
    """One entity set along the server's links."""

    name = PAGES.stream
    path = PAGES.path
    primary_keys = PAGES.key
    replication_key = "LastChangeDateTime"
    records_jsonpath = "$.d.results[*]" if PAGES.version == "2.0" else "$.value[*]"
    schema = th.PropertiesList(*(th.Property(name, _TYPES[kind]) for name, kind in PAGES.columns.items())).to_dict()

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> HTTPBasicAuth:
        return HTTPBasicAuth(self.config["username"], self.config["password"])

    @override
    def get_new_paginator(self) -> JSONPathPaginator:
        return JSONPathPaginator("$.d.__next" if PAGES.version == "2.0" else "$['@odata.nextLink']")

    @override
    def get_url_params(self, context: Any, next_page_token: str | None) -> dict[str, Any]:
        if next_page_token:
            return dict(parse_qsl(next_page_token.partition("?")[2]))
        return {"$select": ",".join(PAGES.columns), "$top": PAGE_ROWS}

    @override
    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        if PAGES.version == "2.0":
            row.pop("__metadata", None)
            for name, kind in PAGES.columns.items():
                if kind in {"date", "timestamp"} and (ticks := _TICKS.match(row[name])):
                    moment = datetime.fromtimestamp(int(ticks.group(1)) / 1000, timezone.utc)
                    row[name] = moment.date().isoformat() if kind == "date" else moment.isoformat()
                elif kind == "number":
                    row[name] = Decimal(row[name])
        return row


class StockTap(Tap):
    """A tap with one stream."""

    name = "tap-stock-sap"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType),
        th.Property("username", th.StringType),
        th.Property("password", th.StringType),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Rows]:
        return [Rows(self)]


if __name__ == "__main__":
    StockTap.cli(sys.argv[2:])
