"""SYSPRO's control routes: rows changed by hand, days of business, row versions."""

from __future__ import annotations

import base64

import pytest
import requests


def version(row):
    return int.from_bytes(base64.b64decode(row["TimeStamp"]), "big")


def operation(op, table="ApSupplier", company="EDU1", key=None, **values):
    return {"company": company, "table": table, "op": op, "key": key or {}, "values": values}


def supplier(syspro, code):
    (row,) = syspro.rows("ApSupplier", filter=f"Supplier eq '{code}'")
    return row


def test_an_insert_is_completed_and_seen_at_once(syspro):
    assert syspro.control.change(
        [operation("insert", Supplier="NEW 1", SupplierName="New", CurrentBalance="12.5")]
    ) == {"applied": 1}
    row = supplier(syspro, "NEW 1")
    assert (row["CurrentBalance"], row["Branch"], row["LastPurchDate"], row["DefaultChequeDay"]) == (12.5, "", None, 0)


def test_row_versions_only_grow_and_cover_the_whole_database(syspro):
    highest = max(version(row) for table in ("ApSupplier", "ArCustomer", "GenHistory") for row in syspro.rows(table))
    syspro.control.change(
        [
            operation("insert", Supplier="NEW 1"),
            operation("update", "ArCustomer", key={"Customer": "D'ARCY"}, Name="Changed"),
            operation("update", key={"Supplier": "NEW 1"}, SupplierName="Again"),
        ]
    )
    (customer,) = syspro.rows("ArCustomer", filter="Customer eq 'D''ARCY'")
    assert highest < version(customer) < version(supplier(syspro, "NEW 1"))
    unchanged = supplier(syspro, "A&B")
    assert version(unchanged) <= highest


def test_a_deleted_row_is_gone(syspro):
    syspro.control.change([operation("delete", key={"Supplier": "A&B"})])
    assert syspro.rows("ApSupplier", filter="Supplier eq 'A&B'") == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (operation("insert", Supplier="A&B"), "exists"),
        (operation("insert", SupplierName="No key"), "insert without Supplier"),
        (operation("update", key={"Supplier": "GONE"}, SupplierName="x"), "no row with key"),
        (operation("delete", key={"Supplier": "GONE"}), "no row with key"),
        (operation("update", key={"Invoice": "x"}, SupplierName="x"), "expected the key Supplier"),
        (operation("insert", Supplier="X" * 16), "up to 15 characters"),
        (operation("insert", Supplier="X", Nope=1), "no column to write called Nope"),
        (operation("insert", Supplier="X", TimeStamp=1), "TimeStamp"),
        (operation("insert", Supplier="X", CurrentBalance="1.005"), "decimal(14,2)"),
        (operation("insert", Supplier="X", CurrentBalance="much"), "expected a number"),
        (operation("insert", Supplier="X", LastPurchDate="31/12/2026"), "YYYY-MM-DD"),
        (operation("insert", Supplier="X", Branch=None), "not nullable"),
        (operation("insert", table="Nope", Supplier="X"), "no table 'Nope'"),
        (operation("insert", company="EDU9", Supplier="X"), "no company EDU9"),
        ({"company": "EDU1"}, "missing required field"),
    ],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_refused_and_none_of_its_siblings_happens(syspro, wrong, reason):
    body = {"operations": [operation("insert", Supplier="SIBLING"), wrong]}
    answer = requests.post(syspro.control.url + "/syspro/change", json=body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert syspro.rows("ApSupplier", filter="Supplier eq 'SIBLING'") == []


def test_a_day_of_business_is_counted_and_cannot_be_done_twice(syspro):
    before = {table: len(syspro.control.rows("EDU1", table)) for table in ("ApInvoice", "ApSupplier", "InvMaster")}
    counts = syspro.control.business_day(1)
    assert set(counts) == {"new", "edited", "back_dated", "deleted"}
    assert counts["new"]["ApInvoice"] == 6
    assert counts["back_dated"]["ApInvoice"] == 2
    after = {table: len(syspro.control.rows("EDU1", table)) for table in before}
    assert after == {
        "ApInvoice": before["ApInvoice"] + 4,
        "ApSupplier": before["ApSupplier"] + 1,
        "InvMaster": before["InvMaster"],
    }
    with pytest.raises(ValueError, match="has it been done already"):
        syspro.control.business_day(1)
    assert {table: len(syspro.control.rows("EDU1", table)) for table in before} == after


def test_a_back_dated_invoice_has_an_old_date_and_a_new_journal(syspro):
    known = {(row["Supplier"], row["Invoice"]) for row in syspro.control.rows("EDU1", "ApInvoice")}
    syspro.control.business_day(1)
    new = [row for row in syspro.control.rows("EDU1", "ApInvoice") if (row["Supplier"], row["Invoice"]) not in known]
    assert {row["JournalDate"][:10] for row in new} == {"2026-11-23"}
    assert sorted(row["InvoiceDate"][:10] for row in new) == ["2026-11-02", "2026-11-23", "2026-11-23", "2026-11-23"]


def test_a_paid_invoice_changes_without_a_date_of_its_own(syspro):
    before = {(row["Supplier"], row["Invoice"]): row for row in syspro.control.rows("EDU1", "ApInvoice")}
    syspro.control.business_day(1)
    changed = [
        (before[key], row)
        for row in syspro.control.rows("EDU1", "ApInvoice")
        if (key := (row["Supplier"], row["Invoice"])) in before and before[key] != row
    ]
    ((old, new),) = changed
    assert (new["MthInvBal1"], old["InvoiceDate"], old["JournalDate"]) == (
        "0.00",
        new["InvoiceDate"],
        new["JournalDate"],
    )
    assert old["MthInvBal1"] != "0.00"
    assert old["TimeStamp"] != new["TimeStamp"]


def test_an_account_moves_to_a_group_of_the_same_type(syspro):
    before = {row["GlCode"]: row for row in syspro.control.rows("EDU1", "GenMaster")}
    types = {row["GlGroup"]: row["AccountType"] for row in before.values()}
    syspro.control.business_day(1)
    rows = [row for row in syspro.control.rows("EDU1", "GenMaster") if row["GlCode"] in before]
    moved = [row for row in rows if row["GlGroup"] != before[row["GlCode"]]["GlGroup"]]
    (account,) = moved
    assert types[account["GlGroup"]] == account["AccountType"]


@pytest.mark.parametrize("path", ["rows?company=EDU9&table=ApInvoice", "rows?company=EDU1&table=Nope"])
def test_rows_of_what_does_not_exist_are_refused(syspro, path):
    assert requests.get(f"{syspro.control.url}/syspro/{path}").status_code == 400


def test_rows_show_decimals_as_text_and_sessions_their_operator(syspro):
    row = syspro.control.rows("EDU1", "ApInvoice")[0]
    assert isinstance(row["OrigInvValue"], str)
    assert isinstance(row["InvoiceYear"], int)
    syspro.log_on()
    (session,) = syspro.control.sessions()
    assert (session["operator"], session["company"]) == ("INTEG", "EDU1")


def test_a_change_that_waits_for_pages_can_be_called_off(syspro):
    syspro.control.change([operation("delete", key={"Supplier": "A&B"})], {"table": "ApSupplier", "pages": 1})
    syspro.control.disarm("syspro")
    syspro.rows("ApSupplier")
    assert len(syspro.rows("ApSupplier", filter="Supplier eq 'A&B'")) == 1
