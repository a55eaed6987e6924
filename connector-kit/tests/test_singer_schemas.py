"""Schemas as other people's taps write them."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import InvalidJSONSchema

from connector_kit.singer.records import RecordReader
from connector_kit.singer.schemas import modern

bounds = st.fixed_dictionaries(
    {"type": st.just("integer")},
    optional={
        "maximum": st.integers(0, 5),
        "minimum": st.integers(-5, 0),
    },
)


@st.composite
def draft_4(draw):
    part = draw(bounds)
    for bound, exclusive in (("maximum", "exclusiveMaximum"), ("minimum", "exclusiveMinimum")):
        if bound in part and draw(st.booleans()):
            part[exclusive] = draw(st.booleans())
    return part


@given(draft_4(), st.integers(-7, 7), st.booleans())
def test_draft_4_bounds_mean_what_they_meant(part, value, named):
    schema = {"type": "object", "properties": {"a": part, "list": {"type": "array", "items": part}}}
    if named:
        schema["$schema"] = "http://json-schema.org/draft-04/schema#"
    for row in ({"a": value}, {"list": [value]}):
        found, _ = RecordReader(modern(schema), ["a"]).read([json.dumps(row).encode()])
        assert bool(len(found)) == jsonschema.Draft4Validator(schema).is_valid(row)


def test_a_property_that_is_called_like_a_keyword_is_a_property():
    schema = {"properties": {"exclusiveMaximum": {"type": "boolean"}, "items": {"type": "string"}}}
    assert modern(schema) == schema


def test_a_property_that_is_required_in_the_words_of_draft_3_is_taken():
    assert modern({"properties": {"a": {"type": "string", "required": True}}})["properties"] == {
        "a": {"type": "string"}
    }


@pytest.mark.parametrize("place", ["http://127.0.0.1:9/x.json", "file:///etc/passwd", "other.json#/a"])
def test_nothing_is_fetched_for_a_schema(place):
    with pytest.raises(InvalidJSONSchema, match="field a refers to a document elsewhere"):
        modern({"properties": {"a": {"anyOf": [{"$ref": place}, {"type": "null"}]}}})


def test_a_reference_within_the_schema_is_followed():
    schema = modern({"properties": {"a": {"$ref": "#/definitions/x"}}, "definitions": {"x": {"type": "string"}}})
    found, invalid = RecordReader(schema, ["a"]).read([b'{"a": "1"}', b'{"a": 1}'])
    assert (len(found), len(invalid)) == (1, 1)


@pytest.mark.parametrize("kind", [5, None, [5], ["string", {"type": "null"}], {}])
@pytest.mark.parametrize("wrap", [lambda part: part, lambda part: {"anyOf": [part, {"type": "null"}]}])
def test_a_type_that_is_no_name_is_told_with_its_field(kind, wrap):
    with pytest.raises(InvalidJSONSchema, match="the type of field a is no name"):
        modern({"properties": {"a": wrap({"type": kind})}})


@pytest.mark.parametrize("schema", [None, [], "x", {}, {"properties": None}, {"properties": {"a": None}}])
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(InvalidJSONSchema):
        modern(schema)
