"""Supplier invoices are posted once, whoever posted them, and in every form that a site keeps numbers in."""

from __future__ import annotations

from decimal import Decimal

import pytest


def bill(supplier, invoice, amount, account="00-4010", **values):
    base = {"Supplier": supplier, "Invoice": invoice, "InvoiceDate": "2026-11-18", "Account": account}
    return {**base, "Amount": Decimal(amount), "Comment": "Freight & <duty>", **values}


@pytest.fixture
def suppliers(bench):
    """Codes of suppliers that may be invoiced in the company's currency."""
    home = bench.rows("GenJournalDetail")[0]["PostCurrency"]
    return [
        row["Supplier"] for row in bench.rows("ApSupplier") if row["OnHold"] != "Y" and row["Currency"] in {home, ""}
    ]


def held(bench, invoice):
    return [row for row in bench.rows("ApInvoice") if row["Invoice"].lstrip("0") == invoice.lstrip("0")]


def test_what_lands_is_what_was_sent(bench, suppliers):
    code = suppliers[0]
    rows = [bill(code.lstrip("0"), "INV-1", "100.10"), bill(code.lstrip("0"), "INV-1", "20.20", "00-4020")]
    outcome = bench.deliver(bench.bills(*rows))
    assert outcome.states == [{"mark": "done"}]
    (invoice,) = held(bench, "INV-1")
    (document,) = bench.documents()
    assert (invoice["Supplier"], invoice["OrigInvValue"], invoice["InvoiceDate"][:10]) == (code, "120.30", "2026-11-18")
    assert invoice["Reference"] == document["reference"]
    assert (document["number"], document["year"]) == (str(invoice["Journal"]), str(invoice["InvoiceYear"]))
    assert document["company"] == "EDU1"
    key = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
    place = (invoice["InvoiceYear"], invoice["InvoiceMonth"], invoice["Journal"], invoice["EntryNumber"])
    spread = [row for row in bench.rows("ApJnlDistrib") if tuple(row[name] for name in key) == place]
    assert {row["ExpenseGlCode"]: row["DistrValue"] for row in spread} == {"00-4010": "100.10", "00-4020": "20.20"}


@pytest.mark.parametrize("form", ["padded", "as_entered"])
@pytest.mark.parametrize("trail", ["kept", "lost"])
def test_it_is_posted_once_however_numbers_are_stored(bench, suppliers, form, trail):
    bench.switch("numeric_invoices", form)
    rows = [bill(suppliers[0], "4711", "10"), bill(suppliers[0].lstrip("0"), "0815", "20")]
    bench.deliver(bench.bills(*rows))
    if trail == "lost":
        (bench.folder / "audit.db").unlink()
    bench.deliver(bench.bills(*rows))
    assert len(held(bench, "4711")) == len(held(bench, "0815")) == 1
    assert bench.rejected() == {}


def test_an_invoice_that_was_split_otherwise_is_not_taken_as_delivered_when_the_trail_was_lost(bench, suppliers):
    bench.deliver(bench.bills(bill(suppliers[0], "INV-9", "60"), bill(suppliers[0], "INV-9", "40", "00-4020")))
    (bench.folder / "audit.db").unlink()
    bench.run(bench.bills(bill(suppliers[0], "INV-9", "50"), bill(suppliers[0], "INV-9", "50", "00-4020")))
    assert len(held(bench, "INV-9")) == 1
    assert all("INV-9" in message for message in bench.rejected().values())
    assert len(bench.rejected()) == 2


def test_an_invoice_that_somebody_else_entered_is_taken_as_there(bench, suppliers):
    there = next(row for row in bench.rows("ApInvoice") if row["Supplier"] in suppliers)
    before = len(bench.rows("ApInvoice"))
    bench.run(bench.bills(bill(there["Supplier"], there["Invoice"].lower(), "10")))
    (message,) = bench.rejected().values()  # over another amount it is another invoice
    assert there["Invoice"] in message.upper()
    bench.deliver(bench.bills(bill(there["Supplier"], there["Invoice"], there["OrigInvValue"])))
    assert len(bench.rows("ApInvoice")) == before
    (document,) = bench.documents()
    assert document["state"] == "posted"
    assert (document["company"], document["number"]) == ("EDU1", str(there["Journal"]))
    assert f"was there already, over {there['OrigInvValue']}" in document["messages"][0]


@pytest.mark.parametrize("reply", ["mixed", "key", "item", "status"])
@pytest.mark.parametrize("case", ["lower", "pascal"])
def test_its_journal_is_found_wherever_the_answer_has_it(bench, suppliers, reply, case):
    bench.switch("posting_reply", reply)
    bench.switch("echo_case", case)
    bench.deliver(bench.bills(bill(suppliers[0], "INV-2", "10")))
    (document,) = bench.documents()
    (invoice,) = held(bench, "INV-2")
    assert document["number"].isdecimal()
    if reply != "status":
        assert document["number"] == str(invoice["Journal"])


def test_a_posted_invoice_is_never_changed(bench, suppliers):
    bench.deliver(bench.bills(bill(suppliers[0], "INV-3", "10")))
    bench.deliver(bench.bills(bill(suppliers[0], "INV-3", "11")))
    (message,) = bench.rejected().values()
    assert "changed since it was posted" in message
    bench.deliver(
        bench.bills(bill(suppliers[0], "INV-3", "12")), documents=[{**bench.invoice, "on_change": "difference"}]
    )
    (message,) = bench.rejected().values()
    assert "cancel or adjust it in SYSPRO" in message
    assert [row["OrigInvValue"] for row in held(bench, "INV-3")] == ["10.00"]


@pytest.mark.parametrize("rule", ["error", "warning"])
@pytest.mark.parametrize("ignore", [True, False])
def test_warnings_refuse_or_are_kept_in_the_trail(bench, suppliers, rule, ignore):
    bench.switch("supplier_on_hold", rule)
    key = {"Supplier": suppliers[0]}
    change = {"company": "EDU1", "table": "ApSupplier", "op": "update", "key": key, "values": {"OnHold": "Y"}}
    bench.control.change([change])
    bench.deliver(bench.bills(bill(suppliers[0], "INV-4", "10")), ignore_warnings=ignore)
    posted = rule == "warning" and ignore
    assert len(held(bench, "INV-4")) == posted
    (document,) = bench.documents()
    assert document["state"] == ("posted" if posted else "refused")
    assert any("hold" in message for message in document["messages"])


@pytest.mark.parametrize("allowed", [True, False])
def test_the_posting_period_is_a_setting_or_comes_with_the_invoice(bench, suppliers, allowed):
    bench.switch("ap_open_periods", "C,P" if allowed else "C")
    bench.deliver(bench.bills(bill(suppliers[0], "INV-5", "10")), posting_period="P")
    assert [(row["InvoiceYear"], row["InvoiceMonth"]) for row in held(bench, "INV-5")] == [(2026, 10)] * allowed
    header = {**bench.invoice["header"], "posting_period": {"constant": "C"}}
    bench.deliver(
        bench.bills(bill(suppliers[0], "INV-6", "10")),
        posting_period="P",
        documents=[{**bench.invoice, "header": header}],
    )
    assert [row["InvoiceMonth"] for row in held(bench, "INV-6")] == [11]


def test_what_syspro_would_refuse_for_certain_is_not_sent(bench, suppliers):
    rows = [
        bill(suppliers[0], "X" * 21, "10"),
        bill(suppliers[0], "NEG", "-10"),
        bill(suppliers[0], "DATE", "10", InvoiceDate=None),
        bill(suppliers[0], "CHARS", "10", Comment="Αθήνα"),
    ]
    bench.deliver(bench.bills(*rows))
    words = " ".join(bench.rejected().values())
    for told in ("21 characters, Invoice takes 20", "an invoice over -10", "document_date", "Windows-1252"):
        assert told in words
    assert bench.asked("Transaction/") == []


def test_syspros_refusals_are_told_row_by_row(bench, suppliers):
    rows = [
        bill("NOBODY", "INV-7", "10"),
        bill(suppliers[0], "INV-8", "10"),
        bill(suppliers[0], "INV-8", "5", "99-9999"),
        bill(suppliers[0], "INV-9", "10"),
    ]
    bench.deliver(bench.bills(*rows))
    messages = bench.rejected()
    assert len(messages) == 3
    assert "NOBODY" in messages['["NOBODY","INV-7","00-4010"]']
    assert messages[f'["{suppliers[0]}","INV-8","99-9999"]'].startswith("99-9999 5.00")
    assert len(held(bench, "INV-9")) == 1
    assert held(bench, "INV-8") == []
