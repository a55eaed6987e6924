"""Suppliers and customers are kept as configured: what the source owns is written, what SYSPRO owns never is."""

from __future__ import annotations

from decimal import Decimal

import pytest

SUPPLIER = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {
        "SupplierName": "Name",
        "Email": {"field": "Mail", "default": ""},
        "SupAddr1": {"field": "Street", "default": ""},
        "TermsCode": {"field": "Terms", "default": ""},
        "MinPoVal": {"field": "Minimum", "decimals": 2},
        "Branch": {"constant": "00"},
        "Bank": {"constant": "MAIN"},
        "Currency": {"constant": "USD"},
    },
    "owns": ["SupplierName", "Email", "SupAddr1", "MinPoVal"],
}
TEXT = {"type": ["string", "null"]}
SCHEMA = {**dict.fromkeys(("Code", "Name", "Mail", "Street", "Terms"), TEXT), "Minimum": {"type": ["number", "null"]}}


@pytest.fixture
def keep(bench):
    """Deliver suppliers; by what options."""

    def deliver(*rows, run="deliver", settings=None, **entry):
        objects = [{**SUPPLIER, **entry}]
        messages = bench.messages("suppliers", SCHEMA, ["Code"], rows, "done")
        return getattr(bench, run)(messages, objects=objects, **(settings or {}))

    return deliver


def supplier(code, **values):
    base = {
        "Code": code,
        "Name": f"Nüßli & <Sons> {code}",
        "Mail": "a@example.com",
        "Street": "1 High Street",
        "Terms": "14",
    }
    return {**base, "Minimum": Decimal("12.5"), **values}


def existing(bench):
    return next(iter(bench.suppliers()))


def changes(bench, before):
    """The columns that differ from what was there, by supplier."""
    now = bench.suppliers()
    found = {}
    for code, row in now.items():
        old = before.get(code, {})
        different = {n: v for n, v in row.items() if n != "TimeStamp" and old.get(n) != v}
        if different:
            found[code] = different
    return found


def test_a_new_supplier_is_added_with_all_that_is_mapped(bench, keep):
    outcome = keep(supplier("7001"), supplier("ACME"))
    assert outcome.states == [{"mark": "done"}]
    for code in ("000000000007001", "ACME"):
        row = bench.suppliers()[code]
        assert (row["SupplierName"], row["SupAddr1"]) == (f"Nüßli & <Sons> {code.lstrip('0')}", "1 High Street")
        assert (row["TermsCode"], row["Branch"], row["MinPoVal"]) == ("14", "00", "12.50")
    assert bench.rejected() == {}
    assert bench.control.sessions() == []


def test_an_update_touches_what_is_owned_and_nothing_else(bench, keep):
    before = bench.suppliers()
    code = existing(bench)
    keep(supplier(code.lstrip("0"), Terms="99", Name="New name"))
    found = changes(bench, before)
    assert set(found) == {code}
    assert found[code] == {
        "SupplierName": "New name",
        "Email": "a@example.com",
        "SupAddr1": "1 High Street",
        "MinPoVal": "12.50",
    }


def test_what_did_not_change_is_neither_read_nor_sent(bench, keep):
    rows = [supplier("7001"), supplier("7002")]
    keep(*rows)
    before = len(bench.control.requests("syspro"))
    keep(*rows)
    assert len(bench.control.requests("syspro")) == before
    keep(supplier("7001"), supplier("7002", Name="Other"))
    assert len(bench.asked("Setup/")) == 3
    assert bench.suppliers()["000000000007002"]["SupplierName"] == "Other"


def test_what_syspro_changed_is_put_right_when_asked_to_compare(bench, keep):
    keep(supplier("7001"))
    edit(bench, "000000000007001", SupplierName="Edited there")
    keep(supplier("7001"))
    assert bench.suppliers()["000000000007001"]["SupplierName"] == "Edited there"
    keep(supplier("7001"), recheck=True)
    assert bench.suppliers()["000000000007001"]["SupplierName"] == "Nüßli & <Sons> 7001"


def edit(bench, code, **values):
    change = {"company": "EDU1", "table": "ApSupplier", "op": "update", "key": {"Supplier": code}, "values": values}
    bench.control.change([change])


@pytest.mark.parametrize("rule", ["overwrite", "keep", "reject"])
def test_a_conflict_is_decided_by_its_rule(bench, keep, rule):
    keep(supplier("7001"), on_conflict=rule)
    keep(supplier("7001", Name="Second"), on_conflict=rule)
    assert bench.suppliers()["000000000007001"]["SupplierName"] == "Second"
    edit(bench, "000000000007001", Email="edited@example.com", TermsCode="30")
    keep(supplier("7001", Name="Third"), on_conflict=rule)
    row = bench.suppliers()["000000000007001"]
    assert row["SupplierName"] == ("Third" if rule == "overwrite" else "Second")
    assert row["Email"] == ("a@example.com" if rule == "overwrite" else "edited@example.com")
    assert row["TermsCode"] == "30"
    messages = bench.rejected()
    assert len(messages) == (rule == "reject")
    assert all("changed in SYSPRO since it was last written: SupplierName is 'Second'" in m for m in messages.values())


@pytest.mark.parametrize("rule", ["keep", "reject"])
def test_a_change_of_what_syspro_owns_is_no_conflict(bench, keep, rule):
    keep(supplier("7001"), on_conflict=rule)
    edit(bench, "000000000007001", TermsCode="30", Telephone="1")
    keep(supplier("7001", Name="Second", Mail=""), on_conflict=rule)
    row = bench.suppliers()["000000000007001"]
    assert (row["SupplierName"], row["Email"], row["TermsCode"]) == ("Second", "a@example.com", "30")


@pytest.mark.parametrize(("rule", "site", "left"), [("keep", "clear", "a@example.com"), ("clear", "clear", "")])
def test_a_blank_says_nothing_or_empties(bench, keep, rule, site, left):
    bench.switch("blank_element", site)
    keep(supplier("7001"), blanks=rule)
    keep(supplier("7001", Mail=None), blanks=rule)
    assert bench.suppliers()["000000000007001"]["Email"] == left
    assert bench.rejected() == {}


def test_what_syspro_accepts_and_does_not_hold_is_told(bench, keep):
    bench.switch("blank_element", "keep")
    keep(supplier("7001"), blanks="clear")
    keep(supplier("7001", Mail=None), blanks="clear")
    (message,) = bench.rejected().values()
    assert "SYSPRO accepted it, but Email is 'a@example.com', not ''" in message


def test_only_what_is_there_is_changed_or_only_what_is_not_is_added(bench, keep):
    code = existing(bench)
    name = bench.suppliers()[code]["SupplierName"]
    keep(supplier("7001"), supplier(code, Name="New name"), mode="update_only")
    assert "000000000007001" not in bench.suppliers()
    assert bench.suppliers()[code]["SupplierName"] == "New name" != name
    (message,) = bench.rejected().values()
    assert "not in SYSPRO, and mode is update_only" in message
    keep(supplier("7001"), supplier(code, Name="Newest name"), mode="add_only")
    assert bench.suppliers()["000000000007001"]["SupplierName"] == "Nüßli & <Sons> 7001"
    assert bench.suppliers()[code]["SupplierName"] == "New name"


@pytest.mark.parametrize("case", ["lower", "pascal"])
def test_of_many_in_one_call_only_those_that_are_wrong_are_refused(bench, keep, case):
    bench.switch("echo_case", case)
    codes = list(bench.suppliers())[:12]
    rows = [supplier(code, Name=f"Name {at}") for at, code in enumerate(codes)]
    rows[3]["Terms"] = rows[7]["Terms"] = "??"
    keep(*rows, owns=["SupplierName", "TermsCode"])
    assert len(bench.rejected()) == 2
    for at, code in enumerate(codes):
        renamed = bench.suppliers()[code]["SupplierName"] == f"Name {at}"
        assert renamed == (at not in {3, 7})
    assert all("TermsCode" in message or "terms" in message.lower() for message in bench.rejected().values())
    assert len(bench.asked("Setup/Update")) < 12


def test_values_that_do_not_fit_are_refused_before_anything_is_sent(bench, keep):
    rows = [
        supplier("7001", Name="x" * 51),
        supplier("7002", Minimum=Decimal("1e14")),
        supplier("7003", Name="Łódź Αθήνα"),
        supplier("7004"),
    ]
    keep(*rows)
    messages = bench.rejected()
    assert "51 characters, SupplierName takes 50" in messages['["7001"]']
    assert "digits before the point" in messages['["7002"]']
    assert "Windows-1252" in messages['["7003"]']
    assert "000000000007004" in bench.suppliers()


def test_characters_that_have_no_place_can_be_replaced(bench, keep):
    keep(supplier("7003", Name="Łódź Ő Αθ"), settings={"unmappable": "replace"})
    assert bench.suppliers()["000000000007003"]["SupplierName"] == "?ódz O ??"
    before = len(bench.asked("Setup/"))
    keep(supplier("7003", Name="Łódź Ő Αθ"), settings={"unmappable": "replace"}, recheck=True)
    assert len(bench.asked("Setup/")) == before
    assert bench.rejected() == {}


def test_records_marked_as_deleted_are_deleted_only_where_that_is_wanted(bench, keep):
    keep(supplier("7001"), supplier("7002"))
    gone = {**supplier("7001"), "_sdc_deleted_at": "2026-11-20T00:00:00Z"}
    keep(gone)
    assert "000000000007001" in bench.suppliers()
    used = bench.rows("ApInvoice")[0]["Supplier"]
    keep(gone, {**supplier(used), "_sdc_deleted_at": "2026-11-20T00:00:00Z"}, deletes="delete")
    assert "000000000007001" not in bench.suppliers()
    assert "000000000007002" in bench.suppliers()
    assert used in bench.suppliers()
    assert len(bench.rejected()) == 1
    keep(supplier("7001"), deletes="delete")
    assert "000000000007001" in bench.suppliers()


def test_validate_only_changes_nothing_and_tells_what_would_be_refused(bench, keep):
    before = bench.suppliers()
    outcome = keep(supplier("7001"), supplier("7002", Terms="??"), settings={"validate_only": True})
    assert outcome.states == []
    assert bench.suppliers() == before
    assert list(bench.rejected()) == ['["7002"]']


def test_customers_are_kept_too(bench):
    entry = {
        "stream": "customers",
        "object": "customer",
        "key": {"Customer": "Code"},
        "columns": {"CreditLimit": "Limit", "Name": "Name"},
        "owns": ["CreditLimit"],
        "mode": "update_only",
    }
    before = {row["Customer"]: row for row in bench.rows("ArCustomer")}
    code = next(iter(before))
    schema = {"Code": TEXT, "Name": TEXT, "Limit": {"type": ["number", "null"]}}
    record = {"Code": code, "Name": "not ours", "Limit": Decimal(54321)}
    bench.deliver(bench.messages("customers", schema, ["Code"], [record], 1), objects=[entry])
    after = {row["Customer"]: row for row in bench.rows("ArCustomer")}
    assert Decimal(after[code]["CreditLimit"]) == 54321
    assert {name for name, value in after[code].items() if before[code][name] != value} == {"CreditLimit", "TimeStamp"}


def test_an_unlicensed_object_ends_the_run_with_its_name(bench, keep):
    bench.switch("unlicensed", "APSSSP")
    outcome = keep(supplier("7001"), run="run")
    assert outcome.states == []
    assert "setup add APSSSP" in str(outcome.error)
    assert "licence" in str(outcome.error)


def test_misspelled_elements_are_found_before_anything_is_read(bench, keep):
    outcome = keep(supplier("7001"), run="run", columns={"SuplierName": "Name"}, owns=None)
    assert "APSSSP has no element SuplierName (close: SupplierName" in str(outcome.error)


def test_a_session_that_is_evicted_is_replaced_once(bench, keep):
    bench.control.fault(
        "syspro", {"status": 200, "body": "ERROR: The supplied UserID is invalid"}, path="Setup/", times=1
    )
    keep(supplier("7001"))
    assert bench.rejected() == {}
    assert "000000000007001" in bench.suppliers()
