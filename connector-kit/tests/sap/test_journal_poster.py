"""What becomes of journal entries when answers are lost, broken, faults, or turned away: over real HTTP."""

from __future__ import annotations

import re
import threading
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from local_server import RESET, Answer, Asked, serving

from connector_kit.coordination import LockLostError
from connector_kit.documents.model import Document, Line, Posted, Refused, Unknown, Unsent
from connector_kit.lease_check import under_lease
from connector_kit.sap.connecting import connect
from connector_kit.sap.journal_entries import Form
from connector_kit.sap.journal_fields import layout
from connector_kit.sap.journal_poster import JournalEntries

DEFAULTS = {"document_type": "SA", "transaction_type": "RFBU", "reference_document_type": "BKPFF", "created_by": "PLAN"}
FAULT = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>s:{}</faultcode>"
FAULT += "<faultstring>Unknown tag</faultstring></s:Fault></s:Body></s:Envelope>"


def document(reference: str, company: str = "1010") -> Document:
    day = date(2026, 11, 30)
    lines = (Line("61003000", Decimal("9.50"), "EUR"), Line("21100000", Decimal("-9.50"), "EUR"))
    header = {"company_code": company}
    return Document((), (reference,), "plan", header, day, day, "2026", "11", lines, reference)


class Tenant:
    """A tenant that keeps what is posted; `behave` may answer in its place, before or after it has posted."""

    def __init__(self):
        self.standing: list[tuple[str, str]] = []
        self.posts: list[list[str]] = []
        self.most_rows = 1000
        self.before = self.after = lambda references: None

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return self.look_up(asked)
        text = asked.body.decode()
        ids = re.findall(r"<ID>([^<]+)</ID>", text)[1:]
        entries = list(
            zip(re.findall(r"<CompanyCode>(\d+)", text), re.findall(r"ReferenceID>([^<]+)", text), strict=True)
        )
        references = [reference for _, reference in entries]
        self.posts.append(references)
        if reply := self.before(references):
            return reply
        if "<TestDataIndicator>true" not in text:
            self.standing += entries
        return self.after(references) or Answer(body=self.confirmation(ids), headers={"Content-Type": "text/xml"})

    def confirmation(self, ids: list[str]) -> bytes:
        parts = "".join(
            f"<JournalEntryCreateConfirmation><MessageHeader><ReferenceID>{name}</ReferenceID></MessageHeader>"
            f"<JournalEntryCreateConfirmation><AccountingDocument>01{at:08d}</AccountingDocument>"
            "<CompanyCode>1010</CompanyCode><FiscalYear>2026</FiscalYear></JournalEntryCreateConfirmation>"
            "<Log/></JournalEntryCreateConfirmation>"
            for at, name in enumerate(ids)
        )
        body = f"<n:JournalEntryBulkCreateConfirmation xmlns:n='urn:x'>{parts}</n:JournalEntryBulkCreateConfirmation>"
        return f"<s:Envelope xmlns:s='urn:s'><s:Body>{body}</s:Body></s:Envelope>".encode()

    def look_up(self, asked: Asked) -> Answer:
        query = parse_qs(urlsplit(asked.path).query)
        (where,) = query["$filter"]
        (company,) = re.findall(r"CompanyCode eq '(\d+)'", unquote(where))
        wanted = re.findall(r"DocumentReferenceID eq '(\w+)'", where)
        rows = [
            {
                "CompanyCode": company,
                "FiscalYear": "2026",
                "AccountingDocument": f"01{at:08d}",
                "AccountingDocumentItem": "001",
                "DocumentReferenceID": reference,
                "IsReversed": False,
            }
            for at, (code, reference) in enumerate(self.standing)
            if code == company and reference in wanted
        ]
        body = msgspec.json.encode({"d": {"results": rows[: self.most_rows]}})
        return Answer(body=body, headers={"Content-Type": "application/json"})


@pytest.fixture
def tenant():
    return Tenant()


@pytest.fixture
def poster(tenant):
    with serving(tenant.answer) as server:
        config = {"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 2, "timeout": 0.5}
        connection = connect(config)
        yield JournalEntries(connection, Form(layout(), DEFAULTS, {}, {}), per_request=3)
        connection.close()


def test_documents_go_out_in_requests_of_the_size_that_is_set(tenant, poster):
    outcomes = list(poster.post([document(name) for name in "ABCDE"]))
    assert tenant.posts == [["A", "B", "C"], ["D", "E"]]
    assert [outcome.number for outcome in outcomes] == [
        "0100000000",
        "0100000001",
        "0100000002",
        "0100000000",
        "0100000001",
    ]


def test_requests_at_the_same_time_post_nothing_more_once_the_lease_is_lost(tenant, poster):
    several = JournalEntries(poster._connection, poster._form, per_request=1, parallel=4)
    lost = threading.Event()
    tenant.before = lambda references: (
        lost.set() or (Answer(429, headers={"Retry-After": "0"}) if references != ["A"] else None)
    )

    def check():
        if lost.wait(0.3):
            raise LockLostError(system="coordination", subject="lock x", got="that it was lost")

    with under_lease(check):
        outcomes = list(several.post([document(name) for name in "ABC"]))
    assert all(isinstance(outcome, (Posted, Unsent)) for outcome in outcomes)
    assert len(tenant.posts) == len({*map(tuple, tenant.posts)})
    assert len(tenant.standing) <= 1


def test_requests_at_the_same_time_keep_the_order_of_the_documents(tenant, poster):
    several = JournalEntries(poster._connection, poster._form, per_request=1, parallel=4)
    tenant.before = lambda references: Answer(500, FAULT.format("Client").encode()) if references == ["C"] else None
    outcomes = list(several.post([document(name) for name in "ABCDEF"]))
    assert [type(outcome) for outcome in outcomes] == [Posted, Posted, Refused, Posted, Posted, Posted]


@pytest.mark.parametrize(
    "reply",
    [
        RESET,
        Answer(503, b"maintenance"),
        Answer(504),
        Answer(500, b"<html>Internal Server Error</html>", {"Content-Type": "text/html"}),
        Answer(200, b"<html>Logon</html>", {"Content-Type": "text/html"}),
        Answer(200, b"<s:Envelope xmlns:s='urn:s'><s:Bo"),
        Answer(200, b"<s:Envelope", promise=5000, after="close"),
        Answer(500, FAULT.format("Server").encode()),
    ],
    ids=["reset", "503", "504", "500", "logon page", "half a text", "half a body", "breakdown"],
)
def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(tenant, poster, reply):
    tenant.after = lambda references: reply
    outcomes = list(poster.post([document("A"), document("B")]))
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    assert tenant.posts == [["A", "B"]]
    assert set(poster.look_up([document("A"), document("B"), document("C")])) == {"A", "B"}


def test_over_the_rate_limit_nothing_was_sent(tenant, poster):
    tenant.before = lambda references: Answer(429, b"no", {"Retry-After": "0"})
    assert [type(one) for one in poster.post([document("A"), document("B")])] == [Unsent, Unsent]
    assert tenant.standing == []


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 408, 409, 413, 425, 499])
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"message": "no"}', FAULT.format("Client").encode()])
def test_what_may_be_a_gateways_word_says_nothing_of_the_post(tenant, poster, status, body):
    tenant.before = lambda references: Answer(status, body, {"Location": "/login"})
    assert [type(one) for one in poster.post([document("A"), document("B")])] == [Unknown, Unknown]


def test_without_a_connection_nothing_was_sent():
    config = {"api_url": "http://127.0.0.1:9", "username": "PLAN", "password": "secret", "max_tries": 1}
    poster = JournalEntries(connect(config), Form(layout(), DEFAULTS, {}, {}))
    assert [type(one) for one in poster.post([document("A")])] == [Unsent]


def test_without_a_token_nothing_was_sent(tenant):
    with serving(lambda asked: Answer(503)) as server:
        config = {"api_url": server.url, "client_id": "PLAN", "client_secret": "secret", "max_tries": 1}
        poster = JournalEntries(connect(config), Form(layout(), DEFAULTS, {}, {}))
        assert [type(one) for one in poster.post([document("A")])] == [Unsent]


def test_one_document_that_the_service_cant_read_does_not_keep_the_others_back(tenant, poster):
    tenant.before = lambda references: Answer(500, FAULT.format("Client").encode()) if "B" in references else None
    outcomes = list(poster.post([document(name) for name in "ABC"]))
    assert [type(outcome) for outcome in outcomes] == [Posted, Refused, Posted]
    assert outcomes[1].messages[0].text == "Unknown tag"
    assert sorted(reference for _, reference in tenant.standing) == ["A", "C"]


def test_what_was_posted_before_a_fault_is_not_posted_again(tenant, poster):
    def fault_in_the_middle(references):
        if len(references) == 3:
            tenant.standing.append(("1010", "A"))
            return Answer(500, FAULT.format("Client").encode())
        return None

    tenant.before = fault_in_the_middle
    outcomes = list(poster.post([document(name) for name in "ABC"]))
    assert [type(outcome) for outcome in outcomes] == [Posted, Posted, Posted]
    assert sorted(reference for _, reference in tenant.standing) == ["A", "B", "C"]


def test_a_test_run_posts_nothing(tenant, poster):
    assert [outcome.number for outcome in poster.validate([document("A")])] == [""]
    assert tenant.standing == []


def test_what_stands_is_looked_up_by_company_code_with_many_references_at_once(tenant, poster):
    tenant.standing = [("1010", f"R{at}") for at in range(60)] + [("1710", "R1"), ("1010", "R1")]
    found = poster.look_up([*(document(f"R{at}") for at in range(70)), document("R1", "1710")])
    assert len(found) == 60
    assert found["R1"].company == "1710"  # the last that was asked for under this reference
    assert "stands also as" in poster.look_up([document("R1")])["R1"].text


def test_an_answer_that_ends_early_hides_no_document(tenant, poster):
    tenant.standing = [("1010", f"R{at}") for at in range(30)]
    tenant.most_rows = 7
    assert len(poster.look_up([document(f"R{at}") for at in range(40)])) == 30
