from __future__ import annotations

import pytest

from connector_kit.anaplan import ItemFailure
from connector_kit.errors import RefusedError, UnavailableError

LIST = "101000000001"


@pytest.fixture
def path(root):
    return f"{root}/lists/{LIST}/items"


@pytest.fixture
def items(model):
    return model.list_items(LIST, batch=2)


def codes(*names):
    return [{"code": name, "name": f"item {name}"} for name in names]


def test_items_are_read_with_parents_properties_and_subsets(fake, items, path):
    row = {"id": 101000000001000, "name": "Acme", "code": None, "parent": "All", "parentId": 7, "listName": "x"}
    row |= {"properties": {"Class": "A", "Since": None}, "subsets": {"Active": True}}
    fake.on("GET", path, {"listItems": [row]})
    (item,) = items.read()
    assert (item.id, item.name, item.code, item.parent, item.parent_id) == ("101000000001000", "Acme", "", "All", "7")
    assert item.properties == {"Class": "A", "Since": ""}
    assert item.subsets == {"Active": True}
    assert fake.sent("GET", path)[0].query == {"includeAll": "true"}


def test_an_empty_list_has_no_items(fake, items, path):
    fake.on("GET", path, {"status": {"code": 200}})
    assert list(items.read()) == []


def test_items_go_in_batches_and_failures_point_at_the_item_as_given(fake, items, path):
    failure = {"requestIndex": 1, "failureType": "INCORRECT_FORMAT", "failureMessageDetails": "wrong value for number"}
    fake.on(
        "POST",
        path,
        {"added": 2, "ignored": 0, "total": 2},
        {"added": 1, "ignored": 1, "total": 2, "failures": [failure]},
        {"added": 1, "ignored": 0, "total": 1, "failures": []},
    )
    outcome = items.add(codes("A", "B", "C", "D", "E"))
    assert (outcome.done, outcome.ignored) == (4, 1)
    assert outcome.failures == (ItemFailure(3, "INCORRECT_FORMAT", "wrong value for number"),)
    assert [request.query["action"] for request in fake.sent("POST", path)] == ["add"] * 3
    assert [[i["code"] for i in r.json["items"]] for r in fake.sent("POST", path)] == [["A", "B"], ["C", "D"], ["E"]]


def test_a_failure_without_a_place_is_not_lost(fake, items, path):
    fake.on("POST", path, {"added": 0, "failures": [{"failureType": "X"}, {"requestIndex": 77, "failureType": "Y"}]})
    assert [(f.index, f.message) for f in items.add(codes("A")).failures] == [(-1, "X"), (-1, "Y")]


def test_updates_are_put_and_may_be_repeated(fake, items, path, reply):
    fake.on("PUT", path, reply(reset=True), {"updated": 1, "ignored": 0, "total": 1})
    assert items.update(codes("A")).done == 1
    assert [request.query["action"] for request in fake.sent("PUT", path)] == ["update"] * 2


def test_an_add_whose_answer_is_lost_sends_only_what_is_missing(fake, items, path, reply):
    fake.on("POST", path, reply(reset=True), {"added": 1, "ignored": 0, "total": 1})
    fake.on("GET", path, {"listItems": [{"id": "1", "code": "A", "name": "item A"}]})
    outcome = items.add(codes("A", "B"))
    assert (outcome.done, outcome.failures) == (2, ())
    assert [[i["code"] for i in r.json["items"]] for r in fake.sent("POST", path)] == [["A", "B"], ["B"]]


def test_failures_of_the_rest_of_a_lost_add_point_at_the_item_as_given(fake, items, path, reply):
    fake.on("POST", path, reply(504), {"added": 0, "failures": [{"requestIndex": 0, "failureType": "DUPLICATE"}]})
    fake.on("GET", path, {"listItems": [{"id": "1", "code": "A"}]})
    assert items.add(codes("A", "B")).failures == (ItemFailure(1, "DUPLICATE", "DUPLICATE"),)


def test_a_delete_whose_answer_is_lost_deletes_only_what_is_left(fake, items, path, reply):
    fake.on("POST", path, reply(502), {"deleted": 1})
    fake.on("GET", path, {"listItems": [{"id": "2", "code": "B"}, {"id": "9", "code": "Z"}]})
    outcome = items.delete([{"code": "A"}, {"code": "B"}])
    assert (outcome.done, outcome.failures) == (2, ())
    assert [[i["code"] for i in r.json["items"]] for r in fake.sent("POST", path)] == [["A", "B"], ["B"]]


def test_a_lost_add_that_had_done_all_sends_nothing_more(fake, items, path, reply):
    fake.on("POST", path, reply(reset=True))
    fake.on("GET", path, {"listItems": [{"id": "1", "code": "A"}, {"id": "2", "code": "B"}]})
    assert items.add(codes("A", "B")).done == 2
    assert len(fake.sent("POST", path)) == 1


def test_an_add_that_stays_lost_fails(fake, items, path, reply):
    fake.on("POST", path, reply(reset=True))
    fake.on("GET", path, {"listItems": []})
    with pytest.raises(UnavailableError, match=f"list {LIST}, add 1 items"):
        items.add(codes("A"))


def test_a_refused_call_is_an_error(fake, items, path, reply):
    fake.on("POST", path, reply(400, {"status": {"code": 400, "message": "Identified an unrecognized 'x'."}}))
    with pytest.raises(RefusedError, match="unrecognized 'x'"):
        items.add(codes("A"))
