"""A state of another shape ends in one line: neither in a traceback, nor in a full load that nobody asked for."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.errors import ConfigurationError
from connector_kit.odata.capture import Capture
from connector_kit.singer.state import check_part, check_state

GOOD = {"rows": {"replication_key": "T", "replication_key_value": "2026-02-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"singer_state": {"bookmarks": GOOD}}, "Give the value of singer_state alone"),
        ({"type": "STATE", "value": {"bookmarks": GOOD}}, "Give the value of the STATE message alone"),
        (GOOD, "under `bookmarks`"),
        ({"bookmarks": []}, "got a list"),
        ({"bookmarks": None}, "got null"),
        ({"bookmarks": {"rows": None}}, "stream rows.*got null"),
        ({"bookmarks": {"rows": {"partitions": {"0": {}}}}}, "stream rows, partitions.*got an object"),
        ({"bookmarks": {"rows": {"partitions": [{"replication_key": "T"}]}}}, "each with its context"),
        ([], "got a list"),
    ],
)
def test_another_shape_is_said_to_be_one(state, said):
    with pytest.raises(ConfigurationError, match=said):
        check_state("tap-things", state)


@pytest.mark.parametrize("state", [{}, {"bookmarks": {}}, {"bookmarks": GOOD, "currently_syncing": "rows"}])
def test_a_state_of_ours_is_taken(state):
    check_state("tap-things", state)


def test_a_bookmark_of_another_tap_is_no_first_load():
    with pytest.raises(ConfigurationError, match="another tap's"):
        check_part("tap-things", "rows", {"updated_at": "2026-02-01"}, frozenset({"resume"}))
    for part in ({}, GOOD["rows"], {"resume": {}}):
        check_part("tap-things", "rows", part, frozenset({"resume"}))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bookmarks", "partitions", "x"]), inner)
    ),
)


@given(anything)
def test_whatever_it_is_it_ends_in_one_line_or_not_at_all(state):
    with contextlib.suppress(ConfigurationError):
        check_state("tap-things", state)


@given(st.sampled_from(["date", "timestamp", "period", "row_version"]), st.integers() | st.text() | st.booleans())
def test_a_bookmark_that_is_taken_can_be_gone_on_from(method, value):
    capture = Capture(method, "At", year="Y", period="P", lookback_days=30, lookback_periods=2)
    if not capture.expected_bookmark(value):
        capture.condition(value)
