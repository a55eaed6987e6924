"""Whatever a server sends as a value: a record of the column's type, or one line that names the column."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_kit.errors import RefusedError
from connector_kit.http.bodies import decoded, mended, unmarked
from connector_kit.odata.capture import Capture
from connector_kit.odata.moments import are_moments, parse_moment, record_text
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field, as_declared, json_schema

KINDS = ["string", "decimal", "integer", "boolean", "date", "timestamp", "time", "json"]

dates_of_some_sort = st.one_of(
    st.sampled_from(
        ["", " ", "0000-00-00", "0000-00-00T00:00:00", "00000000", "99991231", "/Date(NaN)/", "/Date(-62169984000000)/"]
    ),
    st.integers().map(lambda n: f"/Date({n})/"),
    st.from_regex(
        r"-?[0-9]{4,5}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
    ),
    st.from_regex(r"PT([0-9]{1,3}H)?([0-9]{1,3}M)?([0-9]{1,3}(\.[0-9]+)?S)?"),
    st.datetimes().map(lambda moment: moment.isoformat()),
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    dates_of_some_sort,
    st.sampled_from(["NaN", "INF", "-INF", "inf", "sNaN", "Infinity", "1E+400", "1e99999999999", "12.5", "1_0"]),
    st.lists(st.integers(), max_size=2),
)


def body(*rows, version="4.0"):
    return json.dumps({"value": rows} if version == "4.0" else {"d": {"results": rows}}).encode()


def of_its_type(value, kind):
    if value is None or kind == "json":
        return True
    if kind == "decimal":
        return isinstance(value, (int, Decimal)) and Decimal(value).is_finite()
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "date":
        return dt.date.fromisoformat(value) is not None
    if kind == "timestamp":
        return parse_moment(value) is not None
    if kind == "time":
        return dt.time.fromisoformat(value[:15]) is not None
    return isinstance(value, str)


@given(anything, st.sampled_from(KINDS), st.sampled_from(["2.0", "4.0"]), st.booleans())
@example("1E+999999", "integer", "2.0", False)
@example("2026-01-31T00:00:00+99:99", "timestamp", "4.0", False)
def test_a_value_is_of_its_type_or_names_its_column(value, kind, version, in_key):
    key = ["Value"] if in_key else ["Key"]
    reader = RowReader([Field("Key"), Field("Value", kind)], key, version=version)
    try:
        text = body({"Key": "a", "Value": value}, version=version)
        page = reader.page(text.replace(b'"Value": NaN', b'"Value": "NaN"').replace(b"Infinity}", b'"Infinity"}'))
    except RefusedError as error:
        assert "Value" in str(error)  # noqa: PT017 - a refusal is as good as a value
        return
    except Exception as error:
        assert "can't be read" in str(error) or type(error).__name__ == "Unreadable", error  # noqa: PT017
        return
    written = msgspec.json.Encoder(decimal_format="number").encode(page.rows[0])
    record = json.loads(written, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"), parse_float=Decimal)
    assert of_its_type(record["Value"], kind)
    if in_key:
        assert record["Value"] is not None


@given(dates_of_some_sort, st.sampled_from(["date", "timestamp"]))
def test_a_bookmark_takes_what_the_record_has(text, kind):
    reader = RowReader([Field("Key"), Field("At", kind)], ["Key"])
    capture = Capture("date" if kind == "date" else "timestamp", "At", lookback_days=30)
    try:
        (row,) = reader.page(body({"Key": "a", "At": text})).rows
    except RefusedError:
        return
    reached = capture.next_bookmark(None, capture.place_of(reader)(row), "2026-12-01T00:00:00Z")
    assert (reached is None) == (row.At is None)
    capture.condition(reached)  # a first day of the calendar has no day before it


@given(st.lists(st.datetimes(timezones=st.just(dt.timezone.utc))))
def test_moments_in_iso_form_stay_as_they_are(moments):
    texts = {moment.isoformat().replace("+00:00", "Z") for moment in moments}
    assert are_moments(text for text in texts if "-02-29T" not in text)
    assert all(record_text("timestamp")(text) == text for text in texts)


@given(dates_of_some_sort)
def test_a_look_at_a_whole_column_lets_nothing_pass_that_a_look_at_one_refuses(text):
    if are_moments([text]):
        assert record_text("timestamp")(text) == text


@given(st.text())
def test_mending_changes_no_text_that_is_one(text):
    for ascii_only in (True, False):
        written = json.dumps(text, ensure_ascii=ascii_only).encode()
        assert mended(written) == written


@given(st.text(st.characters(categories=["Cs", "Ll"])))
def test_half_a_pair_becomes_one_sign_that_says_so(text):
    # Two halves that belong together are one character of JSON.
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in json.loads(json.dumps(text)))
    assert decoded(json.dumps(text).encode()) == expected


@pytest.mark.parametrize("broken", [b"\\ud83d", b"\\udc00", b"\xff", b"\xc3"])
def test_a_broken_text_is_readable_in_a_column_and_refused_in_a_key(broken, caplog):
    text = b'{"value":[{"Key":"a","Text":"x%by"},{"Key":"b","Text":"whole"}]}' % broken
    columns = [Field("Key"), Field("Text")]
    rows = RowReader(columns, ["Key"]).page(text).rows
    assert [row.Text for row in rows] == ["x\ufffdy", "whole"]
    assert len(caplog.records) == 1
    with pytest.raises(RefusedError, match="key column Text"):
        RowReader(columns, ["Text"]).page(text)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_skipped(codec):
    text = '{"value":[{"Key":"ä"}]}'
    assert RowReader([Field("Key")], ["Key"]).page(text.encode(codec)).rows[0].Key == "ä"
    assert unmarked(b"{}") == b"{}"


def test_a_number_that_is_none_inside_expanded_rows_is_null(caplog):
    inner = RowReader([Field("Amount", "decimal")])
    outer = RowReader([Field("Key")], ["Key"], expand={"Lines": inner})
    text = b'{"value":[{"Key":"a","Lines":[{"Amount":"NaN"},{"Amount":"1.50"}]}]}'
    (row,) = outer.page(text).rows
    assert [line.Amount for line in row.Lines] == [None, Decimal("1.50")]
    assert "Amount" in caplog.text


def test_rows_of_another_reader_get_the_same_values(caplog):
    reader = RowReader(
        [Field("Key"), Field("Amount", "decimal"), Field("Count", "integer"), Field("Day", "date")], ["Key"]
    )
    rows = reader.rows_of([{"Key": "a", "Amount": "  NaN", "Count": "INF", "Day": "2026-02-30"}])
    (row,) = reader.finish(rows).rows
    assert (row.Amount, row.Count, row.Day) == (None, None, None)
    assert len(caplog.records) == 3


def test_a_column_is_warned_of_once(caplog):
    reader = RowReader([Field("Key"), Field("Amount", "decimal"), Field("Day", "date")], ["Key"])
    for key in "abc":
        reader.page(body({"Key": key, "Amount": "NaN", "Day": "0000-00-00"}))
    assert sorted(record.getMessage().split(":")[1].strip() for record in caplog.records) == [
        "column Amount",
        "column Day",
    ]


def test_the_owner_of_a_catalog_may_correct_a_type():
    found = [Field("N", "integer", "Edm.Decimal"), Field("K")]
    corrected = json_schema([Field("N", "decimal"), Field("K")], ["K"])
    assert as_declared(found, corrected) == (Field("N", "decimal", "Edm.Decimal"), Field("K"))
