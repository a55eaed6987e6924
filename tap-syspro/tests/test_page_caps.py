from __future__ import annotations

import pytest


@pytest.mark.parametrize("beyond_cap", ["truncate", "nextlink", "error"])
@pytest.mark.parametrize("page_size", [5000, 30, 7])
def test_every_row_arrives_once_whatever_the_server_does_beyond_its_cap(site, beyond_cap, page_size):
    control = site.sandbox.control
    control.switch("syspro", "page_cap", 60)
    control.switch("syspro", "beyond_cap", beyond_cap)
    records = site.read("ap_invoices", page_size=page_size).records["ap_invoices"]
    keys = [(r["Supplier"], r["Invoice"]) for r in records]
    assert len(keys) == len(set(keys)) == len(site.rows("ApInvoice"))


def test_a_page_size_that_the_server_refused_is_not_tried_again(site):
    site.sandbox.control.switch("syspro", "page_cap", 60)
    site.sandbox.control.switch("syspro", "beyond_cap", "error")
    site.read("ap_invoices", "ar_invoices")
    refused = [r for r in site.sandbox.control.requests("syspro") if r["status"] == 400]
    assert {r["path"].split("?")[0].rpartition("/")[2] for r in refused} == {"ApInvoice"}


def test_links_are_followed_where_that_is_chosen(site):
    site.sandbox.control.switch("syspro", "page_cap", 60)
    site.sandbox.control.switch("syspro", "beyond_cap", "nextlink")
    records = site.read("ap_invoices", paging="links").records["ap_invoices"]
    keys = {(r["Supplier"], r["Invoice"]) for r in records}
    assert len(records) == len(keys) == len(site.rows("ApInvoice"))


def test_pages_that_are_shorter_than_asked_are_not_the_end(site):
    site.sandbox.control.switch("syspro", "page_cap", 25)
    output = site.read("ap_invoices", reconcile_counts=False)
    assert len(output.records["ap_invoices"]) == len(site.rows("ApInvoice"))
