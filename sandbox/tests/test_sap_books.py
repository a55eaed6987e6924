"""The books of the local S/4HANA are consistent: seeded, after days of business, after cancellations."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from sandbox.sap.catalogue import SERVICES, TABLES
from sandbox.sap.document import converted
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.journal import Journal
from sandbox.sap.seed.calendar import TODAY
from sandbox.sap.seed.fill import fill
from sandbox.sap.seed.sizes import sizes_for
from sandbox.sap.store import Store, StoreError
from sandbox.tests.sap_client import total

AMOUNTS = ("AmountInTransactionCurrency", "AmountInCompanyCodeCurrency", "AmountInGlobalCurrency")
DOCUMENT = ("Ledger", "CompanyCode", "FiscalYear", "AccountingDocument")


def seeded(path, size="small", seed=7):
    store = Store(path / f"{seed}-{size}.sqlite")
    fill(store, seed, size)
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return seeded(tmp_path_factory.mktemp("sap"))


@pytest.fixture
def empty(tmp_path):
    store = Store(tmp_path / "empty.sqlite")
    store.create()
    companies = (("1010", "EUR", "K4"), ("1710", "USD", "V3"))
    store.insert(
        "CompanyCode",
        [{"CompanyCode": code, "Currency": money, "FiscalYearVariant": year} for code, money, year in companies],
    )
    return store


@pytest.fixture
def journal(empty):
    return Journal(empty, lambda: datetime(2026, 11, 22, 10, 30, tzinfo=timezone.utc))


def unbalanced(store):
    sums = " OR ".join(f'SUM("{name}") <> 0' for name in AMOUNTS)
    group = ", ".join(f'"{name}"' for name in DOCUMENT)
    statement = f'SELECT {group} FROM "JournalLine" GROUP BY {group}, "TransactionCurrency" HAVING {sums}'
    return store.connection.execute(statement).fetchall()


def count(store, sql):
    return store.connection.execute(f"SELECT COUNT(*) {sql}").fetchone()[0]


def test_every_document_balances_in_every_ledger_and_currency(store):
    assert count(store, 'FROM "JournalHeader"') > 300
    assert unbalanced(store) == []


def test_every_line_has_its_header_and_every_header_lines(store):
    on = ' ON h."CompanyCode" = l."CompanyCode" AND h."FiscalYear" = l."FiscalYear"'
    on += ' AND h."AccountingDocument" = l."AccountingDocument"'
    orphans = f'FROM "JournalLine" l LEFT JOIN "JournalHeader" h{on} WHERE h."CompanyCode" IS NULL'
    empty = f'FROM "JournalHeader" h LEFT JOIN "JournalLine" l{on} WHERE l."Ledger" IS NULL'
    assert (count(store, orphans), count(store, empty)) == (0, 0)


def test_every_supplier_invoice_has_one_journal_entry_over_its_gross_amount(store):
    for invoice in store.select("SupplierInvoice"):
        made = f"{invoice['SupplierInvoice']}{invoice['FiscalYear']}"
        (header,) = store.select("JournalHeader", '"OriginalReferenceDocument" = ?', (made,))
        lines = store.select(
            "JournalLine",
            '"Ledger" = ? AND "CompanyCode" = ? AND "FiscalYear" = ? AND "AccountingDocument" = ? AND "Supplier" <> ?',
            ("0L", header["CompanyCode"], header["FiscalYear"], header["AccountingDocument"], ""),
        )
        (line,) = lines
        sign = 1 if invoice["SupplierInvoiceIsCreditMemo"] else -1
        assert line["AmountInTransactionCurrency"] == sign * invoice["InvoiceGrossAmount"]
        assert (line["Supplier"], header["PostingDate"]) == (invoice["InvoicingParty"], invoice["PostingDate"])


def test_the_items_and_taxes_of_an_invoice_make_its_gross_amount(store):
    parts = " + ".join(
        f'(SELECT TOTAL("{amount}") FROM "{table}" p WHERE p."SupplierInvoice" = i."SupplierInvoice"'
        ' AND p."FiscalYear" = i."FiscalYear")'
        for table, amount in (
            ("SupplierInvoiceItemPO", "SupplierInvoiceItemAmount"),
            ("SupplierInvoiceItemGL", "SupplierInvoiceItemAmount"),
            ("SupplierInvoiceTax", "TaxAmount"),
        )
    )
    assert count(store, f'FROM "SupplierInvoice" i WHERE {parts} <> i."InvoiceGrossAmount"') == 0


def test_open_items_of_suppliers_are_their_invoices_less_what_was_paid(store):
    """Cleared items cancel out: what is open is the balance of the account."""
    open_items = 'SELECT "Supplier", SUM("AmountInTransactionCurrency") FROM "JournalLine" WHERE "Ledger" = \'0L\''
    by_supplier = ' AND "Supplier" <> \'\'{} GROUP BY "Supplier", "TransactionCurrency" HAVING SUM(1) > 0'
    everything = dict(store.connection.execute(open_items + by_supplier.format("")).fetchall())
    still_open = dict(store.connection.execute(open_items + by_supplier.format(' AND NOT "IsCleared"')).fetchall())
    assert still_open
    assert {supplier: amount for supplier, amount in everything.items() if amount} == {
        supplier: amount for supplier, amount in still_open.items() if amount
    }


def test_a_clearing_document_and_what_it_clears_sum_up_to_nothing(store):
    cleared = store.connection.execute(
        'SELECT SUM("AmountInTransactionCurrency") FROM "JournalLine" WHERE "IsCleared" AND "Ledger" = \'0L\''
        ' GROUP BY "CompanyCode", "ClearingAccountingDocument", "ClearingDocFiscalYear"'
    ).fetchall()
    assert cleared
    assert {amount for (amount,) in cleared} == {0}


def test_the_ledgers_differ_by_the_entries_that_only_one_of_them_has(store):
    by_ledger = dict(
        store.connection.execute('SELECT "Ledger", COUNT(*) FROM "JournalLine" GROUP BY "Ledger"').fetchall()
    )
    only_second = count(
        store,
        'FROM "JournalLine" l JOIN "JournalHeader" h USING ("CompanyCode", "FiscalYear", "AccountingDocument")'
        " WHERE h.\"LedgerGroup\" = '2L'",
    )
    assert only_second > 0
    assert by_ledger["2L"] - by_ledger["0L"] == only_second


def test_accounts_cost_centers_and_partners_of_lines_exist(store):
    for column, table in (
        ("GLAccount", "GLAccount"),
        ("CostCenter", "CostCenter"),
        ("Supplier", "Supplier"),
        ("Customer", "Customer"),
    ):
        known = f'SELECT "{column}" FROM "{table}"'
        sql = f'FROM "JournalLine" WHERE "{column}" <> \'\' AND "{column}" NOT IN ({known})'
        assert count(store, sql) == 0


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(store, tmp_path):
    again, other = seeded(tmp_path), seeded(tmp_path, seed=8)
    for table in ("JournalLine", "BusinessPartner", "PurchaseOrderItem"):
        rows = list(store.select(table))
        assert rows == list(again.select(table))
        assert rows != list(other.select(table))


def test_masters_have_intervals_missing_texts_and_hard_names(store):
    intervals = 'FROM (SELECT 1 FROM "CostCenter" GROUP BY "CostCenter" HAVING COUNT(*) > 1)'
    closed = 'FROM (SELECT 1 FROM "CostCenter" GROUP BY "CostCenter" HAVING MAX("ValidityEndDate") < \'2026\')'
    assert count(store, intervals) > 5
    assert count(store, closed) > 0
    texts = 'SELECT "GLAccount" FROM "GLAccountText" WHERE "Language" = \'EN\''
    assert count(store, f'FROM "GLAccount" WHERE "GLAccount" NOT IN ({texts})') > 0
    names = "".join(row["SupplierName"] for row in store.select("Supplier"))
    assert all(mark in names for mark in "'&\"%;ö")


@pytest.mark.parametrize(
    ("variant", "day", "expected"),
    [
        ("K4", "2026-01-01", ("2026", "001")),
        ("K4", "2026-12-31", ("2026", "012")),
        ("V3", "2026-04-01", ("2026", "001")),
        ("V3", "2026-03-31", ("2025", "012")),
        ("V3", "2027-01-15", ("2026", "010")),
    ],
)
def test_a_day_belongs_to_a_fiscal_year_and_period_by_its_variant(variant, day, expected):
    assert fiscal_year_and_period(variant, datetime.fromisoformat(day).date()) == expected


def test_an_unknown_fiscal_year_variant_is_refused():
    with pytest.raises(ValueError, match="K9"):
        fiscal_year_and_period("K9", TODAY)


@pytest.mark.parametrize("size", ["huge", "0", "", "-5", ":ApInvoice"])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="expected demo, small, tiny, a number"):
        sizes_for(size)


def test_a_size_is_a_number_of_lines_of_the_leading_ledger(tmp_path):
    lines = count(seeded(tmp_path, "3000"), 'FROM "JournalLine" WHERE "Ledger" = \'0L\'')
    assert 2700 < lines < 3300


def test_amounts_in_other_currencies_balance_although_each_line_is_rounded(empty, journal):
    """Three thirds of 100.00 pounds: what rounding leaves goes to one line."""
    amounts = ("33.33", "33.33", "33.34", "-100.00")
    lines = tuple(EntryLine("0063000000", Decimal(amount), "GBP") for amount in amounts)
    journal.post(Entry("1010", "SA", TODAY, TODAY, lines))
    journal.post(Entry("1710", "SA", TODAY, TODAY, lines))
    assert unbalanced(empty) == []
    rounded = sum(converted(Decimal(amount), "GBP", "EUR") for amount in amounts)
    assert rounded != 0


def test_numbers_run_by_company_code_year_and_document_type(journal):
    def entry(company, kind, day):
        lines = (EntryLine("1", Decimal(1), "EUR"), EntryLine("2", Decimal(-1), "EUR"))
        return Entry(company, kind, day, day, lines)

    assert journal.post(entry("1010", "SA", TODAY)) == ("0100000000", "2026")
    assert journal.post(entry("1010", "SA", TODAY)) == ("0100000001", "2026")
    assert journal.post(entry("1010", "KR", TODAY)) == ("1900000000", "2026")
    assert journal.post(entry("1010", "SA", TODAY.replace(year=2025))) == ("0100000000", "2025")
    assert journal.post(entry("1710", "SA", TODAY)) == ("0100000000", "2026")


def test_a_refused_entry_leaves_nothing_behind_for_the_next_one(empty, journal):
    good = (EntryLine("1", Decimal(1), "EUR"), EntryLine("2", Decimal(-1), "EUR"))
    bad = (EntryLine("1", Decimal(1), "XXX"), EntryLine("2", Decimal(-1), "XXX"))
    with pytest.raises(StoreError, match="no exchange rate for XXX"):
        journal.post(Entry("1010", "SA", TODAY, TODAY, bad))
    journal.post(Entry("1010", "SA", TODAY, TODAY, good))
    assert count(empty, 'FROM "JournalHeader"') == 1
    assert count(empty, 'FROM "JournalLine"') == 4


def test_a_reversal_marks_both_documents_and_may_leave_the_originals_change_time(empty):
    moves = [True]
    times = iter(datetime(2026, 11, day, tzinfo=timezone.utc) for day in range(1, 9))
    journal = Journal(empty, lambda: next(times), lambda: moves[0])
    lines = (EntryLine("1", Decimal(1), "EUR"), EntryLine("2", Decimal(-1), "EUR"))
    for expected in ("2026-11-02T00:00:00.0000000Z", "2026-11-03T00:00:00.0000000Z"):
        document, year = journal.post(Entry("1010", "SA", TODAY, TODAY, lines))
        other, _ = journal.reverse("1010", document, year, TODAY)
        old, new = (
            next(empty.select("JournalLine", '"AccountingDocument" = ?', (number,))) for number in (document, other)
        )
        assert (old["IsReversed"], old["IsReversal"], new["IsReversed"], new["IsReversal"]) == (1, 0, 0, 1)
        assert (old["ReversalReferenceDocument"], new["ReversalReferenceDocument"]) == (other, document)
        assert old["LastChangeDateTime"] == expected
        moves[0] = False
    with pytest.raises(StoreError, match="not reversed"):
        journal.reverse("1010", document, year, TODAY)


def test_every_set_reads_from_its_table_and_navigates_to_properties_that_exist(store):
    for service in SERVICES:
        for each in service.sets:
            own = {one.name for one in each.properties}
            assert set(each.key) <= own
            columns = ", ".join(f'"{one.stored_as}"' for one in each.properties)
            store.connection.execute(f'SELECT {columns} FROM "{each.table}" LIMIT 1')
            for navigation in each.navigations:
                target = service.set_called(navigation.target)
                assert target is not None
                assert {here for here, _ in navigation.on} <= own
                assert {there for _, there in navigation.on} <= {one.name for one in target.properties}


def test_stored_texts_fit_their_columns(store):
    for name, table in TABLES.items():
        for column in table.columns.values():
            if column.kind == "string" and column.length:
                where = f'FROM "{name}" WHERE LENGTH("{column.name}") > {column.length}'
                assert count(store, where) == 0, f"{name}.{column.name}"


def test_balances_are_the_sums_of_what_odata_shows(sap):
    dimensions = ("Ledger", "CompanyCode", "GLAccount", "FiscalYear", "FiscalPeriod", "CompanyCodeCurrency")
    sap.control.sap_business_day(1)
    rows = sap.lines(*dimensions, "AmountInCompanyCodeCurrency")
    assert len({(row["Ledger"], row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"],
                 row["LedgerGLLineItem"]) for row in rows}) == len(rows)  # fmt: skip
    names = ("ledger", "company_code", "account", "fiscal_year", "period", "currency")
    balances = {tuple(row[name] for name in names): Decimal(row["amount"]) for row in sap.control.sap_balances()}
    assert total(rows, dimensions, "AmountInCompanyCodeCurrency") == balances


def test_operational_items_are_the_leading_ledgers_lines_once(sap):
    items = sap.rows(
        "API_OPLACCTGDOCITEMCUBE_SRV",
        "A_OperationalAcctgDocItemCube",
        select="CompanyCode,FiscalYear,AccountingDocument,AccountingDocumentItem,AmountInCompanyCodeCurrency",
    )
    lines = [row for row in sap.control.sap_rows("JournalLine") if row["Ledger"] == "0L"]
    amount, by = "AmountInCompanyCodeCurrency", ("CompanyCode", "FiscalYear", "AccountingDocument")
    assert len(items) == len(lines)
    assert total(items, by, amount) == total(lines, by, amount)
