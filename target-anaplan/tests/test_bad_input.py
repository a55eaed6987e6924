"""What can be wrong with settings and systems: one clear line, nothing lost, nothing uploaded."""

from __future__ import annotations

import pytest

from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    RefusedError,
)


def fails(bench, error, *said, **settings):
    outcome = bench.run(bench.suppliers(bench.supplier(1)), **settings)
    assert isinstance(outcome.error, error), outcome.error
    text = str(outcome.error)
    assert all(line.startswith("- ") for line in text.splitlines()[1:])
    for words in said:
        assert words in text
    assert outcome.states == []
    assert bench.items() == {}
    return text


def test_a_wrong_password(bench):
    text = fails(bench, AuthenticationError, "Anaplan", password="wrong-password")
    assert "wrong-password" not in text


def test_an_unknown_import_names_what_comes_close(bench):
    mapping = {**bench.supplier_mapping, "import": "Supplier from suppliers.csv"}
    fails(bench, ConfigurationError, "import", "Suppliers from suppliers.csv", mappings=[mapping])


def test_everything_that_does_not_fit_is_told_at_once(bench):
    columns = {"Cod": "Supplier", "Name": "Name"}
    mappings = [
        {"stream": "suppliers", "import": "Suppliers from suppliers.csv", "columns": columns},
        {"stream": "suppliers", "process": "Load AP Invoyces", "columns": columns},
        {"stream": "suppliers", "import": "Balances to archive", "columns": columns},
        {"stream": "suppliers", "list": "Supplyers", "columns": {"Code": "Supplier"}},
        {
            **bench.supplier_mapping,
            "delete": {
                "import": "Mark removed suppliers from removed_suppliers.csv",
                "columns": {"Code": "Supplier", "Removed": {"constant": True}},
                "action": "Delete removed suplliers",
            },
        },
    ]
    fails(
        bench,
        ConfigurationError,
        "column Cod is not among the source columns (close: Code)",
        "missing_columns: blank",
        "Load AP Invoices",
        "Suppliers",
        "Delete removed suppliers",
        mappings=mappings,
    )


def test_each_fault_of_the_mappings_has_a_line_of_its_own(bench):
    mappings = [
        {**bench.supplier_mapping, "columns": {"Code": {"field": "Supplier", "decimal": 2}}},
        {**bench.supplier_mapping, "wher": {"OnHold": "N"}},
    ]
    lines = str(bench.run(bench.suppliers(), mappings=mappings).error).splitlines()
    assert lines == [
        "target-anaplan: setting mappings: got 2 faults",
        "- mappings[0] (suppliers): column Code: unknown decimal (close: decimals)",
        "- mappings[1] (suppliers): unknown wher (close: where)",
    ]


def test_a_property_that_a_list_does_not_have_is_found_before_anything_is_sent(bench):
    mapping = {"stream": "suppliers", "list": "Suppliers", "columns": {"Code": "Supplier", "Clas": "OnHold"}}
    fails(
        bench,
        ConfigurationError,
        "list Suppliers has no property Clas (close: Class); it has Company, Supplier, Class, ",
        mappings=[mapping],
    )
    assert not [one for one in bench.sandbox.control.requests("anaplan") if one["method"] == "PUT"]


def test_a_list_whose_metadata_is_not_visible_is_written_unchecked(bench):
    bench.sandbox.control.fault("anaplan", {"status": 403}, path=r"/lists/\d+$", method="GET")
    mapping = {"stream": "suppliers", "list": "Suppliers", "columns": {"Code": "Supplier", "Name": "Name"}}
    bench.deliver(bench.suppliers(bench.supplier(1)), mappings=[mapping])
    assert len(bench.items()) == 1


def test_an_import_without_a_file(bench):
    mapping = {"stream": "suppliers", "import": "Balances to archive", "columns": {"Code": "Supplier"}}
    fails(bench, ConfigurationError, "Balances to archive", "file", mappings=[mapping])


def test_a_stream_that_nobody_expects(bench):
    fails(
        bench,
        ConfigurationError,
        "stream suppliers",
        "streams_ignored",
        mappings=[{**bench.supplier_mapping, "stream": "x"}],
    )


def test_an_ignored_stream_goes_nowhere(bench):
    outcome = bench.deliver(bench.suppliers(bench.supplier(1)), mappings=[], streams_ignored=["suppliers"])
    assert outcome.states == [{"mark": "done"}]
    assert bench.items() == {}


def test_a_field_that_the_stream_does_not_have(bench):
    mapping = {**bench.supplier_mapping, "columns": {"Code": "Suplier"}}
    fails(bench, ConfigurationError, "needs field Suplier", "close: Supplier", mappings=[mapping])


def test_an_impossible_model_id_says_why(bench):
    fails(bench, ConnectorError, "model", model_id="FE5F266ED26E046C")


def test_other_spellings_of_ids_are_corrected(bench):
    info = bench.sandbox.info["anaplan"]
    bench.deliver(
        bench.suppliers(bench.supplier(1)), workspace_id=info["workspace_id"].upper(), model_id=info["model_id"].lower()
    )
    assert "EDU1-1" in bench.items()


def test_workspace_and_model_by_name(bench):
    bench.deliver(bench.suppliers(bench.supplier(1)), workspace_id="Group Finance", model_id="Finance Hub")
    assert "EDU1-1" in bench.items()


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [("ARCHIVED", RefusedError, "archived"), ("LOCKED", BusyError, "locked"), ("PRODUCTION", RefusedError, "deployed")],
)
def test_a_model_that_takes_nothing(bench, state, error, said):
    bench.sandbox.control.model_state(state)
    outcome = bench.run(bench.suppliers(bench.supplier(1)), wait_seconds=0.2)
    bench.sandbox.control.model_state("UNLOCKED")
    assert isinstance(outcome.error, error), outcome.error
    assert said in str(outcome.error)
    assert outcome.states == []


def test_what_could_not_be_sent_for_a_locked_model_is_sent_by_the_next_run(bench):
    bench.sandbox.control.model_state("LOCKED")
    bench.run(bench.suppliers(bench.supplier(1)), wait_seconds=0.2)
    bench.sandbox.control.model_state("UNLOCKED")
    bench.deliver(bench.suppliers(bench.supplier(1)))
    assert "EDU1-1" in bench.items()


def test_an_error_after_a_delivered_mapping_keeps_state_back_and_says_what_was_not_sent(bench):
    second = {
        "stream": "suppliers",
        "import": "Supplier Addresses from supplier_addresses.csv",
        "missing_columns": "blank",
        "columns": {"Code": {"template": "{CompanyId}-{Supplier|strip_zeros}"}},
    }
    third = {"stream": "suppliers", "list": "Products", "columns": {"Code": "Supplier"}}
    tasks = "/imports/.*/tasks$"
    bench.sandbox.control.fault("anaplan", {"status": 400}, path=tasks, method="POST", after=1, times=-1)
    outcome = bench.run(bench.suppliers(bench.supplier(1)), mappings=[bench.supplier_mapping, second, third])
    bench.sandbox.control.clear_faults()
    assert isinstance(outcome.error, RefusedError)
    assert outcome.states == []
    outcomes = {action.action: (action.outcome, action.message) for action in bench.summary().actions}
    assert outcomes["import Suppliers from suppliers.csv"][0] == "delivered"
    assert outcomes["import Supplier Addresses from supplier_addresses.csv"][0] == "failed"
    assert "not sent, because of an error before it" in outcomes["list Products"][1]


def test_not_found_is_not_a_crash(bench):
    fails(bench, NotFoundError, "workspace", workspace_id="Group Finances")
