"""``$filter`` of the local S/4HANA: both versions' literals, strict about types."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.odata.errors import ODataError
from sandbox.core.odata.syntax import parse
from sandbox.sap.odata import literals
from sandbox.sap.odata.translate import Dialect, translate
from sandbox.sap.schema import Property
from sandbox.tests.sap_services import FOUR, TWO, Store, invoice

ROWS = (
    invoice(1, PostingDate="2025-12-31", GrossAmount=1000, Supplier="0000000007", HeaderText="Abc"),
    invoice(2, PostingDate="2026-01-01", GrossAmount=-2500, Supplier="7", HeaderText="abc d"),
    invoice(3, PostingDate=None, ChangedAt="2026-11-20T10:00:00.0000000Z", GrossAmount=12345, HeaderText="O'Neill"),
    invoice(4, CreatedAt=None, PostingDate="2026-11-20", ChangedAt=None, GrossAmount=0, HeaderText=""),
)


@pytest.fixture(scope="module")
def connection():
    store = Store()
    store.insert("Invoice", *ROWS)
    return store.connection


def matches(connection, text, version="2.0", dialect=None):
    entity_set = (TWO if version == "2.0" else FOUR).sets[0]
    condition = translate(parse(text, literals.LEXICONS[version]), entity_set, dialect or Dialect())
    sql = f"SELECT Days FROM Invoice WHERE {condition.text} ORDER BY Days"
    return [row[0] for row in connection.execute(sql, condition.parameters)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PostingDate ge datetime'2026-01-01T00:00:00'", [2, 4]),
        ("PostingDate eq datetime'2026-11-20T00:00'", [4]),
        ("PostingDate eq null", [3]), ("PostingDate ne null", [1, 2, 4]),
        ("PostingDate ne datetime'2026-01-01T00:00:00'", [1, 3, 4]),
        ("not (PostingDate ge datetime'2026-01-01T00:00:00')", [1, 3]),
        ("ChangedAt ge datetimeoffset'2026-11-20T10:00:00Z'", [3]),
        ("ChangedAt ge datetimeoffset'2026-11-20T11:00:00+01:00'", [3]),
        ("ChangedAt gt datetimeoffset'2026-11-20T10:00:00.0000000Z'", []),
        ("ChangedAt gt datetimeoffset'2026-11-02T10:20:30.1234566Z'", [1, 2, 3]),
        ("ChangedAt lt datetimeoffset'2026-11-03T00:00:00-05:00'", [1]),
        ("CreatedAt eq time'PT08H05M09S'", [1, 2, 3]), ("CreatedAt gt time'PT9H'", []),
        ("Reference eq guid'00000000-0000-0000-0000-000000000002'", [2]),
        ("GrossAmount gt 0.9995M", [1, 3]), ("GrossAmount ge 1.0M", [1, 3]), ("GrossAmount lt -2.4995", [2]),
        ("GrossAmount le 12.3449d", [1, 2, 4]), ("GrossAmount eq 1.0001m", []),
        ("GrossAmount ne 1.0001M", [1, 2, 3, 4]),
        ("Ticks eq 9007199254740995L", [3]), ("Days ge 3", [3, 4]), ("3 le Days", [3, 4]), ("Days eq -1", []),
        ("substringof('bc',HeaderText)", [1, 2]), ("substringof('BC',toupper(HeaderText)) eq true", [1, 2]),
        ("startswith(HeaderText,'O''N')", [3]), ("endswith(HeaderText,'d') eq false", [1, 3, 4]),
        ("tolower(HeaderText) eq 'abc'", [1]), ("length(HeaderText) eq 0", [4]), ("HeaderText eq ''", [4]),
        ("year(PostingDate) eq 2026 and month(PostingDate) eq 1 and day(PostingDate) eq 1", [2]),
        ("Supplier eq '7'", [2]), ("HeaderText ge 'a' and HeaderText lt 'b'", [2]),
        ("Invoice gt '5105600002' or (Invoice eq '5105600002' and FiscalYear gt '2025')", [2, 3, 4]),
        ("(Days eq 1 or Days eq 2) and not (Days eq 2)", [1]), ("PostingDate eq PostingDate", [1, 2, 4]),
    ],
)  # fmt: skip
def test_a_filter_of_v2_finds_what_it_says(connection, text, expected):
    assert matches(connection, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PostingDate ge 2026-01-01", [2, 4]), ("ChangedAt ge 2026-11-20T10:00:00Z", [3]),
        ("CreatedAt eq 08:05:09", [1, 2, 3]),
        ("Reference eq 00000000-0000-0000-0000-000000000002", [2]), ("GrossAmount eq -2.5", [2]),
        ("Ticks gt 9007199254740995", [4]),
        ("contains(HeaderText,'bc')", [1, 2]), ("contains(HeaderText,'bc') eq false", [3, 4]),
        ("PostingDate eq null", [3]),
    ],
)  # fmt: skip
def test_a_filter_of_v4_finds_what_it_says(connection, text, expected):
    assert matches(connection, text, "4.0") == expected


BOTH = [
    "Nope eq 1", "IsReversed eq true", "Days", "Days eq", "Days eq 'x'", "HeaderText eq 5", "HeaderText gt Days",
    "1 eq 1",
    "GrossAmount eq '1'", "Rate eq GrossAmount", "Reference gt null2", "year(HeaderText) eq 1", "Days eq 1.5",
    "startswith(Days,'1')", "tolower(HeaderText)", "startswith(HeaderText,'1') gt true",
    "year(contains(HeaderText,'1')) eq 1",
    "HeaderText eq true", "length(HeaderText) eq 'x'", "Days eq 1e9999999999",
]  # fmt: skip
ONLY_V2 = [
    "PostingDate eq 2026-01-01", "PostingDate eq '2026-01-01'", "PostingDate eq datetimeoffset'2026-01-01T00:00:00Z'",
    "ChangedAt ge datetime'2026-01-01T00:00:00'", "ChangedAt ge datetimeoffset'2026-01-01T00:00:00'",
    "ChangedAt ge datetimeoffset'2026-01-01T00:00:00.123456789Z'", "PostingDate eq datetime'2026-02-30T00:00:00'",
    "PostingDate eq datetime'2026-01-01T00:00:00Z'", "CreatedAt eq '08:00:00'", "CreatedAt eq time'PT24H'",
    "CreatedAt eq time'PT'", "CreatedAt eq 08:05:09", "Reference eq guid'x'", "contains(HeaderText,'x')",
    "Reference gt guid'00000000-0000-0000-0000-000000000002'", "ChangedAt ge datetimeoffset'2026-13-01T00:00:00Z'",
]  # fmt: skip
ONLY_V4 = [
    "PostingDate eq datetime'2026-01-01T00:00:00'", "ChangedAt ge 2026-01-01", "ChangedAt ge 2026-01-01T00:00:00",
    "PostingDate ge 2026-01-01T00:00:00Z", "substringof('x',HeaderText)", "GrossAmount eq 1.0M",
    "PostingDate eq 2026-02-30",
    "Reference eq '00000000-0000-0000-0000-000000000002'",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "version"),
    [(text, version) for text in BOTH for version in ("2.0", "4.0")]
    + [(text, "2.0") for text in ONLY_V2]
    + [(text, "4.0") for text in ONLY_V4],
)
def test_a_malformed_or_ill_typed_filter_is_400(connection, text, version):
    with pytest.raises(ODataError) as refused:
        matches(connection, text, version)
    assert refused.value.status == 400


def test_digits_find_padded_keys_where_the_tenant_converts_them(connection):
    assert matches(connection, "Supplier eq '7'", dialect=Dialect(alpha=True)) == [1, 2]
    assert matches(connection, "Supplier ne '7'", dialect=Dialect(alpha=True)) == [3, 4]
    assert matches(connection, "HeaderText eq '7'", dialect=Dialect(alpha=True)) == []


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001  hypothesis wants them bare


@given(MOMENTS, st.integers(-12 * 60, 14 * 60))
def test_a_moment_means_the_same_in_any_zone(moment, minutes):
    zone = timezone(timedelta(minutes=minutes))
    utc = moment.replace(tzinfo=timezone.utc)
    text = utc.astimezone(zone).isoformat()
    expected = f"{utc.year:04d}{utc:-%m-%dT%H:%M:%S.%f}0Z"
    assert literals.moment(text, "ChangedAt") == expected


@given(
    st.decimals(-(10**9), 10**9, places=5),
    st.integers(-(10**12), 10**12),
    st.sampled_from(("eq", "ne", "gt", "ge", "lt", "le")),
)
def test_amounts_compare_exactly_with_any_literal(number, stored, operator):
    entity_set = TWO.sets[0]
    condition = translate(parse(f"GrossAmount {operator} {number:f}M", literals.V2), entity_set, Dialect())
    left = Decimal(stored).scaleb(-3)
    expected = {
        "eq": left == number, "ne": left != number, "gt": left > number,
        "ge": left >= number, "lt": left < number, "le": left <= number,
    }[operator]  # fmt: skip
    from_sql = SQL.execute(f'SELECT {condition.text} FROM (SELECT ? AS "GrossAmount")', (*condition.parameters, stored))
    assert bool(from_sql.fetchone()[0]) == expected


SQL = Store().connection


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=20))
def test_any_text_survives_its_quotes(text):
    each = Property("HeaderText")
    token = literals.V2.token.fullmatch("'" + text.replace("'", "''") + "'")
    assert token is not None
    assert literals.stored(literals.literal(token.lastgroup, token[token.lastgroup]), each) == text
