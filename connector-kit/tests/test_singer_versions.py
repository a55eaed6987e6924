"""No result depends on the day: the SDK warns of a Python whose end of life is near, ever more loudly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from singer_sdk.helpers._compat import _PYTHON_EOL_DATES, warn_python_eol


@pytest.mark.parametrize("version", [(3, minor) for minor in range(10, 14)])
@pytest.mark.parametrize("days", [-30, 0, 400])
def test_no_day_turns_the_sdks_word_on_an_old_python_into_a_failed_test(version, days):
    warn_python_eol(_today=_PYTHON_EOL_DATES[version] + timedelta(days), _version=version)
