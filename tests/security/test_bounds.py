"""What other systems send is read within bounds, and XML means what it says itself: nothing is fetched or expanded."""

from __future__ import annotations

import contextlib
import gzip
import io
import time
from contextlib import redirect_stdout

import pytest
from canaries.bench import ROOT
from servers import listening

from connector_kit.errors import ConnectorError, RefusedError
from connector_kit.http import HttpSession, Retry, Unreadable, bodies
from connector_kit.odata.metadata import parse_metadata
from connector_kit.sap.errors import _from_xml
from connector_kit.sap.soap import body_of
from connector_kit.singer import target as singer_target
from connector_kit.syspro.answers import document
from connector_kit.xml import parse
from target_anaplan.target import TargetAnaplan

SECRET = ROOT / "LICENSE"
LAUGHS = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10))
DECLARED = {
    "an entity": '<!DOCTYPE r [<!ENTITY a "added">]>',
    "a file": f'<!DOCTYPE r [<!ENTITY a SYSTEM "file://{SECRET}">]>',
    "an address": '<!DOCTYPE r [<!ENTITY a SYSTEM "http://127.0.0.1:9/x">]>',
    "parameters": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p; <!ENTITY a "x">]>',
    "a grammar elsewhere": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY a "x">]>',
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY a0 "ha">{LAUGHS}<!ENTITY a "&a9;">]>',
    "values for attributes": '<!DOCTYPE r [<!ATTLIST r b CDATA "added"><!ENTITY a "x">]>',
    "nothing": "<!DOCTYPE r>",
}


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("used", ["<r>1&a;2</r>", '<r b="&a;">12</r>', "<r>12</r>"])
def test_a_document_that_declares_its_own_grammar_is_refused(declared, used):
    """Its text would else end before the entity, without a word."""
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"document type|Entity|entity"):
        parse(f"{DECLARED[declared]}{used}".encode())
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("declared", ["an entity", "a file", "an address", "a billion laughs"])
def test_each_reader_of_xml_refuses_it(declared):
    """e.net's answers, SAP's SOAP answers, OData's metadata; SAP's errors, in which nothing is found then."""
    text = f"{DECLARED[declared]}<r>1&a;2</r>"
    for read, errors in (
        (lambda: document(text, "x"), (ConnectorError, Unreadable)),
        (lambda: body_of(text.encode(), system="SAP", subject="x"), Unreadable),
        (lambda: parse_metadata(text.encode()), RefusedError),
    ):
        with pytest.raises(errors) as caught:
            read()
        assert "Apache" not in str(caught.value)
    assert _from_xml(text.replace("<r>", "<error>").replace("</r>", "</error>").encode()) == []


def test_other_encodings_hide_no_declaration():
    text = f'<?xml version="1.0" encoding="UTF-16"?>{DECLARED["an entity"]}<r>1&a;2</r>'
    with pytest.raises(ValueError, match="document type"):
        parse(text.encode("utf-16"))


def test_xinclude_is_not_carried_out():
    root = parse(
        f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://{SECRET}" parse="text"/></r>'.encode()
    )
    assert "Apache" not in "".join(map(str, root.itertext()))


def test_deep_and_long_documents_are_refused():
    for text in ("<a>" * 100_000 + "</a>" * 100_000, f"<a>{'x' * 11_000_000}</a>"):
        with pytest.raises(ValueError, match=r".+"):
            parse(text.encode())


def test_only_one_place_makes_parsers():
    made = [
        str(path)
        for folder in ("connector-kit/connector_kit", *(str(one) for one in ROOT.glob("ta*/ta*_*")))
        for path in (ROOT / folder).rglob("*.py")
        if "XMLParser(" in (text := path.read_text(encoding="utf-8"))
        or "etree.parse(" in text
        or "etree.fromstring(" in text
    ]
    assert [path.rpartition("/")[2] for path in made] == ["xml.py"]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_is_read_within_bounds_whatever_it_is_for(packed, monkeypatch):
    """Files, dumps, exports, metadata, tokens, documents: all come through one session."""
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000_000)
    data = b" " * 3_000_000
    body = gzip.compress(data) if packed else data
    headers = {"Content-Encoding": "gzip"} if packed else {}
    session = HttpSession("ERP", retry=Retry(tries=1))
    with listening(status=200, body=body, **headers) as server, contextlib.closing(session):
        for method in ("GET", "POST"):
            with pytest.raises(ConnectorError, match="answer of at most"):
                session.request(method, server.url, what="x", read=lambda response: response.content)


def test_packing_within_packing_is_bounded(monkeypatch):
    """A server may name several encodings, each of which unpacks the one before."""
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000_000)
    body = b" " * 50_000_000
    for _ in range(3):
        body = gzip.compress(body)
    session = HttpSession("ERP", retry=Retry(tries=1))
    headers = {"Content-Encoding": "gzip, gzip, gzip"}
    with (
        listening(status=200, body=body, **headers) as server,
        contextlib.closing(session),
        pytest.raises(ConnectorError, match="answer of at most"),
    ):
        session.request("GET", server.url, what="x", read=lambda response: response.content)


def test_a_tap_that_writes_no_line_end_does_not_fill_the_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(singer_target, "LONGEST_LINE", 2_000_000)
    config = {
        "workspace_id": "0" * 32,
        "model_id": "0" * 32,
        "username": "u",
        "password": "p",
        "api_url": "http://127.0.0.1:9",
        "auth_url": "http://127.0.0.1:9",
        "audit_url": f"sqlite:///{tmp_path}/audit.db",
        "coordination_url": f"sqlite:///{tmp_path}/coordination.db",
        "mappings": [{"stream": "a", "import": "A", "columns": {"Code": "k"}}],
    }
    endless = io.BufferedReader(Endless())
    with (
        redirect_stdout(io.StringIO()),
        pytest.raises(ConnectorError, match="line 1 of its output: got a line of more"),
    ):
        TargetAnaplan(config=config).listen(endless)
    assert 2_000_000 < endless.raw.given < 60_000_000


class Endless(io.RawIOBase):
    """A message that does not end for long."""

    given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.given > 50_000_000:
            return 0
        buffer[:] = b"x" * len(buffer)
        self.given += len(buffer)
        return len(buffer)
