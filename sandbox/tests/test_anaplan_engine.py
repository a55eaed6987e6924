"""Parts of the import engine that no import of the sample model uses: other keys, numbered lists, size."""

from __future__ import annotations

import time
from datetime import date

import pytest

from sandbox.anaplan.calendar import Calendar
from sandbox.anaplan.data import ListData
from sandbox.anaplan.importing import Choices
from sandbox.anaplan.list_import import ListImport
from sandbox.anaplan.schema import Column, Field, Format, ImportDefinition, ListDefinition

COLUMNS = (Column("Code", "code"), Column("Name", "name"), Column("Label", "property", "Label"))


class Kept:
    def __init__(self):
        self.messages = []

    def add(self, line, fields, messages):
        self.messages += [message.text for message in messages]


def load(data, rows, identify="code", columns=COLUMNS):
    action = ImportDefinition(112000000001, "Import", "HIERARCHY_DATA", "L", columns, 1, identify_by=identify)
    header = ["Code", "Name", "Label"]
    run = ListImport(action, header, {"L": data}, Calendar(2022, 2027, date(2026, 11, 20)), ".", Choices())
    kept = Kept()
    counts = run.run(enumerate(rows, 2), kept, lambda _: None)
    return counts, kept.messages, run.commit()


@pytest.fixture
def data():
    return ListData(ListDefinition(101000000001, "L", properties=(Field("Label", Format("TEXT")),)))


def names(data):
    return {item.code: item.name for item in data}


def test_items_identified_by_name_keep_their_item_when_nothing_else_matches(data):
    load(data, [["", "Alpha", "1"], ["", "Beta", "2"]], "name")
    counts, _, _ = load(data, [["", "Alpha", "3"], ["", "Gamma", "4"]], "name")
    assert (counts.updated, counts.created) == (1, 1)
    assert [item.name for item in data] == ["Alpha", "Beta", "Gamma"]


def test_name_or_code_tries_the_code_first(data):
    load(data, [["A", "Alpha", "1"]])
    counts, _, _ = load(data, [["A", "Renamed", "1"], ["", "Alpha", "2"]], "name_or_code")
    assert (counts.updated, counts.renamed) == (2, 1)


def test_a_numbered_list_names_its_items_itself():
    data = ListData(ListDefinition(101000000001, "L", properties=(Field("Label", Format("TEXT")),), numbered=True))
    load(data, [["A", "", "1"], ["B", "", "2"]], columns=(COLUMNS[0], COLUMNS[2]))
    assert names(data) == {"A": "#1", "B": "#2"}


def test_names_can_be_swapped_within_one_import(data):
    load(data, [["A", "One", ""], ["B", "Two", ""]])
    load(data, [["A", "Temporary", ""], ["B", "One", ""]])
    assert names(data) == {"A": "Temporary", "B": "One"}
    assert (data.by_name("Two"), data.by_name("One").code) == (None, "B")


def test_undoing_leaves_the_list_as_it_was(data):
    load(data, [["A", "One", "1"]])
    _, _, undo = load(data, [["A", "Other", "2"], ["B", "One", "3"]])
    undo()
    assert names(data) == {"A": "One"}
    assert (data.by_name("One").values, data.by_name("Other"), len(data)) == (("1",), None, 1)


def test_fifty_thousand_rows_take_seconds_and_not_minutes(data):
    began = time.process_time()
    counts, _, _ = load(data, ([f"C{number}", f"Name {number % 100}", "x"] for number in range(50_000)))
    assert counts.created == 50_000
    assert len({item.name for item in data}) == 50_000
    assert time.process_time() - began < 5
