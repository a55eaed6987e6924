"""What mutated inputs brought to light, each kind once, beside those that have a file of their own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest

from connector_kit.anaplan.import_source import check_signs, python_codec
from connector_kit.anaplan.reading import number, share
from connector_kit.audit import Trail
from connector_kit.audit.codec import Codec, decompress, stored_json
from connector_kit.coordination import connect
from connector_kit.documents.model import Rules
from connector_kit.documents.reading import parse
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.http import Unreadable
from connector_kit.http.bodies import decoded
from connector_kit.mapping.columns import parse_columns, parse_where
from connector_kit.odata.links import at_home
from connector_kit.odata.literals import literal
from connector_kit.odata.rows import RowReader
from connector_kit.odata.schema import Field
from connector_kit.redaction import printable, register_url
from connector_kit.secrets import resolve
from connector_kit.singer.records import RecordReader

DEEP = b"[" * 5000


def test_an_answer_that_is_nested_too_deeply_is_no_json():
    with pytest.raises(ValueError, match="nested too deeply"):
        decoded(DEEP)


@pytest.mark.parametrize(
    "inside", ["[0.5]", '{"results": "x"}', '{"results": [{}], "__next": 5}', '[{}], "Lines@odata.nextLink": 5']
)
def test_rows_within_a_row_that_are_none_can_not_be_read(inside):
    lines = RowReader([Field("No", "integer")])
    reader = RowReader([Field("Id", "integer")], expand={"Lines": lines})
    with pytest.raises(Unreadable):
        reader.page(f'{{"value": [{{"Id": 1, "Lines": {inside}}}]}}'.encode())
    assert len(reader.page(b'{"value": [{"Id": "1.0", "Lines": [{"No": 2}]}]}').rows) == 1


def test_a_text_of_many_blanks_takes_no_time_by_the_square_of_them():
    reader = RowReader([Field("Name")], trim=True)
    [row] = reader.page(b'{"value": [{"Name": "' + b" " * 500_000 + b'x  "}]}').rows
    assert row.Name.strip() == "x"
    assert row.Name.endswith("x")


@pytest.mark.parametrize("link", ["http://[", "//h:99999/Rows", "p://[::]:x"])
def test_a_link_that_is_no_address_leads_nowhere(link):
    assert at_home(link, "https://h/s/Rows", "https://h/s") is None


def test_a_moment_at_the_end_of_the_calendar_keeps_its_own_offset():
    moment = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5)))
    assert literal(moment) == "9999-12-31T23:59:00-05:00"


@pytest.mark.parametrize("value", [float("nan"), "NaN", "inf", "1e999", 10**400, "9" * 5000])
def test_a_count_that_is_no_number_is_none(value):
    assert (number(value), share(value)) == (0, 0.0)


@pytest.mark.parametrize("name", ["\0", "rot13", "hex", "idna", "undefined", "\u00c6"])
def test_an_encoding_that_is_none_of_texts_is_refused(name):
    with pytest.raises(ConfigurationError, match="a known encoding"):
        python_codec(name, "file X")


@pytest.mark.parametrize("signs", [("ab", '"'), ("\n", '"'), (",", '""'), (";", ";")])
def test_signs_by_which_no_row_can_be_taken_apart_are_refused(signs):
    with pytest.raises(ConfigurationError, match="sign"):
        check_signs(*signs, "file X")
    check_signs("\t", "", "file X")


@pytest.mark.parametrize("text", ["half \ud800", "\udcff"])
def test_a_setting_with_half_a_character_is_told(text):
    with pytest.raises(ConfigurationError, match="setting a: expected a text of Unicode"):
        resolve({"a": text}, ())
    with pytest.raises(ConfigurationError, match="setting a"):
        resolve({"a": {text: 1}}, ())
    register_url(f"//u:{text}@h")
    printable(text).encode()


def test_settings_of_mappings_may_have_any_value_and_are_told_with_their_place():
    faults: list[str] = []
    parse_columns({"A": {"constant": []}, "B": {"field": "B", "values": "x"}, "C": {"constant": 0.5}}, faults)
    parse_where({"D": [{}]}, faults)
    assert [fault.partition(":")[0] for fault in faults] == ["column A", "column B", "where D"]


@pytest.mark.parametrize(
    "options",
    [
        {"rounding": {"decimals": "x"}},
        {"rounding": {"rest": ["largest"]}},
        {"offset": {"account": "1", "fields": "x"}},
        {"split": {"rule": ["balanced"]}},
    ],
)
def test_parts_of_a_recipe_of_another_shape_are_told(options):
    recipe = {"stream": "s", "object": "o", "document": ["A"], "lines": {"account": "A", "amount": "B"}, **options}
    [fault] = parse([{**recipe, "period": "P"}], {"o": Rules("o", (), currency=False, balanced=False)})[1]
    assert next(iter(options)) in fault


@pytest.mark.parametrize("read", [lambda: decompress(b"x"), lambda: stored_json("{"), lambda: stored_json(None)])
def test_a_trail_that_something_else_has_changed_is_told(read):
    with pytest.raises(ConfigurationError, match="changed bytes"):
        read()
    with pytest.raises(ConfigurationError, match="changed bytes"):
        Codec.of("A" * 43 + "=").open_text("sealed message \u00e4")


def test_a_record_that_is_nested_more_deeply_than_its_validator_follows_is_rejected_alone():
    reader = RecordReader({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, ["a"])
    deep = b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}"
    good, bad = reader.read([b'{"a": "x"}', deep])
    assert (len(good), [one.reason for one in bad]) == (1, ["record: nested too deeply"])


def test_a_damaged_coordination_file_is_told(tmp_path):
    path = tmp_path / "c.db"
    with connect(f"sqlite:///{path}") as coordinator:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE rate")
            other.commit()
        with pytest.raises(ConfigurationError, match="no such table"):
            coordinator.limiter("x", per_minute=600).acquire()


def test_a_path_that_no_file_can_have_is_told():
    with pytest.raises(ConfigurationError, match="a file that can be written"):
        Trail.open("sqlite:///" + "x" * 300)


def test_an_error_that_quotes_megabytes_is_short():
    assert len(str(RefusedError(system="S", subject="o", got="x" * 5_000_000))) < 9_000
