"""The e.net client against the sandbox's SYSPRO, which was written from the same facts by another hand."""

from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal

import pytest

from connector_kit.errors import AuthenticationError, NotFoundError, RefusedError
from connector_kit.http import Retry
from connector_kit.syspro import Column, Condition, EnetSession, Kind, TableReader
from sandbox.testing import running

QUICK = Retry(tries=4, first=0.01, cap=0.05)
KEY = [Column("Supplier"), Column("Invoice")]
VALUE, WHEN = Column("OrigInvValue", Kind.NUMBER), Column("InvoiceDate", Kind.DATE)
INVOICE = [*KEY, VALUE, WHEN]
SUPPLIER = [Column("Supplier"), Column("SupplierName"), Column("CurrentBalance", Kind.NUMBER)]


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


def read(session, table, columns, key, **options):
    pages = TableReader(session, **options).pages(table, columns, key)
    return [{column.name: column.value(row[column.name]) for column in columns} for page in pages for row in page]


def held(control, table, columns, company="EDU1"):
    """What the sandbox holds, by another way than e.net."""

    def value(row, column):
        raw = row[column.name]
        if column.kind is Kind.NUMBER:
            return Decimal(raw)
        if column.kind is Kind.DATE:
            return raw and date.fromisoformat(raw[:10])
        return raw.rstrip(" ")

    return [{column.name: value(row, column) for column in columns} for row in control.rows(company, table)]


def by_key(rows, key):
    return sorted(rows, key=lambda row: tuple(row[column.name] for column in key))


@pytest.mark.parametrize(
    ("table", "columns", "key"),
    [
        ("ApInvoice", INVOICE, KEY),
        ("ApSupplier", SUPPLIER, KEY[:1]),
        (
            "GenHistory",
            [Column("Company"), Column("GlCode"), Column("GlYear", Kind.NUMBER), Column("ClosingBalPer1", Kind.NUMBER)],
            [Column("Company"), Column("GlCode"), Column("GlYear", Kind.NUMBER)],
        ),
        (
            "PorMasterDetail",
            [Column("PurchaseOrder"), Column("Line", Kind.NUMBER), Column("MPrice", Kind.NUMBER)],
            [Column("PurchaseOrder"), Column("Line", Kind.NUMBER)],
        ),
    ],
)
@pytest.mark.parametrize("case", ["pascal", "lower"])
def test_whole_tables_come_as_they_are_held(connect, control, table, columns, key, case):
    control.switch("syspro", "element_case", case)
    expected = by_key(held(control, table, columns), key)
    assert len(expected) > 10
    assert by_key(read(connect(), table, columns, key, page_rows=500), key) == expected


def test_a_cap_of_the_server_loses_no_rows(connect, control):
    control.switch("syspro", "find_cap", 25)
    rows = read(connect(), "ApSupplier", SUPPLIER, KEY[:1], page_rows=1000)
    assert by_key(rows, KEY[:1]) == by_key(held(control, "ApSupplier", SUPPLIER), KEY[:1])


@pytest.mark.parametrize("text", ["0000-00-00", "empty"])
def test_dates_that_were_never_entered_are_none(connect, control, text):
    control.switch("syspro", "null_date_text", text)
    columns = [Column("PurchaseOrder"), Column("DatePoCompleted", Kind.DATE)]
    rows = read(connect(), "PorMasterHdr", columns, columns[:1])
    assert by_key(rows, columns[:1]) == by_key(held(control, "PorMasterHdr", columns), columns[:1])
    assert None in [row["DatePoCompleted"] for row in rows]


def test_rows_of_a_date_and_later_can_be_asked_for(connect, control):
    everything = held(control, "ApInvoice", INVOICE)
    since = sorted(row["InvoiceDate"] for row in everything)[len(everything) // 2]
    keep = [Condition("InvoiceDate", "GE", since.isoformat())]
    pages = TableReader(connect(), page_rows=500).pages("ApInvoice", INVOICE, KEY, keep=keep)
    found = [WHEN.value(row["InvoiceDate"]) for page in pages for row in page]
    assert min(found) >= since
    assert len(found) == sum(row["InvoiceDate"] >= since for row in everything)


def test_another_company_has_other_rows(connect, control):
    session = connect()
    first = read(session, "ApSupplier", SUPPLIER, KEY[:1])
    session.switch_company("EDU2")
    second = read(session, "ApSupplier", SUPPLIER, KEY[:1])
    assert first != second
    assert len(control.sessions()) == 1
    session.close()
    assert control.sessions() == []


@pytest.mark.parametrize("error", ["prefixed", "bare"])
def test_an_evicted_session_is_renewed_in_the_middle_of_a_table(connect, control, caplog, error):
    control.switch("syspro", "session_error", error)
    session = connect()
    pages = TableReader(session, page_rows=30).pages("ApSupplier", SUPPLIER, KEY[:1])
    rows = next(pages)
    connect().logon_profile()
    with caplog.at_level(logging.WARNING):
        rows += [row for page in pages for row in page]
    assert len(rows) == len(control.rows("EDU1", "ApSupplier"))
    assert "logging on again" in caplog.text


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
        read(connect(), "ApInvoice", INVOICE, KEY)
    with pytest.raises(NotFoundError, match="licensed"):
        connect().query("XYZQRY", "<Query/>")


def test_an_unknown_table_or_column_is_refused_in_one_line(connect):
    for table, column in (("NoSuchTable", "Supplier"), ("ApInvoice", "NoSuchColumn")):
        with pytest.raises((RefusedError, NotFoundError)) as caught:
            read(connect(), table, [Column(column)], [Column(column)])
        assert "\n" not in str(caught.value)


def test_a_row_is_fetched_by_its_whole_key(connect, control):
    expected = control.rows("EDU1", "ApInvoice")[0]
    row = connect().fetch("ApInvoice", expected["Supplier"], expected["Invoice"])
    assert VALUE.value(row["OrigInvValue"]) == Decimal(expected["OrigInvValue"])


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
    control.fault("syspro", action, path="(?i)query/query", after=1, times=2)
    rows = read(connect(), "ApSupplier", SUPPLIER, KEY[:1], page_rows=30)
    assert by_key(rows, KEY[:1]) == by_key(held(control, "ApSupplier", SUPPLIER), KEY[:1])
    assert control.faults()[0]["hits"] == 2


@pytest.mark.parametrize("status", ["414", "400", "404"])
def test_an_address_that_is_too_long_is_refused_here_or_there_but_never_read_as_empty(connect, control, status):
    control.switch("syspro", "long_url_status", status)
    control.switch("syspro", "longest_url", 600)
    with pytest.raises((RefusedError, NotFoundError), match=f"HTTP {status}"):
        read(connect(), "ApInvoice", INVOICE, KEY)
    with pytest.raises(RefusedError, match="fewer columns"):
        read(connect(url_limit=600), "ApInvoice", INVOICE, KEY)
