from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.errors import RefusedError
from connector_kit.http import Unreadable
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field, fields_of_schema, json_schema

FIELDS = [Field("Key"), Field("Day", "date"), Field("Money", "decimal"), Field("Number", "integer"), Field("odd-name+")]


def reader(**options):
    return RowReader(FIELDS, ["Key"], constants={"CompanyId": "EDU1"}, **options)


def body(*rows, **more):
    return json.dumps({"value": list(rows), **more}).encode()


def records(page):
    return msgspec.to_builtins(page.rows, builtin_types=(Decimal,))


def test_a_row_has_its_constants_first_and_nothing_that_was_not_asked_for():
    page = reader().page(body({"Money": 1, "Key": "a", "Other": 1, "@odata.etag": "x"}))
    assert list(records(page)[0]) == ["CompanyId", "Key", "Day", "Money", "Number", "odd-name+"]


@given(st.decimals(min_value=-(10**20), max_value=10**20, places=6))
def test_decimals_keep_their_digits_as_number_and_as_text(number):
    for written in (str(number), f'"{number}"'):
        page = reader().page(b'{"value":[{"Key":"a","Money":%b}]}' % written.encode())
        assert str(page.rows[0].Money) == str(Decimal(str(number)))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_trimming_cuts_blanks_at_the_end_and_nothing_else(text):
    for indent in (None, 2):
        document = json.dumps({"value": [{"Key": "a", "odd-name+": text + "  "}]}, indent=indent).encode()
        row = records(reader(trim=True).page(document))[0]
        assert row["odd-name+"] == text.rstrip(" ")


def test_a_key_keeps_its_leading_zeros_and_blanks_inside():
    assert reader(trim=True).page(body({"Key": "000 12  "})).rows[0].Key == "000 12"


@pytest.mark.parametrize(
    ("version", "written"),
    [
        ("4.0", "2026-01-31T00:00:00Z"),
        ("4.0", "2026-01-31"),
        ("4.0", "2026-01-31T00:00:00+02:00"),
        ("2.0", "/Date(1769817600000)/"),
        ("2.0", "/Date(1769817600000+0120)/"),
    ],
)
def test_a_day_is_a_day_however_it_is_written(version, written):
    rows = [{"Key": "a", "Day": written}]
    document = {"value": rows} if version == "4.0" else {"d": {"results": rows}}
    assert reader(version=version).page(json.dumps(document).encode()).rows[0].Day == "2026-01-31"


def test_v2_moments_are_utc():
    stamp = RowReader([Field("Key"), Field("At", "timestamp")], ["Key"], version="2.0")
    page = stamp.page(b'{"d":[{"Key":"a","At":"/Date(-1000)/"}]}')
    assert page.rows[0].At == "1969-12-31T23:59:59Z"


def test_an_empty_date_of_the_site_is_no_date():
    page = reader(empty_date="1900-01-01").page(body({"Key": "a", "Day": "1900-01-01T00:00:00Z"}))
    assert page.rows[0].Day is None


def test_links_and_counts_are_found_in_both_versions():
    page = reader().page(body({"Key": "a"}, **{"@odata.nextLink": "more", "@odata.count": 7}))
    assert (page.link, page.total, page.last) == ("more", 7, ("a",))
    page = reader(version="2.0").page(b'{"d":{"results":[{"Key":"a"}],"__next":"more","__count":"7"}}')
    assert (page.link, page.total) == ("more", 7)


def test_a_key_that_is_a_moment_keeps_its_time_for_the_next_page():
    moments = RowReader([Field("At", "date")], ["At"])
    assert moments.page(body({"At": "2026-01-31T10:00:00Z"})).last == (datetime(2026, 1, 31, 10, tzinfo=timezone.utc),)
    assert moments.page(body({"At": "2026-01-31T00:00:00Z"})).last == (date(2026, 1, 31),)


@pytest.mark.parametrize(
    "broken", [b'{"value":[{"Key":"a"', b"<html>", b"", b"{}", b'{"value":[],"error":{"code":"1"}}']
)
def test_a_broken_body_is_unreadable_rather_than_empty(broken):
    with pytest.raises(Unreadable):
        reader().page(broken)


def test_values_of_another_type_are_converted_one_by_one():
    page = reader().page(body({"Key": 12, "Number": "12.0", "Money": "", "odd-name+": True}))
    assert records(page)[0] == {
        "CompanyId": "EDU1", "Key": "12", "Day": None, "Money": None, "Number": 12, "odd-name+": "true"
    }  # fmt: skip


@pytest.mark.parametrize("row", [{"Key": "a", "Money": "abc"}, {"Key": "a", "Number": 1.5}, {"Key": {"a": 1}}])
def test_a_value_that_fits_no_way_names_its_column_and_not_itself(row):
    with pytest.raises(RefusedError, match=r"column (Money|Number|Key)") as caught:
        reader().page(body(row))
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("rows", [[{"Key": "a"}, {"Key": None}], [{"Key": None}, {"Key": "a"}], [{}]])
def test_a_key_without_a_value_is_refused_wherever_it_stands(rows):
    with pytest.raises(RefusedError, match="key"):
        reader().page(body(*rows))


def test_a_schema_says_again_what_it_was_made_of():
    kinds = ["string", "decimal", "integer", "boolean", "date", "timestamp", "time", "binary", "guid", "json"]
    fields = tuple(Field(kind, kind) for kind in kinds)
    assert fields_of_schema(json_schema(fields, ["string"])) == fields
