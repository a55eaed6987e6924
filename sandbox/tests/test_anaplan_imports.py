"""The import engine: what is created, updated, ignored, failed, and in which words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.anaplan.values import BadValueError, date_reader, number_reader
from sandbox.tests.anaplan_client import (
    INVOICE_HEADER,
    INVOICE_LIST,
    INVOICES,
    SUPPLIER_HEADER,
    SUPPLIERS,
    invoice,
    supplier,
    table,
)

ACCOUNTS = "Accounts from accounts.csv"
ACCOUNT_HEADER = "Code,Name,Account Group,Company,GL Code,Cost Center"
BALANCES = "GL Balances from gl_balances.csv"


def text_of(task, position=0):
    return task["result"]["details"][position]["localMessageText"]


def types_of(task):
    return [detail["type"] for detail in task["result"]["details"]]


def dump_of(anaplan, path):
    answer = anaplan.get(path + "/dump")
    return answer.text.splitlines()[1:] if answer.ok else []


# Lists


def test_a_list_import_creates_then_updates_then_ignores(anaplan):
    first, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1"), supplier("S2")))
    assert text_of(first) == "Suppliers: 2 (2/0) rows successful, 0 ignored "
    second, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1", balance="2.50"), supplier("S2")))
    assert text_of(second) == "Suppliers: 1 (0/1) rows successful, 1 ignored "
    assert types_of(second) == ["hierarchyRowsProcessed"]
    assert anaplan.counts(second) == {
        "successRowCount": 1,
        "successCreateCount": 0,
        "successUpdateCount": 1,
        "warningsRowCount": 0,
        "warningsCreateCount": 0,
        "warningsUpdateCount": 0,
        "failedCount": 0,
        "ignoredCount": 1,
        "totalRowCount": 2,
        "totalCreateCount": 0,
        "totalUpdateCount": 1,
        "invalidCount": 0,
        "updatedCount": 1,
        "renamedCount": 0,
        "createdCount": 0,
    }
    third, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1", balance="2.5"), supplier("S2")))
    assert types_of(third) == ["hierarchyNoChanges"]
    assert anaplan.items("Suppliers")["S1"]["properties"]["Balance"] == "2.50"


def test_rejected_rows_are_counted_explained_and_leave_the_rest_loaded(anaplan):
    rows = (supplier("S1"), supplier("", "No key"), supplier("S2", "_Reserved_"), supplier("S1", "Again"))
    task, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, *rows, "S3,short"))
    assert text_of(task) == "Suppliers: 1 (1/0) rows successful, 0 (0/0) rows has warnings, 4 failed, 0 ignored"
    assert types_of(task)[0] == "hierarchyRowsProcessedWithFailures"
    assert "hierarchyImportInvalidName" in types_of(task)
    assert task["result"]["successful"] is True
    ends = [row.rsplit('","', 2)[1:] for row in dump_of(anaplan, path)]
    assert ends == [
        ["3", 'Empty key"'],
        ["4", 'Invalid name: _Reserved_"'],
        ["5", 'Duplicate key in source: S1"'],
        ["6", 'Column separator expected"'],
    ]
    assert list(anaplan.items("Suppliers")) == ["S1"]


def test_lines_of_a_dump_are_physical_lines(anaplan):
    rows = ('S1,"Name\nin two lines",EDU1,S1,A,EUR,30,HQ,no,1', supplier("", "No key"))
    _, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, *rows))
    assert dump_of(anaplan, path)[0].endswith('"4","Empty key"')


def test_an_import_of_only_bad_rows_still_succeeds_or_fails(anaplan):
    text = table(SUPPLIER_HEADER, supplier("", "No key"))
    assert anaplan.load(SUPPLIERS, text)[0]["result"]["successful"] is True
    anaplan.control.switch("anaplan", "all_rows_failed", "failed")
    assert anaplan.load(SUPPLIERS, text)[0]["currentStep"] == "Failed."


def test_a_row_with_a_bad_property_is_loaded_in_part_with_a_warning(anaplan):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1")))
    rows = (supplier("S1", "New name", "much", "perhaps"), supplier("S2", balance="1,50".replace(",", "x")))
    task, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, *rows))
    assert text_of(task) == "Suppliers: 0 (0/0) rows successful, 2 (1/1) rows has warnings, 0 failed, 0 ignored"
    first, second = dump_of(anaplan, path)
    assert first.endswith('"2","Invalid boolean: perhaps","Invalid number: much"')
    assert second.endswith('"3","Invalid number: 1x50",""')
    changed = anaplan.items("Suppliers")["S1"]
    assert (changed["name"], changed["properties"]["Balance"]) == ("New name", "1.00")


def test_or_such_a_row_fails_whole(anaplan):
    anaplan.control.switch("anaplan", "list_property_error", "failed")
    task, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1", balance="much"), supplier("S2")))
    assert anaplan.counts(task)["failedCount"] == 1
    assert list(anaplan.items("Suppliers")) == ["S2"]


def test_duplicates_in_the_source_can_reject_the_whole_import(anaplan):
    anaplan.control.switch("anaplan", "list_duplicates", "reject_import")
    task, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1"), supplier("S1", "Again")))
    assert types_of(task) == ["hierarchyImportDuplicateSourceKey"]
    assert task["currentStep"] == "Failed."
    assert anaplan.get(path + "/dump").status_code == 404
    assert anaplan.items("Suppliers") == {}


def test_taken_names_get_a_suffix_that_stays(anaplan):
    text = table(SUPPLIER_HEADER, supplier("S1", "Acme"), supplier("S2", "Acme"), supplier("S3", "Acme"))
    anaplan.load(SUPPLIERS, text)
    names = {code: item["name"] for code, item in anaplan.items("Suppliers").items()}
    assert names == {"S1": "Acme", "S2": "Acme~1", "S3": "Acme~2"}
    again, _ = anaplan.load(SUPPLIERS, text)
    assert types_of(again) == ["hierarchyNoChanges"]
    renamed, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1", "Zenith"), supplier("S4", "Acme")))
    assert anaplan.counts(renamed)["renamedCount"] == 1
    assert anaplan.items("Suppliers")["S4"]["name"] == "Acme"


def test_or_taken_and_long_names_fail(anaplan):
    anaplan.control.switch("anaplan", "unique_naming", False)
    rows = (supplier("S1", "Acme"), supplier("S2", "Acme"), supplier("S3", "L" * 61))
    task, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, *rows))
    assert "hierarchyImportNameOrCodeExists" in types_of(task)
    assert dump_of(anaplan, path)[0].endswith('"Name already exists: Acme"')
    assert list(anaplan.items("Suppliers")) == ["S1"]
    anaplan.control.switch("anaplan", "name_limit", 0)
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S3", "L" * 61)))
    assert "S3" in anaplan.items("Suppliers")


def test_blank_cells_empty_the_target_or_leave_it(anaplan):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1", balance="5.00")))
    blank = table(SUPPLIER_HEADER, "S1,Name of S1,,,,,,,,")
    anaplan.control.switch("anaplan", "blank_cells", "keep")
    anaplan.load(SUPPLIERS, blank)
    assert anaplan.items("Suppliers")["S1"]["properties"]["Balance"] == "5.00"
    anaplan.control.switch("anaplan", "blank_cells", "clear")
    anaplan.load(SUPPLIERS, blank)
    assert anaplan.items("Suppliers")["S1"]["properties"]["Balance"] == "0"


def chart(anaplan):
    anaplan.load("Account Types from account_types.csv", "Code,Name\nE,Expense\nR,Revenue\n")
    anaplan.load(
        "Account Groups from account_groups.csv", "Code,Name,Account Type\nTRV,Travel,E\nSAL,Sales,R\nXXX,Lost,Z\n"
    )
    anaplan.load("Cost Centers from cost_centers.csv", "Code,Name,Company\n10,Head office,EDU1\n")
    text = table(ACCOUNT_HEADER, "10-5500,Travel costs,TRV,EDU1,10-5500,10", "10-4000,Sales EU,SAL,EDU1,10-4000,10")
    return anaplan.load(ACCOUNTS, text)


def test_a_moved_account_moves_and_an_unknown_parent_fails(anaplan):
    chart(anaplan)
    assert set(anaplan.items("Account Groups")) == {"TRV", "SAL"}
    rows = ("10-5500,Travel costs,SAL,EDU1,10-5500,10", "10-4000,Sales EU,NOPE,EDU1,10-4000,10")
    task, path = anaplan.load(ACCOUNTS, table(ACCOUNT_HEADER, *rows))
    assert anaplan.counts(task)["updatedCount"] == 1
    assert dump_of(anaplan, path)[0].endswith('"Invalid parent: NOPE"')
    accounts = anaplan.items("Accounts")
    assert (accounts["10-5500"]["parent"], accounts["10-4000"]["parent"]) == ("SAL", "SAL")
    assert accounts["10-5500"]["properties"]["Cost Center"] == "10"


def test_an_import_without_name_updates_items_but_makes_none(anaplan):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1")))
    text = "Code,Address,City,Postal Code,Remit To\nS1,1 High St,Ghent,9000,Bank\nS9,x,x,x,x\n"
    task, path = anaplan.load("Supplier Addresses from supplier_addresses.csv", text)
    assert (anaplan.counts(task)["updatedCount"], anaplan.counts(task)["failedCount"]) == (1, 1)
    assert dump_of(anaplan, path)[0].endswith('"3","Invalid name: "')
    assert anaplan.items("Suppliers")["S1"]["properties"]["City"] == "Ghent"


def test_a_missing_column_fails_the_import_or_drops_the_mapping(anaplan):
    header = SUPPLIER_HEADER.replace(",Balance", ",Saldo")
    task, _ = anaplan.load(SUPPLIERS, table(header, supplier("S1")))
    assert types_of(task) == ["missingFields"]
    assert "Balance" in text_of(task)
    assert task["currentStep"] == "Failed."
    anaplan.control.switch("anaplan", "missing_column", "drop")
    assert anaplan.load(SUPPLIERS, table(header, supplier("S1")))[0]["result"]["successful"] is True
    assert anaplan.items("Suppliers")["S1"]["properties"]["Balance"] == "0"
    assert types_of(anaplan.load(SUPPLIERS, table("Name", "x"))[0]) == ["missingFields"]


def test_columns_are_found_by_their_header_in_any_order(anaplan):
    anaplan.load("Warehouses from warehouses.csv", "Company,Extra,Name,Code\nEDU1,x,Main,W1\n")
    assert anaplan.items("Warehouses")["W1"] == {
        "code": "W1", "name": "Main", "parent": "", "properties": {"Company": "EDU1", "Removed": "false"}
    }  # fmt: skip


@pytest.mark.parametrize(("form", "ignored", "total"), [("ignored", 2, 3), ("uncounted", 0, 1)])
def test_a_full_workspace_adds_no_items_and_says_that_it_is_complete(anaplan, form, ignored, total):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1")))
    anaplan.control.switch("anaplan", "workspace_full", form)
    task, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, *map(supplier, ("S2", "S3")), supplier("S1", "New name")))
    assert task["result"]["successful"] is True
    assert task["result"]["failureDumpAvailable"] is False
    counts = anaplan.counts(task)
    assert (counts["successRowCount"], counts["ignoredCount"], counts["totalRowCount"]) == (1, ignored, total)
    assert set(anaplan.items("Suppliers")) == {"S1"}


def test_a_byte_order_mark_is_stripped_or_spoils_the_first_header(anaplan):
    text = "\ufeffCode,Name,Company\nW1,Main,EDU1\n"
    anaplan.load("Warehouses from warehouses.csv", text)
    assert "W1" in anaplan.items("Warehouses")
    anaplan.control.switch("anaplan", "bom", "keep")
    assert types_of(anaplan.load("Warehouses from warehouses.csv", text)[0]) == ["missingFields"]


def test_broken_quoting_is_a_row_error_of_its_own(anaplan):
    text = 'Code,Name,Company\nW1,"Main"x,EDU1\nW2,Second,EDU1\nW3,"never closed,EDU1\n'
    task, path = anaplan.load("Warehouses from warehouses.csv", text)
    assert {"columnSeparatorExpected", "unmatchedTextDelimiter"} <= set(types_of(task))
    assert [row.rsplit('","', 2)[1] for row in dump_of(anaplan, path)] == ["2", "4"]
    assert list(anaplan.items("Warehouses")) == ["W2"]


def test_a_refused_row_fails_with_the_given_words(anaplan):
    anaplan.control.refuse(SUPPLIERS, "S2,", "Not in my model")
    task, path = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1"), supplier("S2")))
    assert anaplan.counts(task)["failedCount"] == 1
    assert dump_of(anaplan, path)[0].endswith('"Not in my model"')
    anaplan.control.refuse(BALANCES, "Jan 24", "Period is closed")
    chart(anaplan)
    _, path = anaplan.load(BALANCES, "Account,Period,Closing Balance,Movement\n10-5500,Jan 24,1,1\n")
    assert dump_of(anaplan, path)[0].endswith('"Period is closed"')
    anaplan.control.accept()
    task, _ = anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S2")))
    assert not anaplan.counts(task).get("failedCount")


# Modules


def test_money_arrives_to_the_cent_and_calculated_items_follow(anaplan):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1")))
    text = table(INVOICE_HEADER, invoice("I1", value="1234567890123456.78", balance="-0.01"))
    anaplan.load(INVOICE_LIST, text)
    task, _ = anaplan.load(INVOICES, text)
    assert text_of(task) == "AP Invoices: 1 (0/1) rows successful, 0 ignored "
    assert types_of(task) == ["lineItemRowsProcessed"]
    assert anaplan.cells("AP Invoices")[("I1",)] == {
        "Supplier": "S1",
        "Reference": "Ref",
        "Invoice Date": "2024-03-05",
        "Due Date": "2024-03-05",
        "Period": "Mar 24",
        "Currency": "EUR",
        "Original Value": "1234567890123456.78",
        "Balance": "-0.01",
        "Status": "Open",
        "Paid": "1234567890123456.79",
    }


def test_a_module_row_fails_whole_or_only_its_bad_cell(anaplan):
    anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1")))
    text = table(INVOICE_HEADER, invoice("I1", "S9", "Nay 17", "ten", day="2024-03-05"), invoice("I9"))
    anaplan.load(INVOICE_LIST, table(INVOICE_HEADER, invoice("I1")))
    task, path = anaplan.load(INVOICES, text)
    assert types_of(task)[0] == "lineItemRowsProcessedWithFailures"
    first, second = dump_of(anaplan, path)
    errors = "Item not located in Suppliers list: S9", "Expected separator in date/period: 2024-03-05"
    for error in (*errors, "Invalid time period: Nay 17", "Invalid number: ten"):
        assert f'"{error}"' in first
    assert '"Item not located in AP Invoices list: I9"' in second
    assert anaplan.cells("AP Invoices") == {}
    anaplan.control.switch("anaplan", "module_bad_cell", "cell")
    anaplan.load(INVOICES, text)
    cells = anaplan.cells("AP Invoices")
    assert list(cells) == [("I1",)]
    assert (cells[("I1",)]["Balance"], cells[("I1",)]["Original Value"]) == ("4.00", "0")


@pytest.mark.parametrize(("policy", "expected"), [("last", ("2.10", "0.30")), ("sum", ("3.20", "0.50"))])
def test_rows_for_the_same_cells_overwrite_or_add_up(anaplan, policy, expected):
    chart(anaplan)
    anaplan.control.switch("anaplan", "module_duplicates", policy)
    header = "Account,Period,Closing Balance,Movement"
    anaplan.load(BALANCES, table(header, "10-5500,Jan 24,9,9"))
    anaplan.load(BALANCES, table(header, "10-5500,Jan 24,1.10,0.20", "10-5500,Jan 24,2.10,0.30"))
    cells = anaplan.cells("GL Balances")[("10-5500", "Jan 24")]
    assert (cells["Closing Balance"], cells["Movement"]) == expected


def test_aggregates_are_ignored_and_names_work_as_codes_do(anaplan):
    chart(anaplan)
    header = "Account,Period,Closing Balance,Movement"
    rows = ("TRV,Jan 24,1,1", "10-5500,FY24,1,1", "Travel costs,Feb 24,3,3", "10-5500,Jan 28,1,1", ",Jan 24,1,1")
    task, path = anaplan.load(BALANCES, table(header, *rows))
    counts = anaplan.counts(task)
    assert (counts["ignoredCount"], counts["failedCount"], counts["successRowCount"]) == (2, 2, 1)
    assert counts["totalRowCount"] == 5
    assert len(dump_of(anaplan, path)) == 2
    assert list(anaplan.cells("GL Balances")) == [("10-5500", "Feb 24")]


@pytest.mark.parametrize("style", ["cells", "none"])
def test_the_details_of_module_imports_may_have_other_values(anaplan, style):
    chart(anaplan)
    anaplan.control.switch("anaplan", "module_values", style)
    task, _ = anaplan.load(BALANCES, "Account,Period,Closing Balance,Movement\n10-5500,Jan 24,1,1\n")
    expected = {"successCellCount": 2, "failedCellCount": 0, "ignoredCellCount": 0} if style == "cells" else {}
    assert anaplan.counts(task) == expected
    assert text_of(task).startswith("GL Balances: 1 (0/1)")


def test_a_file_is_read_with_its_own_separator_encoding_and_decimal_sign(anaplan):
    anaplan.load("Warehouses from warehouses.csv", "Code,Name,Company\nW1,Main,EDU1\n")
    products = "Code,Name,Company,Stock Code,Product Class,Unit,Supplier\nÄ1,Öl,EDU1,Ä1,P,L,\n"
    anaplan.load("Products from products.csv", products)
    header = "Product\tWarehouse\tQty On Hand\tQty Allocated\tQty On Order\tUnit Cost\n"
    text = header + "Ä1\tW1\t10,5\t,5\t0\t2,25\nÄ1\tW1\t1.000,5\t0\t0\t1\n"
    anaplan.upload("inventory.csv", text.encode("utf-16-le"))
    path = anaplan.start("imports", "Inventory from inventory.csv")
    assert anaplan.counts(anaplan.finish(path))["failedCount"] == 1
    values = anaplan.cells("Inventory")[("Ä1", "W1")]
    assert [Decimal(values[name]) for name in ("Qty On Hand", "Available", "Stock Value")] == [
        Decimal("10.5"),
        Decimal("10.0"),
        Decimal("23.625"),
    ]
    anaplan.upload(
        "customers.csv",
        "Code;Name;Company;Customer;Class;Currency;Terms;Credit Limit;On Hold\nC1;Müller;;;;;;1.5;no\n".encode(
            "latin-1"
        ),
    )
    anaplan.run("imports", "Customers from customers.csv")
    assert anaplan.items("Customers")["C1"]["name"] == "Müller"


# Values


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_any_plain_number_is_read_without_loss(number):
    read = number_reader()
    assert Decimal(read(f"{number:f}")) == number
    assert Decimal(number_reader(",")(f"{number:f}".replace(".", ","))) == number


@given(st.dates(min_value=date(1, 1, 1)))
def test_any_date_is_read_in_both_orders(day):
    assert date_reader("yyyy-MM-dd")(day.isoformat()) == day
    assert date_reader("dd/MM/yyyy")(f"{day.day:02}/{day.month:02}/{day.year:04}") == day


@pytest.mark.parametrize("text", ["1e5", "1,5", "--1", "NaN", "1 000", "."])
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(BadValueError, match="Invalid number: "):
        number_reader()(text)


@pytest.mark.parametrize(("text", "words"), [("31-01-2024", "Expected separator"), ("31/02/2024", "Invalid date")])
def test_what_is_no_date_is_refused(text, words):
    with pytest.raises(BadValueError, match=words):
        date_reader("dd/MM/yyyy")(text)


def test_an_import_may_tell_no_counts_at_all(anaplan):
    chart(anaplan)
    anaplan.control.switch("anaplan", "module_values", "absent")
    task, _ = anaplan.load(BALANCES, "Account,Period,Closing Balance,Movement\n10-5500,Jan 24,1,1\n")
    assert (anaplan.counts(task), text_of(task)) == ({}, "GL Balances: import complete")


def test_rows_may_be_neither_loaded_nor_counted(anaplan):
    anaplan.control.switch("anaplan", "rows_lost", 2)
    task, _ = anaplan.load(
        "Warehouses from warehouses.csv", "Code,Name,Company\n" + "".join(f"W{n},,\n" for n in "12345")
    )
    assert anaplan.counts(task)["totalRowCount"] == 3


def test_another_client_of_the_user_replaces_an_upload_once(anaplan):
    anaplan.control.replace_upload("warehouses.csv", "Code,Name,Company\nOTHER,Other,X\n")
    ours = "Code,Name,Company\nW1,Main,EDU1\n"
    anaplan.load("Warehouses from warehouses.csv", ours)
    assert [item["code"] for item in anaplan.control.list_items("Warehouses")] == ["OTHER"]
    anaplan.load("Warehouses from warehouses.csv", ours)
    assert [item["code"] for item in anaplan.control.list_items("Warehouses")] == ["OTHER", "W1"]
