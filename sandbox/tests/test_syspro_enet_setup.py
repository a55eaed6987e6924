"""Suppliers and customers kept through e.net: added, changed, deleted, and refused with a reason."""

from __future__ import annotations

import pytest

from sandbox.tests.syspro_client import all_texts, errors, xml

SUPPLIER = {"SupplierName": "Planned Supplies", "Branch": "10", "TermsCode": "30", "Currency": "USD"}
STORED = "000000000004711"


def item(key="4711", element="Supplier", **columns):
    return xml({"Item": {"Key": {element: key}, **columns}})


def counts(root):
    return [all_texts(root, name)[0] for name in ("RecordsRead", "RecordsInvalid")]


def test_a_supplier_is_added_with_address_defaults_and_zero_filled_key(syspro):
    reply = syspro.setup("Add", "APSSSP", item(**SUPPLIER, SupAddr1="1 Plan Street", Email="plan@example.com"))
    assert (counts(reply), errors(reply)) == (["1", "0"], [])
    assert reply.findtext("item/key/supplier") == STORED
    row = syspro.row("ApSupplier", Supplier=STORED)
    assert (row["SupplierName"], row["SupShortName"], row["OnHold"]) == ("Planned Supplies", "PLANNED SUPPLIES", "N")
    assert (row["GrnMatchReqd"], row["DateSuppAdded"][:10]) == ("Y", "2026-11-20")
    assert syspro.row("ApSupplierAddr", Supplier=STORED)["SupAddr1"] == "1 Plan Street"
    assert syspro.rows("ApSupplier", filter=f"Supplier eq '{STORED}'")[0]["Email"] == "plan@example.com"


def test_a_customer_is_added_with_its_balances(syspro):
    reply = syspro.setup(
        "Add", "ARSSCS", item("PLAN", "Customer", Name="Plan & Co", CreditLimit="5000.00", Branch="10")
    )
    assert errors(reply) == []
    row = syspro.row("ArCustomer", Customer="PLAN")
    assert (row["Name"], row["CreditLimit"], row["Currency"], row["CustomerOnHold"]) == ("Plan & Co", 5000, "USD", "N")
    assert syspro.row("ArCustomerBal", Customer="PLAN")["CurrentBalance1"] == "0.00"


def test_an_update_changes_only_the_elements_that_are_sent(syspro):
    before = syspro.row("ApSupplier", Supplier="A&B")
    syspro.setup("Update", "APSSSP", item("A&B", SupplierClass="FREIGHT", SupAddr5="Plan"))
    after = syspro.row("ApSupplier", Supplier="A&B")
    assert after["TimeStamp"] > before["TimeStamp"]
    assert {name for name in after if after[name] != before[name]} <= {"SupplierClass", "TimeStamp"}
    assert syspro.row("ApSupplierAddr", Supplier="A&B")["SupAddr5"] == "Plan"


def test_what_syspro_keeps_and_what_it_does_not_know_is_ignored_without_a_word(syspro):
    before = syspro.row("ApSupplier", Supplier="A&B")
    reply = syspro.setup("Update", "APSSSP", item("A&B", CurrentBalance="1.00", Colour="red", suppliername="x"))
    assert (counts(reply), errors(reply)) == (["1", "0"], [])
    assert syspro.row("ApSupplier", Supplier="A&B") == before


@pytest.mark.parametrize(("choice", "left"), [("clear", ""), ("keep", "Accounts, receivable")])
def test_a_blank_element_empties_its_column_or_says_nothing(syspro, choice, left):
    syspro.switch("blank_element", choice)
    syspro.setup("Update", "APSSSP", item("A&B", Contact=""))
    assert syspro.row("ApSupplier", Supplier="A&B")["Contact"] == left


@pytest.mark.parametrize(
    ("method", "key", "words"), [("Add", "A&B", "already exists"), ("Update", "4711", "not found"),
                                 ("Delete", "4711", "not found"), ("Delete", "A&B", "cannot be deleted")],
)  # fmt: skip
def test_keys_must_be_new_or_there_and_out_of_use(syspro, method, key, words):
    reply = syspro.setup(method, "APSSSP", item(key, **SUPPLIER))
    (element, text), *_ = errors(reply)
    assert (element, counts(reply)) == ("supplier", ["1", "1"])
    assert words in text


def test_what_nothing_refers_to_is_deleted(syspro):
    syspro.setup("Add", "APSSSP", item(**SUPPLIER))
    assert errors(syspro.setup("Delete", "APSSSP", item())) == []
    assert syspro.row("ApSupplier", Supplier=STORED) is syspro.row("ApSupplierAddr", Supplier=STORED) is None


@pytest.mark.parametrize(
    ("columns", "element", "words"),
    [
        ({"SupplierName": "x" * 51}, "suppliername", "exceeds 50 characters"),
        ({"SupplierName": ""}, "suppliername", "may not be blank"),
        ({"OnHold": "1"}, "onhold", "must be Y or N"),
        ({"Branch": "99"}, "branch", "Branch '99' not found"),
        ({"TermsCode": "31"}, "termscode", "not found"),
        ({"Currency": "XXX"}, "currency", "not found"),
        ({"MerchGlCode": "10-0000"}, "merchglcode", "not found"),
        ({"MinPoVal": "1.2345678901234"}, "minpoval", "is not numeric"),
        ({"MinPoVal": "1,50"}, "minpoval", "is not numeric"),
        ({"DateSuppAdded": "31/01/2026"}, "datesuppadded", "is not a valid date"),
        ({"DateSuppAdded": "2026-02-31"}, "datesuppadded", "is not a valid date"),
    ],
)
def test_the_offending_element_comes_back_with_value_number_and_words(syspro, columns, element, words):
    reply = syspro.setup("Add", "APSSSP", item(**{**SUPPLIER, **columns}))
    ((where, text),) = errors(reply)
    assert where == element
    assert words in text
    offending = reply.find(f"item/{element}")
    assert offending.findtext("Value") == next(iter(columns.values()))
    assert offending.findtext("ErrorNumber").isdigit()
    assert len(offending.findtext("ErrorNumber")) == 6
    assert syspro.row("ApSupplier", Supplier=STORED) is None


def test_a_missing_or_over_long_key_is_refused(syspro):
    assert errors(syspro.setup("Add", "APSSSP", item("", **SUPPLIER)))[0] == ("supplier", "Supplier may not be blank")
    assert "exceeds 15" in errors(syspro.setup("Add", "APSSSP", item("x" * 16, **SUPPLIER)))[0][1]


@pytest.mark.parametrize(("whole", "added"), [("Y", 0), ("N", 1)])
def test_valid_items_wait_for_the_others_or_go_ahead(syspro, whole, added):
    items = item(**SUPPLIER) + item("4712", SupplierName="x" * 51)
    reply = syspro.setup("Add", "APSSSP", items, ApplyIfEntireDocumentValid=whole)
    assert counts(reply) == ["2", "1"]
    assert (syspro.row("ApSupplier", Supplier=STORED) is not None) is bool(added)


def test_validating_only_changes_nothing(syspro):
    reply = syspro.setup("Add", "APSSSP", item(**SUPPLIER), ValidateOnly="Y")
    assert (counts(reply), errors(reply)) == (["1", "0"], [])
    assert syspro.row("ApSupplier", Supplier=STORED) is None
    twice = syspro.setup("Add", "APSSSP", item(**SUPPLIER) + item(**SUPPLIER), ValidateOnly="Y")
    assert counts(twice) == ["2", "1"]


@pytest.mark.parametrize(("ignored", "there"), [("Y", True), ("N", False)])
def test_warnings_are_told_or_become_errors(syspro, ignored, there):
    name = syspro.row("ApSupplier", Supplier="A&B")["SupplierName"]
    reply = syspro.setup("Add", "APSSSP", item(**{**SUPPLIER, "SupplierName": name}), IgnoreWarnings=ignored)
    words = f"Supplier name '{name}' is already used"
    assert all_texts(reply, "WarningDescription" if there else "ErrorDescription") == [words]
    assert (syspro.row("ApSupplier", Supplier=STORED) is not None) is there


@pytest.mark.parametrize(("case", "path"), [("lower", "item/key/supplier"), ("pascal", "Item/Key/Supplier")])
def test_elements_come_back_in_lower_case_or_as_sent(syspro, case, path):
    syspro.switch("echo_case", case)
    reply = syspro.setup("Add", "APSSSP", item(**{**SUPPLIER, "OnHold": "?"}))
    assert reply.tag == ("setupapsupplier" if case == "lower" else "SetupApSupplier")
    assert reply.findtext(path) == STORED
    assert reply.find("StatusOfItems/RecordsRead") is not None


def test_characters_beyond_windows_1252_become_question_marks_or_errors(syspro):
    assert errors(syspro.setup("Add", "APSSSP", item(**{**SUPPLIER, "SupplierName": "Łódź €"}))) == []
    assert syspro.row("ApSupplier", Supplier=STORED)["SupplierName"] == "?ód? €"
    syspro.switch("outside_1252", "error")
    reply = syspro.setup("Update", "APSSSP", item(SupplierName="Łódź"))
    assert errors(reply) == [("suppliername", "SupplierName contains invalid characters")]


def test_a_document_that_is_none_is_told_in_a_text(syspro):
    wrong = syspro.business("Setup/Add", "APSSSP", item(), root="SetupSupplier")
    assert wrong == "ERROR: The root element of XmlIn must be SetupApSupplier"
    given = {"UserId": syspro.log_on(), "BusinessObject": "APSSSP", "XmlParameters": "<x", "XmlIn": "<x"}
    assert syspro.enet("Setup/Add", **given).startswith("ERROR: Xml")


def test_a_master_object_needs_its_licence_and_a_live_session(syspro):
    user_id = syspro.log_on()
    syspro.log_on()
    gone = syspro.business("Setup/Add", "APSSSP", item(**SUPPLIER), user_id=user_id)
    assert gone == "ERROR: The supplied UserID is invalid"
    syspro.switch("unlicensed", "APSSSP")
    assert syspro.business("Setup/Add", "APSSSP", item(**SUPPLIER)) == "ERROR: e.net exception raised: 100000"
