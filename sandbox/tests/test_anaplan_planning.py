"""The hub of SAP, planning in both hubs, and what a test puts there without an import."""

from __future__ import annotations

import pytest

from sandbox.tests.anaplan_client import SUPPLIER_HEADER, SUPPLIERS, Anaplan, supplier, table

S4 = "S4 Finance"
LINES = "Line Key,Version,Company Code,Account,Cost Center,Period,Amount,Currency,Text,Approved"


@pytest.fixture
def s4(anaplan_sandbox, anaplan):
    """A caller of SAP's hub with one account, cost center and company code."""
    models = anaplan_sandbox.info["anaplan"]["models"]
    for name in ("Account Groups", "GL Accounts", "Cost Centers", "Company Codes"):
        anaplan.control.fill([{"code": "1"}], list_name=name, model=S4)
    return Anaplan(anaplan_sandbox, model=models[S4])


def model_of(anaplan):
    return anaplan.get(f"{anaplan.root}/models/{anaplan.model_id}", params={"modelDetails": "true"}).json()["model"]


def exported(anaplan, name):
    task = anaplan.run("exports", name)
    assert task["result"]["successful"]
    return anaplan.get(f"/files/{anaplan.id('exports', name)}").content.decode()


def test_the_line_names_every_model_with_its_id(anaplan):
    assert set(anaplan.info["models"]) == {"Finance Hub", "Workforce", "Plan FY20", S4}
    assert anaplan.info["models"]["Finance Hub"] == anaplan.info["model_id"]


def test_the_hub_of_sap_takes_master_data_then_line_items(s4):
    accounts = "Code,Name,Account Group,Chart,GL Account,Account Type,Blocked\n1000|4711,Travel,1,1000,4711,P,no\n"
    task, _ = s4.load("GL Accounts from gl_accounts.csv", accounts)
    assert s4.counts(task)["createdCount"] == 1
    centers = "Code,Name,Area,Controlling Area,Cost Center,Company Code,Responsible,Valid From,Valid To\n"
    s4.load("Cost Center Areas from cost_center_areas.csv", "Code,Name\nSALES,Sales\n")
    s4.load("Cost Centers from cost_centers.csv", centers + "A|100,One,SALES,A,100,1,Ann,2020-01-01,9999-12-31\n")
    center = s4.items("Cost Centers")["A|100"]
    assert (center["parent"], center["properties"]["Valid To"]) == ("SALES", "9999-12-31")
    header = "Line Key,Ledger,Company Code,Account,Cost Center,Period,Posting Date,Document Type,Amount,Currency"
    header += ",Supplier,Customer,Fiscal Year,Fiscal Period"
    row = "L1,,1,1000|4711,A|100,Mar 26,2026-03-05,SA,-12.50,EUR,,,2026,003"
    s4.upload("gl_line_items.csv", table(header, row))
    assert s4.run("processes", "Load GL Line Items")["result"]["successful"]
    cells = s4.cells("GL Line Items")[("L1",)]
    assert (cells["Account"], cells["Posting Date"], cells["Amount"]) == ("1000|4711", "2026-03-05", "-12.50")


@pytest.mark.parametrize("name", ["GL accounts", "cost centers", "suppliers", "customers", "supplier invoices"])
def test_removed_items_are_marked_and_deleted(s4, name):
    list_name = {"GL accounts": "GL Accounts"}.get(name, name.title())
    s4.control.fill([{"code": "gone"}, {"code": "stays"}], list_name=list_name, model=S4)
    s4.load(f"Mark removed {name} from removed_{name.lower().replace(' ', '_')}.csv", "Code,Removed\ngone,true\n")
    s4.run("actions", f"Delete removed {name}")
    assert {"gone", "stays"} & set(s4.items(list_name)) == {"stays"}


def test_lists_and_modules_are_filled_without_an_import(anaplan):
    control = anaplan.control
    control.fill([{"code": "G", "parent": ""}, {"code": "G2", "name": "Two"}], list_name="Account Groups")
    control.fill([{"code": "A", "parent": "G2", "properties": {"GL Code": "40"}}], list_name="Accounts")
    control.fill([{"code": "A", "name": "Sales"}], list_name="Accounts")
    account = anaplan.items("Accounts")["A"]
    assert (account["name"], account["parent"], account["properties"]["GL Code"]) == ("Sales", "G2", "40")
    values = {"Account": "A", "Amount": 10.50, "Period": "Jan 27", "Approved": True}
    assert control.fill([{"dimensions": {"Plan Lines": "L1"}, "values": values}], module="Plan Lines") == 1
    cells = anaplan.cells("Plan Lines")[("L1",)]
    assert (cells["Account"], cells["Amount"], cells["Approved"]) == ("A", "10.5", "true")


@pytest.mark.parametrize(
    ("rows", "place", "words"),
    [
        ([{"code": "A", "properties": {"Colour": "red"}}], {"list_name": "Accounts"}, "no property 'Colour'"),
        ([{"code": "A", "parent": "?"}], {"list_name": "Accounts"}, "no parent"),
        ([{"code": "A", "properties": {"Removed": "x"}}], {"list_name": "Accounts"}, "Invalid boolean"),
        (
            [{"dimensions": {"Accounts": "?", "Time": "Jan 27"}, "values": {}}],
            {"module": "GL Balances"},
            "no such item",
        ),
        ([{"dimensions": {"Plan Lines": "1"}, "values": {"Colour": 1}}], {"module": "Plan Lines"}, "no line item"),
        ([{"dimensions": {"Plan Lines": "1"}}], {"module": "Plan Lines"}, "values"),
        ([], {"module": "Plan Lines", "list_name": "Plan Lines"}, "either"),
        ([], {"module": "Plans"}, "no module"),
        ([], {"list_name": "Plans"}, "no list"),
    ],
)
def test_what_does_not_fit_is_not_filled(anaplan, rows, place, words):
    with pytest.raises(ValueError, match=words):
        anaplan.control.fill(rows, **place)


@pytest.mark.parametrize("company_code", ["1", "?"])
def test_a_planner_loads_plan_lines_and_approves_the_version(s4, company_code):
    s4.upload("plan_lines.csv", table(LINES, f"P1,Budget 2027,{company_code},1,1,Jan 27,100.25,EUR,Rent,true"))
    task = s4.run("processes", "Load Plan Lines")
    assert task["result"]["failureDumpAvailable"] is (company_code == "?")
    assert s4.cells("Plan Approval") == {}
    s4.control.edit_cell("Plan Approval", "Approved", {"Plan Versions": "Budget 2027"}, value=True, model=S4)
    assert s4.cells("Plan Approval")[("Budget 2027",)]["Approved"] == "true"
    header, *lines = exported(s4, "Plan Lines.csv").splitlines()
    assert header == f"Plan Lines,{LINES.partition(',')[2]}"
    loaded = ["P1,Budget 2027,1,1,1,Jan 27,100.25,EUR,Rent,true"]
    assert lines == (loaded if company_code == "1" else ["P1,,,,,,0,,,false"])


def test_both_hubs_export_what_is_planned(anaplan, s4):
    for hub in (anaplan, s4):
        names = {row["name"] for row in hub.get("/exports").json()["exports"]}
        assert {"Plan Lines.csv", "Planned Invoices.csv", "Suppliers.csv", "Customers.csv"} <= names
        views = {view["name"] for view in hub.get("/views").json()["views"]}
        assert "Plan Lines for posting" in views
        assert set(hub.items("Plan Versions")) == {"Budget 2027", "Forecast 2026"}


def test_a_models_serial_number_and_time_move_with_its_data(anaplan):
    changes = (
        lambda: anaplan.load(SUPPLIERS, table(SUPPLIER_HEADER, supplier("S1"))),
        lambda: anaplan.control.fill([{"code": "S2"}], list_name="Suppliers"),
        lambda: anaplan.control.edit_cell("Plan Approval", "Approved", {"Plan Versions": "Budget 2027"}, value=True),
        lambda: anaplan.run("actions", "Delete removed suppliers"),
    )
    before = model_of(anaplan)
    anaplan.control.advance(60)
    assert model_of(anaplan)["lastModified"] == before["lastModified"]
    for change in changes:
        anaplan.control.advance(60)
        change()
        after = model_of(anaplan)
        assert int(after["lastSavedSerialNumber"]) == int(before["lastSavedSerialNumber"]) + 1
        assert after["lastModified"] > before["lastModified"]
        before = after


def test_an_export_may_move_the_serial_number(anaplan):
    before = model_of(anaplan)
    anaplan.run("exports", "Suppliers.csv")
    assert model_of(anaplan) == before
    anaplan.control.switch("anaplan", "serial_moves", "every_action")
    anaplan.run("exports", "Suppliers.csv")
    assert int(model_of(anaplan)["lastSavedSerialNumber"]) == int(before["lastSavedSerialNumber"]) + 1


def test_a_calendar_gets_more_years_behind_its_last_one(anaplan, s4):
    cells = {"Version": "Budget 2027", "Company Code": "1", "Account": "1", "Period": "Feb 28", "Amount": "1"}
    row = {"dimensions": {"Plan Lines": "later"}, "values": cells}
    with pytest.raises(ValueError, match="Feb 28"):
        anaplan.control.fill([row], module="Plan Lines", model=S4)
    before = anaplan.control.module_rows("Plan Lines", S4)
    anaplan.control.extend_timescale(2028)
    assert anaplan.control.module_rows("Plan Lines", S4) == before
    anaplan.control.fill([row], module="Plan Lines", model=S4)
    with pytest.raises(ValueError, match="already"):
        anaplan.control.extend_timescale(2028)
