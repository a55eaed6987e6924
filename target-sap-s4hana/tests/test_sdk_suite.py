"""The Singer SDK's standard suite for targets. None of its tests is left out.

Every stream of the suite has a recipe like any user's: its records become journal entries in the local S/4HANA. A
record without its key has to end the run there, so `on_failure` is "stop".
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
from target_sap_s4hana.target import TargetSapS4hana


class RecordMissingRequiredProperty(TargetRecordMissingRequiredProperty):
    """Not in the SDK's own list: a required property that is missing is a rejected row."""

    def test(self) -> None:
        with pytest.raises(RefusedError, match="schema: field id, required"):
            super().test()


class MultipleStateMessages(TargetMultipleStateMessages):
    """Not in the SDK's own list either, which expects a STATE per STATE: ours leaves once everything is posted."""

    def test(self) -> None:
        self.runner.sync_all()
        last = {"test_multiple_state_messages_a": 5, "test_multiple_state_messages_b": 6}
        assert self.runner.state_messages == [last]


def recipe(stream: str, field: str, text: str = "") -> dict[str, Any]:
    return {
        "stream": stream,
        "object": "journal_entry",
        "document": [field],
        "header": {"company_code": {"constant": "1010"}},
        "lines": {
            "account": {"constant": "63005000"},
            "amount": {"constant": "1.00"},
            "currency": {"constant": "EUR"},
            "cost_center": {"constant": "10100101"},
            **({"text": {"field": text, "default": "", "truncate": 50}} if text else {}),
        },
        "period": {"year": {"constant": "2026"}, "period": {"constant": "11"}},
        "offset": {"account": "31000000"},
        "complete_when": "input_ends",
        "on_failure": "stop",
    }


IDS = ["test_array_data", "test_duplicate_records", "test_no_pk", "test_optional_attributes", "record_missing_fields"]
IDS += ["test_record_missing_key_property", "test_record_missing_required_property", "test_schema_updates"]
IDS += ["test_record_before_schema", "example_stream", "test_invalid_schema"]
IDS += ["test_multiple_state_messages_a", "test_multiple_state_messages_b", "test_strings_in_objects"]
IDS += ["test_strings_in_arrays"]
CONFIG: dict[str, Any] = {
    "documents": [
        *[recipe(stream, "id") for stream in IDS],
        # One of its texts has a control character, which XML can't carry: a rejected row among good ones.
        {**recipe("test_strings", "id", text="info"), "on_failure": "continue"},
        recipe("TestCamelcase", "Id", text="clientName"),
        recipe("ForecastingTypeToCategory", "Id"),
        recipe("test:SpecialChars!in?attributes", "_id"),
    ],
    # Nothing in them tells one record from another.
    "streams_ignored": ["test_object_schema_with_properties", "test_object_schema_no_properties"],
}

Suite = get_target_test_class(
    TargetSapS4hana,
    config=CONFIG,
    custom_suites=[SingerTestSuite(kind="target", tests=[RecordMissingRequiredProperty, MultipleStateMessages])],
    parse_env_config=False,
)


class TestTargetSapS4hana(Suite):
    @pytest.fixture(autouse=True)
    def settings(self, bench):
        CONFIG.update({name: value for name, value in bench.config().items() if name != "documents"})


def test_the_suites_records_arrive(bench):
    text = (files(target_test_streams) / "encoded_string_data.singer").read_text(encoding="utf-8")
    settings = {name: CONFIG[name] for name in ("documents", "streams_ignored")}
    bench.deliver(text.splitlines(), **settings)
    records = [message for line in text.splitlines() if (message := json.loads(line))["type"] == "RECORD"]
    (rejected,) = bench.rejected().values()
    assert "signs that XML can't carry (U+0000, U+0001)" in rejected
    assert len(bench.references()) == len(records) - 1
    items = bench.sandbox.control.call("GET", "/sap/rows", table="JournalLine")["rows"]
    texts = {item["DocumentItemText"] for item in items}
    assert {"简单的字串", 'quoted "string"'} <= texts
