"""$filter: its grammar, its types, and that its SQL means what it says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.core.odata.errors import ODataError
from sandbox.core.odata.keyset import keyset_bound
from sandbox.core.odata.syntax import parse
from sandbox.syspro.odata.translate import Dialect, translate
from sandbox.syspro.store import CompanyStore
from sandbox.syspro.tables import TABLES

ROWS = [
    {"Supplier": "A", "Invoice": "1", "MthInvBal1": "-10.50", "InvoiceYear": 2024, "InvoiceDate": None},
    {"Supplier": "A", "Invoice": "O'H", "MthInvBal1": "9.00", "InvoiceYear": 2025, "InvoiceDate": "2025-01-31"},
    {"Supplier": "B", "Invoice": "10", "MthInvBal1": "10.00", "InvoiceYear": 2025, "InvoiceDate": "2025-02-01"},
    {"Supplier": "a", "Invoice": "Ü/2", "MthInvBal1": "0.00", "InvoiceYear": 2026, "InvoiceDate": "2026-02-01"},
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = CompanyStore("T", tmp_path_factory.mktemp("filter") / "t.sqlite")
    opened.create()
    for row in ROWS:
        opened.insert("ApInvoice", row)
    yield opened
    opened.close()


def matches(store, condition, dialect=None):
    """The places in ROWS that a filter finds."""
    where = translate(parse(condition), TABLES["ApInvoice"], dialect or Dialect())
    found = store.select("ApInvoice", where.text, where.parameters)
    places = {(row["Supplier"], row["Invoice"]): place for place, row in enumerate(ROWS)}
    return sorted(places[row["Supplier"], row["Invoice"]] for row in found)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Supplier eq 'A'", [0, 1]),
        ("Supplier ne 'A'", [2, 3]),
        ("'A' lt Supplier", [2, 3]),
        ("Invoice eq 'O''H'", [1]),
        ("Invoice eq 'Ü/2'", [3]),
        ("MthInvBal1 gt 9", [2]),
        ("MthInvBal1 ge 9.0", [1, 2]),
        ("MthInvBal1 lt -10.4", [0]),
        ("MthInvBal1 eq -10.5", [0]),
        ("MthInvBal1 eq 9.001", []),
        ("MthInvBal1 ne 9", [0, 2, 3]),
        ("InvoiceYear ge 2025 and InvoiceYear lt 2026.5", [1, 2, 3]),
        ("Supplier eq 'B' or Supplier eq 'A' and Invoice eq '1'", [0, 2]),
        ("(Supplier eq 'B' or Supplier eq 'A') and Invoice eq '1'", [0]),
        ("not (Supplier eq 'A') and not(Supplier eq 'B')", [3]),
        ("InvoiceDate eq null", [0]),
        ("InvoiceDate ne null", [1, 2, 3]),
        ("null eq InvoiceDate", [0]),
        ("InvoiceDate gt null", []),
        ("InvoiceDate ne 2025-01-31", [0, 2, 3]),
        ("not (InvoiceDate gt 2025-01-31)", [0, 1]),
        ("InvoiceDate ge 2025-02-01T00:00:00Z", [2, 3]),
        ("InvoiceDate ge 2025-02-01T02:00:00+02:00", [2, 3]),
        ("InvoiceDate le '2025-01-31'", [1]),
        ("year(InvoiceDate) eq 2025 and month(InvoiceDate) eq 2 and day(InvoiceDate) eq 1", [2]),
        ("startswith(Invoice,'1')", [0, 2]),
        ("endswith(Invoice,'0')", [2]),
        ("contains(Invoice, '''')", [1]),
        ("contains(Invoice,'1') eq false", [1, 3]),
        ("tolower(Supplier) eq 'a'", [0, 1, 3]),
        ("toupper(Supplier) eq 'A' and length(Invoice) gt 1", [1, 3]),
        ("trim(Supplier) eq 'B'", [2]),
        ("Supplier eq Invoice", []),
        ("InvoiceYear gt MthInvBal1", [0, 1, 2, 3]),
        ("TimeStamp eq binary'AAAAAAAAB9E='", [0]),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says(store, condition, expected):
    assert matches(store, condition) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "Supplier", "Supplier eq", "eq 'A'", "Supplier = 'A'", "Supplier eq 'A", "(Supplier eq 'A'", "Supplier eq 'A')",
        "Supplier eq 'A' and", "Supplier eq 'A' Supplier eq 'B'", "not", "Supplier eq 'A' xor Supplier eq 'B'",
        "Nope eq 1", "Supplier eq 1", "MthInvBal1 eq '1'", "InvoiceYear eq null2", "InvoiceDate eq 5",
        "InvoiceDate ge 2025-02-30", "TimeStamp gt binary'AAAA'", "TimeStamp le binary'AAAA'", "TimeStamp eq 5",
        "startswith(Supplier)", "startswith(InvoiceYear,'1')", "year(Supplier) eq 1", "frobnicate(Supplier) eq 1",
        "year(InvoiceDate)", "contains(Supplier,'A') gt true", "Supplier in ('A','B')", "(" * 300 + "Supplier eq 'A'",
        "Supplier eq 10:30:00", "Supplier eq 5f3a1c22-0000-0000-0000-000000000001", "Supplier/Name eq 'A'",
        "Supplier eq \x00", "length(contains(Supplier,'A')) eq 1",
    ],
)  # fmt: skip
def test_a_malformed_or_ill_typed_filter_is_400(store, condition):
    with pytest.raises(ODataError) as refused:
        matches(store, condition)
    assert refused.value.status == 400


LITERALS = {"offset": "2025-02-01T00:00:00Z", "date": "2025-02-01", "quoted": "'2025-02-01'"}


@pytest.mark.parametrize("style", LITERALS)
def test_a_site_accepts_one_style_of_date_literal(store, style):
    for other, literal in LITERALS.items():
        condition = f"InvoiceDate ge {literal}"
        assert matches(store, condition, Dialect("any")) == [2, 3]
        if other == style:
            assert matches(store, condition, Dialect(style)) == [2, 3]
        else:
            with pytest.raises(ODataError):
                matches(store, condition, Dialect(style))


def test_the_style_and_the_functions_are_switches(syspro):
    for style, literal in LITERALS.items():
        syspro.switch("date_literal", style)
        assert syspro.count("ApInvoice", f"InvoiceDate ge {literal}") > 0
    syspro.switch("filter_functions", False)
    assert syspro.refusal("ApInvoice", filter="contains(Supplier,'A')")[0] == 400


texts = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=8)
comparisons = st.one_of(
    st.tuples(st.just("Supplier"), st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), st.sampled_from("ABa")),
    st.tuples(st.just("Invoice"), st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), texts.map(str.rstrip)),
    st.tuples(
        st.just("MthInvBal1"),
        st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        st.decimals(-11, 11, places=2, allow_nan=False),
    ),
    st.tuples(st.just("InvoiceYear"), st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), st.integers(2023, 2027)),
)
trees = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
OPERATORS = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
}  # fmt: skip


def written(tree):
    if tree[0] == "not":
        return f"not ({written(tree[1])})"
    if tree[0] in {"and", "or"}:
        return f" {tree[0]} ".join(f"({written(part)})" for part in tree[1])
    name, operator, value = tree
    literal = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
    return f"{name} {operator} {literal}"


def meant(tree, row):
    if tree[0] == "not":
        return not meant(tree[1], row)
    if tree[0] == "and":
        return all(meant(part, row) for part in tree[1])
    if tree[0] == "or":
        return any(meant(part, row) for part in tree[1])
    name, operator, value = tree
    held = Decimal(row[name]) if isinstance(value, Decimal) else row[name]
    return OPERATORS[operator](held, value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tree=trees)
def test_any_tree_of_conditions_means_in_sql_what_it_means_in_python(store, tree):
    expected = [place for place, row in enumerate(ROWS) if meant(tree, row)]
    assert matches(store, written(tree)) == expected


@given(key=st.tuples(texts, texts), flat=st.booleans())
def test_every_spelling_of_a_keyset_page_is_recognized_and_means_the_same(key, flat):
    one, two = ("'" + part.replace("'", "''") + "'" for part in key)
    third = f"(Supplier eq {one} and Invoice eq {two} and InvoiceYear gt 2024)"
    if flat:
        condition = f"Supplier gt {one} or (Supplier eq {one} and Invoice gt {two}) or {third}"
    else:
        inner = f"Invoice gt {two} or (Invoice eq {two} and InvoiceYear gt 2024)"
        condition = f"Supplier gt {one} or (Supplier eq {one} and ({inner}))"
    bound = keyset_bound(parse(condition))
    assert bound is not None
    assert (bound.names, bound.operator) == (("Supplier", "Invoice", "InvoiceYear"), "gt")
    assert [value.text for value in bound.values] == [*key, "2024"]


@pytest.mark.parametrize(
    "condition",
    [
        "Supplier gt 'A' or Invoice gt 'B'",
        "Supplier gt 'A' or (Supplier eq 'B' and Invoice gt 'C')",
        "Supplier gt 'A' or (Supplier eq 'A' and Invoice lt 'C')",
        "Supplier gt 'A' or Supplier eq 'A'",
        "Supplier gt 'A' or (Supplier eq 'A' and Supplier gt 'C')",
    ],
)
def test_what_only_looks_like_a_keyset_page_is_left_alone(condition):
    assert keyset_bound(parse(condition)) is None


def test_a_keyset_page_seeks_in_the_primary_key(store):
    condition = "InvoiceYear ge 2024 and (Supplier gt 'A' or (Supplier eq 'A' and Invoice gt '1'))"
    where = translate(parse(condition), TABLES["ApInvoice"], Dialect())
    sql = f'EXPLAIN QUERY PLAN SELECT 1 FROM "ApInvoice" WHERE {where.text} ORDER BY "Supplier", "Invoice"'
    (plan,) = store.connection.execute(sql, where.parameters).fetchall()
    assert plan[3] == "SEARCH ApInvoice USING PRIMARY KEY ((Supplier,Invoice)>(?,?))"
