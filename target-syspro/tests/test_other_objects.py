"""Business objects that are not shipped, by a mapping of fields to elements."""

from __future__ import annotations

from decimal import Decimal

import pytest

from target_syspro.keeping import parse

# APSTIN once more, as a site would describe an object of its own.
OWN_INVOICE = {
    "name": "own_invoice",
    "business_object": "APSTIN",
    "root": "PostApInvoice",
    "parameters": {"PostingPeriod": "C"},
    "item": {
        "Supplier": "supplier",
        "TransactionCode": {"constant": "I"},
        "Invoice": "invoice",
        "TransactionValue": "total",
        "TransactionReference": "reference",
        "InvoiceDate": "document_date",
        "LedgerDistribution": {
            "each_line": {"LedgerCode": "account", "LedgerNotation": "text", "LedgerValue": "amount"}
        },
    },
    "look_up": {
        "table": "ApInvoice",
        "where": {"Supplier": "supplier", "Invoice": "invoice"},
        "number": "Invoice",
        "year": "InvoiceYear",
        "reference": "Reference",
    },
    "number": ["Invoice", "Journal"],
}
# APSSSP once more.
OWN_SUPPLIER = {
    "stream": "suppliers",
    "object": "own_supplier",
    "business_object": "APSSSP",
    "root": "SetupApSupplier",
    "table": "ApSupplier",
    "elements": {"SupplierName": "s50", "MinPoVal": "n14.2", "SupAddr1": {"type": "s40", "table": "ApSupplierAddr"}},
    "key": {"Supplier": "Code"},
    "columns": {"SupplierName": "Name", "MinPoVal": "Minimum", "SupAddr1": "Street"},
    "mode": "update_only",
}
TEXT = {"type": ["string", "null"]}


@pytest.fixture
def sent(bench):
    code = next(row["Supplier"] for row in bench.rows("ApSupplier") if row["OnHold"] != "Y")
    bill = {"Supplier": code, "Invoice": "4711", "InvoiceDate": "2026-11-18", "Account": "00-4010", "Comment": "a & b"}
    return bench.bills({**bill, "Amount": Decimal("10.10")}, {**bill, "Account": "00-4020", "Amount": Decimal("1.01")})


def settings(bench, **shape):
    return {"transactions": [{**OWN_INVOICE, **shape}], "documents": [own_recipe(bench)]}


def own_recipe(bench):
    header = {"supplier": "Supplier", "invoice": "Invoice"}
    return {**bench.invoice, "object": "own_invoice", "header": header}


def test_another_transaction_object_is_posted_once(bench, sent):
    bench.deliver(sent, **settings(bench))
    (invoice,) = [row for row in bench.rows("ApInvoice") if row["Invoice"].lstrip("0") == "4711"]
    assert invoice["OrigInvValue"] == "11.11"
    (document,) = bench.documents()
    assert (document["state"], document["company"], document["number"].lstrip("0")) == ("posted", "EDU1", "4711")
    (bench.folder / "audit.db").unlink()
    bench.deliver(sent, **settings(bench))
    assert len([row for row in bench.rows("ApInvoice") if row["Invoice"].lstrip("0") == "4711"]) == 1
    (document,) = bench.documents()
    assert (document["company"], document["number"]) == ("EDU1", invoice["Invoice"])


def test_a_lost_answer_of_another_object_is_looked_up_too(bench, sent):
    bench.control.fault("syspro", {"reset": "before_response"}, path="Transaction/Post")
    bench.deliver(sent, **settings(bench))
    assert len([row for row in bench.rows("ApInvoice") if row["Invoice"].lstrip("0") == "4711"]) == 1
    assert len(bench.asked("Transaction/Post")) == 1


def test_an_object_without_a_look_up_is_refused(bench, sent):
    outcome = bench.run(sent, **settings(bench, look_up={"table": "ApInvoice"}))
    assert str(outcome.error).splitlines()[1].endswith("look_up: where is missing")
    assert bench.asked("") == []


def test_another_setup_object_is_kept(bench):
    schema = {**dict.fromkeys(("Code", "Name", "Street"), TEXT), "Minimum": {"type": ["number", "null"]}}
    code = bench.rows("ApSupplier")[0]["Supplier"]
    record = {"Code": code, "Name": "Own", "Street": "2 Low Street", "Minimum": Decimal("1.5")}
    bench.deliver(bench.messages("suppliers", schema, ["Code"], [record], 1), objects=[OWN_SUPPLIER])
    row = bench.suppliers()[code]
    assert (row["SupplierName"], row["SupAddr1"], row["MinPoVal"]) == ("Own", "2 Low Street", "1.50")
    assert bench.rejected() == {}


def test_elements_that_syspro_ignores_are_told(bench):
    entry = {**OWN_SUPPLIER, "columns": {"SupplierName": "Name", "MinPoVal": "Minimum", "Telephone": "Street"}}
    entry["elements"] = {"MinPoVal": "n14.2", "Telephone": {"type": "s20", "table": "ApSupplier"}}
    bench.switch("blank_element", "keep")
    schema = {**dict.fromkeys(("Code", "Name", "Street"), TEXT), "Minimum": {"type": ["number", "null"]}}
    code = bench.rows("ApSupplier")[0]["Supplier"]
    record = {"Code": code, "Name": "Own", "Street": "", "Minimum": Decimal("1.5")}
    bench.deliver(bench.messages("suppliers", schema, ["Code"], [record], 1), objects=[{**entry, "blanks": "clear"}])
    (message,) = bench.rejected().values()
    assert "SYSPRO accepted it, but Telephone is" in message


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"object": "suplier"}, "object is one of supplier, customer"),
        ({"key": {"Customer": "Code"}}, "key is Supplier, got Customer"),
        ({"owns": ["Email"]}, "owns names Email, which columns do not map"),
        ({"mode": "sometimes"}, "mode is one of upsert"),
        ({"colums": {}}, "unknown colums"),
        ({"columns": {"CurrentBalance": "Balance"}}, "APSSSP has no element CurrentBalance"),
        ({"columns": {"Supplier": "Code"}}, "Supplier belongs to the key"),
        ({"root": "SetupX"}, "exclude each other"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(entry, told):
    whole = {"stream": "s", "object": "supplier", "key": {"Supplier": "Code"}, "columns": {"SupplierName": "Name"}}
    found, faults = parse([{**whole, **entry}])
    assert found == []
    assert told in "; ".join(faults)
    assert all(fault.startswith("objects[0] (s): ") for fault in faults)


def test_all_faults_come_in_one_message(bench):
    wrong = {"stream": "s", "object": "supplier", "key": {"Customer": "Code"}, "columns": {"Sup": "Name"}}
    outcome = bench.run(bench.plan(), objects=[wrong, {**wrong, "object": "vendor"}])
    for told in ("objects[0] (s): key is Supplier", "objects[0] (s): APSSSP has no element Sup", "objects[1]"):
        assert told in str(outcome.error)
    assert bench.asked("") == []
