"""Pages of the local S/4HANA: their sizes, their links, and rows that change in between."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest

from sandbox.tests.sap_services import desk, invoice

ROWS = 130


@pytest.fixture(scope="module")
def sap():
    with desk() as running:
        running.store.insert(
            "Invoice", *(invoice(n, PostingDate=None if n % 5 == 0 else "2026-01-01") for n in range(ROWS))
        )
        running.store.insert("Item", *(line(n) for n in range(60)))
        running.store.insert(
            "Line",
            *(
                {
                    "Ledger": "0L",
                    "Document": str(n),
                    "Line": "1",
                    "GLAccount": f"{n % 40}",
                    "CostCenter": None if n % 40 == 7 else "C",
                    "Amount": n,
                }
                for n in range(200)
            ),
        )
        yield running


def line(number):
    return {"Invoice": "5105600000", "FiscalYear": "2026", "Item": f"{number:06d}", "Amount": 1, "GLAccount": "1"}


@pytest.fixture(autouse=True)
def small_pages(sap):
    for name, size in {"page_default": 20, "page_cap": 50, "page_default_v4": 10, "page_cap_v4": 50}.items():
        sap.switches.set(name, size)
    yield
    sap.switches.reset()


def pages_of(sap, path, **options):
    """Every page of V2, followed by its links."""
    body = sap.get(path, **options)["d"]
    pages = [body["results"]]
    while "__next" in body:
        body = sap.http.get(body["__next"]).json()["d"]
        pages.append(body["results"])
    return pages


def pages_of_v4(sap, path, headers=None, **options):
    address = f"{sap.four}/{path}"
    answer = sap.http.get(address, params={f"${name}": value for name, value in options.items()}, headers=headers)
    pages = [answer.json()["value"]]
    while "@odata.nextLink" in answer.json():
        answer = sap.http.get(urljoin(address, answer.json()["@odata.nextLink"]), headers=headers)
        pages.append(answer.json()["value"])
    return pages


def keys(pages):
    return [row["Invoice"] for page in pages for row in page]


ALL = [f"{5105600000 + number}" for number in range(ROWS)]


@pytest.mark.parametrize("skiptoken", ["opaque", "numeric"])
@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [20] * 6 + [10]),
        ({"top": 30}, [30]),
        ({"top": 50}, [50]),
        ({"top": 120}, [50, 50, 20]),
        ({"top": 5000}, [50, 50, 30]),
        ({"skip": 125}, [5]),
        ({"skip": 60, "top": 60}, [50, 10]),
        ({"top": 0}, [0]),
    ],
)
def test_without_top_pages_are_smaller_and_links_lead_to_all_that_was_asked_for(sap, options, sizes, skiptoken):
    sap.switches.set("skiptoken", skiptoken)
    pages = pages_of(sap, "A_Invoice", select="Invoice", **options)
    assert [len(page) for page in pages] == sizes
    skip = options.get("skip", 0)
    assert keys(pages) == ALL[skip : skip + options.get("top", ROWS)]


def test_links_are_absolute_on_the_host_that_was_called_and_keep_the_options(sap):
    link = sap.get("A_Invoice", select="Invoice", filter="Days ge 5", inlinecount="allpages")["d"]["__next"]
    assert link.startswith(f"{sap.two}/A_Invoice?")
    assert "$skiptoken=" in link
    body = sap.http.get(link).json()["d"]
    assert body["__count"] == "125"
    assert body["results"][0]["Invoice"] == "5105600025"
    other = sap.http.get(f"{sap.two}/A_Invoice", headers={"Host": "my300000-api.s4hana.cloud.sap"}).json()["d"]
    assert urlsplit(other["__next"]).netloc == "my300000-api.s4hana.cloud.sap"


def test_a_numeric_continuation_is_a_number(sap):
    sap.switches.set("skiptoken", "numeric")
    assert sap.get("A_Invoice")["d"]["__next"].endswith("$skiptoken=20")


@pytest.mark.parametrize(
    "order", ["PostingDate,Days desc", "PostingDate desc", "Supplier desc,PostingDate", "IsReversed"]
)
def test_links_keep_any_order_with_ties_and_nulls(sap, order):
    found = keys(pages_of(sap, "A_Invoice", select="Invoice", orderby=order))
    sap.switches.set("page_default", 0)
    assert found == keys(pages_of(sap, "A_Invoice", select="Invoice", orderby=order))
    assert sorted(found) == ALL


@pytest.mark.parametrize(
    "condition", ["FiscalYear eq '2026'", "PostingDate eq null", "FiscalYear eq '2026' and Rate ge 0"]
)
def test_links_lead_through_everything_that_a_filter_holds_fast(sap, condition):
    found = keys(pages_of(sap, "A_Invoice", select="Invoice", filter=condition, orderby="FiscalYear,PostingDate"))
    expected = ALL if "2026" in condition else ALL[::5]
    assert sorted(found) == expected
    one = "Invoice eq '5105600007' and FiscalYear eq '2026'"
    assert keys(pages_of(sap, "A_Invoice", select="Invoice", filter=one)) == ["5105600007"]


def test_a_service_that_does_not_page_returns_everything_at_once(sap):
    sap.switches.set("unpaged", "API_TEST_SRV")
    assert [len(page) for page in pages_of(sap, "A_Invoice")] == [ROWS]


def test_v4_pages_are_smaller_still_and_their_links_relative_or_absolute(sap):
    pages = pages_of_v4(sap, "Invoice", select="Invoice", count="true")
    assert [len(page) for page in pages] == [10] * 13
    assert keys(pages) == ALL
    assert [len(page) for page in pages_of_v4(sap, "Invoice", top=70)] == [50, 20]
    body = sap.get("Invoice", version=4, count="true")
    assert (body["@odata.count"], body["@odata.nextLink"].partition("?")[0]) == (ROWS, "Invoice")
    sap.switches.set("next_link_v4", "absolute")
    assert sap.get("Invoice", version=4)["@odata.nextLink"].startswith(f"{sap.four}/Invoice?")


def test_links_of_v4_behind_a_navigation_lead_on_as_well(sap):
    pages = pages_of_v4(sap, "Invoice(Invoice='5105600000',FiscalYear='2026')/_Item")
    assert [len(page) for page in pages] == [10] * 6


def test_v4_honours_the_clients_page_size_up_to_the_cap(sap):
    answer = sap.http.get(f"{sap.four}/Invoice", headers={"Prefer": "odata.maxpagesize=7"})
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=7"
    wanted = pages_of_v4(sap, "Invoice", headers={"Prefer": "odata.maxpagesize=500"})
    assert [len(page) for page in wanted] == [50, 50, 30]
    sap.switches.set("maxpagesize", value=False)
    assert len(pages_of_v4(sap, "Invoice", headers={"Prefer": "odata.maxpagesize=7"})[0]) == 10


def test_a_row_that_appears_or_goes_in_between_shifts_offsets_but_not_keys(sap):
    for skiptoken, lost in (("numeric", 1), ("opaque", 0)):
        sap.switches.set("skiptoken", skiptoken)
        first = sap.get("A_Invoice", select="Invoice")["d"]
        sap.store.connection.execute("DELETE FROM Invoice WHERE Invoice = '5105600003'")
        second = sap.http.get(first["__next"]).json()["d"]
        sap.store.insert("Invoice", invoice(3, PostingDate="2026-01-01"))
        assert second["results"][0]["Invoice"] == ALL[20 + lost]


def test_without_orderby_a_shuffling_server_repeats_and_misses_rows_between_skips(sap):
    sap.switches.set("shuffle", value=True)
    skipped = [
        row["Invoice"] for at in (0, 50, 100) for row in sap.rows("A_Invoice", select="Invoice", top=50, skip=at)
    ]
    assert len(skipped) == ROWS
    assert set(skipped) != set(ALL)
    assert sorted(keys(pages_of(sap, "A_Invoice", select="Invoice"))) == ALL


@pytest.mark.parametrize(
    "options",
    [
        {"select": "GLAccount,Amount"},
        {"select": "GLAccount,CostCenter,Amount", "orderby": "CostCenter,GLAccount desc"},
        {"select": "GLAccount,Amount", "orderby": "Amount desc"},
        {"select": "Ledger,Document,Line,Amount"},
        {},
    ],
)
def test_sums_are_paged_without_loss(sap, options):
    found = pages_of(sap, "A_Line", **options)
    sap.switches.set("page_default", 0)
    whole = pages_of(sap, "A_Line", **options)
    assert len(found) > 1

    def content(pages):
        unstable = {"__metadata", "ID"}
        rows = (row for page in pages for row in page)
        return [{name: value for name, value in row.items() if name not in unstable} for row in rows]

    assert content(found) == content(whole)


def test_the_system_hears_of_every_page(sap):
    sap.pages.clear()
    pages_of(sap, "A_Invoice", top=100)
    pages_of_v4(sap, "Invoice", top=3)
    sap.get("A_Invoice(Invoice='5105600000',FiscalYear='2026')")
    assert sap.pages == ["A_Invoice", "A_Invoice", "Invoice"]


@pytest.mark.parametrize("token", ["W10", "!", "WzEsMiwzLDRd", "WyJhIiwgMCwgbnVsbCwgMV0"])
def test_a_continuation_of_somebody_else_is_refused(sap, token):
    assert sap.get("A_Invoice", skiptoken=token, status=400)["error"]["message"]["value"]


@pytest.mark.parametrize("cut", [1, 40_000])
def test_changes_since_a_moment_are_found_whether_few_or_many(sap, cut, monkeypatch):
    monkeypatch.setattr("sandbox.sap.odata.plan._NARROW", cut)
    since = "ChangedAt ge datetimeoffset'2026-11-20T00:00:00Z' and Days lt 100"
    expected = [key for number, key in enumerate(ALL[:100]) if number % 28 + 1 >= 20]
    assert keys(pages_of(sap, "A_Invoice", select="Invoice", filter=since)) == expected
    by_time = keys(pages_of(sap, "A_Invoice", select="Invoice", filter=since, orderby="ChangedAt"))
    assert sorted(by_time) == expected
    assert by_time == sorted(expected, key=lambda key: (int(key) - 5105600000) % 28)


def test_options_may_be_ignored(sap):
    sap.switches.set("ignored_options", "filter,top,orderby")
    answer = sap.get("A_Invoice", select="Invoice", filter="Invoice eq '1'", top=2, orderby="Invoice desc")
    assert [row["Invoice"] for row in answer["d"]["results"]] == ALL[:20]


def test_texts_may_be_sorted_without_regard_to_case_and_compared_with_it(sap):
    names = ["a1", "B1", "b2", "C1"]
    for number, name in enumerate(names):
        sap.store.insert("Invoice", invoice(number, PostingDate="2026-01-01") | {"Invoice": name})
    for order, expected in (("bytes", ["B1", "C1", "a1", "b2"]), ("caseless", names)):
        sap.switches.set("sort_order", order)
        found = sap.rows("A_Invoice", select="Invoice", filter="Invoice ge 'A'", orderby="Invoice", top=9)
        assert [row["Invoice"] for row in found] == expected
    sap.store.connection.execute("DELETE FROM Invoice WHERE Invoice >= 'A'")


def test_counts_may_say_something_else(sap):
    for said, count in (("all", ROWS), ("page", 7), ("zero", 0), ("minus_one", -1)):
        sap.switches.set("counts", said)
        assert sap.get("A_Invoice", inlinecount="allpages", top=7)["d"]["__count"] == str(count)
    sap.switches.set("counts", "error")
    assert sap.get("A_Invoice", inlinecount="allpages", top=7, status=500)["error"]


def test_links_may_never_end(sap):
    sap.switches.set("endless_links", value=True)
    page, found = sap.get("A_Invoice", select="Invoice")["d"], []
    for _ in range(ROWS // 20 + 4):
        found += [row["Invoice"] for row in page["results"]]
        page = sap.http.get(page["__next"]).json()["d"]
    assert found == ALL
