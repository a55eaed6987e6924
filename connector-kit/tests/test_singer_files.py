"""Settings, catalogs and states as files: whatever is in them, one line says what is wrong."""

from __future__ import annotations

import json

import pytest

from connector_kit.errors import ConfigurationError
from connector_kit.singer.files import check_catalog, json_object
from connector_kit.singer.plugin import with_numbers
from connector_kit.singer.settings import check_setting

STREAM = {"tap_stream_id": "s", "schema": {"properties": {"id": {"type": "integer"}}}, "metadata": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 5000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "out of any range"),
        ('{"a": 1e9999999999999999999}', "out of any range"),
        ('{"a": NaN}', "out of any range"),
        ("[]", "another JSON value"),
        ("{", "line 1, column 2"),
        ("", "an empty file"),
    ],
)
def test_a_file_that_holds_no_object_is_told(text, words):
    with pytest.raises(ConfigurationError, match=words):
        json_object("tap", "--config x", lambda: text)
    assert json_object("tap", "--state x", lambda: " ", "{}") == "{}"


@pytest.mark.parametrize(
    ("catalog", "place"),
    [
        ({"streams": ["s"]}, r"\$\.streams\[0\]"),
        ({"streams": {}}, r"\$\.streams"),
        ({"streams": [{**STREAM, "tap_stream_id": 5}]}, "tap_stream_id"),
        ({"streams": [{"schema": {}}]}, "tap_stream_id"),
        ({"streams": [{**STREAM, "schema": None}]}, "schema"),
        ({"streams": [{**STREAM, "schema": {"properties": {"id": 5}}}]}, "properties"),
        ({"streams": [{**STREAM, "metadata": [{"breadcrumb": "x", "metadata": {}}]}]}, "breadcrumb"),
        ({"streams": [{**STREAM, "metadata": [{"breadcrumb": []}, []]}]}, "metadata"),
        ({"streams": [{**STREAM, "key_properties": "id"}]}, "key_properties"),
        ({"streams": [STREAM, STREAM]}, "several of s"),
    ],
)
def test_a_catalog_of_another_shape_is_told_with_its_place(catalog, place):
    with pytest.raises(ConfigurationError, match=place) as caught:
        check_catalog("tap", "--catalog x", json.dumps(catalog))
    assert "\n" not in str(caught.value)
    check_catalog("tap", "--catalog x", json.dumps({"streams": [STREAM]}))


@pytest.mark.parametrize("address", ["http://[", "https://h:99999/", "http://h:x/", "http://", "https:///path"])
def test_an_address_that_is_none_is_told_by_its_setting(address):
    with pytest.raises(ConfigurationError, match="setting api_url: expected an address"):
        check_setting("tap", "api_url", address, {})
    check_setting("tap", "api_url", "https://h:8443/path", {})


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "9" * 5000, "x"])
def test_a_text_that_is_no_number_stays_one_for_the_schema_to_refuse(text):
    schema = {"properties": {"timeout": {"type": ["number"]}}}
    assert with_numbers({"timeout": text}, schema) == {"timeout": text}
    assert with_numbers({"timeout": "1.5"}, schema) == {"timeout": 1.5}
