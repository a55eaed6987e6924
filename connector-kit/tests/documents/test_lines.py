"""Lines: added up, rounded, balanced and taken apart without losing a cent."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.documents.lines import (
    add_up,
    balances,
    decimals,
    differences,
    identity,
    offsets,
    parts,
    round_lines,
)
from connector_kit.documents.model import Line
from connector_kit.documents.recipe import Offset, Rounding

CURRENCIES = ("EUR", "JPY", "KWD")
amounts = st.decimals(-(10**9), 10**9, places=5)
lines = st.lists(
    st.builds(
        lambda account, amount, currency, center, row: Line(
            account, amount, currency, (("cost_center", center), ("text", f"t{row}")), (row,)
        ),
        st.sampled_from("ABC"),
        amounts,
        st.sampled_from(CURRENCIES),
        st.sampled_from("XYZ"),
        st.integers(0, 1000),
    ),
    max_size=30,
)
roundings = st.one_of(
    st.builds(Rounding, st.just({}), st.sampled_from(["largest", "last"])),
    st.just(Rounding({}, "account", "REST")),
    st.just(Rounding({"EUR": 4})),
)


def sums(some):
    found = Counter()
    for line in some:
        found[identity(line)] += line.amount
    return {name: amount for name, amount in found.items() if amount}


@given(lines)
def test_adding_up_keeps_every_amount_and_every_row(some):
    added = add_up(some)
    assert sums(added.values()) == sums(some)
    assert Counter(row for line in added.values() for row in line.rows) == Counter(
        r for line in some for r in line.rows
    )
    assert list(add_up(reversed(some))) == list(added)


@given(lines, roundings)
def test_rounded_lines_have_their_currency_s_digits_and_sum_up_to_the_rounded_sum(some, rounding):
    some = list(add_up(some).values())
    rounded = round_lines(some, rounding)
    for line in rounded:
        assert -line.amount.as_tuple().exponent <= decimals(line.currency, rounding)
    for currency in CURRENCIES:
        exact = sum((line.amount for line in some if line.currency == currency), Decimal(0))
        found = sum((line.amount for line in rounded if line.currency == currency), Decimal(0))
        assert abs(found - exact) * 2 <= Decimal(1).scaleb(-decimals(currency, rounding))


@pytest.mark.parametrize(
    ("rest", "expected"),
    [("largest", ["33.34", "33.33", "33.33"]), ("last", ["33.33", "33.33", "33.34"])],
)
def test_the_rest_goes_where_the_rule_says(rest, expected):
    third = Decimal(100) / 3
    rounded = round_lines([Line(name, third, "EUR") for name in "ABC"], Rounding({}, rest))
    assert [str(line.amount) for line in rounded] == expected
    own = round_lines([Line(name, third, "EUR") for name in "ABC"], Rounding({}, "account", "9"))
    assert (own[-1].account, str(own[-1].amount)) == ("9", "0.01")


@given(lines, st.sampled_from([(), ("cost_center",)]))
def test_offset_lines_balance_every_currency(some, per):
    made = offsets(some, Offset("O", (("text", "plan"),), per))
    assert balances([*some, *made]) == {}
    assert all(line.offset and line.account == "O" for line in made)


@given(lines, lines)
def test_the_difference_added_to_what_stands_is_the_plan(plan, standing):
    missing = differences(add_up(plan), add_up(standing))
    assert sums([*standing, *missing]) == sums(plan)
    assert {row for line in missing for row in line.rows} <= {row for line in plan for row in line.rows}


@given(lines, st.integers(4, 8), st.sampled_from([(), ("cost_center",)]))
def test_parts_are_short_enough_balanced_and_add_up_to_the_whole(some, most, per):
    offset = Offset("O", (), per)
    plan = [line for line in add_up(some).values() if line.amount]
    whole = [*plan, *offsets(plan, offset)]
    pieces = list(parts(whole, most, offset))
    assert sums([line for piece in pieces for line in piece]) == sums(whole)
    assert all(len(piece) <= most and balances(piece) == {} for piece in pieces)
    assert {row for piece in pieces for line in piece for row in line.rows} == {r for line in plan for r in line.rows}
