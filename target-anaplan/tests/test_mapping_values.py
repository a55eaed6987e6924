"""Values as cells: exact, as the mapping says, or refused with a reason."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.columns import Dialect
from connector_kit.mapping.compile import compile_rows, field_faults
from connector_kit.mapping.values import Unmappable, day, month, number
from target_anaplan.mapping.faults import column_faults, key_faults
from target_anaplan.mapping.spec import parse

exact = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)


def cell(column, record, dialect=None):
    mappings, faults = parse([{"stream": "s", "import": "i", "columns": {"C": column}}])
    assert faults == []
    return compile_rows(mappings[0].columns, ["C"], dialect or Dialect()).columns(RowsBlock([record]))[0][0]


def faults_of(**entry):
    return parse([{"stream": "s", "import": "i", "columns": {"C": "F"}, **entry}])[1]


@pytest.mark.parametrize(
    ("column", "record", "expected"),
    [
        ("F", {"F": "text"}, "text"),
        ("F", {"F": None}, ""),
        ("F", {}, ""),
        ("F", {"F": True}, "true"),
        ("F", {"F": 17}, "17"),
        ("F", {"F": Decimal("1E+5")}, "100000"),
        ("F", {"F": Decimal("12.340")}, "12.340"),
        ({"constant": True}, {}, "true"),
        ({"constant": "100%"}, {}, "100%"),
        ({"template": "{A}-{B}"}, {"A": "EDU1", "B": "10-5500"}, "EDU1-10-5500"),
        ({"template": "{A|strip_zeros}"}, {"A": "000000000000120"}, "120"),
        ({"template": "{A|strip_zeros}"}, {"A": "000"}, "0"),
        ({"template": "{A|strip_zeros}"}, {"A": "00AB"}, "00AB"),
        ({"template": "{{{A}}} 50%"}, {"A": "x"}, "{x} 50%"),
        ({"template": "{A|part:-:0}"}, {"A": "10-5500"}, "10"),
        ({"template": "{A|part:-:-1}"}, {"A": "10-5500"}, "5500"),
        ({"template": "{A|part:\\::1}"}, {"A": "a:b"}, "b"),
        ({"template": "{A|blank_as:NONE}"}, {"A": " "}, "NONE"),
        ({"template": "{A|truncate:3|upper}"}, {"A": "abcdef"}, "ABC"),
        ({"template": "{A} {B}", "truncate": 4}, {"A": "abc", "B": "def"}, "abc "),
        ({"template": "{A}-{B}", "blank_if": "B"}, {"A": "x", "B": None}, ""),
        ({"template": "{A}-{B}", "blank_if": ["A", "B"]}, {"A": "x", "B": "y"}, "x-y"),
        ({"field": "F", "values": {"A": "Assets"}}, {"F": "A"}, "Assets"),
        ({"field": "F", "values": {"A": "Assets"}, "default": "Other"}, {"F": "Z"}, "Other"),
        ({"field": "F", "values": {"A": "Assets"}}, {"F": ""}, ""),
        ({"field": "F", "boolean": {"true": ["Y"]}}, {"F": "Y"}, "true"),
        ({"field": "F", "boolean": {True: ["Y"]}}, {"F": "N"}, "false"),
        ({"field": "F", "boolean": {"false": ["N"]}}, {"F": "Q"}, "true"),
        ({"field": "F", "boolean": True}, {"F": "yes"}, "true"),
        ({"field": "F", "date": "%d/%m/%Y"}, {"F": "2026-11-20"}, "20/11/2026"),
        ({"field": "F", "date": "%d/%m/%Y"}, {"F": "2026-11-20T23:59:59Z"}, "20/11/2026"),
        ({"field": "F", "date": "%Y%m%d"}, {"F": None}, ""),
        ({"field": "F", "date": "%d/%m/%Y"}, {"F": "0001-01-01T00:00:00"}, "01/01/0001"),
        ({"field": "F", "date": "%F %%Y"}, {"F": "0999-12-31"}, "0999-12-31 %Y"),
        ({"field": "F", "decimals": 2}, {"F": Decimal("0.125")}, "0.13"),
        ({"field": "F", "decimals": 2}, {"F": Decimal("-0.125")}, "-0.13"),
        ({"field": "F", "decimals": 2}, {"F": Decimal("-0.001")}, "0.00"),
        ({"field": "F", "decimals": 2}, {"F": "7"}, "7.00"),
        ({"field": "F", "decimals": 0}, {"F": Decimal("2.5")}, "3"),
        ({"field": "F", "negate": True}, {"F": Decimal("12.5")}, "-12.5"),
        ({"field": "F", "decimals": 2, "default": "0"}, {"F": None}, "0"),
        ({"period": ["Y", "P"]}, {"Y": 2026, "P": 1}, "Jan 26"),
        ({"period": ["Y", "P"], "format": "%m/%Y"}, {"Y": Decimal("2026.0"), "P": "12"}, "12/2026"),
        ({"period": ["Y", "P"]}, {"Y": None, "P": None}, ""),
        ({"field": "F", "strip_zeros": True, "upper": True}, {"F": "007"}, "7"),
        ({"field": "F", "part": ["-", 1]}, {"F": "a-b"}, "b"),
    ],
)
def test_a_column_is_written_as_its_mapping_says(column, record, expected):
    assert cell(column, record) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("F", ["a", "list"]),
        ({"field": "F", "date": "%d/%m/%Y"}, "20.11.2026"),
        ({"field": "F", "date": "%d/%m/%Y"}, "2026-02-30"),
        ({"field": "F", "date": "%d/%m/%Y"}, "2026-W01-1"),
        ({"field": "F", "date": "%d/%m/%Y"}, "2026-03-05T24:00:00"),
        ({"field": "F", "date": "%d/%m/%Y"}, "2026-11-20garbage"),
        ({"field": "F", "decimals": 2}, "1_000"),
        ({"field": "F", "decimals": 2}, "12,50"),
        ({"field": "F", "decimals": 2}, "NaN"),
        ({"field": "F", "decimals": 2}, "1E+999999"),
        ({"field": "F", "decimals": 2}, True),
        ({"field": "F", "values": {"A": "Assets"}}, "Z"),
        ({"field": "F", "boolean": {"true": ["Y"], "false": ["N"]}}, "?"),
        ({"field": "F", "boolean": True}, "maybe"),
        ({"template": "{F|part:-:1}"}, "FORCED"),
        ({"period": ["F", "F"]}, "13"),
    ],
)
def test_a_value_without_a_place_is_refused_never_blank(column, value):
    with pytest.raises(Unmappable):
        cell(column, {"F": value})


@given(exact, st.integers(0, 6))
def test_rounding_is_half_up_and_exact(value, digits):
    text = number(".", decimals=digits)([value])[0]
    assert Decimal(text) == value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert not text.startswith("-0") or Decimal(text) != 0
    assert number(",", decimals=digits)([value]) == [text.replace(".", ",")]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1E60"), max_value=Decimal("1E60")))
def test_a_number_that_is_not_rounded_keeps_its_value(value):
    assert Decimal(number(".")([value])[0]) == value
    assert Decimal(cell("F", {"F": value})) == value


@given(st.dates(), st.sampled_from(["", "T00:00:00", "T12:30:00Z", " 01:02:03.5+02:00"]))
def test_every_date_keeps_its_day(value, rest):
    assert day("%Y-%m-%d")([value.isoformat() + rest]) == [value.isoformat()]


@given(st.integers(1950, 2100), st.integers(1, 12), st.integers(1, 12), st.sampled_from(["start", "end"]))
def test_a_fiscal_year_has_twelve_months_in_a_row(year, start, period, named_by):
    text = month("%Y-%m", start_month=start, named_by=named_by)([year], [period])[0]
    first = month("%Y-%m", start_month=start, named_by=named_by)([year], [1])[0]
    count = (int(text[:4]) - int(first[:4])) * 12 + int(text[5:]) - int(first[5:])
    assert count == period - 1
    named = first if named_by == "start" else month("%Y-%m", start_month=start, named_by="end")([year], [12])[0]
    assert int(named[:4]) == year


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"columns": {"C": {"template": "{A|explode}"}}}, "unknown filter 'explode'"),
        ({"columns": {"C": {"template": "{A"}}}, "a single '{'"),
        ({"columns": {"C": {"template": "{A|truncate:x}"}}}, "truncate:30"),
        ({"columns": {"C": {"field": "A", "constant": 1}}}, "exactly one of field, template, constant, period"),
        ({"columns": {"C": {"field": "A", "dat": "%d"}}}, "unknown dat"),
        ({"columns": {"C": {"field": "A", "date": "%d", "decimals": 2}}}, "only one of date, decimals"),
        ({"columns": {"C": {"field": "A", "date": "dd/MM/yyyy"}}}, "'dd/MM/yyyy' writes every date alike"),
        ({"columns": {"C": {"period": ["A", "B"], "format": "MMM yy"}}}, "'MMM yy' writes every date alike"),
        ({"columns": {"C": {"period": ["A"]}}}, "two fields"),
        ({"columns": {}}, "columns are missing"),
        ({"list": "L"}, "exactly one of import, process and list"),
        ({"key": ["X"]}, "key names column X"),
        ({"colums": {}}, "unknown colums"),
        ({"delete": {"imports": "x"}}, "delete: unknown imports"),
        ({"delete": {"import": "x"}}, "an import needs columns"),
    ],
)
def test_faults_of_a_mapping_are_named(entry, said):
    assert any(said in fault for fault in faults_of(**entry))


def test_all_faults_of_all_mappings_are_told_at_once():
    wrong = {"columns": {"A": {"template": "{X|foo}"}, "B": {"template": "{X|bar}"}}}
    _, faults = parse([{"stream": "one", "import": "i", **wrong}, {"stream": "two", "columns": {"C": "F"}}])
    assert len(faults) == 3
    assert "mappings[0] (one): column A" in faults[0]
    assert "mappings[1] (two)" in faults[2]


def test_columns_and_fields_that_do_not_fit_are_named_with_what_comes_close():
    mappings, _ = parse([{"stream": "s", "import": "i", "columns": {"Nme": "Suplier", "Code": "Lines"}}])
    columns = mappings[0].columns
    faults = column_faults(columns, ["Code", "Name"], blank_missing=False)
    assert faults[0] == "column Nme is not among the source columns (close: Name)"
    assert "source column Name not mapped" in faults[1]
    assert column_faults(columns, ["Code", "Nme", "More"], blank_missing=True) == []
    properties = {"Supplier": {"type": "string"}, "Lines": {"type": ["array", "null"]}}
    faults = field_faults(columns, ["Region"], {"properties": properties})
    assert "needs field Suplier, which the stream doesn't have (close: Supplier)" in faults[0]
    assert "holds a list or an object" in faults[1]
    assert "where needs field Region" in faults[2]
    assert "only the key is known (Supplier)" in key_faults(columns, ["Supplier"])[0]


def test_a_filter_keeps_rows_by_value():
    mappings, _ = parse(
        [{"stream": "s", "import": "i", "columns": {"C": "F"}, "where": {"F": ["a", 1], "G": {"not": ["x"]}}}]
    )
    block = RowsBlock([{"F": "a", "G": "y"}, {"F": 1, "G": None}, {"F": "b", "G": "y"}, {"F": "a", "G": "x"}])
    assert mappings[0].where(block) == [True, True, False, False]
