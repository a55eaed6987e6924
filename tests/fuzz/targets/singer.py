"""What comes from another plugin or a person: Singer lines, schemas, records, states, settings files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from decimal import Decimal
from typing import Any

import jsonschema
from fuzz.target import fuzzed
from singer_sdk.exceptions import InvalidJSONSchema

from connector_kit.singer.lines import Line, Poison, decode
from connector_kit.singer.plugin import with_numbers
from connector_kit.singer.records import RecordReader, told
from connector_kit.singer.schemas import modern
from connector_kit.singer.settings import is_moment
from connector_kit.singer.state import check_part, check_state, parts_of
from connector_kit.singer.target import BlockSink, BlockTarget, RawBlock

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"], "maxLength": 40},
        "amount": {"type": ["number", "null"]},
        "open": {"type": ["boolean", "null"]},
        "inside": {"type": ["object", "null"], "properties": {"a": {"$ref": "#/definitions/part"}}},
        "_sdc_deleted_at": {"type": ["string", "null"], "format": "date-time"},
    },
    "required": ["id"],
    "definitions": {
        "part": {"type": ["array", "null"], "items": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}
    },
}
FLAT = {"type": "object", "properties": {name: SCHEMA["properties"][name] for name in ("id", "name", "amount", "open")}}
RECORD = {"id": 1, "name": "A\u00e4", "amount": 12.50, "open": True, "inside": {"a": [1, 2.5]}}
MESSAGES = "\n".join(
    map(
        json.dumps,
        [
            {"type": "SCHEMA", "stream": "s", "schema": SCHEMA, "key_properties": ["id"]},
            {"type": "RECORD", "stream": "s", "record": RECORD, "version": 3},
            {"type": "RECORD", "stream": "s", "record": {"id": 2, "amount": 1e5}, "version": 3, "time_extracted": "x"},
            {"type": "STATE", "value": {"bookmarks": {"s": {"replication_key_value": "2026-01-01"}}}},
            {"type": "ACTIVATE_VERSION", "stream": "s", "version": 3},
        ],
    )
)
_TOKENS = [
    b'"type": "RECORD"',
    b'"stream": "s"',
    b'"record": {',
    b"\n",
    b"\n\n",
    b'"version": -1',
    b"BATCH",
    b'"schema": []',
]


@fuzzed("singer/lines", MESSAGES, '{"type":"RECORD","stream":"s","record":{"id":1},"version":3}\n', tokens=_TOKENS)
def lines(data: bytes) -> None:
    found = decode(data, 11)
    numbers: list[int] = []
    for first, messages in found.stretches:
        assert isinstance(messages, Poison) or all(isinstance(one, Line) for one in messages)
        numbers += [first] if isinstance(messages, Poison) else range(first, first + len(messages))
    wanted = [number for number, line in enumerate(data.split(b"\n"), 11) if line.strip()]
    assert numbers == wanted[: len(numbers)]
    if found.fault is None:
        assert numbers == wanted
    else:
        raise found.fault


class _Sink(BlockSink):
    """Keeps what it is given."""

    def process_block(self, block: RawBlock) -> None:
        self._reader = RecordReader(self.schema, list(self.schema["properties"]))
        self._reader.read(block.raws)

    def process_poison(self, number: int, poison: Poison) -> None:
        told(poison.record)


class _Target(BlockTarget):
    name = "target-fuzz"
    config_jsonschema: Mapping[str, Any] = {"type": "object", "properties": {}}
    default_sink_class = _Sink

    def deliver(self, *, last: bool) -> None:
        pass

    def failed(self, error: BaseException) -> None:
        pass


@fuzzed("singer/target", MESSAGES, tokens=_TOKENS, share=0.2)
def target(data: bytes) -> None:
    with redirect_stdout(io.StringIO()) as out:
        _Target(config={}, validate_config=False).listen(io.BytesIO(data))
    for line in out.getvalue().splitlines():
        json.loads(line)


def _rows(*records: object, schema: object = SCHEMA) -> str:
    return "\n".join(map(json.dumps, [schema, *records]))


@fuzzed(
    "singer/records",
    _rows(RECORD, {"id": 2}),
    _rows({"id": 1, "name": "x", "amount": 1.5, "open": None}, {"id": 2, "amount": 7}, schema=FLAT),
    _rows(
        {"id": 1},
        schema={"properties": {"id": {"type": "number"}}, "$schema": "http://json-schema.org/draft-04/schema#"},
    ),
    expected=[InvalidJSONSchema],
    tokens=[
        b'"$ref": "#"',
        b'"$ref": "#/properties/id"',
        b'"required": true',
        b'"items": true',
        b'"multipleOf": 0.01',
        b'"anyOf": []',
        b'"pattern": "(a+)+$"',
        b'"format": "regex"',
        b'"additionalProperties": false',
        b'"enum": [1.0]',
        b'"type": "any"',
    ],
)
def records(data: bytes) -> None:
    first, *raws = [line for line in data.split(b"\n") if line.strip()] or [b"{}"]
    try:
        schema = json.loads(first)
    except (ValueError, RecursionError):
        return
    read = modern(schema)
    reader = RecordReader(read, list(read["properties"]))
    good, bad = reader.read(raws)
    assert len(good) + len(bad) == len(raws)
    for each in bad:
        assert each.reason
        json.dumps(each.record, default=str)
    for name in list(read["properties"])[:20]:
        for value, raw in zip(good.values(name), good.raws, strict=True):
            there = json.loads(raw, parse_float=Decimal).get(name)
            assert value == there or (value is None and there is None), (name, value, there)
    _second_opinion(read, good.raws)


def _second_opinion(schema: dict[str, Any], raws: Any) -> None:
    """Another validator takes what ours took."""
    if "$ref" in json.dumps(schema) or "$schema" in schema or "format" in json.dumps(schema):
        return
    try:
        validator = jsonschema.Draft202012Validator(schema)
        validator.check_schema(schema)
    except Exception:
        return
    for raw in raws:
        record = json.loads(raw)
        for fault in validator.iter_errors(record):
            if fault.validator in {"type", "required", "maxLength", "minLength", "additionalProperties"}:
                assert _as_whole(fault), (fault.message, raw)


def _as_whole(fault: jsonschema.ValidationError) -> bool:
    """1.0 as an integer is a matter of drafts; texts with half pairs have another length."""
    return isinstance(fault.instance, (int, float)) or str(fault.instance) >= "\ud800"


STATE = {
    "bookmarks": {
        "accounts": {"replication_key": "ChangedOn", "replication_key_value": "2026-11-30T00:00:00Z"},
        "lines": {"partitions": [{"context": {"CompanyId": "EDU1"}, "replication_key_value": "2026-11"}]},
    }
}


@fuzzed(
    "singer/state",
    json.dumps(STATE),
    "{}",
    '{"singer_state": {}}',
    tokens=[b'"partitions": ', b'"context": ', b'"bookmarks": '],
)
def state(data: bytes) -> None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    check_state("tap", value)
    for name, part in value.get("bookmarks", {}).items():
        for each in parts_of(part):
            check_part("tap", name, each, frozenset({"limits"}))


_KINDS = {"properties": {"a": {"type": ["number", "null"]}, "b": {"type": ["integer"]}, "c": {"type": ["string"]}}}


@fuzzed("singer/numbers", '{"a": "0.5", "b": "3", "c": "3"}', '{"a": 0.5, "b": 1, "c": null}')
def numbers(data: bytes) -> None:
    try:
        config = json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return
    if isinstance(config, dict):
        with_numbers(config, _KINDS)
    is_moment(data.decode("utf-8", "surrogateescape"))
