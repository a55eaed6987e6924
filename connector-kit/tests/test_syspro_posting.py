"""Setup and transaction calls: how they travel, which of them may be repeated, and what is left to the caller."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from enet_fake import FakeEnet
from local_server import RESET, Answer, serving
from lxml import etree

from connector_kit.errors import NotFoundError, RefusedError, UnavailableError
from connector_kit.http import Retry
from connector_kit.syspro import EnetSession, results
from connector_kit.syspro.failures import SessionGoneError
from connector_kit.syspro.find import find
from connector_kit.syspro.writing import write

DONE = b"<postgljournal><Item><Journal>7</Journal></Item></postgljournal>"
GONE = b"ERROR: The supplied UserID is invalid"
PARAMETERS = write("PostGlJournal", "GENTJL.XSD", [("Parameters", [("ValidateOnly", "N")])])
QUICK = Retry(tries=3, first=0.01, cap=0.02)


@pytest.fixture
def enet():
    return FakeEnet()


@pytest.fixture
def server(enet):
    with serving(enet) as running:
        yield running


@pytest.fixture
def client(server):
    address = f"{server.url}/SYSPROWCFService/Rest"
    with EnetSession(address, "ADMIN", "secret/&pass", "EDU1", retry=QUICK, longest_get=900) as session:
        yield session


def document(text):
    return write("PostGlJournal", "GENTJLDOC.XSD", [("Item", [("Notation", text)])])


def calls(enet):
    return [call for call in enet.calls if call not in {"logon", "logoff"}]


def test_short_transactions_travel_in_the_address_and_long_ones_in_a_body(enet, server, client):
    enet.script = [DONE, DONE]
    short, long = document("ü & <x>"), document("ü & <x> ]]> " * 100)
    for sent in (short, long):
        assert results.read(client.post("GENTJL", PARAMETERS, sent)).number("Journal") == "7"
    assert calls(enet) == ["transaction/post", "transaction/postld"]
    get, post = [one for one in server.asked if "ransaction" in one.path]
    query = parse_qs(urlsplit(get.path).query)
    assert query["XmlIn"] == [short]
    assert query["XmlParameters"] == [PARAMETERS]
    body = etree.fromstring(post.body)
    assert body.tag == "{http://SYSPROWcfService}TransactionPostLD"
    assert [etree.QName(one).localname for one in body] == ["UserId", "BusinessObject", "XmlParameters", "XmlIn"]
    assert body[3].text == long


@pytest.mark.parametrize("broken", [RESET, Answer(status=503), Answer(body=b"<postgl"), Answer(body=b"")])
@pytest.mark.parametrize("size", [1, 200])
def test_a_transaction_whose_answer_is_lost_is_not_repeated(enet, client, broken, size):
    enet.script = [broken, DONE]
    with pytest.raises(UnavailableError):
        client.post("GENTJL", PARAMETERS, document("text " * size))
    assert len(calls(enet)) == 1


def test_a_transaction_in_a_session_that_is_gone_is_left_to_the_caller(enet, client):
    enet.script = [GONE, DONE]
    with pytest.raises(SessionGoneError, match="operator of their own"):
        client.post("GENTJL", PARAMETERS, document("x"))
    assert len(calls(enet)) == 1
    client.post("GENTJL", PARAMETERS, document("x"))
    assert enet.calls.count("logon") == 2


def test_errors_of_the_whole_call_are_told_apart(enet, client):
    enet.script = [b"ERROR: e.net exception raised: 100000", b"ERROR: Bad document"]
    with pytest.raises(NotFoundError, match=r"post GENTJL.*licence"):
        client.post("GENTJL", PARAMETERS, document("x"))
    with pytest.raises(RefusedError, match="Bad document") as caught:
        client.post("GENTJL", PARAMETERS, document("x"))
    assert caught.value.status is None


@pytest.mark.parametrize(("method", "tries"), [("add", 1), ("update", 2), ("delete", 1)])
def test_of_setup_calls_only_updates_are_repeated(enet, client, method, tries):
    enet.script = [Answer(status=503), b"<setupapsupplier><item/></setupapsupplier>"]
    if tries == 1:
        with pytest.raises(UnavailableError):
            client.setup(method, "APSSSP", PARAMETERS, document("x"))
    else:
        client.setup(method, "APSSSP", PARAMETERS, document("x"))
    assert calls(enet) == [f"setup/{method}"] * tries


@pytest.mark.parametrize("method", ["add", "update", "delete"])
def test_a_setup_call_in_a_session_that_is_gone_is_made_in_a_new_one(enet, client, method):
    enet.script = [GONE, b"<setupapsupplier><item/></setupapsupplier>"]
    client.setup(method, "APSSSP", PARAMETERS, document("x"))
    assert calls(enet) == [f"setup/{method}"] * 2
    assert enet.calls.count("logon") == 2


def test_a_setup_document_that_is_too_long_is_told_before_it_is_sent(enet, client):
    assert not client.fits("APSSSP", document("x" * 20_000), PARAMETERS)
    assert client.fits("APSSSP", document("x"), PARAMETERS)
    with pytest.raises(RefusedError, match="at most 15000 characters"):
        client.setup("update", "APSSSP", PARAMETERS, document("x" * 20_000))
    assert calls(enet) == []


def test_rows_are_found_under_all_their_names_however_many_are_asked_for(enet, client):
    stored = [{"Supplier": f"{number:015d}", "Name": f"No {number}  "} for number in range(90)]
    enet.tables = {"ApSupplier": stored}
    wanted = [[{"Supplier": str(number)}, {"Supplier": f"{number:015d}"}] for number in range(0, 120, 2)]
    rows = find(client, "ApSupplier", ["Name"], wanted)
    assert [row["Name"] for row in rows] == [f"No {number}" for number in range(0, 90, 2)]
    enet.cap = 3
    rows = find(client, "ApSupplier", ["Name"], wanted)
    assert sorted(row["Name"] for row in rows) == sorted(f"No {number}" for number in range(0, 90, 2))
    assert find(client, "ApSupplier", ["Name"], []) == []
