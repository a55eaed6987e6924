from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connector_kit.audit import key_hash, key_text, row_digest

values = st.one_of(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63 - 1))
keys = st.lists(values, min_size=1, max_size=4)


@given(keys)
def test_a_key_text_is_json_that_gives_the_values_back(key):
    assert json.loads(key_text(key)) == key


@given(keys, keys)
def test_two_keys_have_one_text_and_hash_only_when_they_are_the_same(one, other):
    same = [(type(value), value) for value in one] == [(type(value), value) for value in other]
    assert (key_text(one) == key_text(other)) == same
    assert (key_hash(key_text(one)) == key_hash(key_text(other))) == same


def test_leading_zeros_and_exact_decimals_stay_in_the_key():
    assert key_text(["EDU1", "000000000000123"]) == '["EDU1","000000000000123"]'
    assert key_text([Decimal("1.10"), 7, "7"]) == '[1.10,7,"7"]'


def test_hashes_have_the_sizes_that_the_tables_expect():
    assert len(key_hash("x")) == 8
    assert len(row_digest(b"x")) == 16


def test_hashes_are_the_same_in_every_process_and_version():
    assert key_hash('["EDU1","1"]').hex() == "71f1d0dd4c59a588"
    assert row_digest(b"EDU1,1").hex() == "09861585b361a8b0a4aafcf5a5bdb02f"
