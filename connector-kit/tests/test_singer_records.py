"""Records: two decoders that must agree with the JSON schema, and columns with exact values."""

from __future__ import annotations

import json
from decimal import Decimal

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import InvalidJSONSchema

from connector_kit.singer.records import RecordReader, flat_type, told

TYPES = ["string", "integer", "number", "boolean"]
properties = st.dictionaries(
    st.sampled_from(["a", "b", "c", "agent:type"]),
    st.one_of(
        st.builds(lambda kind, null: {"type": [kind, "null"] if null else kind}, st.sampled_from(TYPES), st.booleans()),
        st.builds(lambda size: {"type": ["null", "string"], "maxLength": size, "title": "t"}, st.integers(0, 4)),
        st.just({"type": ["string", "integer"]}),
        st.just({"enum": [1, "x", None]}),
    ),
)
schemas = st.builds(
    lambda props, required, more: {
        "type": "object",
        "properties": props,
        "required": [name for name in required if name in props],
        **({} if more is None else {"additionalProperties": more}),
    },
    properties,
    st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
    st.sampled_from([None, True, False]),
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from(["", "12", "text", "ä€", 1.0, 2.5, 1e300, -0.1, [1], {"x": 1}]),
)
records = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "agent:type", "other"]), values), max_size=6)


@given(schemas, records, st.sets(st.sampled_from(["a", "b", "c", "agent:type"])))
def test_a_record_is_valid_exactly_when_the_json_schema_says_so(schema, rows, fields):
    raws = [json.dumps(row).encode() for row in rows]
    found, invalid = RecordReader(schema, fields).read(raws)
    validator = jsonschema.Draft202012Validator(schema)
    expected = [validator.is_valid(row) for row in rows]
    assert list(map(bytes, found.raws)) == [raw for raw, ok in zip(raws, expected, strict=True) if ok]
    assert [one.raw for one in invalid] == [raw for raw, ok in zip(raws, expected, strict=True) if not ok]
    good = [row for row, ok in zip(rows, expected, strict=True) if ok]
    for field in fields & set(schema["properties"]):
        column = found.values(field)
        assert column == [
            Decimal(json.dumps(row[field])) if type(row.get(field)) is float else row.get(field) for row in good
        ]


def test_most_schemas_take_the_quick_way():
    schema = {"type": "object", "properties": {"a": {"type": ["null", "number"]}, "b": {"type": "string"}}}
    assert flat_type(schema, {"a": "f0", "b": "f1"}, {"a"}) is not None
    nested = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    assert flat_type(nested, {"a": "f0"}, set()) is None


def test_decimals_are_exact_to_the_last_digit():
    schema = {"properties": {"a": {"type": "number"}}}
    found, _ = RecordReader(schema, ["a"]).read(
        [b'{"a": 12345678901234567890.123456789}', b'{"a":0.10}', b'{"a":-1e-3}']
    )
    assert list(map(str, found.values("a"))) == ["12345678901234567890.123456789", "0.10", "-0.001"]


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ({}, "a", "required"),
        ({"a": "1"}, "a", "type number"),
        ({"a": 1, "b": "long"}, "b", "maxLength 3"),
        ({"a": 1, "x": 1}, "", "additionalProperties x"),
    ],
)
def test_an_invalid_record_is_told_by_field_and_rule(row, field, rule):
    schema = {
        "properties": {"a": {"type": "number"}, "b": {"type": "string", "maxLength": 3}},
        "required": ["a"],
        "additionalProperties": False,
    }
    _, [invalid] = RecordReader(schema, ["a"]).read([json.dumps(row).encode()])
    assert (invalid.field, invalid.rule) == (field, rule)


def test_unchecked_records_pass_as_they_are():
    found, invalid = RecordReader({"properties": {"a": {"type": "number"}}}, ["a"], check=False).read([b'{"a":"x"}'])
    assert (found.values("a"), invalid) == (["x"], [])


DEEP = b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"


@pytest.mark.parametrize(
    "part", [{"type": ["string", "null"]}, {"type": "number"}, {}, {"type": ["string", "integer"]}]
)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"a": "x\\ud83d"}', "half a surrogate pair"),
        (b'{"a": "Caf\xe9"}', "bytes that are not UTF-8"),
        (b'{"a": NaN}', "NaN or Infinity"),
        (b'{"a": 1e9999999999999999999}', "a number out of range"),
        (b'{"a": 1e9999999}', "a number out of range"),
        (DEEP, "nested too deeply"),
    ],
)
def test_whatever_is_wrong_with_a_record_is_its_own_fate(part, bad, said):
    good = b'{"a": "1"}' if "string" in str(part) else b'{"a": 1e-3}'
    found, invalid = RecordReader({"properties": {"a": part}}, ["a"]).read([good, bad, good])
    assert len(found) == 2
    assert [one.at for one in invalid] == [1]
    assert said in invalid[0].reason


def test_a_record_of_which_one_text_is_damaged_is_known_by_its_other_fields():
    bad = b'{"id": "A", "amount": 5, "name": "x\\ud83d", "text": "Caf\xe9", "rate": NaN}'
    assert told(bad) == {"id": "A", "amount": 5}
    assert told(b"[1]") == told(DEEP) == told(b"{") == {}


def test_a_whole_number_is_the_same_key_however_its_block_was_read():
    """A block with one invalid record is read the slow way: keys of the others must not change by that."""
    reader = RecordReader({"properties": {"id": {"type": "number"}}}, ["id"])
    alone, _ = reader.read([b'{"id": 5}'])
    beside, _ = reader.read([b'{"id": 5}', b'{"id": "x"}'])
    assert list(map(repr, alone.values("id"))) == list(map(repr, beside.values("id"))) == ["Decimal('5')"]


def test_a_schema_that_is_none_is_refused():
    with pytest.raises(InvalidJSONSchema):
        RecordReader({"type": "object", "properties": {"a": {"type": "nonsense"}}}, [])


def test_columns_can_be_picked_and_are_taken_out_once():
    found, _ = RecordReader({"properties": {"a": {"type": "integer"}}}, ["a"]).read(
        [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    )
    assert found.pick([2, 0]).values("a") == [3, 1]
    assert found.values("a") is found.values("a")
    assert found.cached("twice", lambda: [2 * value for value in found.values("a")]) == [2, 4, 6]
    assert msgspec.json.decode(found.pick([1]).raws[0]) == {"a": 2}
