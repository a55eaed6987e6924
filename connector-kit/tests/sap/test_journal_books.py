"""What SAP lists under the beginning of a reference, over real HTTP: pages, doubles, reversals, services that lie."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from local_server import Answer, serving

from connector_kit.documents.model import Listed, Posted
from connector_kit.errors import RefusedError
from connector_kit.sap.connecting import connect
from connector_kit.sap.journal_books import JournalBooks


def row(reference, number, **values):
    made = {"CompanyCode": "1010", "FiscalYear": "2026", "AccountingDocument": number, "DocumentReferenceID": reference}
    return {**made, "AccountingDocumentItem": "001", "IsReversed": False, "IsReversal": False, **values}


class Tenant:
    """Answers ranges of references as a Gateway service does, `page` rows at a time."""

    def __init__(self, rows):
        self.rows = rows
        self.page = 5000
        self.filters = True
        self.sorts = True
        self.asked = []

    def answer(self, asked):
        query = parse_qs(urlsplit(asked.path).query)
        self.asked.append(query)
        text = query["$filter"][0]
        ranges = re.findall(r"DocumentReferenceID (g[et]) '(\w+)' and DocumentReferenceID le '(\w+)'", text)
        equal = re.findall(r"DocumentReferenceID eq '(\w+)'", text)

        def wanted(name):
            return name in equal or any(
                (low < name or (low == name and how == "ge")) and name <= high for how, low, high in ranges
            )

        found = [one for one in self.rows if not self.filters or wanted(one["DocumentReferenceID"])]
        if self.sorts:
            found.sort(key=lambda one: one["DocumentReferenceID"])
        return Answer(body=json.dumps({"d": {"results": found[: self.page]}}).encode())


PREFIX = "A123456"
ROWS = [row(f"{PREFIX}{at:09d}", f"{1900000000 + at}") for at in (5, 3, 9, 1, 7)]


def listed(tenant, *prefixes):
    with serving(tenant.answer) as server:
        connection = connect({"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 1})
        found = list(JournalBooks(connection, by_ledger=False).listed(prefixes or (PREFIX,), {"1010"}))
        connection.close()
    return {one.reference: one for one in found}


@pytest.mark.parametrize("page", [1, 2, 5, 5000])
def test_every_document_is_listed_whatever_the_page(page):
    tenant = Tenant([*ROWS, row("B000000000000000", "1")])
    tenant.page = page
    assert sorted(listed(tenant)) == sorted(one["DocumentReferenceID"] for one in ROWS)


def test_a_page_that_ends_between_two_documents_under_one_reference_hides_none():
    tenant = Tenant([row(f"{PREFIX}000000001", "1"), row(f"{PREFIX}000000002", "2"), row(f"{PREFIX}000000002", "3")])
    tenant.rows.append(row(f"{PREFIX}000000003", "4"))
    tenant.page = 2
    assert len(listed(tenant)[f"{PREFIX}000000002"].live) == 2


def test_nothing_under_a_prefix_costs_one_request():
    tenant = Tenant([])
    assert listed(tenant) == {}
    assert len(tenant.asked) == 1


def test_forty_prefixes_are_two_requests_and_a_short_address():
    tenant = Tenant([])
    assert listed(tenant, *(f"A{at:06d}" for at in range(40))) == {}
    assert len(tenant.asked) == 2
    assert all(len(query["$filter"][0]) < 2_500 for query in tenant.asked)


def test_reversed_documents_are_told_from_those_that_stand_and_doubles_are_seen():
    reference = f"{PREFIX}000000001"
    rows = [
        row(reference, "1", IsReversed=True),
        row(reference, "2", IsReversal=True),
        row(reference, "3"),
        row(reference, "4"),
    ]
    found = listed(Tenant(rows))[reference]
    live, dead = [Posted(number, "1010", "2026") for number in "34"], [Posted(n, "1010", "2026") for n in "12"]
    assert found == Listed(reference, tuple(live), tuple(dead))


@pytest.mark.parametrize("option", ["filters", "sorts"])
def test_a_service_that_ignores_an_option_is_not_believed(option):
    tenant = Tenant([*ROWS, row("B000000000000000", "1")])
    setattr(tenant, option, False)
    with pytest.raises(RefusedError, match=r"does not keep to \$filter or \$orderby"):
        listed(tenant)
