"""Where a server's links lead: to the service's own address, or nowhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.odata.links import at_home

PROXY = "https://gateway.example/erp/sap/opu/odata/sap/Z"
ASKED = f"{PROXY}/Rows?$top=5"
FOUND = f"{PROXY}/Rows?$skiptoken=5"


@pytest.mark.parametrize(
    "link",
    [
        "Rows?$skiptoken=5",
        FOUND,
        "https://gateway.example:443/erp/sap/opu/odata/sap/Z/Rows?$skiptoken=5",
        "http://gateway.example/erp/sap/opu/odata/sap/Z/Rows?$skiptoken=5",
        "https://inner:44300/sap/opu/odata/sap/Z/Rows?$skiptoken=5",
        "/sap/opu/odata/sap/Z/Rows?$skiptoken=5",
        "http://10.0.0.1/backend/sap/opu/odata/sap/Z/Rows?$skiptoken=5",
        "//inner/Z/Rows?$skiptoken=5",
    ],
)
def test_a_link_of_the_service_is_followed_at_its_own_address(link):
    assert at_home(link, ASKED, PROXY).replace(":443", "") == FOUND


def test_what_is_inside_rows_keeps_its_path():
    inner = "http://inner/sap/opu/odata/sap/Z/Rows('1%2F2')/Items?$skiptoken=5"
    assert at_home(inner, ASKED, PROXY) == f"{PROXY}/Rows('1%2F2')/Items?$skiptoken=5"


def test_a_link_to_something_else_on_another_host_is_none():
    assert at_home("https://attacker.example/collect?$skiptoken=5", ASKED, PROXY) is None


def test_a_service_at_the_root_takes_links_to_the_set_that_was_asked():
    assert at_home("http://inner/Other?$skip=5", "https://erp.example/Rows", "https://erp.example") is None
    assert at_home("http://inner/Rows?$skip=5", "https://erp.example/Rows", "https://erp.example") == (
        "https://erp.example/Rows?$skip=5"
    )


segments = st.lists(st.sampled_from(["sap", "opu", "Z", "Rows", "x%20y", "..", ""]), max_size=6).map("/".join)


@given(
    segments, segments, st.sampled_from(["http://inner/", "https://gateway.example/", "/", "", "//", "https://x@y:8/"])
)
def test_no_link_takes_credentials_to_another_host(path, home, start):
    service = f"https://gateway.example/{home}".rstrip("/")
    found = at_home(f"{start}{path}?$skiptoken=1", f"{service}/Rows", service)
    if found is not None:
        assert (urlsplit(found).scheme, urlsplit(found).hostname) == ("https", "gateway.example")
