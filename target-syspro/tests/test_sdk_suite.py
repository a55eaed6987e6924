"""The Singer SDK's standard suite for targets. None of its tests is left out.

Its streams have entries like any user's: some become journals, others suppliers in the local SYSPRO. A record without
its key has to end the run there, so `on_failure` is "stop" for those.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.suites import SingerTestSuite
from singer_sdk.testing.target_tests import TargetMultipleStateMessages, TargetRecordMissingRequiredProperty

from connector_kit.errors import RefusedError
from target_syspro.target import TargetSyspro


class RecordMissingRequiredProperty(TargetRecordMissingRequiredProperty):
    """Not in the SDK's own list: a required property that is missing is a rejected row."""

    def test(self) -> None:
        with pytest.raises(RefusedError, match="schema: field id, required"):
            super().test()


class MultipleStateMessages(TargetMultipleStateMessages):
    """Not in the SDK's own list either, which expects a STATE per STATE: ours leaves once everything is delivered."""

    def test(self) -> None:
        self.runner.sync_all()
        last = {"test_multiple_state_messages_a": 5, "test_multiple_state_messages_b": 6}
        assert self.runner.state_messages == [last]


def recipe(stream: str, field: str) -> dict[str, Any]:
    return {
        "stream": stream,
        "object": "gl_journal",
        "document": [field],
        "lines": {"account": {"constant": "00-4010"}, "amount": {"constant": "1.00"}},
        "period": {"year": {"constant": "2026"}, "period": {"constant": "11"}},
        "offset": {"account": "00-2110"},
        "complete_when": "input_ends",
        "on_failure": "stop",
    }


def supplier(stream: str, code: Any, name: Any) -> dict[str, Any]:
    fixed = {"TermsCode": "14", "Branch": "00", "Bank": "MAIN", "Currency": "USD"}
    columns = {"SupplierName": name, **{element: {"constant": text} for element, text in fixed.items()}}
    return {"stream": stream, "object": "supplier", "key": {"Supplier": code}, "columns": columns}


IDS = ["test_duplicate_records", "test_no_pk", "test_optional_attributes", "record_missing_fields"]
IDS += ["test_record_missing_key_property", "test_record_missing_required_property"]
IDS += ["test_record_before_schema", "example_stream", "test_invalid_schema"]
IDS += ["test_multiple_state_messages_a", "test_multiple_state_messages_b", "test_schema_updates"]
CONFIG: dict[str, Any] = {
    "documents": [
        *[recipe(stream, "id") for stream in IDS],
        recipe("ForecastingTypeToCategory", "Id"),
        recipe("test:SpecialChars!in?attributes", "_id"),
    ],
    "objects": [
        supplier("test_strings", {"template": "S{id}"}, {"template": "{id} {info}"}),
        supplier("test_strings_in_objects", {"template": "O{id}"}, {"template": "object {id}"}),
        supplier("test_strings_in_arrays", {"template": "A{id}"}, {"template": "array {id}"}),
        supplier("test_array_data", {"template": "R{id}"}, {"template": "array data {id}"}),
        supplier("TestCamelcase", {"template": "C{Id|truncate:10}"}, {"template": "{Id} {clientName}"}),
        supplier("test_object_schema_with_properties", {"constant": "WITH"}, {"constant": "with"}),
        supplier("test_object_schema_no_properties", {"constant": "WITHOUT"}, {"constant": "without"}),
    ],
}

Suite = get_target_test_class(
    TargetSyspro,
    config=CONFIG,
    custom_suites=[SingerTestSuite(kind="target", tests=[RecordMissingRequiredProperty, MultipleStateMessages])],
    parse_env_config=False,
)


class TestTargetSyspro(Suite):
    @pytest.fixture(autouse=True)
    def settings(self, bench):
        CONFIG.update({name: value for name, value in bench.config().items() if name != "documents"})


def test_the_suites_records_arrive(bench):
    text = (files(target_test_streams) / "encoded_string_data.singer").read_text(encoding="utf-8")
    settings = {name: CONFIG[name] for name in ("documents", "objects")}
    bench.deliver(text.splitlines(), **settings)
    records = [message for line in text.splitlines() if (message := json.loads(line))["type"] == "RECORD"]
    named = {row["SupplierName"] for row in bench.suppliers().values()}
    rejected = bench.rejected()
    assert rejected
    assert all("Windows-1252" in message for message in rejected.values())
    strings = [one["record"] for one in records if one["stream"] == "test_strings"]
    arrived = [one for one in strings if f"{one['id']} {one['info']}" in named]
    assert len(arrived) + len(rejected) == len(strings)
    assert 'quoted "string"' in {one["info"] for one in arrived}
