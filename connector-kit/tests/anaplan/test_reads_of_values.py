from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.anaplan.cells import Notation, converter
from connector_kit.anaplan.line_items import line_item, value_kind
from connector_kit.anaplan.objects import ExportMetadata
from connector_kit.anaplan.spool import Spool
from connector_kit.anaplan.tables import Table, TextForm, form_of
from connector_kit.errors import ConfigurationError, RefusedError, UnavailableError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


def numbers(*cells, **notation):
    return converter("number", Notation(**notation), "column 'Amount'")(cells, 0)


@given(st.lists(st.none() | DECIMALS))
def test_numbers_are_read_to_the_digit(values):
    found = numbers(*("" if value is None else str(value) for value in values))
    assert [None if value is None else value.as_tuple() for value in found] == [
        None if value is None else value.as_tuple() for value in values
    ]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_numbers_are_read_in_another_notation(value):
    written = f"{value:,}".replace(",", " ").replace(".", ",").replace(" ", ".")
    assert numbers(written, decimal_separator=",", group_separator=".") == [value]


@pytest.mark.parametrize("cell", ["nan", "-inf", "1_000", "12 %", "1,5", " 1", "١٢", "n/a", "--1", "1.2.3", "e"])
def test_what_is_no_number_is_refused_with_its_row(cell):
    with pytest.raises(RefusedError) as caught:
        numbers("1", "", cell, "2")
    assert "column 'Amount', row 3" in str(caught.value)
    assert "decimal_separator" in str(caught.value)


def test_what_a_division_by_zero_gives_is_null_and_said_once(caplog):
    convert = converter("number", Notation(), "column 'Amount'")
    assert convert(["1", "NaN", "Infinity"], 0) == [Decimal(1), None, None]
    assert convert(["-Infinity"], 3) == [None]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["column 'Amount', row 2"]


def test_a_point_is_not_taken_for_a_group_where_a_comma_stands_before_the_decimals():
    with pytest.raises(RefusedError, match="row 2"):
        numbers("1,5", "1.5", decimal_separator=",")


def test_rows_are_counted_over_all_blocks():
    with pytest.raises(RefusedError, match="row 5002"):
        converter("number", Notation(), "x")(["1", "x"], 5000)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_dates_are_read_in_the_notation_that_is_set_and_as_iso(day):
    forms = {"dd/MM/yyyy": "%d/%m/%Y", "M/d/yyyy": "%m/%d/%Y", "dd MMM yyyy": "%d %b %Y", "dd.MM.yyyy": "%d.%m.%Y"}
    for form, pattern in forms.items():
        read = converter("date", Notation(date_format=form), "x")
        assert read([day.strftime(pattern), day.isoformat(), ""], 0) == [day.isoformat(), day.isoformat(), None]


@pytest.mark.parametrize("cell", ["31/02/2027", "2027-02-31", "2027-1-1", "31.01.2027", "Jan 27", "0"])
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(RefusedError, match="row 1"):
        converter("date", Notation(date_format="dd/MM/yyyy"), "x")([cell], 0)


@pytest.mark.parametrize("form", ["", "YYYY-MM-DD", "dd/mm/yyyy", "%d"])
def test_a_date_format_that_means_nothing_is_refused_at_once(form):
    with pytest.raises(ConfigurationError, match="date_format"):
        converter("date", Notation(date_format=form), "x")


def test_booleans_are_true_false_or_empty_and_nothing_else():
    read = converter("boolean", Notation(), "x")
    assert read(["true", "false", "TRUE", "No", "yes", ""], 0) == [True, False, True, False, True, None]
    with pytest.raises(RefusedError, match="row 2"):
        read(["true", "1"], 0)


def test_formats_that_nobody_knows_are_texts():
    assert [
        value_kind(each) for each in ("NUMBER", "TIME PERIOD", "TIME_ENTITY", "LIST", "entity", "MIXED", "", "NEW")
    ] == [
        "number",
        "period",
        "period",
        "item",
        "item",
        "text",
        "text",
        "text",
    ]


def test_a_line_item_is_read_from_what_little_a_tenant_may_send():
    item = line_item({"id": 206000000001, "name": "Amount", "format": "NUMBER", "appliesTo": None, "version": None})
    assert (item.id, item.kind, item.applies_to, item.version) == ("206000000001", "number", (), "")


def rows_of(data, form=None, size=3):
    table = Table(io.BytesIO(data), form or TextForm(), "export Plan Lines.csv, file")
    return list(table.header), [row for block in table.blocks(size) for row in zip(*block, strict=True)]


@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=20),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_texts_come_back_whatever_stands_in_them(rows, separator, encoding, line_end):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["Code", "Näme"], *rows])
    form = TextForm(separator, '"', "utf-8" if encoding == "utf-8-sig" else encoding)
    header, found = rows_of(out.getvalue().encode(encoding), form)
    assert header == ["Code", "Näme"]
    assert found == [tuple(row) for row in rows]


def test_rows_that_are_shorter_or_longer_than_the_header_are_refused():
    for row in (b"1", b"1,2,3"):
        with pytest.raises(RefusedError, match="row 2 with"):
            rows_of(b"a,b\n1,2\n" + row + b"\n")


def test_empty_lines_are_no_rows_unless_there_is_one_column():
    assert rows_of(b"a,b\n1,2\n\n3,4\n\n")[1] == [("1", "2"), ("3", "4")]
    assert rows_of(b"a\n1\n\n3\n")[1] == [("1",), ("",), ("3",)]


@pytest.mark.parametrize("data", [b'a,b\n1,"2', b'a,b\n1,"2"3\n', b"a,b\n\xff\xfe,2\n"])
def test_text_that_can_not_be_taken_apart_is_refused(data):
    with pytest.raises(RefusedError, match="line"):
        rows_of(data)


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf"])
def test_nothing_is_not_a_table_without_rows(data):
    with pytest.raises(UnavailableError, match="a header"):
        rows_of(data)


def test_texts_without_a_delimiter_keep_their_quotes():
    assert rows_of(b'a\tb\n"1\t2"\n', TextForm("\t", ""))[1] == [('"1', '2"')]


def test_the_form_of_an_export_is_what_its_metadata_tells():
    told = ExportMetadata(separator=";", delimiter="'", encoding="ISO-8859-1")
    assert form_of(told, "x") == TextForm(";", "'", "iso8859-1")
    assert form_of(ExportMetadata(export_format="text/plain"), "x").separator == "\t"
    assert form_of(ExportMetadata(export_format="text/csv"), "x").separator == ","
    with pytest.raises(ConfigurationError, match="encoding"):
        form_of(ExportMetadata(encoding="KLINGON-8"), "x")


@given(st.binary(max_size=200), st.integers(min_value=1, max_value=7))
def test_a_spool_gives_back_what_it_got(data, size):
    with Spool() as spool:
        spool.add_chunk(b"forgotten")
        spool.clear()
        for start in range(0, len(data), size):
            spool.add_chunk(data[start : start + size])
        with spool.reading() as stream:
            assert stream.read() == data
        with pytest.raises(ValueError, match="nothing more"):
            spool.add_chunk(b"x")


def test_pages_are_joined_whether_or_not_they_repeat_the_header_or_end_a_line():
    header = b'"Plan\nLines",Amount\n'
    for pages in (
        [header + b"a,1\n", b"b,2\n", b"c,3\n"],
        [header + b"a,1\n", header + b"b,2\n", header + b"c,3\n"],
        [header + b"a,1", b"b,2", b"c,3"],
        [header, b"", b"a,1\nb,2\nc,3\n"],
    ):
        with Spool() as spool:
            for page in pages:
                spool.add_page(page)
            with spool.reading() as stream:
                assert stream.read() == header + b"a,1\nb,2\nc,3\n"


def test_amounts_are_decimals():
    assert numbers("100.25", "-.5") == [Decimal("100.25"), Decimal("-0.5")]
