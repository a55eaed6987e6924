"""V2's days, moments and times of day: what SAP writes is what a record says, whatever the value."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.errors import RefusedError
from connector_kit.odata.moments import key_value, parse_moment
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
READER = RowReader(
    [
        Field("Text"),
        Field("Day", "date"),
        Field("Moment", "timestamp"),
        Field("Clock", "time"),
        Field("Amount", "decimal"),
        Field("Count", "integer"),
        Field("Flag", "boolean"),
    ],
    version="2.0",
)


def one(**values):
    body = json.dumps({"d": {"results": [{"__metadata": {"uri": "x"}, **values}]}})
    (row,) = READER.page(body.encode()).rows
    return row


def ticks(moment):
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


days = st.dates(min_value=dt.date(1, 1, 1))
moments = st.integers(min_value=-62_135_510_400_000, max_value=253_402_214_400_000).map(
    lambda n: EPOCH + dt.timedelta(milliseconds=n)
)


@given(days)
def test_a_day_stays_that_day_also_before_1970_and_at_the_end_of_time(day):
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.timezone.utc)
    assert one(Day=f"/Date({ticks(midnight)})/").Day == day.isoformat()


@given(moments, st.sampled_from(["", "+0000", "-0000", "+0120", "-0300"]))
def test_the_offset_of_a_moment_only_says_how_to_show_it(moment, offset):
    text = one(Moment=f"/Date({ticks(moment)}{offset})/").Moment
    assert text.endswith("Z")
    assert parse_moment(text) == moment


@given(st.times().map(lambda t: t.replace(microsecond=0)))
def test_a_duration_since_midnight_is_a_time_of_day(clock):
    text = f"PT{clock.hour:02}H{clock.minute:02}M{clock.second:02}S"
    assert one(Clock=text).Clock == clock.isoformat()
    assert key_value(text, "time") == clock


@pytest.mark.parametrize(
    ("duration", "clock"), [("PT0S", "00:00:00"), ("PT8H", "08:00:00"), ("PT1H2M3.250S", "01:02:03.250")]
)
def test_short_durations_are_times_too(duration, clock):
    assert one(Clock=duration).Clock == clock


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_amounts_come_as_text_and_stay_exact(amount):
    assert one(Amount=format(amount, "f")).Amount == amount


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_whole_numbers_come_as_text_or_number(number):
    assert one(Count=str(number)).Count == one(Count=number).Count == number


@given(st.text())
def test_texts_stay_as_they_are(text):
    assert one(Text=text).Text == text


@pytest.mark.parametrize("text", ["", "X", "000000", "0010300001", "null", "true", "12.50", "/Date(0)/", "PT0S", " x "])
def test_initial_values_flags_and_leading_zeros_are_texts(text):
    assert one(Text=text).Text == text


def test_nulls_stay_null():
    row = one(Text=None, Day=None, Moment=None, Clock=None, Amount=None, Count=None, Flag=None)
    assert all(getattr(row, name) is None for name in ("Text", "Day", "Moment", "Clock", "Amount", "Count", "Flag"))


def test_booleans_are_real_and_decimals_keep_their_places():
    row = one(Flag=True, Amount="100.50", Count="7")
    assert row.Flag is True
    assert (str(row.Amount), row.Count) == ("100.50", 7)
    assert isinstance(row.Amount, Decimal)


def test_a_text_in_a_column_of_days_is_named():
    with pytest.raises(RefusedError, match="column Day"):
        one(Day="yesterday")


def test_a_page_with_one_value_of_another_type_is_read_all_the_same():
    body = {"d": {"results": [{"Amount": "1.50", "Count": "7"}, {"Amount": "", "Text": 5}]}}
    rows = READER.page(json.dumps(body).encode()).rows
    assert [(r.Amount, r.Text) for r in rows] == [(Decimal("1.50"), None), (None, "5")]


def test_a_bookmark_finer_than_microseconds_is_understood():
    assert parse_moment("2026-11-20T10:00:00.1234567Z").microsecond == 123456
    assert parse_moment("2026-11-20").tzinfo is dt.timezone.utc
