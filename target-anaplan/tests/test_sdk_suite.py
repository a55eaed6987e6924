"""The Singer SDK's standard suite for targets. None of its tests is left out.

Its streams go into the sandbox's model: each to the import of a list, by a mapping like any user's. A record without
its key has to end the run there, so `on_reject` is "fail".
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.suites import SingerTestSuite
from singer_sdk.testing.target_tests import TargetMultipleStateMessages, TargetRecordMissingRequiredProperty

from connector_kit.errors import RefusedError
from target_anaplan.target import TargetAnaplan


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


def mapping(stream: str, code: Any, name: Any = None) -> dict[str, Any]:
    return {
        "stream": stream,
        "import": "Warehouses from warehouses.csv",
        "key": ["Code"],
        "columns": {"Code": code, "Name": name or code, "Company": {"constant": stream[:20]}},
    }


def numbered(stream: str) -> Any:
    return {"template": f"{stream} {{id}}"}


IDS = ["test_array_data", "test_duplicate_records", "test_no_pk", "test_optional_attributes", "record_missing_fields"]
IDS += ["test_record_missing_key_property", "test_record_missing_required_property", "test_schema_updates"]
IDS += ["test_record_before_schema", "example_stream", "test_invalid_schema"]
IDS += ["test_multiple_state_messages_a", "test_multiple_state_messages_b"]
CONFIG: dict[str, Any] = {
    "on_reject": "fail",
    "mappings": [
        *[mapping(stream, numbered(stream)) for stream in IDS],
        mapping("TestCamelcase", "Id", "clientName"),
        mapping("ForecastingTypeToCategory", "Id"),
        mapping("test_strings", {"template": "string {id}"}, "info"),
        mapping("test_strings_in_objects", {"template": "object {id}"}),
        mapping("test_strings_in_arrays", {"template": "array {id}"}),
        mapping("test_object_schema_with_properties", {"constant": "with"}),
        mapping("test_object_schema_no_properties", {"constant": "without"}),
        mapping("test:SpecialChars!in?attributes", "_id"),
    ],
}

Suite = get_target_test_class(
    TargetAnaplan,
    config=CONFIG,
    custom_suites=[SingerTestSuite(kind="target", tests=[RecordMissingRequiredProperty, MultipleStateMessages])],
    parse_env_config=False,
)


class TestTargetAnaplan(Suite):
    @pytest.fixture(autouse=True)
    def settings(self, bench):
        CONFIG.update({name: value for name, value in bench.config().items() if name != "mappings"})


def test_the_suites_records_arrive(bench):
    text = (files(target_test_streams) / "encoded_string_data.singer").read_text(encoding="utf-8")
    bench.deliver(text.splitlines(), mappings=CONFIG["mappings"])
    names = {code: item["name"] for code, item in bench.items("Warehouses").items()}
    assert names["string 3"] == "简单的字串"
    assert names["string 5"] == 'quoted "string"'
    assert names["string 6"] == 'various " \\ /   escape sequences'
