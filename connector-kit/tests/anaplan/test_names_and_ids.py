from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.anaplan import hosts
from connector_kit.anaplan.ids import find, looks_like_guid, model_id, workspace_id
from connector_kit.anaplan.objects import Import
from connector_kit.errors import ConfigurationError, NotFoundError

IMPORTS = [
    Import(id="112000000001", name="Suppliers from suppliers.csv"),
    Import(id="112000000002", name="Customers from customers.csv"),
    Import(id="112000000003", name="twice"),
    Import(id="112000000004", name="twice"),
    Import(id="112000000005", name="Twice as nice"),
]


def found(wanted):
    return find(IMPORTS, wanted, kind="import", where="model Finance Hub").id


@given(st.text(alphabet="0123456789abcdefABCDEF", min_size=32, max_size=32))
def test_any_spelling_of_an_id_is_brought_into_the_one_that_the_api_takes(value):
    assert workspace_id(f" {value} ") == value.lower()
    assert model_id(value) == value.upper()
    assert model_id("-".join((value[:8], value[8:12], value[12:16], value[16:20], value[20:]))) == value.upper()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("96339A3B8F224CCAB1D5C1E2F2B3C4D", "31 digits"),
        ("96339A3B8F224CCAB1D5C1E2F2B3C4DO", "with 'O'"),
        ("", "0 digits"),
    ],
)
def test_an_impossible_id_is_refused_with_the_reason(value, words):
    with pytest.raises(ConfigurationError, match=words):
        model_id(value)


@pytest.mark.parametrize(
    ("value", "is_id"),
    [
        ("96339A3B8F224CCAB1D5C1E2F2B3C4D5", True),
        ("96339A3B8F224CCAB1D5C1E2F2B3C4D", True),
        ("Finance Hub", False),
        ("FinanceHubProductionPlanning", False),
        ("Plan FY20", False),
    ],
)
def test_a_name_is_told_from_a_mistyped_id(value, is_id):
    assert looks_like_guid(value) == is_id


def test_objects_are_found_by_id_name_and_careless_name():
    assert found("112000000002") == "112000000002"
    assert found("Suppliers from suppliers.csv") == "112000000001"
    assert found(" suppliers FROM Suppliers.csv ") == "112000000001"


def test_a_wrong_name_lists_what_comes_close():
    with pytest.raises(NotFoundError) as error:
        found("Supplier from supplier.csv")
    assert "import 'Supplier from supplier.csv' in model Finance Hub" in str(error.value)
    assert "Did you mean 'Suppliers from suppliers.csv'" in str(error.value)


def test_a_name_that_several_have_asks_for_the_id():
    with pytest.raises(ConfigurationError, match="112000000003, 112000000004"):
        found("twice")


def test_an_id_of_another_kind_says_so():
    with pytest.raises(NotFoundError, match="of another kind: process"):
        found("118000000001")


def test_regions_have_their_hosts_and_each_can_be_replaced():
    assert hosts().api_url == "https://api.anaplan.com"
    assert hosts("EU1") == hosts("us2")
    assert hosts("au1").api_url == "https://au1a.api2.anaplan.com"
    assert hosts("CA1").auth_url == "https://ca1a.auth.anaplan.com"
    assert hosts("ca1a") == hosts("ca1")
    own = hosts("gb1", api_url="http://127.0.0.1:8080/2/0/")
    assert (own.api_url, own.oauth_url) == ("http://127.0.0.1:8080", "https://gb1.app.anaplan.com")


def test_an_unknown_region_or_address_is_refused():
    with pytest.raises(ConfigurationError, match=r"expected one of .*au1.*got 'gb9'"):
        hosts("gb9")
    with pytest.raises(ConfigurationError, match="api_url: expected an address"):
        hosts(api_url="api.anaplan.com")
