"""Supplier invoices posted through e.net: what is checked, what the reply says, what the books hold afterwards."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.tests.syspro_books import check_controls, check_ledger, check_payables
from sandbox.tests.syspro_client import all_texts, errors, posting_counts, xml

RENT = "10-6200"


def invoice(supplier="O'BRIEN", number="PLAN-1", value="110.00", lines=(("100.00", RENT),), **more):
    distribution = [{"LedgerCode": account, "LedgerValue": amount} for amount, account in lines]
    head = {"Supplier": supplier, "TransactionCode": "I", "Invoice": number, "TransactionValue": value}
    head |= {"TaxValue": "10.00", "InvoiceDate": "2026-11-18", "TransactionReference": "Plan reference"}
    return xml({"Item": {**head, **more, "LedgerDistribution": distribution}})


@pytest.fixture
def supplier(syspro):
    """A supplier in the company's currency, not on hold."""
    columns = {"SupplierName": "Planned Supplies", "Branch": "10", "TermsCode": "30", "MerchGlCode": RENT}
    syspro.setup("Add", "APSSSP", xml({"Item": {"Key": {"Supplier": "4711"}, **columns}}))
    return "4711"


def test_an_invoice_is_in_every_table_and_the_books_hold_together(syspro, supplier):
    more = {"JournalNotation": "Approved plan", "FreightCharge": "5.00", "DueDate": ""}
    lines = (("60.00", RENT), ("35.00", "10-6210"))
    syspro.setup("Update", "APSSSP", xml({"Item": {"Key": {"Supplier": supplier}, "FreightGlCode": "10-5020"}}))
    reply = syspro.post("APSTIN", invoice(supplier, lines=lines, **more))
    assert (posting_counts(reply), errors(reply)) == ([1, 0, 0, 0], [])
    stored = "000000000004711"
    assert reply.findtext("Item/Key/Supplier") == stored
    journal_number = int(reply.findtext("Item/Journal"))
    assert (reply.findtext("Item/TrnYear"), reply.findtext("Item/TrnMonth")) == ("2026", "11")
    row = syspro.row("ApInvoice", Supplier=stored, Invoice="PLAN-1")
    assert (row["OrigInvValue"], row["MthInvBal1"], row["MthInvBal2"]) == ("110.00", "110.00", "0.00")
    assert (row["DueDate"][:10], row["Reference"], row["Journal"]) == ("2026-12-18", "Plan reference", journal_number)
    distributed = syspro.rows("ApJnlDistrib", filter=f"Journal eq {journal_number}")
    assert [(each["ExpenseType"], each["DistrValue"]) for each in distributed] == [
        ("M", 60.0), ("M", 35.0), ("T", 10.0), ("F", 5.0)
    ]  # fmt: skip
    assert syspro.row("ApJnlSummary", Journal=journal_number, EntryNumber=1)["Notation"] == "Approved plan"
    ledger_journal = int(reply.findtext("StatusOfItems/GlJournal/GlJournal"))
    posted = syspro.rows("GenTransaction", filter=f"Journal eq {ledger_journal}")
    assert {each["SubModApInvoice"] for each in posted} == {"PLAN-1"}
    assert sum(Decimal(str(each["EntryValue"])) for each in posted) == 0
    assert syspro.row("ApSupplier", Supplier=stored)["CurrentBalance"] == "110.00"
    payables = ("ApInvoice", "ApInvoicePay", "ApJnlSummary", "ApJnlDistrib", "ApSupplier", "ApSupplierAddr")
    tables = syspro.ledger(*payables, "ArInvoice", "InvMaster", "PorMasterHdr")
    for check in (check_ledger, check_payables, check_controls):
        check(tables)


@pytest.mark.parametrize(
    ("changed", "where", "words"),
    [
        ({"supplier": "99"}, "supplier", "Supplier '000000000000099' not found"),
        ({"supplier": ""}, "supplier", "Supplier may not be blank"),
        ({"number": ""}, "invoice", "Invoice may not be blank"),
        ({"number": "x" * 21}, "invoice", "Invoice exceeds 20 characters"),
        ({"value": "1.005"}, "transactionvalue", "TransactionValue '1.005' is not numeric"),
        ({"value": "-5.00"}, "transactionvalue", "Transaction value may not be negative"),
        (
            {"lines": (("99.99", RENT),)},
            "item",
            "Ledger distribution 99.99 does not equal the transaction value 100.00",
        ),
        ({"lines": (("100.00", "99-1"),)}, "ledgercode", "Ledger code '99-1' not found"),
        ({"TransactionCode": "C"}, "transactioncode", "TransactionCode 'C' is invalid"),
        ({"InvoiceDate": "yesterday"}, "invoicedate", "InvoiceDate 'yesterday' is not a valid date"),
        ({"TransactionReference": "x" * 31}, "transactionreference", "TransactionReference exceeds 30 characters"),
    ],
)
def test_an_invoice_that_does_not_hold_is_refused_where_it_does_not(syspro, supplier, changed, where, words):
    reply = syspro.post("APSTIN", invoice(**{"supplier": supplier, **changed}))
    assert (where, words) in errors(reply)
    assert posting_counts(reply) == [0, 1, 0, 0]
    assert syspro.rows("ApInvoice", filter="Reference eq 'Plan reference'") == []


@pytest.mark.parametrize("whole", ["Y", "N"])
def test_an_invoice_is_taken_once_from_a_supplier(syspro, supplier, whole):
    items = invoice(supplier) + invoice(supplier)
    reply = syspro.post("APSTIN", items, ApplyIfEntireDocumentValid=whole)
    words = "Invoice 'PLAN-1' already exists for supplier '000000000004711'"
    assert errors(reply) == [("invoice", words)]
    assert posting_counts(reply)[:2] == [0 if whole == "Y" else 1, 1]
    syspro.post("APSTIN", invoice(supplier))
    assert errors(syspro.post("APSTIN", invoice(supplier))) == [("invoice", words)]
    assert len(syspro.rows("ApInvoice", filter="Reference eq 'Plan reference'")) == 1


@pytest.mark.parametrize(("choice", "number"), [("padded", "000000000000815"), ("as_entered", "815")])
def test_a_numeric_invoice_number_is_filled_with_zeros_or_kept(syspro, supplier, choice, number):
    syspro.switch("numeric_invoices", choice)
    assert syspro.post("APSTIN", invoice(supplier, "815")).findtext("Item/Key/Invoice") == number


def test_an_invoice_without_distribution_goes_to_the_suppliers_account(syspro, supplier):
    reply = syspro.post("APSTIN", invoice(supplier, lines=()))
    assert errors(reply) == []
    (row, tax) = syspro.rows("ApJnlDistrib", filter=f"Journal eq {int(reply.findtext('Item/Journal'))}")
    assert (row["ExpenseGlCode"], row["DistrValue"], tax["ExpenseType"]) == (RENT, 100.0, "T")
    syspro.setup("Update", "APSSSP", xml({"Item": {"Key": {"Supplier": supplier}, "MerchGlCode": ""}}))
    missing = errors(syspro.post("APSTIN", invoice(supplier, "PLAN-2", lines=())))
    assert missing == [("ledgerdistribution", "Ledger distribution is missing")]


@pytest.mark.parametrize(("choice", "accepted"), [("error", False), ("warning", True)])
def test_a_supplier_on_hold_is_an_error_or_a_warning(syspro, supplier, choice, accepted):
    syspro.switch("supplier_on_hold", choice)
    syspro.setup("Update", "APSSSP", xml({"Item": {"Key": {"Supplier": supplier}, "OnHold": "Y"}}))
    reply = syspro.post("APSTIN", invoice(supplier))
    kind = "WarningDescription" if accepted else "ErrorDescription"
    assert all_texts(reply, kind) == ["Supplier '000000000004711' is on hold"]
    assert (all_texts(reply, "Journal") != []) is accepted


@pytest.mark.parametrize(("code", "month"), [("C", 11), ("P", 10), ("B", 9)])
def test_an_invoice_is_posted_into_one_of_three_periods(syspro, supplier, code, month):
    reply = syspro.post("APSTIN", invoice(supplier), PostingPeriod=code)
    assert all_texts(reply, "TrnMonth") == [f"{month:02d}"]
    row = syspro.row("ApInvoice", Supplier="000000000004711", Invoice="PLAN-1")
    assert [row[f"MthInvBal{number}"] for number in (1, 2, 3)].count("110.00") == 12 - month
    check_ledger(syspro.ledger())
    syspro.switch("ap_open_periods", "")
    closed = errors(syspro.post("APSTIN", invoice(supplier, "PLAN-2"), PostingPeriod=code))
    assert closed == [("item", f"Period {month} of 2026 is closed")]
    wrong = errors(syspro.post("APSTIN", invoice(supplier, "PLAN-2"), PostingPeriod="X"))
    assert wrong == [("item", "Posting period 'X' is invalid")]


@pytest.mark.parametrize(("currency", "amount"), [("F", "100.00"), ("L", "126.00")])
def test_an_invoice_in_another_currency_is_converted(syspro, supplier, currency, amount):
    syspro.setup("Update", "APSSSP", xml({"Item": {"Key": {"Supplier": supplier}, "Currency": "GBP"}}))
    given = invoice(supplier, lines=((amount, RENT),))
    reply = syspro.post("APSTIN", given, LedgerDistributionCurrency=currency)
    assert errors(reply) == []
    row = syspro.row("ApInvoice", Supplier="000000000004711", Invoice="PLAN-1")
    assert (row["OrigInvValue"], row["CurrencyValue"], row["ConvRate"]) == ("138.60", "110.00", "1.260000")
    check_ledger(syspro.ledger())


def test_discounts_and_warnings_of_an_invoice(syspro, supplier):
    more = {"DiscountBasis": "P", "DiscountableValue": "100.00", "DiscountPercentageValue": "2.50"}
    dates = {"DiscountDate": "2026-11-25", "DueDate": "2026-11-01", "InvoiceDate": "2026-11-30"}
    reply = syspro.post("APSTIN", invoice(supplier, **more, **dates))
    assert len(all_texts(reply, "WarningDescription")) == 2
    row = syspro.row("ApInvoice", Supplier="000000000004711", Invoice="PLAN-1")
    assert (row["OrigDiscValue"], row["DiscountDate"][:10]) == ("2.50", "2026-11-25")
    strict = syspro.post("APSTIN", invoice(supplier, "PLAN-2", **dates), IgnoreWarnings="N")
    assert len(errors(strict)) == 2
