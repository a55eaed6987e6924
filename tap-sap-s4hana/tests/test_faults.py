from __future__ import annotations

from email.utils import formatdate

import pytest

from connector_kit.errors import UnavailableError

pytestmark = pytest.mark.usefixtures("impatient")

FAULTS = {
    "429 in seconds": {"status": 429, "headers": {"Retry-After": "0"}},
    "429 with a date": {"status": 429, "headers": {"Retry-After": formatdate(0, usegmt=True)}},
    "503": {"status": 503, "headers": {"Retry-After": "0"}},
    "504": {"status": 504},
    "reset before the answer": {"reset": "before_response"},
    "reset in mid-body": {"reset": "mid_body"},
    "half a JSON text": {"truncate": 2000},
    "a gateway's page": {"html": 502},
    "a page to log on": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Log on</html>"},
}
SETS = {"cost_centers_v4": "/A_CostCenter_2[?]", "gl_account_line_items": "/GLAccountLineItem[?]"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stream", SETS)
def test_every_row_arrives_once_in_spite_of(tenant, stream, fault):
    for after in (0, 2):
        tenant.sandbox.control.fault("sap", FAULTS[fault], path=SETS[stream], after=after, times=2)
    keys = tenant.read(stream, page_size=400 if stream.startswith("gl") else 20).keys(stream)
    if stream.startswith("gl"):
        expected = sum(r["Ledger"] == "0L" for r in tenant.rows("JournalLine"))
    else:
        expected = len(tenant.rows("CostCenter"))
    assert len(keys) == len(set(keys)) == expected
    assert all(rule["hits"] > 0 for rule in tenant.sandbox.control.faults())


def test_a_token_that_expires_between_pages_is_replaced(tenant):
    first = tenant.read("cost_centers_v4", oauth=True, page_size=20)
    assert len(first.records["cost_centers_v4"]) == len(tenant.rows("CostCenter"))
    refused = {"status": 401, "headers": {"Content-Type": "text/html"}, "body": "<html>expired</html>"}
    tenant.sandbox.control.fault("sap", refused, path="/A_CostCenter_2[?]", after=2, times=1)
    second = tenant.read("cost_centers_v4", oauth=True, page_size=20)
    assert sorted(second.keys("cost_centers_v4")) == sorted(first.keys("cost_centers_v4"))


def test_tokens_with_a_short_life_last_a_whole_run(tenant):
    tenant.sandbox.control.switch("sap", "token_seconds", 1)
    tenant.sandbox.control.fault("sap", {"delay": 0.3}, path="/A_CostCenter_2[?]", times=-1)
    output = tenant.read("cost_centers_v4", oauth=True, page_size=20)
    assert len(output.records["cost_centers_v4"]) == len(tenant.rows("CostCenter"))
    grants = [r for r in tenant.sandbox.control.requests("sap") if "oauth2/token" in r["path"]]
    assert 1 < len(grants) < 6


def test_a_server_that_is_too_slow_is_asked_for_smaller_pages(tenant):
    tenant.sandbox.control.fault("sap", {"delay": 1.5}, path=r"GLAccountLineItem.*top=800", times=-1)
    records = tenant.read("gl_account_line_items", page_size=800, timeout=0.7).records["gl_account_line_items"]
    assert len(records) == sum(r["Ledger"] == "0L" for r in tenant.rows("JournalLine"))
    assert "400" in {query.get("$top") for query in tenant.queries("GLAccountLineItem")}


@pytest.mark.parametrize("settings", [{}, {"paging": "links"}], ids=["by key", "along links"])
def test_a_page_that_does_not_come_in_time_is_asked_for_again(tenant, settings):
    tenant.sandbox.control.fault("sap", {"delay": 1.5}, path="/A_CostCenter_2[?]", after=1, times=2)
    keys = tenant.read("cost_centers_v4", timeout=0.7, page_size=20, **settings).keys("cost_centers_v4")
    assert len(keys) == len(set(keys)) == len(tenant.rows("CostCenter"))


def test_metadata_that_do_not_come_in_time_are_asked_for_again(tenant):
    tenant.sandbox.control.fault("sap", {"delay": 1.5}, path="metadata", times=2)
    output = tenant.attempt(discover=True, streams=["cost_centers_v4"], timeout=0.7)
    assert output.error is None
    assert len(output.records["cost_centers_v4"]) == len(tenant.rows("CostCenter"))


@pytest.mark.parametrize("times", [1, -1])
def test_a_link_on_which_the_server_breaks_is_asked_again_and_then_one_line(tenant, times):
    tenant.sandbox.control.switch("sap", "page_default_v4", 20)
    tenant.sandbox.control.fault("sap", {"html": 500}, path="A_CostCenter_2.*count.*skiptoken", times=times)
    output = tenant.attempt("cost_centers_v4", paging="links", page_size=20, max_tries=2)
    if times == 1:
        assert output.error is None
        assert len(output.records["cost_centers_v4"]) == len(tenant.rows("CostCenter"))
    else:
        assert isinstance(output.error, UnavailableError)
