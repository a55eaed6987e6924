"""The compact table of waiting keys behaves like a dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_anaplan.keytable import KeyTable

numbers = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1)).filter(bool)


@given(st.lists(st.lists(st.tuples(numbers, numbers), max_size=40), max_size=5), st.lists(numbers))
def test_it_holds_what_was_put_last(batches, others):
    table, expected = KeyTable(), {}
    for pairs in batches:
        unique = dict(pairs)
        table.put_all(unique, list(unique.values()))
        expected.update(unique)
    assert table.count == len(expected)
    assert all(table.get(key) == value for key, value in expected.items())
    assert [table.get(key) for key in others] == [expected.get(key, 0) for key in others]
    assert table.holds_any(others) == any(key in expected for key in others)


def test_it_grows_and_merges():
    table, other = KeyTable(), KeyTable()
    keys = [hash(str(i)) or 1 for i in range(20_000)]
    table.put_all(keys, keys)
    other.put_all(keys[5_000:], [1] * 15_000)
    table.merge(other)
    assert table.count == 20_000
    assert table.get(keys[0]) == keys[0]
    assert table.get(keys[-1]) == 1
