"""The Singer SDK's standard test suite."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox.testing import running
from tap_anaplan.tap import TapAnaplan

# The suite warns where a column is null in every row it sees, as texts that planners have not filled in are.
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test")

# The suite asks the tap for its streams when this module is imported, so the server has to be there by then.
_stack = ExitStack()
atexit.register(_stack.close)
_sandbox = _stack.enter_context(running(only="anaplan", task_seconds=0.02))
_info = _sandbox.info["anaplan"]
_folder = _stack.enter_context(TemporaryDirectory())
_sandbox.control.fill(
    [{"dimensions": {"Plan Lines": f"L{n}"}, "values": {"Amount": f"{n}.5", "Approved": True}} for n in range(80)],
    module="Plan Lines",
    model="S4 Finance",
)

TestTapAnaplan = get_tap_test_class(
    TapAnaplan,
    config={
        **{name: _info[name] for name in ("api_url", "auth_url", "username", "password", "workspace_id")},
        "model_id": _info["models"]["S4 Finance"],
        "coordination_url": f"sqlite:///{_folder}/coordination.db",
        "poll_first": 0.02,
        "poll_max": 0.05,
        "rate_per_minute": 6000,
        "exports": [{"export": "Plan Lines.csv", "key": ["Plan Lines"], "replication_key": "Amount"}],
        "views": [{"module": "Plan Lines", "view": "Plan Lines for posting", "approved_rows": "Approved"}],
        "lists": ["Plan Versions"],
        "metadata": ["lists", "line_items", "tasks"],
        "task_actions": ["Plan Lines.csv"],
    },
    suite_config=SuiteConfig(max_records_limit=50, ignore_no_records_for_streams=["tasks"]),
)
