"""A caller of the local S/4HANA: plain HTTP, pages followed by their links."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urljoin

import requests

from sandbox.sap.catalogue import SERVICES

PATHS = {service.name: service.path for service in SERVICES}
LINE_KEY = ("Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem")


class Sap:
    """The communication user, with password."""

    def __init__(self, sandbox):
        self.info = sandbox.info["sap"]
        self.control = sandbox.control
        self.session = requests.Session()
        self.session.auth = (self.info["username"], self.info["password"])
        self.session.headers["Accept"] = "application/json"

    def get(self, service, path, **options):
        """The answer; options without their dollar sign."""
        query = {f"${name}": str(value) for name, value in options.items()}
        return self.session.get(f"{self.info['url']}{PATHS[service]}/{path}", params=query)

    def rows(self, service, path, **options):
        """All rows, over all pages."""
        answer = self.get(service, path, **options)
        rows = []
        while True:
            assert answer.status_code == 200, answer.text
            body = answer.json()
            page = body.get("d", body)
            rows += page.get("results", page.get("value"))
            following = page.get("__next") or page.get("@odata.nextLink")
            if not following:
                return rows
            base = answer.url.partition("?")[0]
            answer = self.session.get(urljoin(base, following))

    def lines(self, *columns, **options):
        """GL line items with their logical key and these columns."""
        select = ",".join(dict.fromkeys((*LINE_KEY, *columns)))
        return self.rows("API_GLACCOUNTLINEITEM", "GLAccountLineItem", select=select, **options)


def total(rows, dimensions, amount):
    """Exact sums of an amount by the values of some columns."""
    sums = {}
    for row in rows:
        key = tuple(row[name] for name in dimensions)
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row[amount])
    return sums
