"""Rows that vanished at the source, reported in both ways."""

from __future__ import annotations

import pytest

from connector_kit.errors import RefusedError

DELETE = {
    "import": "Mark removed suppliers from removed_suppliers.csv",
    "columns": {"Code": {"template": "{CompanyId}-{Supplier|strip_zeros}"}, "Removed": {"constant": True}},
    "action": "Delete removed suppliers",
}
ACTIVATE = {"type": "ACTIVATE_VERSION", "stream": "suppliers", "version": 1}


@pytest.fixture
def deleting(bench):
    bench.settings["mappings"] = [{**bench.supplier_mapping, "delete": DELETE}]
    return bench


def full(bench, numbers, *more):
    return bench.suppliers(*map(bench.supplier, numbers), *more)


def test_what_a_full_read_does_not_show_is_deleted(deleting):
    deleting.deliver(full(deleting, range(1, 11), ACTIVATE))
    outcome = deleting.deliver(full(deleting, range(1, 10), ACTIVATE))
    assert sorted(deleting.items()) == sorted(f"EDU1-{n}" for n in range(1, 10))
    assert sum(action.deleted for action in deleting.summary().actions) == 1
    assert outcome.states == [{"mark": "done"}]
    before = len(deleting.tasks_started())
    deleting.deliver(full(deleting, range(1, 10), ACTIVATE))
    assert len(deleting.tasks_started()) == before


def test_a_deleted_row_that_comes_back_is_sent_again(deleting):
    for numbers in (range(1, 11), range(1, 10), range(1, 11)):
        deleting.deliver(full(deleting, numbers, ACTIVATE))
    assert len(deleting.items()) == 10


def test_a_record_marked_as_deleted_is_deleted(deleting):
    deleting.deliver(full(deleting, range(1, 4)))
    gone = deleting.supplier(2, _sdc_deleted_at="2026-11-20T00:00:00Z")
    deleting.deliver(deleting.suppliers(deleting.supplier(1), gone))
    assert sorted(deleting.items()) == ["EDU1-1", "EDU1-3"]


def test_deleted_and_back_in_one_run_stays(deleting):
    deleting.deliver(full(deleting, range(1, 4)))
    gone = deleting.supplier(2, _sdc_deleted_at="2026-11-20T00:00:00Z")
    deleting.deliver(deleting.suppliers(gone, deleting.supplier(2)))
    deleting.deliver(deleting.suppliers(gone, {"type": "STATE", "value": {}}, deleting.supplier(2)))
    assert sorted(deleting.items()) == ["EDU1-1", "EDU1-2", "EDU1-3"]


def test_what_vanishes_without_a_deletion_is_sent_again_when_it_comes_back(bench):
    """Anaplan may have lost it meanwhile, with the list item that it belongs to."""
    for numbers in (range(1, 11), range(1, 10), range(1, 11)):
        bench.deliver(full(bench, numbers, ACTIVATE))
    (action,) = bench.summary().actions
    assert (action.unchanged, action.sent) == (9, 1)


def test_records_without_a_version_are_no_full_read(deleting):
    deleting.deliver(full(deleting, range(1, 11), ACTIVATE))
    rows = [{k: v for k, v in deleting.supplier(n).items() if k != "version"} for n in range(1, 10)]
    deleting.deliver(deleting.suppliers(*rows, ACTIVATE))
    assert len(deleting.items()) == 10


def test_too_many_vanished_rows_are_refused(deleting):
    deleting.deliver(full(deleting, range(1, 11), ACTIVATE))
    outcome = deleting.run(full(deleting, range(1, 6), ACTIVATE))
    assert isinstance(outcome.error, RefusedError)
    assert "max_vanished_share" in str(outcome.error)
    assert outcome.states == []
    assert len(deleting.items()) == 10
    deleting.deliver(full(deleting, range(1, 6), ACTIVATE), max_vanished_share=0.5)
    assert len(deleting.items()) == 5


def test_a_read_that_ends_early_deletes_nothing(deleting):
    deleting.deliver(full(deleting, range(1, 11), ACTIVATE))
    start = deleting.suppliers()[:1]
    deleting.deliver([*start, ACTIVATE, *map(deleting.supplier, range(1, 10))])
    deleting.deliver([*start, *map(deleting.supplier, range(1, 10))])
    assert len(deleting.items()) == 10


def test_a_rejected_row_has_not_vanished(deleting):
    deleting.deliver(full(deleting, range(1, 11), ACTIVATE))
    rows = [deleting.supplier(n, **({"Balance": "x"} if n == 4 else {})) for n in range(1, 11)]
    deleting.deliver(deleting.suppliers(*rows, ACTIVATE))
    assert "EDU1-4" in deleting.items()


def test_items_of_a_list_are_deleted_by_code(bench):
    mapping = {"stream": "suppliers", "list": "Suppliers", "columns": {"Code": "Supplier", "Name": "Name"}}
    mapping["delete"] = {"columns": {"Code": "Supplier"}}
    bench.deliver(full(bench, range(1, 11), ACTIVATE), mappings=[mapping])
    bench.deliver(full(bench, range(2, 11), ACTIVATE), mappings=[mapping])
    assert len(bench.items()) == 9
    assert not any(code.endswith("01") for code in bench.items())


def test_columns_of_a_deletion_know_the_key_only(bench):
    mapping = {
        **bench.supplier_mapping,
        "delete": {**DELETE, "columns": {"Code": "Name", "Removed": {"constant": True}}},
    }
    outcome = bench.run(bench.suppliers(bench.supplier(1)), mappings=[mapping])
    assert "only the key is known (CompanyId, Supplier)" in str(outcome.error)
