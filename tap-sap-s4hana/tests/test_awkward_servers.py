"""What some servers, and what stands before them, can't take: gone round where that is safe, else said what helps."""

from __future__ import annotations

import pytest

from tap_sap_s4hana.tap import TapSapS4Hana
from testkit.odata import Reply, behind, metadata, page, serving

COLUMNS = [f"AmountInDisplayCurrency{number:03}" for number in range(200)]
WIDE = metadata('K Edm.String Nullable="false"', *(f'{name} Edm.Decimal Scale="2"' for name in COLUMNS))
SERVICE = {"path": "/erp/sap/opu/odata/sap/Z", "entity_set": "Rows", "stream": "rows"}


def settings(service, **more):
    config = {"api_url": service.url, "username": "u", "password": "p", "max_tries": 1, "streams": ["rows"]}
    return config | {"services": [SERVICE]} | more


def short_only(status):
    def answer(path, query):
        if len(path) > 4096:
            return Reply(b"<html>Request-URI Too Long</html>", status, {"Content-Type": "text/html"})
        return page(behind([{"K": "1"} | dict.fromkeys(COLUMNS, "1.00")], query))

    return answer


@pytest.mark.parametrize("status", [400, 404, 414])
@pytest.mark.parametrize("paging", ["keyset", "links"])
def test_an_address_that_is_too_long_names_no_columns_where_all_are_wanted(run, status, paging):
    with serving(WIDE, short_only(status)) as service:
        output = run(settings(service, paging=paging))
        assert output.error is None
        assert len(output.records["rows"][0]) == 1 + len(COLUMNS)
        assert len([path for path in service.asked if len(path) > 4096]) == 1, "learned once"


@pytest.mark.parametrize("status", [400, 404, 414])
def test_where_not_all_are_wanted_the_message_says_what_makes_it_shorter(run, status):
    with serving(WIDE, short_only(status)) as service:
        catalog = TapSapS4Hana(config=settings(service)).catalog_dict
        for each in catalog["streams"][0]["metadata"]:
            each["metadata"]["selected"] = each["breadcrumb"] != ["properties", COLUMNS[0]]
        output = run(settings(service), catalog)
    assert "select fewer columns, or all of them" in str(output.error)


@pytest.mark.parametrize("link", ["http://inner.example:44300/sap/opu/odata/sap/Z/Rows", "/sap/opu/odata/sap/Z/Rows"])
def test_links_that_name_an_inner_host_or_leave_the_prefix_are_followed_at_api_url(run, link):
    rows = [{"K": str(number)} for number in range(3)]

    def answer(path, query):
        assert path.startswith("/erp/"), "the proxy knows no other"
        at = int(query.get("$skiptoken", 0))
        if "$filter" in query:
            return page(behind(rows, query))
        more = {"__next": f"{link}?$skiptoken={at + 1}"} if at < 2 else {}
        return page(rows[at : at + 1], **more)

    with serving(metadata('K Edm.String Nullable="false"'), answer) as service:
        output = run(settings(service, paging="links", reconcile_counts=False))
    assert [record["K"] for record in output.records["rows"]] == ["0", "1", "2"]
    assert output.error is None
