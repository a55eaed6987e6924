from __future__ import annotations

import pytest

from connector_kit.http import Retry

FAULTS = {
    "429 in seconds": {"status": 429, "headers": {"Retry-After": "0"}},
    "503": {"status": 503, "headers": {"Retry-After": "0"}},
    "504": {"status": 504},
    "reset before the answer": {"reset": "before_response"},
    "reset in mid-body": {"reset": "mid_body"},
    "half a JSON text": {"truncate": 2000},
    "a gateway's page": {"html": 502},
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(Retry, "wait", lambda self, failures, retry_after: 0.01)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_row_arrives_once_in_spite_of(site, fault):
    for after in (0, 3):
        site.sandbox.control.fault("syspro", FAULTS[fault], path="/ApInvoice[?]", after=after, times=2)
    records = site.read("ap_invoices", page_size=60).records["ap_invoices"]
    keys = [(r["Supplier"], r["Invoice"]) for r in records]
    assert len(keys) == len(set(keys)) == len(site.rows("ApInvoice"))
    assert all(rule["hits"] > 0 for rule in site.sandbox.control.faults())


def test_a_page_with_status_200_that_is_a_web_page_is_asked_again(site):
    page = {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Please log in</html>"}
    site.sandbox.control.fault("syspro", page, path="/ApInvoice[?]", after=1, times=1)
    assert len(site.read("ap_invoices", page_size=60).records["ap_invoices"]) == len(site.rows("ApInvoice"))


def test_a_server_that_is_too_slow_is_asked_for_smaller_pages(site):
    site.sandbox.control.fault("syspro", {"delay": 1.5}, path=r"top=400", times=-1)
    records = site.read("ap_invoices", page_size=400, timeout=0.5).records["ap_invoices"]
    assert len(records) == len(site.rows("ApInvoice"))
    assert any("top=200" in r["path"] for r in site.requests("ApInvoice"))
