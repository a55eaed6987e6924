from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.odata.client import address
from connector_kit.odata.filters import (
    AllOf,
    AnyOf,
    Compare,
    Written,
    after,
    all_of,
    any_of,
    odata_filter,
    since,
    since_period,
    with_keys,
)
from connector_kit.odata.literals import encode_query, literal


@given(st.text())
def test_a_text_is_quoted_so_that_nothing_in_it_ends_the_literal(text):
    written = literal(text)
    assert written[0] == written[-1] == "'"
    assert written[1:-1].replace("''", "").count("'") == 0
    assert written[1:-1].replace("''", "'") == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_the_address(text):
    url = address("http://h/x", {"$filter": literal(text)})
    query = urlsplit(url).query
    assert "+" not in query, "a plus is read as a blank by many servers"
    if text.strip():
        assert parse_qs(query, keep_blank_values=True)["$filter"] == [literal(text)]


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_written_exactly_and_without_an_exponent(number):
    written = literal(number)
    assert "E" not in written.upper()
    assert Decimal(written) == number


@pytest.mark.parametrize(
    ("value", "edm", "version", "dates", "written"),
    [
        (date(2026, 1, 31), "", "4.0", "offset", "2026-01-31T00:00:00Z"),
        (date(2026, 1, 31), "", "4.0", "date", "2026-01-31"),
        (date(2026, 1, 31), "", "4.0", "quoted", "'2026-01-31'"),
        (date(2026, 1, 31), "Edm.Date", "4.0", "offset", "2026-01-31"),
        (datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))), "", "4.0", "offset", "2026-01-31T10:00:00Z"),
        (date(2026, 1, 31), "Edm.DateTime", "2.0", "offset", "datetime'2026-01-31T00:00:00'"),
        (
            datetime(2026, 1, 31, tzinfo=timezone.utc),
            "Edm.DateTimeOffset",
            "2.0",
            "offset",
            "datetimeoffset'2026-01-31T00:00:00Z'",
        ),
        (Decimal("12.30"), "Edm.Decimal", "2.0", "offset", "12.30M"),
        (7, "Edm.Int64", "2.0", "offset", "7L"),
        (7, "Edm.Int32", "2.0", "offset", "7"),
        (7, "Edm.Int64", "4.0", "offset", "7"),
        (True, "", "4.0", "offset", "true"),
        (None, "", "4.0", "offset", "null"),
        (UUID(int=1), "", "2.0", "offset", "guid'00000000-0000-0000-0000-000000000001'"),
        (UUID(int=1), "", "4.0", "offset", "00000000-0000-0000-0000-000000000001"),
        (b"\x01\xff", "", "2.0", "offset", "binary'01ff'"),
        (b"\x01\xff", "", "4.0", "offset", "binary'Af8='"),
    ],
)
def test_each_type_is_written_as_its_version_of_odata_wants(value, edm, version, dates, written):
    assert literal(value, edm, version=version, dates=dates) == written


def test_a_float_has_no_literal_because_it_is_not_exact():
    with pytest.raises(TypeError):
        literal(0.1)  # type: ignore[arg-type]


def test_blanks_and_signs_are_percent_encoded():
    assert encode_query("a b+c&d#e%") == "a%20b%2Bc%26d%23e%25"


def text_of(condition):
    return odata_filter(condition, lambda column, value: literal(value))


def test_conditions_are_bracketed_where_they_nest():
    condition = all_of(since("D", date(2026, 1, 1)), after(["A", "B"], ["x", 2]))
    assert text_of(condition) == ("(D ge 2026-01-01T00:00:00Z or D eq null) and (A ge 'x' and (A gt 'x' or B gt 2))")
    assert text_of(all_of(Written("X eq 1 or Y eq 2"), Compare("Z", "ne", 3))) == "(X eq 1 or Y eq 2) and Z ne 3"
    assert text_of(with_keys(["A", "B"], [("x", 1), ("y", 2)])) == "(A eq 'x' and B eq 1) or (A eq 'y' and B eq 2)"
    assert text_of(since_period("Y", "P", 2025, 11)) == "Y gt 2025 or (Y eq 2025 and P ge 11)"


def test_parts_that_are_not_there_leave_no_trace():
    only = Compare("A", "eq", 1)
    assert all_of(None, only, None) is only
    assert any_of(None) is None


def holds(condition, row):
    if isinstance(condition, AllOf):
        return all(holds(part, row) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, row) for part in condition.parts)
    value, limit = row[condition.column], condition.value
    return {"gt": value > limit, "ge": value >= limit, "eq": value == limit}[condition.operator]


_row = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))


@given(_row, _row, st.integers(1, 3))
def test_after_means_later_in_the_order_of_the_key(last, row, width):
    names = ["A", "B", "C"][:width]
    condition = after(names, last[:width])
    assert holds(condition, dict(zip("ABC", row, strict=True))) == (row[:width] > last[:width])
