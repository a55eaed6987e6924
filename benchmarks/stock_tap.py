"""The same stream written with the Singer SDK's own classes, as its template suggests."""

from __future__ import annotations

from typing import Any

from requests import Response
from requests.auth import HTTPBasicAuth
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import OffsetPaginator
from typing_extensions import override

from benchmarks.rows import COLUMNS, PAGE_ROWS

_TYPES = {"string": th.StringType, "integer": th.IntegerType, "number": th.NumberType, "date": th.DateTimeType}


class UntilEmpty(OffsetPaginator):
    """Ends at the first page without rows."""

    @override
    def has_more(self, response: Response) -> bool:
        return b'"value":[]' not in response.content


class ApInvoices(RESTStream[int]):
    """AP invoices by `$skip`."""

    name = "ap_invoices"
    path = "/EDU1/ApInvoice"
    primary_keys = ("CompanyId", "Supplier", "Invoice")
    replication_key = "JournalDate"
    records_jsonpath = "$.value[*]"
    schema = th.PropertiesList(
        th.Property("CompanyId", th.StringType), *(th.Property(name, _TYPES[kind]) for name, kind in COLUMNS.items())
    ).to_dict()

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> HTTPBasicAuth:
        return HTTPBasicAuth(self.config["username"], self.config["password"])

    @override
    def get_new_paginator(self) -> OffsetPaginator:
        return UntilEmpty(start_value=0, page_size=PAGE_ROWS)

    @override
    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        return {
            "$select": ",".join(COLUMNS),
            "$top": PAGE_ROWS,
            "$skip": next_page_token or 0,
            "$orderby": "Supplier,Invoice",
        }

    @override
    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        return {"CompanyId": "EDU1", **row}


class StockTap(Tap):
    """A tap with one stream."""

    name = "tap-stock"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType),
        th.Property("username", th.StringType),
        th.Property("password", th.StringType),
    ).to_dict()

    @override
    def discover_streams(self) -> list[ApInvoices]:
        return [ApInvoices(self)]


if __name__ == "__main__":
    StockTap.cli()
