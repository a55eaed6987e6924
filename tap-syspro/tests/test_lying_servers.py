"""Sites that do otherwise than they are asked: all rows once, or a failed run that leaves state and versions alone."""

from __future__ import annotations

import pytest

from tap_syspro.enet import EnetSite

MIXED = ["A1", "a2", "B1", "b2", "Z1", "z9"]


def keys(output):
    return [record["Supplier"] for record in output.records["suppliers"]]


@pytest.fixture
def mixed(site):
    """Suppliers whose keys sort otherwise without regard to case."""
    row = {name: value for name, value in site.rows("ApSupplier")[0].items() if name != "TimeStamp"}
    for name in MIXED:
        site.change("insert", "ApSupplier", {"Supplier": name}, row | {"Supplier": name})
    return site


def switch(site, **values):
    for name, value in values.items():
        site.sandbox.control.switch("syspro", name, value)


def test_a_read_that_the_count_refutes_begins_anew_and_moves_nothing(mixed):
    switch(mixed, sort_order="caseless", page_cap=7)
    whole = len(mixed.rows("ApSupplier"))
    first = mixed.attempt("suppliers")
    assert first.error is not None
    assert first.versions("suppliers") == []
    assert "resume" not in str(first.state)
    assert "resume" not in str(first.messages[-1])
    switch(mixed, sort_order="bytes")
    second = mixed.read("suppliers", state=first.state)
    assert len(keys(second)) == len(set(keys(second))) == whole


@pytest.mark.parametrize("counts", ["all", "page", "zero", "minus_one", "error"])
@pytest.mark.parametrize("paging", ["keyset", "links"])
def test_whatever_a_count_says_every_row_comes_once_and_deletions_are_told(site, counts, paging):
    switch(site, counts=counts, page_cap=7, beyond_cap="nextlink")
    output = site.read("suppliers", paging=paging, max_tries=1)
    assert len(keys(output)) == len(set(keys(output))) == len(site.rows("ApSupplier"))
    assert len(output.versions("suppliers")) == 1


@pytest.mark.parametrize("paging", ["keyset", "links"])
def test_links_that_never_end_do(site, paging):
    switch(site, endless_links=True, page_cap=7)
    output = site.read("suppliers", paging=paging)
    assert len(keys(output)) == len(set(keys(output))) == len(site.rows("ApSupplier"))
    assert len(output.versions("suppliers")) == 1


@pytest.mark.parametrize(
    "ignored", ["orderby", "top", "filter", "count", "skip", "filter,orderby", "filter,orderby,top,skip,count,select"]
)
@pytest.mark.parametrize("beyond_cap", ["truncate", "nextlink"])
def test_a_site_that_ignores_options_is_read_along_its_links_or_not_at_all(site, ignored, beyond_cap):
    switch(site, ignored_options=ignored, shuffle=True, page_cap=9, beyond_cap=beyond_cap)
    output = site.attempt("suppliers", page_size=9)
    whole = sorted(row["Supplier"] for row in site.rows("ApSupplier"))
    if output.error is None:
        assert sorted(keys(output)) == whole
    else:
        assert output.versions("suppliers") == []
        assert "resume" not in str(output.state)


def test_a_site_that_sorts_otherwise_than_it_compares_fails_in_words_also_without_a_count(mixed):
    switch(mixed, sort_order="caseless", page_cap=7, ignored_options="count")
    output = mixed.attempt("suppliers")
    assert "suppliers" in str(output.error)
    assert "expected" in str(output.error)
    assert output.versions("suppliers") == []


@pytest.fixture
def enet(site, tmp_path):
    settings = {"interface": "enet", "coordination_url": f"sqlite:///{tmp_path / 'coordination.db'}", "page_size": 20}
    return lambda *streams: site.attempt(*streams, **settings)


def test_deletions_through_enet_are_told_when_a_second_read_has_the_same_keys(site, enet, monkeypatch):
    honest = enet("suppliers")
    assert (honest.error, len(honest.versions("suppliers"))) == (None, 1)
    asked = EnetSite.rows
    largest = []

    def losing(self, company, table, columns, where, order, most):
        largest.append(most)
        found = asked(self, company, table, columns, where, order, most)
        return found[1:] if most == largest[0] and len(found) > 1 else found

    monkeypatch.setattr(EnetSite, "rows", losing)
    losses = enet("suppliers")
    assert 0 < len(keys(losses)) < len(keys(honest))
    assert losses.versions("suppliers") == []


def test_rows_through_enet_that_do_not_come_in_order_end_the_run(enet, monkeypatch):
    asked = EnetSite.rows
    monkeypatch.setattr(EnetSite, "rows", lambda *arguments: asked(*arguments)[::-1])
    output = enet("suppliers")
    assert "in the order of the key Supplier" in str(output.error)
    assert "resume" not in str(output.state)


@pytest.mark.usefixtures("often_saved")
def test_what_a_stopped_run_lost_is_found_by_the_count_of_both(mixed):
    everything = sorted((row["Supplier"] for row in mixed.rows("ApSupplier")), key=lambda key: (key.upper(), key))
    pages = [everything[:2]]
    while left := [key for key in everything if key > pages[-1][-1]]:
        pages.append(left[:2])
    whole, read = len(everything), sum(map(len, pages))
    assert read < whole
    switch(mixed, sort_order="caseless", page_cap=2)
    stop = {"status": 401, "body": '{"error":{"code":"","message":"stopped by the test"}}'}
    mixed.sandbox.control.fault("syspro", stop, path="/ApSupplier[?]", after=len(pages), times=1)
    stopped = mixed.attempt("suppliers")
    assert "stopped by the test" in str(stopped.error)
    assert "resume" in str(stopped.state)
    assert len(keys(stopped)) == read
    switch(mixed, sort_order="bytes", page_cap=5000)
    second = mixed.attempt("suppliers", state=stopped.state)
    assert f"expected {whole} rows, got {read}" in str(second.error)
    third = mixed.read("suppliers", state=second.state)
    assert len(keys(third)) == whole


@pytest.mark.usefixtures("often_saved")
@pytest.mark.parametrize(("status", "kept"), [(422, False), (403, False), (404, False), (401, True), (503, True)])
def test_a_status_that_refutes_the_read_leaves_no_place_to_go_on_from(site, status, kept):
    answer = {"status": status, "body": '{"error":{"code":"","message":"stopped by the test"}}'}
    site.sandbox.control.fault("syspro", answer, path="/ApSupplier[?]", after=2, times=1)
    stopped = site.attempt("suppliers", page_size=5, max_tries=1)
    assert f"HTTP {status}" in str(stopped.error)
    assert keys(stopped)
    assert ("resume" in str(stopped.state)) is kept
    assert ("resume" in str(stopped.messages[-1])) is kept
    again = keys(site.read("suppliers", state=stopped.state))
    whole = sorted(row["Supplier"] for row in site.rows("ApSupplier"))
    assert sorted(keys(stopped) + again if kept else again) == whole


@pytest.mark.parametrize("order", ["bytes", "caseless"])
def test_distributions_carry_their_posting_however_the_site_sorts(site, order):
    switch(site, sort_order=order, page_cap=7)
    records = site.read("ap_distributions").records["ap_distributions"]
    key = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
    invoices = {tuple(int(row[name]) for name in key): row["Invoice"] for row in site.rows("ApJnlSummary")}
    assert len(records) == len(site.rows("ApJnlDistrib"))
    assert [record["Invoice"] for record in records] == [invoices[tuple(r[name] for name in key)] for r in records]


def test_distributions_of_a_site_that_does_not_sort_come_with_their_postings_or_not_at_all(site):
    switch(site, ignored_options="orderby", shuffle=True, page_cap=9, beyond_cap="nextlink")
    output = site.attempt("ap_distributions")
    assert all(record["Invoice"] for record in output.records.get("ap_distributions", []))
    assert "in the order of TrnYear, TrnMonth, Journal, EntryNumber" in str(output.error)
    assert "unselected" in str(output.error)
    assert "resume" not in str(output.state)
    assert output.versions("ap_distributions") == []
    alone = site.read("ap_distributions", columns={"ap_distributions": ["ExpenseGlCode"]})
    assert len(alone.records["ap_distributions"]) == len(site.rows("ApJnlDistrib"))
