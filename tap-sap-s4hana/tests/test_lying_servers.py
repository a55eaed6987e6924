"""Tenants that do otherwise than they are asked: all rows once, or a failed run that leaves versions alone."""

from __future__ import annotations

import pytest

SETS = {"gl_accounts": "GLAccount", "cost_centers_v4": "CostCenter"}  # V2, V4


def switch(tenant, **values):
    for name, value in {"page_cap": 40, "page_cap_v4": 40, "page_default": 40, "page_default_v4": 40, **values}.items():
        tenant.sandbox.control.switch("sap", name, value)


@pytest.mark.parametrize("stream", SETS)
@pytest.mark.parametrize("paging", ["keyset", "links"])
@pytest.mark.parametrize(
    "habits", [{"counts": said} for said in ("page", "zero", "minus_one", "error")] + [{"endless_links": True}]
)
def test_every_row_comes_once_and_deletions_are_told(tenant, stream, paging, habits):
    switch(tenant, **habits)
    output = tenant.read(stream, paging=paging, max_tries=1, full_sweep=True)
    keys = output.keys(stream)
    assert len(keys) == len(set(keys)) == len(tenant.rows(SETS[stream]))
    assert len(output.versions(stream)) == 1


@pytest.mark.parametrize("stream", SETS)
@pytest.mark.parametrize("ignored", ["orderby", "top", "filter", "filter,orderby", "filter,orderby,top,skip"])
def test_a_tenant_that_ignores_options_is_read_whole_or_not_at_all(tenant, stream, ignored):
    switch(tenant, ignored_options=ignored, shuffle=True)
    output = tenant.attempt(stream, page_size=40, text_language="")
    keys = output.keys(stream)
    if output.error is None:
        assert len(keys) == len(set(keys)) == len(tenant.rows(SETS[stream]))
    else:
        assert output.versions(stream) == []
        assert "resume" not in str(output.state)
