"""Lists written item by item: what the answers do not account for is looked up in the list."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connector_kit.anaplan import ItemFailure, ListOutcome
from connector_kit.anaplan.objects import ListItem
from connector_kit.audit import Trail
from connector_kit.audit.failures import Selection, groups
from target_anaplan.list_content import ListContent
from target_anaplan.lists import NOT_DONE, delete, upsert
from target_anaplan.rows import FileFormat
from target_anaplan.spool import Spool, Worker
from target_anaplan.tally import Tally

MAPPING = {
    "stream": "suppliers",
    "list": "Suppliers",
    "columns": {"Code": "Supplier", "Name": "Name", "Class": "OnHold"},
    "delete": {"columns": {"Code": "Supplier"}},
}
ACTIVATE = {"type": "ACTIVATE_VERSION", "stream": "suppliers", "version": 1}


def last(bench):
    action = bench.summary().actions[0]
    return action.sent, action.delivered, action.rejected, action.deleted


def reasons(bench):
    return {reason.reason: reason.records for action in bench.summary().actions for reason in action.reasons}


def test_items_that_anaplan_leaves_out_without_a_word_are_sent_again(bench, switch):
    rows = bench.suppliers(*map(bench.supplier, range(1, 6)))
    switch("list_items_lost", 2)
    bench.deliver(rows, mappings=[MAPPING])
    assert (last(bench), reasons(bench)) == ((5, 3, 2, 0), {NOT_DONE: 2})
    switch("list_items_lost", 0)
    bench.deliver(rows, mappings=[MAPPING])
    assert (last(bench), len(bench.items())) == ((2, 2, 0, 0), 5)


def test_a_change_that_anaplan_leaves_out_without_a_word_is_sent_again(bench, switch):
    bench.deliver(bench.suppliers(*map(bench.supplier, range(1, 4))), mappings=[MAPPING])
    changed = bench.suppliers(*(bench.supplier(n, OnHold="Y") for n in range(1, 4)))
    switch("list_items_lost", 1)
    bench.deliver(changed, mappings=[MAPPING])
    assert last(bench) == (3, 2, 1, 0)
    switch("list_items_lost", 0)
    bench.deliver(changed, mappings=[MAPPING])
    assert last(bench) == (1, 1, 0, 0)


@pytest.mark.parametrize("answer", ["counts", "result"])
def test_items_that_a_delete_leaves_are_not_forgotten(bench, switch, caplog, answer):
    switch("list_delete_answer", answer)
    bench.deliver([*bench.suppliers(*map(bench.supplier, range(1, 11))), ACTIVATE], mappings=[MAPPING])
    less = [*bench.suppliers(*map(bench.supplier, range(3, 11)))[:-1], ACTIVATE]
    switch("list_items_lost", 1)
    bench.deliver(less, mappings=[MAPPING])
    assert (last(bench)[3], len(bench.items()), reasons(bench)) == (1, 9, {NOT_DONE: 1})
    assert "1 of 2 were not deleted" in caplog.text
    switch("list_items_lost", 0)
    bench.deliver(less, mappings=[MAPPING])
    assert (last(bench)[3], len(bench.items())) == (1, 8)


def test_a_name_that_another_item_has_is_explained(bench):
    bench.sandbox.control.fill([{"code": "OLD", "name": "Supplier 1"}], list_name="Suppliers")
    bench.deliver(bench.suppliers(bench.supplier(1)), mappings=[MAPPING])
    assert reasons(bench) == {"DUPLICATE": 1}
    with Trail.open(bench.audit_url) as trail, trail.database.reading() as connection:
        ((sample,),) = [group.samples for group in groups(connection, Selection())]
    assert "The name belongs to item OLD: names are unique in a list, so put the code into Name" in sample.message


# Whatever a server does with each item, and however it counts: each has one outcome, by what the list shows.


class Server:
    """A list that does, refuses or leaves out each item as it is told, and may miscount."""

    def __init__(self, there, fates, miscount):
        self.items = {code: ListItem(id=code, name=code, code=code) for code in there}
        self.fates, self.miscount = fates, miscount

    def read(self):
        return iter(list(self.items.values()))

    def _each(self, sent, possible, do):
        done, failures = 0, []
        for at, item in enumerate(sent):
            fate = self.fates[item["code"]]
            if not possible(item["code"]) or fate == "refused":
                failures.append(ItemFailure(at, "REFUSED", "no"))
            elif fate == "done":
                do(item)
                done += 1
        return ListOutcome(len(sent), max(done + self.miscount, 0), 0, tuple(failures))

    def _put(self, item):
        self.items[item["code"]] = ListItem(
            id=item["code"], name=item["name"], code=item["code"], properties=item["properties"]
        )

    def update(self, sent):
        return self._each(sent, lambda code: code in self.items, self._put)

    def add(self, sent):
        return self._each(sent, lambda code: code not in self.items, self._put)

    def delete(self, sent):
        return self._each(sent, lambda code: code in self.items, lambda item: self.items.pop(item["code"]))


FATES = st.lists(st.tuples(st.sampled_from(["done", "refused", "left"]), st.booleans()), min_size=1, max_size=8)


def spooled(folder, worker, codes):
    spool = Spool(folder, FileFormat(("Code", "Name", "P")), worker, 1 << 20)
    spool.write([f"{code},name {code},1.0" for code in codes], codes)
    spool.seal()
    return spool


@settings(deadline=None)
@given(FATES, st.sampled_from([-2, -1, 0, 1]))
def test_each_item_is_delivered_or_refused_as_the_list_shows(tmp_path_factory, cases, miscount):
    assume(miscount <= 0 or all(fate != "left" for fate, _ in cases))  # as many more as are left: nobody can tell
    codes = [f"c{at}" for at in range(len(cases))]
    fates = {code: fate for code, (fate, _) in zip(codes, cases, strict=True)}
    there = [code for code, (_, known) in zip(codes, cases, strict=True) if known]
    worker = Worker()
    server = Server(there, fates, miscount)
    spool = spooled(tmp_path_factory.mktemp("spool") / "up", worker, codes)
    rejected = [one.key for one in upsert(server, spool, Tally())]
    assert sorted(rejected) == sorted(code for code in codes if fates[code] != "done")

    server = Server(there, fates, miscount)
    refused = [one.key for one in delete(server, spool)]
    assert sorted(refused) == sorted(server.items)
    worker.stop()


@pytest.mark.parametrize(
    ("told", "holds", "same"),
    [
        ("12.50", "12.5", True),
        ("TRUE", "true", True),
        ("05/03/2026", "2026-03-05", True),
        ("2026-03-05", "2026-03-05T00:00:00", True),
        ("12.50", "12.51", False),
        ("05/03/2026", "2026-03-06", False),
        ("a", "b", False),
        ("", "", True),
    ],
)
def test_numbers_and_dates_that_are_written_anew_are_the_same(told, holds, same):
    content = ListContent([ListItem(id="1", name="n", code="c", properties={"P": holds})])
    assert (content.difference({"code": "c", "properties": {"P": told}}) == "") is same
