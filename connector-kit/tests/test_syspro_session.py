"""The e.net session: one per operator, renewed once, ended in the end; errors behind HTTP 200 in plain words."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from enet_fake import FakeEnet
from local_server import RESET, Answer

from connector_kit.coordination import LockLostError, connect
from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.http import Retry
from connector_kit.redaction import redact
from connector_kit.syspro import EnetSession
from connector_kit.syspro.failures import failure_text

QUICK = Retry(tries=3, first=0.01, cap=0.02)
ASK = "<Query><TableName>T</TableName><ReturnRows>1</ReturnRows><Columns><Column>A</Column></Columns></Query>"


@pytest.fixture
def enet():
    return FakeEnet(tables={"T": [{"A": "1"}]})


@pytest.fixture
def address(enet, serve):
    return serve(enet).url


def session(address, password="secret/&pass", company="EDU1", **options):
    return EnetSession(address, "ADMIN", password, company, retry=QUICK, **options)


def test_logs_on_with_the_first_call_and_off_at_the_end(enet, address):
    with session(address) as client:
        assert enet.calls == []
        client.query("COMFND", ASK)
        client.query("COMFND", ASK)
    assert enet.calls == ["logon", "query/query", "query/query", "logoff"]
    assert enet.sessions == {}


def test_all_four_logon_parameters_are_sent_even_when_empty(enet, address):
    with session(address, logon_options={"LanguageCode": "05"}) as client:
        client.logon_profile()
    assert enet.logons == [
        {
            "Operator": "ADMIN",
            "OperatorPassword": "secret/&pass",
            "CompanyId": "EDU1",
            "CompanyPassword": "",
            "LanguageCode": "05",
        }
    ]


def test_version_needs_no_logon(enet, address):
    with session(address) as client:
        assert client.version() == "7.0.0.6"
    assert enet.calls == ["getversion"]


@pytest.mark.parametrize("lower_case", [False, True])
def test_the_profile_is_read_as_windows_1252(enet, address, lower_case):
    enet.lower_case = lower_case
    with session(address) as client:
        assert client.logon_profile() == {"CompanyName": "Écrou & Fils", "OperatorCode": "ADMIN"}


def test_a_session_that_somebody_ended_is_renewed_once_and_the_call_repeated(enet, address, caplog):
    with session(address) as client, caplog.at_level(logging.WARNING):
        client.query("COMFND", ASK)
        enet.sessions["ADMIN"] = "another logon of the same operator"
        client.query("COMFND", ASK)
    assert enet.calls.count("logon") == 2
    assert "operator of their own" in caplog.text


@pytest.mark.parametrize(
    "words",
    [b"ERROR: The supplied UserID is invalid", b"The supplied UserID is invalid", b"ERROR: session has expired"],
)
def test_a_session_that_ends_again_at_once_is_an_error_that_says_why(enet, address, words):
    with session(address) as client:
        enet.script = [words, words]
        with pytest.raises(AuthenticationError, match="operator of their own"):
            client.query("COMFND", ASK)
    assert enet.calls.count("logon") == 2


@pytest.mark.parametrize(
    ("options", "got"),
    [({"password": "wrong-canary"}, "Invalid operator password"), ({"company": "NONE"}, "Invalid company id")],
)
def test_a_refused_logon_names_operator_and_company_but_no_password(enet, address, options, got):
    with session(address, **options) as client, pytest.raises(AuthenticationError) as caught:
        client.query("COMFND", ASK)
    message = str(caught.value)
    assert got in message
    assert f"operator ADMIN to company {options.get('company', 'EDU1')}" in message
    assert "canary" not in message
    assert enet.calls == ["logon"]


def test_passwords_and_session_ids_are_masked_from_then_on(enet, address):
    with session(address) as client:
        client.query("COMFND", ASK)
        seen = redact(f"{client._user_id} secret/&pass secret%2F%26pass")
    assert "3EA6" not in seen
    assert "secret" not in seen


def test_an_unlicensed_business_object_is_not_found(address):
    with session(address) as client, pytest.raises(NotFoundError, match=r"query ARSQRY.*100000.*licence"):
        client.query("ARSQRY", ASK)


def test_errors_inside_a_document_are_told_with_syspros_number_and_text(enet, address):
    inner = (
        "<item><key><stockcode>1004</stockcode></key><stockcode><Value>1004</Value><ErrorNumber>240004</ErrorNumber>"
        "<ErrorDescription>Stock code '1004' not found</ErrorDescription></stockcode></item>"
    )
    enet.script = [enet.xml("InvQuery", inner).encode()]
    with session(address) as client, pytest.raises(RefusedError, match="got 240004 Stock code '1004' not found"):
        client.query("INVQRY", ASK)


def test_blank_error_descriptions_are_no_errors(enet, address):
    enet.script = [enet.xml("InvQuery", "<a><ErrorNumber/><ErrorDescription> </ErrorDescription></a>").encode()]
    with session(address) as client:
        assert client.query("INVQRY", ASK).tag == "InvQuery"


@pytest.mark.parametrize(
    "broken",
    [
        b"<?xml version='1.0' encoding='Windows-1252'?>\n<T><Row><A>1</A></Ro",
        b"<html><body>Bad gateway</body></html>",
        b"",
        RESET,
        Answer(body=b"<T>", promise=1000, after="close"),
        Answer(status=503, body=b"<html>busy</html>", headers={"Content-Type": "text/html"}),
    ],
)
def test_a_broken_answer_is_asked_for_again(enet, address, broken):
    with session(address) as client:
        client.logon_profile()
        enet.script = [broken]
        assert client.query("COMFND", ASK).tag == "T"


def test_a_web_page_in_place_of_a_session_id_is_not_taken_for_one(serve):
    address = serve([Answer(body=b"<html><body>Sign in</body></html>")]).url
    with session(address) as client, pytest.raises(UnavailableError, match="no session id"):
        client.query("COMFND", ASK)


@pytest.mark.parametrize("answer", ["3EA613166FE4BF47925DF1CEA14E910100  ", '"3EA613166FE4BF47925DF1CEA14E910100"'])
def test_the_session_id_is_sent_back_without_blanks_and_quotes(serve, answer):
    server = serve([Answer(body=answer.encode()), Answer(body=b"<UserInfo><A>1</A></UserInfo>")])
    with session(server.url) as client:
        client.logon_profile()
    assert server.asked[1].path.endswith("/GetLogonProfile?UserId=3EA613166FE4BF47925DF1CEA14E910100")


def test_control_characters_in_a_text_do_not_break_the_page(enet, address):
    enet.script = [enet.xml("T", "<Row><A>a\x01b&#x1F;c\x0b</A></Row>").encode(), b"<T><Row><A>\x81\x80</A></Row></T>"]
    with session(address) as client:
        assert client.query("COMFND", ASK).findtext("Row/A") == "abc"
        assert client.query("COMFND", ASK).findtext("Row/A") == "\x81€"


def test_entities_and_files_outside_are_not_read(enet, address, tmp_path):
    (tmp_path / "x").write_text("canary-file")
    body = f'<!DOCTYPE T [<!ENTITY e SYSTEM "file://{tmp_path}/x">]><T><A>&e;</A></T>'
    enet.script = [body.encode()]
    with session(address) as client:
        assert "canary" not in (client.query("COMFND", ASK).findtext("A") or "")


def test_fetch_gives_one_row_as_text(enet, address):
    enet.script = [enet.xml("InvMaster", "<StockCode>02</StockCode><Mass>       1.5</Mass><D>0000-00-00</D>").encode()]
    with session(address) as client:
        row = client.fetch("InvMaster", "02", "W<1")
    assert row == {"StockCode": "02", "Mass": "       1.5", "D": "0000-00-00"}


def test_a_query_that_is_too_long_for_an_address_is_refused_before_it_is_sent(enet, address):
    with session(address, url_limit=500) as client:
        client.logon_profile()
        with pytest.raises(RefusedError, match="fewer columns"):
            client.query("COMFND", "<Query>" + "<Column>A</Column>" * 100 + "</Query>")
    assert enet.documents == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_text_travels_in_the_encoding_that_is_set(serve, encoding):
    server = serve([Answer(body=b"3EA613166FE4BF47925DF1CEA14E910100  "), Answer(body=b"<T/>")])
    with session(server.url, url_encoding=encoding) as client:
        client.query("COMFND", "é中")
    sent = server.asked[1].path.partition("XmlIn=")[2]
    assert sent == {"utf-8": "%C3%A9%E4%B8%AD", "cp1252": "%E9%26%2320013%3B"}[encoding]


def test_an_address_without_a_path_gets_the_usual_one():
    assert EnetSession("http://erp:31002/", "A", "", "1").base_url == "http://erp:31002/SYSPROWCFService/Rest"
    assert EnetSession("https://erp/x/Rest/", "A", "", "1").base_url == "https://erp/x/Rest"
    for wrong in ("erp:31002", "net.tcp://erp:31001/SYSPROWCFService", ""):
        with pytest.raises(ConfigurationError, match="SYSPROWCFService/Rest"):
            EnetSession(wrong, "A", "", "1")


def test_switching_the_company_logs_off_and_on(enet, address):
    with session(address) as client:
        client.logon_profile()
        client.switch_company("EDU1")
        client.switch_company("EDU2")
        client.logon_profile()
    assert [logon["CompanyId"] for logon in enet.logons] == ["EDU1", "EDU2"]
    assert enet.calls == ["logon", "getlogonprofile", "logoff", "logon", "getlogonprofile", "logoff"]


def test_companies_share_their_password_unless_another_is_given(enet, address):
    with session(address, company_password="shared") as client:
        for company, password in (("EDU2", None), ("EDU1", None), ("EDU2", "other"), ("EDU1", "")):
            client.switch_company(company, password)
            client.log_on()
    assert [logon["CompanyPassword"] for logon in enet.logons] == ["shared", "shared", "other", ""]


def test_an_error_while_logging_off_does_not_hide_the_result(enet, address, caplog):
    with session(address) as client, caplog.at_level(logging.WARNING):
        client.logon_profile()
        enet.sessions.clear()
    assert "logoff" in caplog.text


def test_two_jobs_with_one_operator_follow_each_other_instead_of_ending_each_others_session(enet, address, tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"

    def job():
        with connect(url) as coordinator, session(address, coordinator=coordinator) as client:
            for _ in range(3):
                client.query("COMFND", ASK)
                time.sleep(0.02)

    threads = [threading.Thread(target=job) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert enet.calls.count("logon") == 3
    assert enet.calls == ["logon", *["query/query"] * 3, "logoff"] * 3


def test_an_operator_that_stays_busy_is_named(enet, address, tmp_path):
    with (
        connect(f"sqlite:///{tmp_path}/x.db") as coordinator,
        session(address, coordinator=coordinator) as first,
        session(address, coordinator=coordinator, wait_seconds=0.1) as second,
    ):
        first.logon_profile()
        with pytest.raises(BusyError, match="SYSPRO session of operator ADMIN"):
            second.logon_profile()
    assert enet.calls.count("logon") == 1


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        (lambda client: client.post("GENTJL", "<P/>", "<X/>"), "transaction/post"),
        (lambda client: client.post("GENTJL", "<P/>", f"<X>{'x' * 3000}</X>"), "transaction/postld"),
        (lambda client: client.setup("add", "GENSGL", "<P/>", "<X/>"), "setup/add"),
        (lambda client: client.switch_company("EDU2") or client.log_on(), "logon"),
    ],
)
def test_who_lost_the_operator_neither_posts_nor_logs_on(enet, address, tmp_path, call, sent):
    with (
        connect(f"sqlite:///{tmp_path}/x.db") as coordinator,
        session(address, coordinator=coordinator) as client,
    ):
        client.log_on()
        for path in tmp_path.glob("*.lock"):
            path.unlink()  # a tidy administrator
        with session(address, coordinator=coordinator) as other:
            other.reserve()
            enet.calls.clear()
            with pytest.raises(LockLostError, match=r"lock syspro:\S+ADMIN: .*was lost"):
                call(client)
            assert sent not in enet.calls


def test_calls_from_several_threads_follow_each_other(enet, address):
    with session(address) as client:
        threads = [threading.Thread(target=client.query, args=("COMFND", ASK)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert enet.calls == ["logon", *["query/query"] * 5, "logoff"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("ERROR: Invalid operator password", "Invalid operator password"),
        ('"ERROR: Invalid operator password"', "Invalid operator password"),
        ("  error: x\n", "x"),
        ("ERROR", "no explanation"),
        ("<T><A>ERROR</A></T>", None),
        ("0", None),
        ("ERRORS are no error", None),
        ("7.0.0.6", None),
    ],
)
def test_failures_are_told_from_answers(body, words):
    assert failure_text(body) == words
