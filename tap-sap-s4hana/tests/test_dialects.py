"""What is not certain of SAP's protocol: the tap reads the same either way."""

from __future__ import annotations

import pytest

STREAMS = ("business_partners", "gl_accounts", "purchase_orders", "purchase_orders_v4", "cost_centers_v4", "suppliers")


@pytest.fixture(scope="module")
def usual(sandbox):
    """What a tenant with all defaults gives; filled by the first test that asks."""
    return {}


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("datetimeoffset_form", "bare"),
        ("metadata_id", False),
        ("default_format", "json"),
        ("next_link_v4", "absolute"),
        ("maxpagesize", False),
        ("alpha_conversion", True),
        ("skiptoken", "numeric"),
    ],
)
@pytest.mark.parametrize("paging", ["keyset", "links"])
def test_the_rows_are_the_same(tenant, usual, switch, value, paging):
    if not usual:
        usual.update(tenant.read(*STREAMS).records)
    tenant.sandbox.control.switch("sap", switch, value)
    tenant.sandbox.control.switch("sap", "page_default_v4", 30)
    found = tenant.read(*STREAMS, paging=paging).records
    for stream in STREAMS:
        assert found[stream] == usual[stream]


@pytest.mark.parametrize("moves", [True, False])
def test_amounts_are_right_whether_or_not_a_reversal_stamps_what_it_reverses(tenant, moves):
    tenant.sandbox.control.switch("sap", "change_moves", moves)
    first = tenant.read("gl_account_line_items")
    tenant.sandbox.control.sap_business_day(1)
    second = tenant.read("gl_account_line_items", state=first.state)
    rows = {}
    for output in (first, second):
        rows |= dict(zip(output.keys("gl_account_line_items"), output.records["gl_account_line_items"], strict=True))
    fresh = tenant.read("gl_account_line_items")
    amounts = {
        key: row["AmountInCompanyCodeCurrency"]
        for key, row in zip(fresh.keys("gl_account_line_items"), fresh.records["gl_account_line_items"], strict=True)
    }
    assert {key: row["AmountInCompanyCodeCurrency"] for key, row in rows.items()} == amounts
