"""Documents in the trail: their states on both databases, and what people see of them."""

from __future__ import annotations

import json
import time

import pytest
from audit_rows import begin_batch, begin_run, block, key
from click.testing import CliRunner

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.command import cli
from connector_kit.audit.document_types import ABSENT, POSTED, REFUSED, Ending, Entry
from connector_kit.audit.documents import DocumentBook
from connector_kit.audit.plans import PlanBook, PlanChange
from connector_kit.audit.prune import prune
from connector_kit.errors import BusyError, RefusedError

SCOPE = "ERP 100/journal/suppliers"


@pytest.fixture
def trail(audit_url):
    with Trail.open(audit_url) as trail:
        yield trail


@pytest.fixture
def book(trail):
    return DocumentBook(trail, SCOPE)


def entry(number, *, rows=(), pile=b"p", unit=b"u", stands=0):
    name = f"R{number}"
    return Entry(
        unit=unit,
        pile=pile,
        title=f'["1010","{number}"]',
        reference=name,
        digest=name.encode().ljust(16),
        plan=b"plan",
        kind="plan",
        reverses="",
        content=f'{{"reference":"{name}"}}'.encode(),
        rows=rows,
        stands=stands,
    )


def delivered(trail, book, *, rejects=()):
    """Four rows: two in a posted document, one in a refused one, one in two."""
    run = begin_run(trail)
    batch = begin_batch(run, scope=SCOPE, whole=True)
    batch.add(block(range(4)))
    batch.sending()
    book.intend(batch.no, [entry(1, rows=[0, 1, 3]), entry(2, rows=[2]), entry(3, rows=[3])], 10.0)
    book.sending(batch.no, ["R1", "R2", "R3"], 11.0)
    book.end(
        [
            Ending("R1", POSTED, "0100000008", "1010", "2026"),
            Ending("R2", REFUSED, messages=["507(F5) no such account"]),
            Ending("R3", POSTED, "0100000009", "1010", "2026"),
        ],
        12.0,
    )
    PlanBook(trail, SCOPE).save(batch.no, [PlanChange(b"p", b"u", [])])
    batch.settle(outcome="delivered", counts={"read": 4}, rejects=rejects)
    run.finish("delivered")
    return run, batch


def audit(url, *arguments):
    result = CliRunner().invoke(cli, ["--url", url, *arguments], catch_exceptions=False)
    return result.output


def test_a_document_goes_from_intended_to_sent_to_posted_and_stays_there(book):
    book.intend(1, [entry(1)], 10.0)
    assert [(one.state, one.sent) for one in book.open()] == [("intended", None)]
    book.sending(1, ["R1"], 11.0)
    assert [(one.state, one.sent) for one in book.open()] == [("sent", 11.0)]
    book.end([Ending("R1", POSTED, "7", "1010", "2026")], 12.0)
    book.end([Ending("R1", ABSENT)], 13.0)
    book.end([Ending("R1", REFUSED)], 13.0)
    assert book.open() == []
    (one,) = book.standing(b"p")
    assert (one.number, one.company, one.year, one.content) == ("7", "1010", "2026", b'{"reference":"R1"}')
    assert book.standing_in(b"u") == [b"p"]


def test_a_plan_that_another_run_has_posted_to_since_it_was_compared_is_not_sent(book):
    book.intend(1, [entry(1), entry(2)], 10.0)
    with pytest.raises(BusyError, match="another run"):
        book.intend(2, [entry(3)], 10.0)
    book.sending(1, ["R1", "R2"], 11.0)
    book.end([Ending("R1", POSTED, "7"), Ending("R2", REFUSED)], 12.0)
    with pytest.raises(BusyError, match="another run"):
        book.intend(2, [entry(3)], 13.0)
    book.intend(2, [entry(3, stands=1)], 14.0)


def test_all_documents_that_turn_out_to_stand_twice_are_named_and_the_others_noted(book):
    book.intend(1, [entry(number) for number in (1, 2, 3)], 10.0)
    book.sending(1, ["R1", "R2", "R3"], 11.0)
    book.end([Ending("R1", POSTED, "7"), Ending("R2", POSTED, "8")], 12.0)
    with pytest.raises(RefusedError, match=r"twice: R1 \(7 and 17\), R2 \(8 and 18\)"):
        book.end([Ending(f"R{number}", POSTED, f"1{6 + number}") for number in (1, 2, 3)], 13.0)
    assert [one.number for one in book.standing(b"p")] == ["7", "8", "19"]


@pytest.mark.parametrize("ending", [Ending("R1", ABSENT, forget=True), Ending("R1", REFUSED)])
def test_a_run_that_lost_its_lease_says_nothing_of_a_document_that_another_has_taken_up(book, ending):
    book.intend(1, [entry(1)], 10.0)
    book.sending(1, ["R1"], 11.0)
    book.end([Ending("R1", ABSENT)], 700.0)  # the other run has waited, and sends it itself
    book.intend(2, [entry(1)], 701.0)
    book.sending(2, ["R1"], 702.0)
    book.end([ending], 703.0, batch_no=1)
    assert [(one.state, one.sent) for one in book.open()] == [("sent", 702.0)]
    book.end([Ending("R1", POSTED, "7")], 704.0, batch_no=1)
    assert [one.number for one in book.standing(b"p")] == ["7"]


def test_an_answer_that_comes_after_a_document_was_given_up_counts(book):
    book.intend(1, [entry(1)], 10.0)
    book.sending(1, ["R1"], 11.0)
    book.end([Ending("R1", ABSENT)], 12.0)
    assert [one.state for one in book.open()] == ["absent"]
    book.end([Ending("R1", POSTED, "7")], 13.0)
    assert [one.number for one in book.standing(b"p")] == ["7"]


def test_a_document_that_certainly_was_not_sent_is_not_looked_for(book):
    book.intend(1, [entry(1)], 10.0)
    book.sending(1, ["R1"], 11.0)
    book.end([Ending("R1", ABSENT, forget=True)], 12.0)
    assert book.open() == []


def test_a_refused_document_may_be_sent_again_by_another_batch(book):
    book.refuse(1, entry(1, rows=[0]), ["too long"], 10.0)
    book.intend(2, [entry(1, rows=[5])], 11.0)
    assert [(one.batch_no, one.state) for one in book.open()] == [(2, "intended")]


def test_two_scopes_do_not_see_each_other(trail, book):
    other = DocumentBook(trail, "ERP 200/journal/suppliers")
    book.intend(1, [entry(1)], 10.0)
    other.intend(2, [entry(1)], 10.0)
    book.sending(1, ["R1"], 11.0)
    assert [one.state for one in other.open()] == ["intended"]


def test_the_history_of_a_record_names_the_documents_that_it_went_into(trail, book, audit_url):
    delivered(trail, book, rejects=[Rejected(2, key(2), "refused: 507(F5)", "507(F5) no such account")])
    found = json.loads(audit(audit_url, "record", "suppliers", "EDU1", f"{3:015d}", "--json"))
    assert [(d["number"], d["company"], d["year"], d["state"]) for d in found[0]["documents"]] == [
        ("0100000008", "1010", "2026", "posted"),
        ("0100000009", "1010", "2026", "posted"),
    ]
    (refused,) = json.loads(audit(audit_url, "record", "suppliers", "EDU1", f"{2:015d}", "--json"))
    assert refused["outcome"] == "rejected"
    assert refused["documents"][0]["messages"] == ["507(F5) no such account"]


def test_a_run_shows_its_documents_with_their_numbers(trail, book, audit_url):
    run, _ = delivered(trail, book)
    (action,) = json.loads(audit(audit_url, "show", run.id, "--json"))["actions"]
    assert [(d["key"], d["state"], d["number"], d["records"]) for d in action["documents"]] == [
        ('["1010","1"]', "posted", "0100000008", 3),
        ('["1010","2"]', "refused", "", 1),
        ('["1010","3"]', "posted", "0100000009", 1),
    ]
    shown = audit(audit_url, "show", run.id)
    assert "0100000008\t1010\t2026\tR1" in shown
    assert "507(F5) no such account" in shown


def test_the_export_says_row_by_row_which_document_each_record_went_into(trail, book, audit_url):
    delivered(trail, book)
    rows = [json.loads(line) for line in audit(audit_url, "export").splitlines()]
    assert [row.get("documents", []) for row in rows] == [
        ["0100000008"],
        ["0100000008"],
        [],
        ["0100000008", "0100000009"],
    ]


def test_retention_forgets_rows_and_refusals_and_keeps_what_stands(trail, book):
    delivered(trail, book)
    book.intend(99, [entry(4, stands=2)], 10.0)
    book.sending(99, ["R4"], 11.0)
    assert prune(trail.database, before=time.time() + 1).batches == 1
    assert [one.reference for one in book.standing(b"p")] == ["R1", "R3"]
    assert [one.reference for one in book.open()] == ["R4"]
    assert book._stored("reference = 'R2'", {}) == []
    with trail.database.reading() as connection:
        assert connection.value("SELECT COUNT(*) FROM audit_document_rows WHERE batch_no < 99") == 0


def test_the_last_delivery_of_a_document_closes_what_earlier_ones_left(trail, book):
    delivered(trail, book, rejects=[Rejected(2, key(2), "refused", "refused")])
    plans = PlanBook(trail, SCOPE)
    other = begin_batch(begin_run(trail), scope=SCOPE, whole=True)
    plans.save(other.no, [PlanChange(b"other", b"u", [])])
    assert book.supersede(other.no, 20.0) == 0
    second = begin_batch(begin_run(trail), scope=SCOPE, whole=True)
    plans.save(second.no, [PlanChange(b"p", b"u", None)])
    assert book.supersede(second.no, 20.0) == 1
    assert book.supersede(second.no, 20.0) == 0


def test_a_trail_of_the_first_version_is_brought_up_to_date(audit_url):
    from alembic import command  # noqa: PLC0415 - only here
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    from connector_kit.audit.database import Database  # noqa: PLC0415
    from connector_kit.audit.migrations import alembic_config  # noqa: PLC0415

    database = Database(audit_url)
    driver = database.connect()
    engine = create_engine(
        "postgresql+psycopg://" if database.postgres else "sqlite://", creator=lambda: driver, poolclass=StaticPool
    )
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.exec_driver_sql("INSERT INTO audit_scopes (name) VALUES ('old')")
    engine.dispose()
    driver.close()
    database.close()
    with Trail.open(audit_url) as trail:
        delivered(trail, DocumentBook(trail, SCOPE))
        with trail.database.reading() as connection:
            assert connection.value("SELECT COUNT(*) FROM audit_scopes WHERE name = 'old'") == 1
