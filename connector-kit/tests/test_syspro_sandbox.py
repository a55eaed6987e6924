"""The e.net client against the sandbox's SYSPRO, which was written from the same facts by another hand."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from connector_kit.errors import AuthenticationError, NotFoundError, RefusedError
from connector_kit.http import Retry
from connector_kit.syspro import EnetSession
from connector_kit.syspro.comfnd import build, rows_of
from sandbox.testing import running

QUICK = Retry(tries=4, first=0.01, cap=0.05)
INVOICE = ["Supplier", "Invoice", "OrigInvValue", "InvoiceDate"]
SUPPLIER = ["Supplier", "SupplierName", "CurrentBalance"]


@pytest.fixture(scope="module")
def sandbox():
    with running(only="syspro", size="demo") as started:
        yield started


@pytest.fixture
def control(sandbox):
    sandbox.control.reset()
    return sandbox.control


@pytest.fixture
def connect(sandbox, control):
    """An e.net session on the sandbox, with some of its parameters replaced."""
    info = sandbox.info["syspro"]
    opened = []

    def open_session(company="EDU1", password=info["operator_password"], **options):
        opened.append(EnetSession(info["enet_url"], info["operator"], password, company, retry=QUICK, **options))
        return opened[-1]

    yield open_session
    for session in opened:
        session.close()


def read(session, table, columns):
    return rows_of(session.query("COMFND", build(table, columns, [], columns[:1], 100_000)), columns)


def names(rows):
    return sorted(row["Supplier"].rstrip(" ") for row in rows)


@pytest.mark.parametrize("error", ["prefixed", "bare"])
def test_an_evicted_session_is_renewed(connect, control, caplog, error):
    control.switch("syspro", "session_error", error)
    session = connect()
    first = read(session, "ApSupplier", SUPPLIER)
    connect().logon_profile()
    with caplog.at_level(logging.WARNING):
        assert read(session, "ApSupplier", SUPPLIER) == first
    assert names(first) == names(control.rows("EDU1", "ApSupplier"))
    assert "logging on again" in caplog.text


def test_another_company_has_other_rows(connect, control):
    session = connect()
    first = read(session, "ApSupplier", SUPPLIER)
    session.switch_company("EDU2")
    second = read(session, "ApSupplier", SUPPLIER)
    assert first != second
    assert len(control.sessions()) == 1
    session.close()
    assert control.sessions() == []


def test_an_idle_session_is_renewed(connect, control):
    session = connect()
    session.logon_profile()
    control.advance(10_000)
    assert session.logon_profile()["OperatorCode"] == session.operator


@pytest.mark.parametrize("quoted", [False, True])
def test_profile_and_version(connect, control, quoted):
    control.switch("syspro", "json_quoted_session", quoted)
    control.switch("syspro", "company_password_required", True)
    session = connect()
    assert session.version() == "8.0.0.0"
    assert session.logon_profile()["CompanyName"]


def test_a_wrong_password_and_a_wrong_company_are_told(connect):
    with pytest.raises(AuthenticationError, match="password"):
        connect(password="wrong").logon_profile()
    with pytest.raises(AuthenticationError, match="to company NONE"):
        connect(company="NONE").logon_profile()


def test_licences_that_are_used_up_are_told(connect, control):
    control.switch("syspro", "single_session", False)
    control.switch("syspro", "licences", 1)
    connect().logon_profile()
    with pytest.raises(AuthenticationError, match=r"(?i)licen"):
        connect().logon_profile()


def test_an_unlicensed_business_object_is_told(connect, control):
    control.switch("syspro", "unlicensed", "COMFND")
    with pytest.raises(NotFoundError, match="licensed"):
        read(connect(), "ApInvoice", INVOICE)
    with pytest.raises(NotFoundError, match="licensed"):
        connect().query("XYZQRY", "<Query/>")


def test_an_unknown_table_or_column_is_refused_in_one_line(connect):
    for table, column in (("NoSuchTable", "Supplier"), ("ApInvoice", "NoSuchColumn")):
        with pytest.raises((RefusedError, NotFoundError)) as caught:
            read(connect(), table, [column])
        assert "\n" not in str(caught.value)


def test_a_row_is_fetched_by_its_whole_key(connect, control):
    expected = control.rows("EDU1", "ApInvoice")[0]
    row = connect().fetch("ApInvoice", expected["Supplier"], expected["Invoice"])
    assert Decimal(row["OrigInvValue"].strip()) == Decimal(expected["OrigInvValue"])


@pytest.mark.parametrize(
    "action",
    [
        {"reset": "before_request"},
        {"reset": "before_response"},
        {"reset": "mid_body"},
        {"truncate": 500},
        {"truncate": 0},
        {"html": 502},
        {"html": 200},
        {"status": 503, "headers": {"Retry-After": "0"}},
        {"status": 500},
    ],
)
def test_faults_of_the_network_lose_and_double_nothing(connect, control, action):
    control.fault("syspro", action, path="(?i)query/query", times=2)
    rows = read(connect(), "ApSupplier", SUPPLIER)
    assert names(rows) == names(control.rows("EDU1", "ApSupplier"))
    assert control.faults()[0]["hits"] == 2


@pytest.mark.parametrize("status", ["414", "400", "404"])
def test_an_address_that_is_too_long_is_refused_here_or_there_but_never_read_as_empty(connect, control, status):
    control.switch("syspro", "long_url_status", status)
    control.switch("syspro", "longest_url", 400)
    with pytest.raises((RefusedError, NotFoundError), match=f"HTTP {status}"):
        read(connect(), "ApInvoice", INVOICE)
    with pytest.raises(RefusedError, match="fewer columns"):
        read(connect(url_limit=400), "ApInvoice", INVOICE)
