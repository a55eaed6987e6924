"""The Singer SDK's standard test suite."""

from __future__ import annotations

import atexit
from contextlib import ExitStack

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox.testing import running
from tap_syspro.tap import TapSyspro

# The suite warns where a column is null in every row it sees; DirectToPick is, at a site that does not use it.
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test")

# The suite asks the tap for its streams when this module is imported, so the server has to be there by then.
_stack = ExitStack()
atexit.register(_stack.close)
_info = _stack.enter_context(running(only="syspro", size="small")).info["syspro"]

TestTapSyspro = get_tap_test_class(
    TapSyspro,
    config={
        "api_url": _info["odata_url"],
        "companies": ["EDU1", "EDU2"],
        "username": _info["odata_username"],
        "password": _info["odata_password"],
    },
    suite_config=SuiteConfig(max_records_limit=50),
)
