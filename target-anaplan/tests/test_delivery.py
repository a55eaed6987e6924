"""From messages to the model: what arrives, in which order, and what is not sent at all."""

from __future__ import annotations


def test_rows_arrive_as_mapped_and_state_follows_them(bench):
    outcome = bench.deliver(bench.suppliers(bench.supplier(1), bench.supplier(2, OnHold="Y", Balance=-0.125), state=7))
    items = bench.items()
    assert items["EDU1-1"]["name"] == "Supplier 1"
    assert items["EDU1-1"]["properties"]["Balance"] == "12.50"
    assert items["EDU1-2"]["properties"]["On Hold"] == "true"
    assert outcome.states == [{"mark": 7}]
