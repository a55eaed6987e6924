"""The documents setting: everything that is wrong with it in one message; periods of any fiscal year."""

from __future__ import annotations

from datetime import date

import pytest
from fake_erp import CELLS, JOURNAL
from hypothesis import given
from hypothesis import strategies as st
from plans import RECIPE, expected, row

from connector_kit.documents.periods import FiscalYear, parse_month, read_settings
from connector_kit.documents.reading import parse
from connector_kit.errors import ConfigurationError
from connector_kit.mapping.values import Unmappable

OBJECTS = {"journal": JOURNAL, "cells": CELLS}


def faults(**changes):
    recipe = {name: value for name, value in {**RECIPE, **changes}.items() if value is not ...}
    return "\n".join(parse([recipe], OBJECTS)[1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"object": "order"}, "object order is not one of journal, cells"),
        ({"document": ...}, "document is missing"),
        ({"header": {}}, "header: company_code missing"),
        ({"header": {**RECIPE["header"], "colour": "X"}}, "header: unknown colour"),
        ({"lines": {"account": "A", "amount": "B", "currency": "C", "color": "D"}}, "lines: unknown color"),
        ({"lines": {"account": "A", "amount": "B"}}, "currency is missing"),
        ({"lines": {"amount": "B", "currency": "C"}}, "lines account is missing"),
        ({"lines": {**RECIPE["lines"], "amount": {"debit": "D"}}}, "debit and credit"),
        ({"lines": {**RECIPE["lines"], "account": {"template": "{"}}}, "lines account: a single '{'"),
        ({"period": ...}, "period is missing"),
        ({"period": {"year": "Y"}}, "period takes"),
        ({"posting_date": {"colour": 1}}, "posting_date: unknown colour"),
        ({"offset": {"account": "1", "per": ["wbs"]}}, "per names wbs"),
        ({"offset": None, "split": {"rule": "balanced"}}, "through an offset account"),
        ({"split": {"max_lines": 7}}, "from 2 to 6"),
        ({"rounding": {"rest": "first"}}, "rest is largest, last"),
        ({"rounding": {"decimals": {"EUR": "2"}}}, "0 to 9"),
        ({"on_change": "ignore"}, "on_change is one of difference, reverse, refuse"),
        ({"onchange": "refuse"}, "unknown onchange"),
    ],
)
def test_a_fault_is_told_with_its_place(changes, words):
    assert words in faults(**changes)
    assert faults(**changes).startswith("documents[0] (plan): ")


def test_all_faults_are_told_at_once():
    assert len(parse([{**RECIPE, "on_change": "x", "rounding": {"rest": "x"}}], OBJECTS)[1]) == 2
    assert parse([RECIPE, RECIPE], OBJECTS)[1] == ["documents: plan -> journal comes twice"]


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(1, 12), st.booleans())
def test_the_period_of_a_day_holds_that_day(day, start, named_after_start):
    fiscal = FiscalYear(start, named_after_start)
    assert fiscal.month_of(*fiscal.period_of(day)) == day.replace(day=1)


@pytest.mark.parametrize(
    ("start", "after_start", "day", "period"),
    [
        (1, False, date(2026, 11, 30), ("2026", "11")),
        (4, False, date(2026, 4, 1), ("2027", "1")),
        (4, False, date(2026, 3, 31), ("2026", "12")),
        (4, True, date(2026, 4, 1), ("2026", "1")),
        (10, True, date(2027, 1, 15), ("2026", "4")),
    ],
)
def test_fiscal_years_bear_the_number_that_the_settings_say(start, after_start, day, period):
    assert FiscalYear(start, after_start).period_of(day) == period


def test_special_periods_lie_in_the_last_month():
    assert FiscalYear(4).month_of("2026", "13") == date(2026, 3, 1)
    with pytest.raises(Unmappable):
        FiscalYear().month_of("2026", "17")
    with pytest.raises(Unmappable):
        parse_month("Febuary 26", "%B %y")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-11-30", "%Y-%m-%d"),
        ("2026-11-30T00:00:00", "%Y-%m-%d"),
        ("2026-11-30T23:30:00.123456+00:00", "%Y-%m-%d"),
        ("2026-11-30T00:00:00.0000000Z", "%Y-%m-%dT%H:%M:%S"),
        ("2026-11-30 00:00:00.000", "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_a_month_is_read_out_of_a_date_time_with_fractions(text, form):
    assert parse_month(text, form) == date(2026, 11, 1)


@pytest.mark.parametrize("text", ["2026-11-31T00:00:00.0Z", "2026-11-30T00:00:00.0 or so", "2026-11"])
def test_what_only_begins_like_a_date_time_is_no_month(text):
    with pytest.raises(Unmappable, match="not a month as in '%Y-%m-%d'"):
        parse_month(text, "%Y-%m-%d")


def test_a_company_may_have_a_fiscal_year_of_its_own(bench):
    plan = [row("1010", "Apr 26"), row("2020", "Apr 26")]
    bench.run(plan, fiscal_years={"2020": {"start_month": 4, "named_by": "end"}})
    assert {(d["company"], d["year"], d["period"]) for *_, d in bench.erp.documents()} == {
        ("1010", "2026", "4"),
        ("2020", "2027", "1"),
    }
    with pytest.raises(ConfigurationError, match="fiscal_years"):
        read_settings(
            {"fiscal_year_start_month": 13, "fiscal_year_named_by": "end", "fiscal_years": {}}, plugin="target"
        )


def test_dates_come_from_the_period_or_from_columns(bench):
    bench.run([row(Text="2026-02-03")], recipe={"period": None, "posting_date": "Text"})
    bench.run([row(Version="V2")], recipe={"posting_date": "first_day"})
    bench.run(
        [row(Version="V3", Text="2027", Type="013")],
        recipe={"period": {"year": "Text", "period": "Type"}},
        fiscal_year_start_month=4,
    )
    dates = [(d["posting_date"], d["year"], d["period"]) for *_, d in bench.erp.documents()]
    assert dates == [("2026-02-03", "2026", "2"), ("2026-01-01", "2026", "1"), ("2027-03-31", "2027", "13")]


def test_debits_and_credits_may_be_columns_of_their_own(bench):
    recipe = {"lines": {**RECIPE["lines"], "amount": {"debit": "Amount", "credit": "Text"}}}
    plan = [row(Text=""), row(cost_center="B", Text="30") | {"Amount": None}]
    bench.run(plan, recipe=recipe)
    assert bench.erp.sums() == expected([row(), row(cost_center="B", amount="-30")])


def test_rows_that_where_leaves_out_are_no_part_of_the_plan(bench):
    bench.run([row(Type="Approved"), row("2020", Type="Draft")], recipe={"where": {"Type": "Approved"}})
    assert bench.erp.sums() == expected([row()])
    assert bench.action().counts["filtered"] == 1
