"""What records add to cells, in both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from audit_rows import begin_run

from connector_kit.audit import Trail
from connector_kit.audit.cells import CellBook, Part
from connector_kit.audit.codec import new_key

A, B, C = (name * 8 for name in (b"a", b"b", b"c"))
X, Y = (name * 8 for name in (b"x", b"y"))


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


def put(book, *rows):
    cells = {cell: (cell, [cell.decode(), ""], '{"half": "\\ud800", "of": "\\u0000"}') for _, cell, _ in rows}
    book.put([Part(record, cell, [amount]) for record, cell, amount in rows], list(cells.values()))


def due(book):
    return {cell.hash: cell.totals[0] for cell in book.due(1)}


def test_touched_cells_are_due_with_all_of_their_records_until_they_are_settled(trail):
    book = CellBook(trail, "scope")
    assert book.is_new()
    put(book, (A, X, "1.10"), (B, X, "2.20"), (C, Y, "1e3"))
    assert due(book) == {X: Decimal("3.30"), Y: Decimal(1000)}
    book.settled()
    assert (due(book), book.is_new(), book.count()) == ({}, False, 3)
    put(book, (A, Y, "-0.1"))
    assert due(book) == {X: Decimal("2.20"), Y: Decimal("999.9")}
    book.settled()
    book.remove([A, b"unknown!"])
    assert due(book) == {Y: Decimal(1000)}
    assert due(CellBook(trail, "another")) == {}


def test_a_cell_that_was_never_sent_is_forgotten_with_its_last_record(trail):
    book = CellBook(trail, "scope")
    put(book, (A, X, "1"))
    book.remove([A])
    assert due(book) == {}


def test_a_replay_brings_what_is_not_known_or_was_refused(trail):
    book = CellBook(trail, "scope")
    put(book, (A, X, "1"), (B, X, "2"))
    book.settled()
    book.remove([B])
    book.settled()
    book.refuse([A, C])
    assert book.replayed([A, B, C], [X, X, Y]) == {0, 2}
    assert due(book) == {X: Decimal(1)}


def test_what_a_version_did_not_show_leaves_its_cell(trail):
    begin_run(trail)
    book = CellBook(trail, "scope")
    put(book, (A, X, "1"), (B, X, "2"), (C, Y, "3"))
    book.settled()
    trail.begin_version("scope", 7)
    trail.mark_seen("scope", [A], 7)
    trail.writer.flush()
    assert (book.count_vanished(7), book.count()) == (2, 3)
    assert book.remove_vanished(7) == 2
    assert book.count() == 1
    assert due(book)[X] == Decimal(1)


def test_pages_of_a_cell_are_added_up(trail, monkeypatch):
    monkeypatch.setattr("connector_kit.audit.cells._PAGE", 3)
    book = CellBook(trail, "scope")
    rows = [(number.to_bytes(8, "big"), X if number % 2 else Y, "0.1") for number in range(20)]
    put(book, *rows)
    assert due(book) == {X: Decimal("1.0"), Y: Decimal("1.0")}


def test_amounts_are_sealed_where_records_are(tmp_path):
    url, key = f"sqlite:///{tmp_path / 'audit.db'}", new_key()
    with Trail.open(url, key=key) as trail:
        book = CellBook(trail, "scope")
        put(book, (A, X, "123456.78"))
        assert due(book) == {X: Decimal("123456.78")}
    assert all(b"123456.78" not in file.read_bytes() for file in tmp_path.iterdir())
    with Trail.open(url) as trail, pytest.raises(Exception, match="the key that it is encrypted with"):
        due(CellBook(trail, "scope"))
