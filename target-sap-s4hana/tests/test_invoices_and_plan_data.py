"""Supplier invoices and plan data in the local S/4HANA."""

from __future__ import annotations

from decimal import Decimal

import pytest

TEXTS = ("Company", "Supplier", "Invoice", "Account", "CostCenter", "Currency", "TaxCode", "Date")
INVOICE = {
    "stream": "invoices",
    "object": "supplier_invoice",
    "document": ["Company", "Supplier", "Invoice"],
    "header": {
        "company_code": "Company",
        "supplier": "Supplier",
        "invoice_reference": "Invoice",
        "document_type": {"constant": "KR"},
        "tax_is_calculated": {"constant": "true"},
    },
    "lines": {
        "account": "Account",
        "amount": "Amount",
        "currency": "Currency",
        "cost_center": "CostCenter",
        "tax_code": "TaxCode",
    },
    "posting_date": "Date",
    "on_change": "refuse",
}


def line(invoice, amount="119.00", **values):
    row = {
        "Company": "1010",
        "Supplier": "10300001",
        "Invoice": invoice,
        "Account": "65005000",
        "CostCenter": "10100101",
    }
    return {**row, "Currency": "EUR", "TaxCode": "V0", "Date": "2026-11-20", "Amount": Decimal(amount), **values}


def invoices(*rows):
    properties = {**{name: {"type": "string"} for name in TEXTS}, "Amount": {"type": "number"}}
    schema = {"type": "object", "properties": properties}
    key = ["Company", "Supplier", "Invoice", "Account"]
    yield {"type": "SCHEMA", "stream": "invoices", "schema": schema, "key_properties": key}
    yield from ({"type": "RECORD", "stream": "invoices", "record": row} for row in rows)
    yield {"type": "STATE", "value": {"mark": "done"}}


def standing(bench, invoice):
    rows = bench.sandbox.control.call("GET", "/sap/rows", table="SupplierInvoice")["rows"]
    return [row for row in rows if row["SupplierInvoiceIDByInvcgParty"] == invoice]


def test_an_invoice_lands_with_its_items_and_again_posts_nothing(bench):
    rows = [line("A-1", "100.10"), line("A-1", "19.02", Account="65010000"), line("A-2", "7.00")]
    for _ in range(2):
        outcome = bench.deliver(list(invoices(*rows)), documents=[INVOICE])
        assert outcome.states == [{"mark": "done"}]
    (first,) = standing(bench, "A-1")
    assert (first["InvoiceGrossAmount"], first["PostingDate"], first["DocumentCurrency"]) == (
        "119.120",
        "2026-11-20",
        "EUR",
    )
    assert len(standing(bench, "A-2")) == 1
    items = bench.sandbox.control.call("GET", "/sap/rows", table="SupplierInvoiceItemGL")["rows"]
    own = [item for item in items if item["SupplierInvoice"] == first["SupplierInvoice"]]
    assert sorted(item["SupplierInvoiceItemAmount"] for item in own) == ["100.100", "19.020"]


@pytest.mark.parametrize("converted", [False, True])
def test_an_invoice_whose_reference_has_small_letters_is_posted_once(bench, converted):
    bench.sandbox.control.switch("sap", "filter_upper_case", converted)
    bench.sandbox.control.switch("sap", "duplicate_invoice", "silent")
    for trail in ("first", "second"):
        bench.settings["audit_url"] = f"sqlite:///{bench.folder}/{trail}.db"
        bench.deliver(list(invoices(line("inv-77/a"))), documents=[INVOICE])
    assert len(standing(bench, "INV-77/A")) == 1


@pytest.mark.parametrize("side", ["credit", "debit"])
def test_a_credit_memo_lands_as_one(bench, side):
    bench.sandbox.control.switch("sap", "credit_memo_items", side)
    bench.deliver(list(invoices(line("C-1", "-50.00"))), documents=[INVOICE], credit_memo_items=side)
    assert bench.rejected() == {}
    (memo,) = standing(bench, "C-1")
    assert (memo["SupplierInvoiceIsCreditMemo"], memo["InvoiceGrossAmount"]) == ("X", "50.000")


@pytest.mark.parametrize("sap_says", ["warning", "error", "silent"])
def test_an_invoice_of_somebody_else_is_already_there(bench, sap_says, caplog):
    bench.sandbox.control.switch("sap", "duplicate_invoice", sap_says)
    bench.deliver(list(invoices(line("D-1"))), documents=[INVOICE])
    (there,) = standing(bench, "D-1")
    bench.deliver(list(invoices(line("D-1"))), documents=[INVOICE], audit_url=f"sqlite:///{bench.folder}/other.db")
    other = bench.run(
        list(invoices(line("D-1", "500.00", Account="65010000"))),
        documents=[INVOICE],
        audit_url=f"sqlite:///{bench.folder}/third.db",
    )
    assert other.error is None
    assert f"it stands as {there['SupplierInvoice']}/{there['FiscalYear']} over 119 EUR" in caplog.text
    assert [row["SupplierInvoice"] for row in standing(bench, "D-1")] == [there["SupplierInvoice"]]


def test_an_invoice_that_sap_refuses_is_told_and_the_next_one_is_posted(bench):
    bad, good = line("E-1", CostCenter="10109999"), line("E-2")
    bench.deliver(list(invoices(bad, good)), documents=[INVOICE])
    (message,) = bench.rejected().values()
    assert "10109999" in message
    assert standing(bench, "E-1") == []
    assert len(standing(bench, "E-2")) == 1


@pytest.mark.parametrize("fault", [{"reset": "before_response"}, {"reset": "late", "delay": 0.1}, {"html": 502}])
def test_a_lost_answer_to_an_invoice_posts_nothing_twice(bench, fault):
    bench.sandbox.control.fault("sap", fault, path="A_SupplierInvoice", method="POST")
    bench.deliver(list(invoices(line("F-1"), line("F-2"))), documents=[INVOICE])
    assert [len(standing(bench, invoice)) for invoice in ("F-1", "F-2")] == [1, 1]


def test_csrf_tokens_that_expire_between_invoices_are_fetched_again(bench):
    required = {"status": 403, "headers": {"x-csrf-token": "Required"}, "body": "CSRF token validation failed"}
    bench.sandbox.control.fault("sap", required, path="A_SupplierInvoice", method="POST", after=1)
    bench.deliver(list(invoices(*(line(f"G-{at}") for at in range(3)))), documents=[INVOICE])
    assert [len(standing(bench, f"G-{at}")) for at in range(3)] == [1, 1, 1]


# Plan data.

PLAN = {
    "object": "plan_data",
    "scope": ["Version"],
    "header": {"company_code": "Company", "planning_category": {"constant": "PLN"}},
    "lines": {"account": "Account", "amount": "Amount", "currency": "Currency", "cost_center": "CostCenter"},
    "offset": None,
}


def cells(bench):
    """Plan data in SAP: account, cost center and period to amount, without zeros."""
    rows = bench.sandbox.control.call("GET", "/sap/plan")["rows"]
    found = {}
    for row in rows:
        amount = Decimal(row["AmountInCompanyCodeCurrency"])
        if amount:
            place = (row["GLAccount"].lstrip("0"), row["CostCenter"].lstrip("0"), row["FiscalYearPeriod"])
            found[place] = found.get(place, 0) + amount
    return found


def test_plan_data_follow_the_plan_whatever_leaves_it(bench):
    first = bench.row("63005000", "100.10", CostCenter="10100101")
    second = bench.row("63010000", "-7.00", CostCenter="10100103")
    december = bench.row("63005000", "12", CostCenter="10100101", Period="Dec 26")
    recipe = bench.changed(**PLAN)
    for _ in range(2):
        bench.deliver(bench.plan(first, second, december), documents=recipe)
        assert cells(bench) == {
            ("63005000", "10100101", "011.2026"): Decimal("100.10"),
            ("63010000", "10100103", "011.2026"): -7,
            ("63005000", "10100101", "012.2026"): 12,
        }
    bench.deliver(bench.plan({**first, "Amount": Decimal(55)}), documents=recipe)
    assert cells(bench) == {("63005000", "10100101", "011.2026"): 55}


def test_a_lost_answer_to_plan_data_leaves_the_plan_as_it_is(bench):
    bench.sandbox.control.fault("sap", {"reset": "before_response"}, path="FinancialPlanData", method="POST")
    bench.deliver(bench.plan(bench.row("63005000", "100", CostCenter="10100101")), documents=bench.changed(**PLAN))
    assert cells(bench) == {("63005000", "10100101", "011.2026"): 100}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", ["", '{"d": {}}'])
def test_an_answer_with_nothing_in_it_does_not_say_that_plan_data_are_posted(bench, status, body):
    answer = {"status": status, "body": body, "headers": {"Content-Type": "application/json"}}
    bench.sandbox.control.fault("sap", answer, path="FinancialPlanData", method="POST")
    bench.deliver(bench.plan(bench.row("63005000", "100", CostCenter="10100101")), documents=bench.changed(**PLAN))
    assert cells(bench) == {("63005000", "10100101", "011.2026"): 100}


@pytest.mark.parametrize(("status", "body"), [(200, ""), (202, ""), (204, ""), (200, '{"d": {}}')])
def test_an_answer_with_nothing_in_it_does_not_say_that_an_invoice_is_posted(bench, status, body):
    answer = {"status": status, "body": body, "headers": {"Content-Type": "application/json"}}
    bench.sandbox.control.fault("sap", answer, path="A_SupplierInvoice", method="POST")
    bench.deliver(list(invoices(line("N-1"))), documents=[INVOICE])
    assert len(standing(bench, "N-1")) == 1


def test_two_documents_that_would_replace_each_other_are_told(bench):
    rows = [bench.row("63005000", "1", CostCenter=center) for center in ("10100101", "10100103")]
    bench.deliver(bench.plan(*rows), documents=bench.changed(**PLAN, document=["Company", "Period", "CostCenter"]))
    (message,) = bench.rejected().values()
    assert "another document of this run replaces the same plan" in message
    assert len(cells(bench)) == 1


def test_plan_data_of_an_unknown_category_are_refused_in_saps_words(bench):
    header = {"company_code": "Company", "planning_category": {"constant": "NOPE"}}
    recipe = bench.changed(**{**PLAN, "header": header})
    bench.deliver(bench.plan(bench.row("63005000", "1", CostCenter="10100101")), documents=recipe)
    (message,) = bench.rejected().values()
    assert "NOPE" in message
