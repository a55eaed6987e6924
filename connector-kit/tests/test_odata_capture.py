from __future__ import annotations

import base64
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.odata.capture import Capture, earlier_period, periods_in
from connector_kit.odata.changes import LONGEST_FILTER, Sweep, by_keys, version_number
from connector_kit.odata.filters import odata_filter
from connector_kit.odata.literals import encode_query, literal
from connector_kit.odata.progress import RESUME, scope_of, start
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field

DAYS = Capture("date", "D", lookback_days=30)


def text_of(condition):
    return odata_filter(condition, lambda column, value: literal(value))


def test_a_date_is_followed_with_its_overlap_and_its_nulls():
    assert text_of(DAYS.condition("2026-03-31")) == "D ge 2026-03-01T00:00:00Z or D eq null"
    assert DAYS.condition(None) is None
    empty = Capture("date", "D", empty_date="1900-01-01")
    assert "D eq 1900-01-01" in text_of(empty.condition("2026-03-31"))


def test_a_timestamp_is_followed_to_the_second():
    assert text_of(Capture("timestamp", "T").condition("2026-03-31T10:00:00Z")).startswith("T ge 2026-03-31T10:00:00Z")


def test_a_timestamp_has_an_overlap_in_seconds_and_asks_for_no_fraction():
    stamped = Capture("timestamp", "T", lookback_seconds=600, ask_nulls=False)
    assert text_of(stamped.condition("2026-03-31T10:00:00.1234567Z")) == "T ge 2026-03-31T09:50:00Z"


def test_where_a_date_stays_empty_until_the_first_change_the_creation_tells_too():
    day = Capture("date", "D", others=("C", "X"), lookback_days=1)
    assert text_of(day.condition("2026-03-31")) == " or ".join(f"{n} ge 2026-03-30T00:00:00Z" for n in ("D", "C", "X"))
    stamped = Capture("timestamp", "T", others=("C",))
    condition = odata_filter(
        stamped.condition("2026-03-31T10:00:00Z"),
        lambda column, value: literal(value, {"C": "Edm.DateTime", "T": "Edm.DateTimeOffset"}[column], version="2.0"),
    )
    assert condition == "T ge datetimeoffset'2026-03-31T10:00:00Z' or C ge datetime'2026-03-31T00:00:00'"


@pytest.mark.parametrize(
    ("changed", "created", "place"),
    [
        ("2026-03-31T10:00:00Z", "2026-03-01", "2026-03-31T10:00:00Z"),
        (None, "2026-03-01", "2026-03-01T00:00:00Z"),
        ("2026-03-31T10:00:00Z", None, "2026-03-31T10:00:00Z"),
        (None, None, None),
    ],
)
def test_the_bookmark_is_the_latest_of_a_rows_dates(changed, created, place):
    reader = RowReader([Field("T", "timestamp"), Field("C", "date")])
    row = reader.row(changed, created)
    assert Capture("timestamp", "T", others=("C",)).place_of(reader)(row) == place


def test_a_read_that_saw_no_dates_is_followed_from_the_day_before():
    assert DAYS.after_blind_read("2026-03-01T00:30:00Z") == "2026-02-28"
    assert Capture("timestamp", "T").after_blind_read("2026-03-01T00:30:00Z") == "2026-02-28T00:30:00Z"


def test_a_first_read_from_a_moment_may_be_followed_by_days():
    assert DAYS.next_bookmark("2026-01-01T00:00:00Z", "2026-02-01", "2026-03-01T00:00:00Z") == "2026-02-01"
    assert DAYS.next_bookmark("2026-02-10T00:00:00Z", "2026-02-01", "2026-03-01T00:00:00Z") == "2026-02-10"


def test_a_period_is_followed_over_the_year():
    months = Capture("period", "P", year="Y", period="M", lookback_periods=2)
    assert text_of(months.condition(202601)) == "Y gt 2025 or (Y eq 2025 and M ge 11)"
    assert months.next_bookmark(202601, 202512, "2026-01-15T00:00:00Z") == 202601


@pytest.mark.parametrize(
    ("old", "highest", "expected"),
    [
        (None, "2026-02-01", "2026-02-01"),
        ("2026-01-01", "2099-01-01", "2026-02-10"),
        ("2026-02-05", "2026-02-01", "2026-02-05"),
        ("2026-02-05", None, "2026-02-05"),
        (None, None, None),
    ],
)
def test_a_bookmark_moves_forward_but_not_beyond_the_start_of_the_read(old, highest, expected):
    assert DAYS.next_bookmark(old, highest, "2026-02-10T08:00:00Z") == expected


def test_timestamps_are_compared_as_moments_and_not_as_texts():
    moments = Capture("timestamp", "T")
    later = "2026-02-01T10:00:00.5Z"
    assert moments.next_bookmark("2026-02-01T10:00:00Z", later, "2026-02-10T08:00:00Z") == later


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(0, 40))
def test_going_back_so_many_periods_is_calendar_arithmetic(year, month, back):
    found = earlier_period(year * 100 + month, back)
    assert found[0] * 12 + found[1] == year * 12 + month - back
    assert 1 <= found[1] <= 12


def test_days_cover_the_periods_they_touch():
    assert (periods_in(0), periods_in(1), periods_in(30)) == (0, 1, 2)


@given(st.integers(0, 2**64 - 1))
def test_row_versions_are_numbers_however_they_are_written(number):
    raw = number.to_bytes(8, "big")
    assert version_number(base64.b64encode(raw).decode()) == version_number("0x" + raw.hex()) == number


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!"])
def test_what_is_no_row_version_is_refused(text):
    with pytest.raises(ValueError):
        version_number(text)


def test_a_sweep_finds_what_is_above_the_bookmark_and_rows_without_a_version():
    sweep = Sweep()
    sweep.add([("a",), ("b",), ("c",)], ["0x0000000000000001", "0x0000000000000005", None], above=3)
    assert sweep.changed == [("b",), ("c",)]
    assert (sweep.rows, sweep.highest) == (3, 5)


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=15), st.integers(0, 9999)),
        max_size=60,
        unique=True,
    )
)
def test_filters_by_key_name_every_row_once_and_fit_an_address(rows):
    conditions = list(by_keys(["A", "B"], rows, lambda column, value: literal(value)))
    texts = [text_of(condition) for condition in conditions]
    assert sum(len(getattr(c, "parts", ())) if c.__class__.__name__ == "AnyOf" else 1 for c in conditions) == len(rows)
    assert all(len(encode_query(text)) <= LONGEST_FILTER + 200 for text in texts)


NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
KEY = [Field("A"), Field("B", "decimal"), Field("C", "date")]


def test_a_stopped_read_goes_on_where_it_was():
    state: dict[str, object] = {}
    progress = start(state, "s", KEY, NOW)
    progress.after = ("x", Decimal("1.5"), date(2026, 1, 31))
    progress.see("2026-01-01")
    progress.see("2025-01-01")
    progress.save(state)
    again = start(state, "s", KEY, NOW + timedelta(hours=1))
    assert again.resumed
    assert again.after == progress.after
    assert (again.highest, again.began) == ("2026-01-01", progress.began)


@pytest.mark.parametrize(("scope", "later"), [("other", timedelta(0)), ("s", timedelta(hours=25))])
def test_another_or_an_old_read_begins_anew(scope, later):
    saved = {"began": "2026-11-22T12:00:00Z", "scope": "s", "after": ["x", "1", "2026-01-01"], "highest": None}
    state = {RESUME: {**saved, "read": {"rows": 7, "digest": 1, "total": None}}}
    assert not start({RESUME: saved}, "s", KEY, NOW).resumed, "one that does not tell what was read can't be confirmed"
    assert not start(state, scope, KEY, NOW + later).resumed
    assert start(state, "s", KEY, NOW).resumed


def test_a_scope_tells_reads_apart():
    assert scope_of("a", ["b"]) != scope_of("a", ["c"])
    assert scope_of("a", ["b"]) == scope_of("a", ["b"])
