"""From messages to the model: what arrives, in which order, and what is not sent at all."""

from __future__ import annotations

import pytest

from connector_kit.audit import Trail
from target_anaplan import outbox

CUSTOMERS = {
    "stream": "customers",
    "import": "Customers from customers.csv",
    "missing_columns": "blank",
    "columns": {"Code": {"template": "{CompanyId}-{Customer}"}, "Name": "Name", "Credit Limit": "CreditLimit"},
}
ACCOUNTS = [
    {
        "stream": "gl_accounts",
        "import": "Account Types from account_types.csv",
        "key": ["Code"],
        "columns": {
            "Code": "AccountType",
            "Name": {"field": "AccountType", "values": {"A": "Assets", "E": "Expenses"}},
        },
    },
    {
        "stream": "gl_accounts",
        "import": "Account Groups from account_groups.csv",
        "key": ["Code"],
        "columns": {"Code": "Group", "Name": {"template": "Group {Group}"}, "Account Type": "AccountType"},
    },
    {
        "stream": "gl_accounts",
        "import": "Accounts from accounts.csv",
        "missing_columns": "blank",
        "where": {"GlCode": {"not": ["FORCED"]}},
        "columns": {"Code": "GlCode", "Name": "GlCode", "Account Group": "Group", "GL Code": "GlCode"},
    },
]
ACCOUNT_SCHEMA = {"properties": {name: {"type": "string"} for name in ("GlCode", "AccountType", "Group")}}
INVOICES = {
    "stream": "ap_invoices",
    "process": "Load AP Invoices",
    "columns": {
        "Invoice Key": "Key",
        "Supplier": "Supplier",
        "Reference": "Reference",
        "Invoice Date": {"field": "Date", "date": "%d/%m/%Y"},
        "Due Date": {"field": "Date", "date": "%d/%m/%Y"},
        "Period": {"period": ["Year", "Month"], "format": "%b %y"},
        "Currency": {"constant": "EUR"},
        "Original Value": {"field": "Value", "decimals": 2},
        "Balance": {"field": "Value", "decimals": 2},
        "Status": {"constant": "Open"},
    },
}
INVOICE_SCHEMA = {
    "properties": {
        "Key": {"type": "string"},
        "Supplier": {"type": "string"},
        "Reference": {"type": "string"},
        "Date": {"type": ["string", "null"], "format": "date"},
        "Year": {"type": "integer"},
        "Month": {"type": "integer"},
        "Value": {"type": "number"},
    }
}


def account(bench, code, kind, group):
    return bench.record("gl_accounts", {"GlCode": code, "AccountType": kind, "Group": group})


def invoice(bench, key, supplier="EDU1-1", value=100.5, **more):
    row = {"Key": key, "Supplier": supplier, "Reference": "ref", "Date": "2026-03-05", "Year": 2026, "Month": 3}
    return bench.record("ap_invoices", {**row, "Value": value, **more})


def test_rows_arrive_as_mapped_and_state_follows_them(bench):
    outcome = bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2, OnHold="Y", Balance=-0.125), state=7))
    items = bench.items()
    assert items["EDU1-1"]["name"] == "Supplier 1"
    assert items["EDU1-1"]["properties"]["Balance"] == "12.50"
    assert items["EDU1-2"]["properties"]["On Hold"] == "true"
    assert float(items["EDU1-2"]["properties"]["Balance"]) == -0.13
    assert outcome.states == [{"mark": 7}]


def test_a_second_run_with_the_same_rows_uploads_nothing_and_starts_no_task(bench):
    rows = bench.suppliers(*[bench.supplier(n) for n in range(1, 20)])
    bench.deliver(rows)
    bench.sandbox.control.call("DELETE", "/faults")
    before = len(bench.tasks_started())
    outcome = bench.deliver(rows)
    assert len(bench.tasks_started()) == before
    assert outcome.states == [{"mark": "done"}]
    action = bench.summary().actions[0]
    assert (action.read, action.unchanged, action.sent, action.outcome) == (19, 19, 0, "unchanged")


def test_only_changed_rows_are_sent_the_second_time(bench):
    bench.deliver(bench.suppliers(*[bench.supplier(n) for n in range(1, 20)]))
    bench.deliver(
        bench.suppliers(*[bench.supplier(n, Name="new" if n == 3 else f"Supplier {n}") for n in range(1, 20)])
    )
    action = bench.summary().actions[0]
    assert (action.read, action.unchanged, action.sent, action.delivered) == (19, 18, 1, 1)
    assert bench.items()["EDU1-3"]["name"] == "new"


@pytest.mark.parametrize("settings", [{"resend": True}, {"skip_unchanged": False}])
def test_unchanged_rows_can_be_sent_again(bench, settings):
    rows = bench.suppliers(bench.supplier(1))
    bench.deliver(rows)
    bench.deliver(rows, **settings)
    assert bench.summary().actions[0].sent == 1


def test_a_key_that_comes_twice_is_sent_once_with_its_last_value(bench):
    rows = [bench.supplier(1, Name=f"name {n}") for n in range(5)]
    bench.deliver(bench.suppliers(*rows))
    action = bench.summary().actions[0]
    assert (action.sent, action.rejected) == (1, 0)
    assert bench.items()["EDU1-1"]["name"] == "name 4"


def test_a_key_that_changes_back_and_forth_ends_at_its_last_value(bench, monkeypatch):
    monkeypatch.setattr(outbox, "BLOCK_ROWS", 2)
    names = ["a", "b", "a", "a", "c", "a"]
    rows = [
        row
        for at, name in enumerate(names)
        for row in (bench.supplier(1, Name=name), *map(bench.supplier, (9, at + 20)))
    ]
    messages = [bench.schema("suppliers", bench.supplier_schema, ["CompanyId", "Supplier"])]
    for row in rows:  # a STATE between keeps them in blocks of their own
        messages += [row, {"type": "STATE", "value": {}}]
    bench.deliver(messages)
    assert bench.items()["EDU1-1"]["name"] == "a"
    assert bench.summary().actions[0].rejected == 0
    assert len(bench.tasks_started()) > 1
    bench.deliver([messages[0], bench.supplier(1, Name="a")])
    assert bench.summary().actions[0].unchanged == 1


def test_parents_come_before_children_whatever_the_order_of_the_streams(bench):
    definition = bench.schema("gl_accounts", ACCOUNT_SCHEMA, ["GlCode"])
    rows = [
        account(bench, "1000", "A", "CASH"),
        account(bench, "5000", "E", "RENT"),
        account(bench, "FORCED", "E", "RENT"),
    ]
    invoices = [bench.schema("ap_invoices", INVOICE_SCHEMA, ["Key"]), invoice(bench, "I1")]
    mappings = [*ACCOUNTS, bench.supplier_mapping, INVOICES]
    bench.deliver([*invoices, definition, *rows, *bench.suppliers(bench.supplier(1))], mappings=mappings)
    accounts = bench.items("Accounts")
    assert {code: item["parent"] for code, item in accounts.items()} == {"1000": "CASH", "5000": "RENT"}
    assert bench.items("Account Groups")["RENT"]["parent"] == "E"
    assert bench.items("Account Types")["A"]["name"] == "Assets"
    (row,) = bench.sandbox.control.module_rows("AP Invoices")
    assert row["values"]["Supplier"] == "EDU1-1"
    assert float(row["values"]["Original Value"]) == 100.5
    by_action = {action.action: action for action in bench.summary().actions}
    assert by_action["import Accounts from accounts.csv"].filtered == 1
    assert by_action["import Account Types from account_types.csv"].sent == 2


def test_a_moved_account_moves_in_the_model(bench):
    definition = bench.schema("gl_accounts", ACCOUNT_SCHEMA, ["GlCode"])
    bench.deliver(
        [definition, account(bench, "1000", "A", "CASH"), account(bench, "1100", "A", "BANK")], mappings=ACCOUNTS
    )
    bench.deliver([definition, account(bench, "1000", "A", "BANK")], mappings=ACCOUNTS)
    assert bench.items("Accounts")["1000"]["parent"] == "BANK"


def test_a_file_is_written_as_its_source_defines_it(bench):
    definition = {"properties": {n: {"type": ["string", "null"]} for n in ("CompanyId", "Customer", "Name")}}
    definition["properties"]["CreditLimit"] = {"type": "number"}
    row = {"CompanyId": "EDU1", "Customer": 'A;"1"', "Name": "Müller; & Söhne\nGmbH", "CreditLimit": 1234.5}
    schema = bench.schema("customers", definition, ["CompanyId", "Customer"])
    bench.deliver([schema, bench.record("customers", row)], mappings=[CUSTOMERS])
    item = bench.items("Customers")['EDU1-A;"1"']
    assert item["name"] == "Müller; & Söhne GmbH"
    assert float(item["properties"]["Credit Limit"]) == 1234.5


def test_utf16_tabs_and_a_decimal_comma_arrive(bench):
    columns = {"Product": "P", "Warehouse": "W", "Qty On Hand": "Q", "Unit Cost": {"field": "C", "decimals": 3}}
    products = {"stream": "p", "list": "Products", "columns": {"Code": "P", "Name": "P"}}
    warehouses = {"stream": "p", "list": "Warehouses", "columns": {"Code": "W", "Name": "W"}}
    stock = {"stream": "p", "import": "Inventory from inventory.csv", "missing_columns": "blank", "columns": columns}
    definition = {"properties": {"P": {"type": "string"}, "W": {"type": "string"}}}
    definition["properties"].update(Q={"type": "number"}, C={"type": "number"})
    row = {"P": "Größe\t1", "W": "N", "Q": 1234.25, "C": -0.0625}
    bench.deliver(
        [bench.schema("p", definition, ["P", "W"]), bench.record("p", row)], mappings=[products, warehouses, stock]
    )
    (found,) = bench.sandbox.control.module_rows("Inventory")
    assert found["dimensions"] == {"Products": "Größe\t1", "Warehouses": "N"}
    assert float(found["values"]["Qty On Hand"]) == 1234.25
    assert float(found["values"]["Unit Cost"]) == -0.063


def test_a_list_is_updated_and_added_to_item_by_item(bench):
    mapping = {
        "stream": "suppliers",
        "list": "Suppliers",
        "columns": {"Code": "Supplier", "Name": "Name", "Class": "OnHold"},
    }
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2)), mappings=[mapping])
    bench.deliver(bench.suppliers(bench.supplier(1, Name="renamed"), bench.supplier(3)), mappings=[mapping])
    items = {code.lstrip("0"): item["name"] for code, item in bench.items().items()}
    assert items == {"1": "renamed", "2": "Supplier 2", "3": "Supplier 3"}


def test_many_rows_go_in_several_imports_and_state_follows_each_delivery(bench):
    first = bench.schema("suppliers", bench.supplier_schema, ["CompanyId", "Supplier"])
    messages = [first]
    for n in range(1, 8):
        messages += [bench.supplier(n), {"type": "STATE", "value": {"at": n}}]
    outcome = bench.deliver(messages, batch_rows=3, chunk_size_mb=0.00001)
    assert len(bench.items()) == 7
    assert len(bench.tasks_started()) == 3
    assert outcome.states == [{"at": 2}, {"at": 5}, {"at": 7}]


def test_a_schema_that_changes_in_mid_stream_loses_nothing(bench):
    wider = {
        **bench.supplier_schema,
        "properties": {**bench.supplier_schema["properties"], "Extra": {"type": "string"}},
    }
    key = ["CompanyId", "Supplier"]
    schemas = [bench.schema("suppliers", definition, key) for definition in (bench.supplier_schema, wider)]
    bench.deliver(
        [schemas[0], bench.supplier(1), schemas[1], bench.supplier(2, Extra="x"), bench.supplier(1, Name="last")]
    )
    assert bench.items()["EDU1-1"]["name"] == "last"
    assert "EDU1-2" in bench.items()


def test_the_trail_knows_each_record_and_its_task(bench):
    bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2)), source_system="SYSPRO")
    summary = bench.summary()
    action = summary.actions[0]
    assert (summary.outcome, summary.plugin) == ("delivered", "target-anaplan")
    assert (action.system, action.stream, action.action) == (
        "SYSPRO",
        "suppliers",
        "import Suppliers from suppliers.csv",
    )
    assert len(action.tasks) == 1
    assert action.counts["anaplan"]["created"] == 2
    with Trail.open(bench.audit_url) as trail:
        assert (
            trail.count_known(
                f"anaplan/{bench.sandbox.info['anaplan']['model_id']}/import:{_import_id(bench)}/suppliers"
            )
            == 2
        )


def _import_id(bench):
    return bench.tasks_started()[-1].split("/imports/")[1].split("/")[0]
