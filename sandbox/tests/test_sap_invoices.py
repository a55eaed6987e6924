"""Supplier invoices: deep insert, what is refused, parked ones, cancellation, and the books behind them."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pyodata
import pytest
import requests

from sandbox.tests.sap_posting import COST_CENTER, RENT, codes, whole_number

SERVICE = "API_SUPPLIERINVOICE_PROCESS_SRV"
CUBE = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"


@pytest.fixture
def supplier(poster):
    """A supplier of company code 1010 whose invoices are checked for duplicates."""
    rows = poster.rows(
        "API_BUSINESS_PARTNER/A_SupplierCompany",
        filter="CompanyCode eq '1010' and IsToBeCheckedForDuplicates eq true",
        top=1,
    )
    return rows[0]["Supplier"]


def gl_item(amount="100.00", code="S", tax="V1", **changes):
    item = {
        "SupplierInvoiceItem": "0001", "CompanyCode": "1010", "GLAccount": RENT, "CostCenter": COST_CENTER,
        "DocumentCurrency": "EUR", "SupplierInvoiceItemAmount": amount, "TaxCode": tax, "DebitCreditCode": code,
    }  # fmt: skip
    return {**item, **changes}


def invoice(supplier, gross="119.00", *items, **changes):
    body = {
        "CompanyCode": "1010", "DocumentDate": "2026-11-16T00:00:00", "PostingDate": "/Date(1795046400000)/",
        "InvoicingParty": supplier, "SupplierInvoiceIDByInvcgParty": "INV-4711", "DocumentCurrency": "EUR",
        "InvoiceGrossAmount": gross, "DocumentHeaderText": "From outside", "TaxIsCalculatedAutomatically": True,
        "to_SupplierInvoiceItemGLAcct": {"results": list(items) or [gl_item()]},
    }  # fmt: skip
    return {**body, **changes}


def created(poster, body):
    answer = poster.create(SERVICE, "A_SupplierInvoice", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["d"]


def refused(poster, body):
    answer = poster.create(SERVICE, "A_SupplierInvoice", body)
    assert answer.status_code == 400, answer.text
    return codes(answer)


def called(poster, function, made, **parameters):
    given = {"SupplierInvoice": f"'{made['SupplierInvoice']}'", "FiscalYear": f"'{made['FiscalYear']}'", **parameters}
    query = "&".join(f"{name}={value}" for name, value in given.items())
    return poster.create(SERVICE, f"{function}?{query}", None)


def accounting(poster, made):
    """The journal's lines of an invoice: account to amount."""
    source = f"{made['SupplierInvoice']}{made['FiscalYear']}"
    items = poster.rows(CUBE, filter=f"CompanyCode eq '1010' and OriginalReferenceDocument eq '{source}'")
    return {item["GLAccount"]: Decimal(item["AmountInTransactionCurrency"]) for item in items}


def test_an_invoice_gets_its_number_and_year_from_the_server_and_is_read_back_whole(poster, supplier):
    made = created(poster, invoice(supplier))
    assert whole_number(made["SupplierInvoice"])
    assert made["SupplierInvoice"].startswith("51056")
    assert (made["FiscalYear"], made["SupplierInvoiceStatus"], made["InvoicingParty"]) == ("2026", "5", supplier)
    key = f"SupplierInvoice='{made['SupplierInvoice']}',FiscalYear='2026'"
    read = poster.rows(
        f"{SERVICE}/A_SupplierInvoice({key})", expand="to_SupplierInvoiceItemGLAcct,to_SupplierInvoiceTax"
    )
    assert Decimal(read["InvoiceGrossAmount"]) == Decimal("119.00")
    (item,) = read["to_SupplierInvoiceItemGLAcct"]["results"]
    assert (item["SupplierInvoiceItem"], Decimal(item["SupplierInvoiceItemAmount"])) == ("0001", Decimal(100))
    (tax,) = read["to_SupplierInvoiceTax"]["results"]
    assert (Decimal(tax["TaxAmount"]), Decimal(tax["TaxBaseAmountInTransCrcy"])) == (Decimal(19), Decimal(100))


def test_its_journal_entry_balances_over_supplier_expense_and_tax(poster, supplier):
    lines = accounting(poster, created(poster, invoice(supplier)))
    assert sum(lines.values()) == 0
    assert lines[f"00{RENT}"] == Decimal(100)
    assert lines["0012600000"] == Decimal(19)
    assert min(lines.values()) == Decimal(-119)


@pytest.mark.parametrize(("side", "code"), [("credit", "H"), ("debit", "S")])
def test_a_credit_memo_is_the_other_way_round(poster, supplier, side, code):
    poster.control.switch("sap", "credit_memo_items", side)
    body = invoice(supplier, "119.00", gl_item("100.00", code), SupplierInvoiceIsCreditMemo="X")
    lines = accounting(poster, created(poster, body))
    assert (lines[f"00{RENT}"], max(lines.values())) == (Decimal(-100), Decimal(119))


def test_taxes_may_be_given_and_items_may_be_credits(poster, supplier):
    items = [gl_item("150.00"), gl_item("50.00", "H", SupplierInvoiceItem="0002")]
    tax = [{"TaxCode": "V1", "TaxAmount": "19.01", "DocumentCurrency": "EUR"}]
    body = invoice(supplier, "119.01", *items, TaxIsCalculatedAutomatically=False, to_SupplierInvoiceTax=tax)
    assert accounting(poster, created(poster, body))["0012600000"] == Decimal("19.01")


def test_items_of_a_purchase_order_go_where_the_order_says(poster):
    orders = poster.rows("API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder", filter="CompanyCode eq '1010'", top=50)
    for order in orders:
        where = f"PurchaseOrder eq '{order['PurchaseOrder']}'"
        (first, *_) = poster.rows("API_PURCHASEORDER_PROCESS_SRV/A_PurOrdAccountAssignment", filter=where) or [None]
        if first is not None:
            break
    item = {
        "SupplierInvoiceItem": "000001", "PurchaseOrder": first["PurchaseOrder"], "TaxCode": "V1",
        "PurchaseOrderItem": first["PurchaseOrderItem"], "DocumentCurrency": "EUR",
        "SupplierInvoiceItemAmount": "10.00",
        "QuantityInPurchaseOrderUnit": "1", "PurchaseOrderQuantityUnit": "EA",
    }  # fmt: skip
    body = invoice(order["Supplier"], "11.90", to_SuplrInvcItemPurOrdRef=[item], to_SupplierInvoiceItemGLAcct=[])
    assert accounting(poster, created(poster, body))[first["GLAccount"]] == Decimal(10)
    unknown = invoice(
        order["Supplier"], "11.90", to_SuplrInvcItemPurOrdRef=[{**item, "PurchaseOrderItem": "99999"}],
        to_SupplierInvoiceItemGLAcct=[],
    )  # fmt: skip
    assert "M8/321" in refused(poster, unknown)


REFUSED = {
    "out of balance": ({"InvoiceGrossAmount": "120.00"}, "M8/534"),
    "an unknown supplier": ({"InvoicingParty": "4711"}, "F5/104"),
    "an unknown company code": ({"CompanyCode": "9999"}, "F5/165"),
    "a closed period": ({"PostingDate": "2024-01-31T00:00:00"}, "F5/201"),
    "no gross amount": ({"InvoiceGrossAmount": None}, "M8/319"),
    "a status that there is not": ({"SupplierInvoiceStatus": "9"}, "M8/320"),
    "an unknown account": ({"to_SupplierInvoiceItemGLAcct": [gl_item(GLAccount="77777777")]}, "F5/507"),
    "a cost center that has ended": ({"to_SupplierInvoiceItemGLAcct": [gl_item(CostCenter="10100405")]}, "KI/265"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invoice_that_breaks_a_rule_is_refused_with_its_messages_and_leaves_nothing(poster, supplier, case):
    changes, expected = REFUSED[case]
    where = {"filter": "SupplierInvoiceIDByInvcgParty eq 'BAD'"}
    assert expected in refused(poster, invoice(supplier, **{"SupplierInvoiceIDByInvcgParty": "BAD", **changes}))
    assert poster.rows(f"{SERVICE}/A_SupplierInvoice", **where) == []


def test_several_faults_are_told_together(poster, supplier):
    body = invoice(supplier, "1.00", gl_item(GLAccount="77777777"), PostingDate="2024-01-31T00:00:00")
    assert {"M8/534", "F5/201", "F5/507", "FH/004"} <= set(refused(poster, body))


def test_decimals_have_to_be_strings(poster, supplier):
    answer = poster.create(SERVICE, "A_SupplierInvoice", invoice(supplier, InvoiceGrossAmount=119.0))
    assert answer.status_code == 400


def test_without_a_csrf_token_nothing_is_created(poster, supplier):
    url = f"{poster.url}/sap/opu/odata/sap/{SERVICE}/A_SupplierInvoice"
    answer = requests.post(url, json=invoice(supplier), auth=poster.http.auth, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["x-csrf-token"]) == (403, "Required")


def test_an_invoice_entered_twice_brings_a_warning_an_error_or_nothing(poster, supplier):
    body = invoice(supplier, SupplierInvoiceIDByInvcgParty="TWICE")
    created(poster, body)
    again = poster.create(SERVICE, "A_SupplierInvoice", body)
    assert again.status_code == 201
    assert "M8/108" in again.headers["sap-message"]
    poster.switch("duplicate_invoice", "error")
    assert "M8/108" in refused(poster, body)
    poster.switch("duplicate_invoice", "silent")
    assert "sap-message" not in poster.create(SERVICE, "A_SupplierInvoice", body).headers


def test_duplicates_are_seen_only_for_suppliers_that_ask_for_it_and_not_among_reversed_ones(poster, supplier):
    poster.switch("duplicate_invoice", "error")
    made = created(poster, invoice(supplier, SupplierInvoiceIDByInvcgParty="ONCE"))
    parameters = {"PostingDate": "datetime'2026-11-20T00:00:00'", "ReversalReason": "'01'"}
    assert called(poster, "Cancel", made, **parameters).ok
    created(poster, invoice(supplier, SupplierInvoiceIDByInvcgParty="ONCE"))
    (other, *_) = poster.rows(
        "API_BUSINESS_PARTNER/A_SupplierCompany",
        filter="CompanyCode eq '1010' and IsToBeCheckedForDuplicates eq false", top=1,
    )  # fmt: skip
    for _ in range(2):
        created(poster, invoice(other["Supplier"], SupplierInvoiceIDByInvcgParty="ANY"))


def test_cancel_reverses_invoice_and_journal_entry_and_moves_no_date(poster, supplier):
    made = created(poster, invoice(supplier))
    parameters = {"PostingDate": "datetime'2026-11-20T00:00:00'", "ReversalReason": "'01'"}
    answer = called(poster, "Cancel", made, **parameters)
    assert answer.status_code == 200, answer.text
    given = answer.json()["d"]["Cancel"]
    assert (given["Success"], given["FiscalYear"]) == (True, "2026")
    key = f"SupplierInvoice='{made['SupplierInvoice']}',FiscalYear='2026'"
    after = poster.rows(f"{SERVICE}/A_SupplierInvoice({key})")
    assert (after["ReverseDocument"], after["IsReversed"]) == (given["ReverseDocument"], True)
    assert (after["CreationDate"], after["PostingDate"]) == (made["CreationDate"], made["PostingDate"])
    source = f"{made['SupplierInvoice']}2026"
    items = poster.rows(CUBE, filter=f"CompanyCode eq '1010' and OriginalReferenceDocument eq '{source}'")
    assert {item["IsReversed"] for item in items} == {True}
    assert "M8/385" in codes(called(poster, "Cancel", made, **parameters))


def test_a_parked_invoice_has_no_journal_entry_until_it_is_posted(poster, supplier):
    made = created(poster, invoice(supplier, SupplierInvoiceStatus="A"))
    assert accounting(poster, made) == {}
    assert called(poster, "Post", made).json()["d"]["Post"]["Success"] is True
    assert sum(accounting(poster, made).values()) == 0
    assert accounting(poster, made) != {}
    assert "M8/255" in codes(called(poster, "Post", made))


def test_a_parked_invoice_that_does_not_balance_is_refused_when_it_is_posted(poster, supplier):
    made = created(poster, invoice(supplier, "1.00", SupplierInvoiceStatus="A"))
    assert "M8/534" in codes(called(poster, "Post", made))


def test_release_takes_the_payment_block_away(poster, supplier):
    made = created(poster, invoice(supplier, PaymentBlockingReason="R"))
    assert called(poster, "Release", made, DiscountDaysHaveToBeShifted="false").ok
    key = f"SupplierInvoice='{made['SupplierInvoice']}',FiscalYear='2026'"
    assert poster.rows(f"{SERVICE}/A_SupplierInvoice({key})")["PaymentBlockingReason"] == ""


def test_functions_of_an_invoice_that_does_not_exist_say_so(poster):
    nothing = {"SupplierInvoice": "1", "FiscalYear": "2026"}
    assert "M8/026" in codes(called(poster, "Post", nothing))


def test_an_invoice_can_not_be_changed(poster, supplier):
    made = created(poster, invoice(supplier))
    key = f"SupplierInvoice='{made['SupplierInvoice']}',FiscalYear='2026'"
    headers = {"X-CSRF-Token": poster.token(SERVICE), "Accept": "application/json"}
    url = f"{poster.url}/sap/opu/odata/sap/{SERVICE}/A_SupplierInvoice({key})"
    assert poster.http.patch(url, json={"DocumentHeaderText": "other"}, headers=headers).status_code == 405


def test_a_lost_answer_is_a_posted_invoice(poster, supplier):
    poster.token(SERVICE)
    poster.control.fault("sap", {"reset": "before_response"}, path="A_SupplierInvoice", method="POST")
    with pytest.raises(requests.ConnectionError):
        poster.create(SERVICE, "A_SupplierInvoice", invoice(supplier, SupplierInvoiceIDByInvcgParty="LOST"))
    found = poster.rows(f"{SERVICE}/A_SupplierInvoice", filter="SupplierInvoiceIDByInvcgParty eq 'LOST'")
    assert len(found) == 1


def test_pyodata_enters_and_cancels_an_invoice(poster, supplier):
    poster.http.headers["X-CSRF-Token"] = poster.token(SERVICE)
    client = pyodata.Client(f"{poster.url}/sap/opu/odata/sap/{SERVICE}/", poster.http)
    day = datetime(2026, 11, 18, tzinfo=timezone.utc)
    values = {**invoice(supplier, "119.00"), "DocumentDate": day, "PostingDate": day}
    values["to_SupplierInvoiceItemGLAcct"] = [gl_item()]
    made = client.entity_sets.A_SupplierInvoice.create_entity().set(**values).execute()
    assert made.InvoiceGrossAmount == "119.000"
    cancel = client.functions.Cancel.parameter("SupplierInvoice", made.SupplierInvoice)
    cancel.parameter("FiscalYear", made.FiscalYear).parameter("PostingDate", day).parameter("ReversalReason", "01")
    assert cancel.execute()["Cancel"]["Success"] is True
    key = {"SupplierInvoice": made.SupplierInvoice, "FiscalYear": made.FiscalYear}
    assert client.entity_sets.A_SupplierInvoice.get_entity(**key).execute().IsReversed is True
