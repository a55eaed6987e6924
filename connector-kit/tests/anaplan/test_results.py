from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.anaplan.counts import Detail, counts_of, details_of, pairs
from connector_kit.anaplan.failures import ADVICE
from connector_kit.anaplan.results import read_result, read_task
from connector_kit.errors import RefusedError


def result_of(result, state="COMPLETE", step="Complete."):
    task = read_task({"taskId": "T", "taskState": state, "currentStep": step, "result": result})
    return read_result(task, kind="import", object_id="112", what="model Finance Hub, import Suppliers")


def values(**counts):
    return [part for key, value in counts.items() for part in (key, str(value))]


def row(kind="hierarchyRowsProcessed", message=None, flat=(), occurrences=0):
    return {"type": kind, "localMessageText": message, "values": list(flat), "occurrences": occurrences}


LIST = row(
    "hierarchyRowsProcessedWithFailures",
    "Suppliers: 90 (10/80) rows successful, 3 (1/2) rows has warnings, 2 failed, 5 ignored ",
    values(
        hierarchyName="Suppliers", successRowCount=90, successCreateCount=10, successUpdateCount=80, warningsRowCount=3,
        warningsCreateCount=1, warningsUpdateCount=2, failedCount=2, ignoredCount=5, totalRowCount=100,
        totalCreateCount=11, totalUpdateCount=82, invalidCount=0, updatedCount=82, renamedCount=0, createdCount=11,
    ),
)  # fmt: skip


def figures(counts):
    return (counts.processed, counts.created, counts.updated, counts.ignored, counts.failed, counts.warnings)


def test_rejected_rows_show_although_the_task_was_successful():
    result = result_of({"successful": True, "failureDumpAvailable": True, "objectId": "112", "details": [LIST]})
    assert result.successful
    assert not result.problem
    assert result.rejected == 2
    assert result.dump_available
    assert [action.object_id for action in result.dumps] == ["112"]
    (counts,) = result.counts
    assert counts.object_name == "Suppliers"
    assert figures(counts) == (100, 10, 80, 5, 2, 3)


def test_the_text_counts_where_there_are_no_values():
    result = result_of({"successful": True, "failureDumpAvailable": True, "details": [{**LIST, "values": None}]})
    assert result.counts[0].object_name == "Suppliers"
    assert figures(result.counts[0]) == (100, 10, 80, 5, 2, 3)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Employees: 90 (0/90) rows successful, 5 ignored ", ("Employees", 95, 0, 90, 5, 0, 0)),
        ("test: e2e 7: 13 (0/13) rows successful, 0 (0/0) rows has warnings, 2 failed, 0 ignored",
         ("test: e2e 7", 15, 0, 13, 0, 2, 0)),
        ("GL Balances: 1,234,567 cells successful, 12 failed", ("GL Balances", 1234579, 0, 1234567, 0, 12, 0)),
    ],
)  # fmt: skip
def test_known_texts_are_read(message, expected):
    (counts,) = counts_of([Detail("lineItemRowsProcessedWithFailures", message, 0, {})])
    assert (counts.object_name, *figures(counts)) == expected


@given(
    name=st.text(st.characters(categories=["L", "P", "Zs"]), max_size=20),
    created=st.integers(0, 10**7), updated=st.integers(0, 10**7), warned=st.integers(0, 99),
    failed=st.integers(0, 10**7), ignored=st.integers(0, 10**7), grouped=st.booleans(),
)  # fmt: skip
def test_text_and_values_tell_the_same(name, created, updated, warned, failed, ignored, grouped):
    def n(value):
        return f"{value:,}" if grouped else str(value)

    message = (
        f"{name}: {n(created + updated)} ({n(created)}/{n(updated)}) rows successful, "
        f"{n(warned)} (0/{n(warned)}) rows has warnings, {n(failed)} failed, {n(ignored)} ignored"
    )
    flat = values(
        hierarchyName=name, successRowCount=created + updated, successCreateCount=created, successUpdateCount=updated,
        warningsRowCount=warned, failedCount=failed, ignoredCount=ignored,
        totalRowCount=created + updated + warned + failed + ignored,
    )  # fmt: skip
    (from_text,) = counts_of(details_of({"details": [row(message=message)]}))
    (from_values,) = counts_of(details_of({"details": [row(flat=flat)]}))
    assert figures(from_text) == figures(from_values)


@given(st.lists(st.none() | st.text(max_size=5) | st.integers()))
def test_any_list_of_values_is_read_as_pairs(flat):
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in pairs(flat).items())


def test_a_row_that_fails_in_several_line_items_is_one_rejected_row():
    details = [
        row("lineItemRowsProcessedWithFailures", flat=values(lineItemName=name, successRowCount=5, failedCount=failed))
        for name, failed in (("Value", 2), ("Balance", 3))
    ]
    assert result_of({"successful": True, "failureDumpAvailable": True, "details": details}).rejected == 3


def test_a_process_shows_each_steps_counts_and_dump():
    nested = [
        {"objectId": 112000000001, "successful": True, "failureDumpAvailable": True, "details": [LIST]},
        {"objectId": "112000000002", "objectName": "Module", "successful": True, "failureDumpAvailable": False},
    ]
    result = result_of({"successful": True, "failureDumpAvailable": False, "nestedResults": nested})
    assert result.rejected == 2
    assert [action.object_id for action in result.actions] == ["112000000001", "112000000002"]
    assert [action.object_id for action in result.dumps] == ["112000000001"]
    assert len(result.details) == 1


def test_a_result_with_hardly_anything_in_it_is_read():
    assert not result_of({}).successful
    assert result_of({}).problem == "Anaplan gives no reason (Complete.)."
    assert result_of({"successful": True, "details": None, "nestedResults": None}).counts == ()


@pytest.mark.parametrize("kind", sorted(ADVICE))
def test_every_known_failure_says_what_it_means_and_what_to_do(kind):
    details = [row(kind, "Anaplan's own text.", occurrences=3)]
    result = result_of({"successful": False, "details": details}, step="Failed.")
    with pytest.raises(RefusedError) as error:
        result.check()
    message = str(error.value)
    meaning, advice = ADVICE[kind]
    assert message.startswith("Anaplan: model Finance Hub, import Suppliers, task T: got failed. ")
    assert meaning in message
    assert advice in message
    assert kind in message
    assert "Anaplan's own text" in message


def test_an_unknown_failure_shows_anaplans_words():
    result = result_of(
        {"successful": False, "details": [row("brandNew", "Something else."), row("other", flat=["a", "b"])]}
    )
    assert result.problem == "Anaplan says brandNew: Something else. Anaplan says other: b."


def test_an_import_of_which_every_row_failed_says_so():
    result = result_of({"successful": False, "failureDumpAvailable": True, "details": [LIST]}, step="Failed.")
    assert result.problem == "Anaplan took none of the rows and rejected 2: the failure dump tells why."
    assert result.dumps


ALL_FAILED = row("hierarchyRowsProcessedWithFailures", flat=values(successRowCount=0, failedCount=3, totalRowCount=3))


@pytest.mark.parametrize(
    ("details", "more", "only"),
    [
        ([ALL_FAILED], {}, True),
        ([ALL_FAILED, row("hierarchyImportEmptyKey", "Empty key")], {}, True),
        ([ALL_FAILED, row("missingFields")], {}, False),
        ([LIST], {}, False),
        ([row("brandNew", "Something else.")], {}, False),
        ([ALL_FAILED], {"successful": True}, False),
        ([], {"nestedResults": [{"objectId": "1", "successful": False, "details": [ALL_FAILED]}]}, False),
    ],
)
def test_an_import_that_failed_by_its_rows_alone_is_told_from_one_that_failed_as_a_whole(details, more, only):
    result = {"successful": False, "failureDumpAvailable": True, "details": details, **more}
    assert result_of(result, step="Failed.").only_rejected is only


def test_a_failed_process_names_the_step():
    nested = [
        {"objectId": "112000000001", "successful": True, "details": [LIST]},
        {
            "objectId": "112000000002",
            "objectName": "AP Invoices",
            "successful": False,
            "details": [row("missingFields")],
        },
    ]
    problem = result_of({"successful": False, "nestedResults": nested}).problem
    assert problem.startswith("AP Invoices: The file lacks columns")
    assert "Suppliers" not in problem
