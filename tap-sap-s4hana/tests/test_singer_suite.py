"""The Singer SDK's standard test suite."""

from __future__ import annotations

import atexit
from contextlib import ExitStack

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox.testing import running
from tap_sap_s4hana.tap import TapSapS4Hana

# The suite warns where a column is null in every row it sees; dates that SAP leaves empty are.
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test")

# The suite asks the tap for its streams when this module is imported, so the server has to be there by then.
_stack = ExitStack()
atexit.register(_stack.close)
_info = _stack.enter_context(running(only="sap", size="small")).info["sap"]

TestTapSapS4Hana = get_tap_test_class(
    TapSapS4Hana,
    config={"api_url": _info["url"], "username": _info["username"], "password": _info["password"]},
    suite_config=SuiteConfig(max_records_limit=20),
)
