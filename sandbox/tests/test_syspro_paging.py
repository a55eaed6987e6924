"""Pages: the cap and what lies beyond it, order, rows that change while a table is read."""

from __future__ import annotations

import base64

import pytest

ALL = {"select": "Supplier,Invoice"}


def keys(rows):
    return [(row["Supplier"], row["Invoice"]) for row in rows]


@pytest.fixture
def everything(syspro):
    return keys(syspro.rows("ApInvoice", **ALL))


def test_beyond_the_cap_rows_are_cut_without_a_word(syspro, everything):
    syspro.switch("page_cap", 70)
    for options in ({}, {"top": 200}):
        page = syspro.get("ApInvoice", **ALL, **options)
        assert keys(page["value"]) == everything[:70]
        assert "@odata.nextLink" not in page


def test_beyond_the_cap_a_next_link_leads_on(syspro, everything):
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "nextlink")
    rows, pages = syspro.follow("ApInvoice", **ALL)
    assert (keys(rows), pages) == (everything, -(-len(everything) // 70))
    link = syspro.get("ApInvoice", **ALL)["@odata.nextLink"]
    assert "skiptoken" in link
    assert "skip=" not in link


def test_beyond_the_cap_an_error_may_come(syspro):
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "error")
    assert "limit of '70'" in syspro.refusal("ApInvoice", top=71)[1]
    assert "more than 70" in syspro.refusal("ApInvoice")[1]
    assert len(syspro.rows("ApInvoice", top=70)) == 70
    assert len(syspro.rows("ApInvoice", filter="Supplier eq 'A&B'")) < 70


def test_top_limits_the_whole_not_the_page(syspro, everything):
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "nextlink")
    for top in (69, 70, 71, 140, 150):
        rows, pages = syspro.follow("ApInvoice", top=top, **ALL)
        assert (keys(rows), pages) == (everything[:top], -(-top // 70))


def test_skip_counts_once_along_next_links(syspro, everything):
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "nextlink")
    assert keys(syspro.follow("ApInvoice", skip=33, **ALL)[0]) == everything[33:]


ORDERS = (
    "Supplier desc",
    "DueDate,Invoice desc",
    "MthInvBal1 desc",
    "DiscountDate desc",
    "DiscountDate",
    "TimeStamp desc",
)


@pytest.mark.parametrize("order", ORDERS)
def test_next_links_keep_any_order_with_ties_and_nulls(syspro, order):
    column = order.partition(" ")[0].partition(",")[0]
    whole = syspro.rows("ApInvoice", orderby=order, select=f"Supplier,Invoice,{column}")
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "nextlink")
    assert syspro.follow("ApInvoice", orderby=order, select=f"Supplier,Invoice,{column}")[0] == whole
    values = [row[column] for row in whole if row[column] is not None]
    if column == "TimeStamp":
        values = [base64.b64decode(value) for value in values]
    assert values == sorted(values, reverse="desc" in order.partition(",")[0])


def test_the_clients_page_size_is_honoured_when_switched(syspro, everything):
    prefer = {"Prefer": "odata.maxpagesize=30"}
    assert "@odata.nextLink" not in syspro.get("ApInvoice", headers=prefer, **ALL)
    syspro.switch("maxpagesize", True)
    answer = syspro.raw("EDU1/ApInvoice", headers=prefer, **ALL)
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=30"
    assert keys(answer.json()["value"]) == everything[:30]
    assert "@odata.nextLink" in answer.json()


def test_without_orderby_a_shuffling_server_repeats_and_misses_rows_between_pages(syspro, everything):
    syspro.switch("shuffle", True)
    pages = [keys(syspro.rows("ApInvoice", top=100, skip=skip, **ALL)) for skip in range(0, len(everything), 100)]
    read = [key for page in pages for key in page]
    assert len(read) == len(everything)
    assert len(set(read)) < len(everything)
    ordered = keys(syspro.rows("ApInvoice", orderby="Supplier,Invoice", **ALL))
    assert ordered == everything


def test_a_shuffling_servers_next_links_still_give_every_row_once(syspro, everything):
    syspro.switch("shuffle", True)
    syspro.switch("page_cap", 70)
    syspro.switch("beyond_cap", "nextlink")
    rows = keys(syspro.follow("ApInvoice", **ALL)[0])
    assert rows != everything
    assert sorted(rows) == everything


def keyset_pages(syspro, size, reached=None):
    """Every row by pages over the key."""
    read, last = [], None
    while True:
        options = {"orderby": "Supplier,Invoice", "top": size, **ALL}
        if last is not None:
            supplier, invoice = (part.replace("'", "''") for part in last)
            options["filter"] = f"(Supplier gt '{supplier}') or (Supplier eq '{supplier}' and Invoice gt '{invoice}')"
        page = keys(syspro.rows("ApInvoice", **options))
        if not page:
            return read
        read += page
        last = page[-1]


def test_pages_over_the_key_give_every_row_once(syspro, everything):
    assert keyset_pages(syspro, 37) == everything


def change(op, key, **values):
    named = dict(zip(("Supplier", "Invoice"), key, strict=True))
    return {"company": "EDU1", "table": "ApInvoice", "op": op, "key": named, "values": values}


def test_rows_change_while_pages_are_read_when_so_many_pages_were_served(syspro, everything):
    operations = [
        change("insert", ("000000000001000", "EARLY")),
        change("insert", ("~", "LATE")),
        change("delete", everything[5]),
        change("delete", everything[-1]),
        change("update", everything[200], Reference="edited"),
    ]
    assert syspro.control.change(operations, {"table": "ApInvoice", "pages": 2}) == {"armed": 1}
    assert syspro.control.report()["syspro"]["changes_waiting"] == 1
    syspro.rows("ApSupplier")
    read = keyset_pages(syspro, 100)
    assert read == [*everything[:-1], ("~", "LATE")]
    now = keys(syspro.rows("ApInvoice", **ALL))
    assert ("000000000001000", "EARLY") in now
    assert everything[5] not in now
    assert syspro.control.report()["syspro"]["changes_waiting"] == 0


def test_pages_by_skip_miss_rows_when_earlier_ones_vanish(syspro, everything):
    syspro.control.change([change("delete", key) for key in everything[:10]], {"table": "ApInvoice", "pages": 1})
    read = []
    for skip in range(0, len(everything), 100):
        read += keys(syspro.rows("ApInvoice", orderby="Supplier,Invoice", top=100, skip=skip, **ALL))
    assert set(everything[100:110]) & set(read) == set()


def test_options_may_be_ignored(syspro, everything):
    syspro.switch("ignored_options", "filter, top,orderby")
    found = keys(syspro.rows("ApInvoice", filter="Invoice eq 'none'", top=2, orderby="Invoice desc", **ALL))
    assert found == everything


def test_texts_may_be_sorted_without_regard_to_case_and_compared_with_it(syspro):
    names = ["a1", "B1", "b2", "C1"]
    syspro.control.change([change("insert", ("~", name)) for name in names])
    for order, expected in (("bytes", ["B1", "C1", "a1", "b2"]), ("caseless", names)):
        syspro.switch("sort_order", order)
        found = syspro.rows("ApInvoice", filter="Supplier eq '~' and Invoice ge 'A'", orderby="Invoice", **ALL)
        assert [row["Invoice"] for row in found] == expected


def test_counts_may_say_something_else(syspro, everything):
    for said, count in (("all", len(everything)), ("page", 7), ("zero", 0), ("minus_one", -1)):
        syspro.switch("counts", said)
        assert syspro.get("ApInvoice", count="true", top=7, **ALL)["@odata.count"] == count


def test_links_may_never_end(syspro, everything):
    syspro.switch("page_cap", 70)
    syspro.switch("endless_links", True)
    page, rows = syspro.get("ApInvoice", **ALL), []
    for _ in range(len(everything) // 70 + 3):
        rows += keys(page["value"])
        page = syspro.http.get(page["@odata.nextLink"]).json()
    assert rows == everything
