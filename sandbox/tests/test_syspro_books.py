"""The seeded data: deterministic, complete and consistent, also after days of business."""

from __future__ import annotations

import pytest

from sandbox.syspro.business_day import business_day
from sandbox.syspro.seed.company import PROFILES, seed_company
from sandbox.syspro.seed.sizes import sizes_for
from sandbox.syspro.store import CompanyStore
from sandbox.syspro.tables import TABLES
from sandbox.tests.syspro_books import check_all


def seeded(folder, size="small", seed=7):
    stores = {}
    for profile in PROFILES:
        stores[profile.company] = CompanyStore(profile.company, folder / f"{profile.company}.sqlite")
        seed_company(stores[profile.company], profile, seed, size)
    return stores


def tables_of(store):
    return {name: list(store.select(name)) for name in TABLES}


@pytest.fixture
def stores(tmp_path):
    opened = seeded(tmp_path)
    yield opened
    for store in opened.values():
        store.close()


def test_seeded_books_hold_together_in_both_companies(stores):
    for store in stores.values():
        check_all(tables_of(store))


def test_every_table_of_a_company_has_rows(stores):
    assert {name for name, rows in tables_of(stores["EDU1"]).items() if not rows} == set()


def test_the_least_data_has_something_of_each_kind_and_days_of_business_go_on_from_it(tmp_path):
    stores = seeded(tmp_path, size="tiny")
    assert {name for name, rows in tables_of(stores["EDU1"]).items() if not rows} == set()
    assert len(list(stores["EDU1"].select("GenHistory"))) < 200
    for day in (1, 2, 9, 31, 40):
        business_day(stores, 7, day)
    for store in stores.values():
        check_all(tables_of(store))
        store.close()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(stores, tmp_path):
    for name, seed, same in (("again", 7, True), ("other", 8, False)):
        (tmp_path / name).mkdir()
        others = seeded(tmp_path / name, seed=seed)
        assert all(tables_of(others[company]) == tables_of(stores[company]) for company in stores) is same
        for store in others.values():
            store.close()


def test_keys_include_the_characters_that_hurt_and_zero_padded_numbers(stores):
    codes = {row["Supplier"] for row in stores["EDU1"].select("ApSupplier")}
    codes |= {row["StockCode"] for row in stores["EDU1"].select("InvMaster")}
    assert all(any(character in code for code in codes) for character in "'&%+/Ü")
    assert all(len(code) == 15 for code in codes if code.isdigit())
    assert not any(code != code.rstrip() for code in codes)
    assert any("€" in row["SupplierName"] for row in stores["EDU1"].select("ApSupplier"))


def test_days_of_business_over_a_year_end_keep_the_books_together(stores):
    for day in (1, 2, 9, 31, 40):
        counts = business_day(stores, 7, day)
        assert all(counts[kind] for kind in ("new", "edited", "back_dated", "deleted")), (day, counts)
        assert {"ApSupplier", "InvMaster", "GenMaster"} <= set(counts["deleted"])
        assert {"ApInvoice", "ApJnlDistrib", "GenJournalDetail"} <= set(counts["new"])
        assert {"ApSupplier", "ApInvoice", "GenMaster", "InvWarehouse"} <= set(counts["edited"])
    for store in stores.values():
        check_all(tables_of(store))
    assert {row["GlYear"] for row in stores["EDU1"].select("GenHistory")} == {2024, 2025, 2026, 2027}


def test_a_day_of_business_follows_from_seed_and_day(stores, tmp_path):
    (tmp_path / "twin").mkdir()
    twins = seeded(tmp_path / "twin")
    assert business_day(stores, 7, 1) == business_day(twins, 7, 1)
    assert tables_of(stores["EDU1"]) == tables_of(twins["EDU1"])
    for store in twins.values():
        store.close()


def test_journals_that_nobody_has_posted_have_no_post_date_and_do_not_count(stores):
    waiting = [row for row in stores["EDU1"].select("GenJournalCtl") if row["PostDate"] is None]
    assert len(waiting) == 2
    numbers = {row["GlJournal"] for row in waiting}
    assert not any(row["Journal"] in numbers for row in stores["EDU1"].select("GenTransaction"))


def test_sizes_grow_in_proportion_or_on_one_side_alone():
    demo, tenfold, one_side = sizes_for("demo"), sizes_for("40000"), sizes_for("40000:ApInvoice")
    assert (demo.suppliers, demo.customers, demo.ap_invoices, demo.purchase_orders) == (300, 400, 4000, 800)
    assert (tenfold.ap_invoices, tenfold.ar_invoices) == (40_000, 50_000)
    assert (one_side.ap_invoices, one_side.ar_invoices) == (40_000, 5000)
    with pytest.raises(ValueError, match="--size huge: expected"):
        sizes_for("huge")
