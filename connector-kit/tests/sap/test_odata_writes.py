"""Supplier invoices and plan data over real HTTP: CSRF tokens with cookies, bodies, duplicates, lost answers."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from urllib.parse import unquote

import msgspec
import pytest
from local_server import RESET, Answer, Asked, serving

from connector_kit.documents.model import Document, Line, Message, Posted, Refused, Unknown, Unsent
from connector_kit.errors import RefusedError
from connector_kit.sap.connecting import connect
from connector_kit.sap.csrf import ODataWriter
from connector_kit.sap.errors import CsrfTokenError
from connector_kit.sap.invoice_poster import SupplierInvoices
from connector_kit.sap.plan_poster import PlanData
from connector_kit.sap.planning import rules
from connector_kit.sap.supplier_invoices import faults, payload

DAY = date(2026, 11, 30)
JSON = {"Content-Type": "application/json"}
NO_TOKEN = Answer(403, b"CSRF token validation failed", {"x-csrf-token": "Required", "Content-Type": "text/plain"})


def invoice(reference: str = "R1", *lines: Line, number: str = "INV-1", **header: str) -> Document:
    rent = Line("61008000", Decimal("119.00"), "EUR", (("cost_center", "10101101"), ("tax_code", "V0")), (7,))
    values = {"company_code": "1010", "supplier": "10300001", "invoice_reference": number, **header}
    return Document((), (reference,), "plan", values, DAY, DAY, "2026", "11", lines or (rent,), reference)


def refusal(*messages: tuple[str, str]) -> Answer:
    details = [{"code": code, "message": text, "severity": "error"} for code, text in messages]
    first = {"code": messages[0][0], "message": {"lang": "en", "value": messages[0][1]}}
    body = {"error": {**first, "innererror": {"errordetails": details}}}
    return Answer(400, msgspec.json.encode(body), JSON)


class Tenant:
    """Hands out tokens bound to cookies, keeps what is posted; `reply` may answer a post in its place."""

    def __init__(self):
        self.tokens = 0
        self.valid = ""
        self.bodies: list[dict] = []
        self.standing: list[dict] = []
        self.reply = lambda body: None

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("x-csrf-token") == "Fetch":
            assert asked.path.endswith("/")
            self.tokens += 1
            self.valid = f"token-{self.tokens}=="
            return Answer(
                headers={"x-csrf-token": self.valid, "Set-Cookie": f"SAP_SESSIONID_X_100={self.tokens}; path=/"},
                body=b"{}",
            )
        if asked.method == "GET":
            wanted = re.findall(r"SupplierInvoiceIDByInvcgParty eq '([^']*)'", unquote(asked.path))
            rows = [row for row in self.standing if row["SupplierInvoiceIDByInvcgParty"] in wanted]
            return Answer(body=msgspec.json.encode({"d": {"results": rows}}), headers=JSON)
        cookie = f"SAP_SESSIONID_X_100={self.tokens}"
        if asked.headers["x-csrf-token"] != self.valid or asked.headers["Cookie"] != cookie:
            return NO_TOKEN
        body = msgspec.json.decode(asked.body)
        self.bodies.append(body)
        if reply := self.reply(body):
            return reply
        made = {**body, "SupplierInvoice": f"51056{len(self.bodies):05d}", "FiscalYear": "2026"}
        return Answer(201, msgspec.json.encode({"d": made}), JSON)

    def stand(self, **values) -> None:
        row = {
            "SupplierInvoice": "5105600777",
            "FiscalYear": "2026",
            "CompanyCode": "1010",
            "InvoicingParty": "10300001",
            "SupplierInvoiceIDByInvcgParty": "INV-1",
            "AssignmentReference": "",
            "ReverseDocument": "",
            "IsReversal": False,
            "DocumentCurrency": "EUR",
            "InvoiceGrossAmount": "119.00",
            "SupplierInvoiceIsCreditMemo": "",
        }
        self.standing.append({**row, **values})


@pytest.fixture
def tenant():
    return Tenant()


@pytest.fixture
def connection(tenant):
    with serving(tenant.answer) as server:
        config = {"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 1, "timeout": 0.5}
        connection = connect(config)
        yield connection
        connection.close()


@pytest.fixture
def invoices(connection):
    return SupplierInvoices(connection)


# CSRF.


def test_one_token_serves_many_posts_and_an_old_one_is_fetched_again_once(tenant, invoices):
    assert [type(one) for one in invoices.post([invoice("A", number="1"), invoice("B", number="2")])] == [Posted] * 2
    assert tenant.tokens == 1
    tenant.valid = "expired"
    assert [type(one) for one in invoices.post([invoice("C", number="3")])] == [Posted]
    assert tenant.tokens == 2
    assert len(tenant.bodies) == 3


def test_a_token_that_is_refused_twice_is_an_error(connection):
    with serving(lambda asked: NO_TOKEN if asked.method == "POST" else Answer(headers={"x-csrf-token": "T"})) as server:
        other = connect({"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 1})
        with pytest.raises(CsrfTokenError, match="CSRF token validation failed"):
            ODataWriter(other, "/service").post("Set", {}, what="something")
        assert [asked.method for asked in server.asked] == ["GET", "POST"]


def test_without_a_csrf_token_no_plan_was_sent():
    with serving(lambda asked: Answer(503)) as server:
        other = connect({"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 1})
        assert [type(one) for one in PlanData(other, rules()).post([plan()])] == [Unsent]


def test_a_service_that_gives_no_token_is_told(connection):
    with serving(lambda asked: Answer(body=b"{}")) as server:
        other = connect({"api_url": server.url, "username": "PLAN", "password": "secret", "max_tries": 1})
        with pytest.raises(RefusedError, match="expected a header x-csrf-token from /service/, got none"):
            ODataWriter(other, "/service").post("Set", {}, what="something")


# Supplier invoices.


def test_an_invoice_is_one_deep_insert_with_texts_for_numbers(tenant, invoices):
    order = (("purchase_order", "4500000001"), ("purchase_order_item", "00010"), ("quantity", "2"), ("unit", "PC"))
    lines = (
        Line("61008000", Decimal("100.00"), "EUR", (("cost_center", "10101101"),)),
        Line("", Decimal("19.00"), "EUR", order),
    )
    (posted,) = invoices.post([invoice("R1", *lines, gross_amount="119.00", tax_is_calculated="true")])
    assert posted == Posted("5105600001", "1010", "2026")
    assert tenant.bodies == [
        {
            "CompanyCode": "1010",
            "InvoicingParty": "10300001",
            "SupplierInvoiceIDByInvcgParty": "INV-1",
            "InvoiceGrossAmount": "119.00",
            "AssignmentReference": "R1",
            "TaxIsCalculatedAutomatically": True,
            "DocumentDate": "2026-11-30T00:00:00",
            "PostingDate": "2026-11-30T00:00:00",
            "DocumentCurrency": "EUR",
            "to_SupplierInvoiceItemGLAcct": {
                "results": [
                    {
                        "SupplierInvoiceItem": "0001",
                        "CompanyCode": "1010",
                        "GLAccount": "61008000",
                        "CostCenter": "10101101",
                        "DocumentCurrency": "EUR",
                        "SupplierInvoiceItemAmount": "100.00",
                        "DebitCreditCode": "S",
                    }
                ]
            },
            "to_SuplrInvcItemPurOrdRef": {
                "results": [
                    {
                        "SupplierInvoiceItem": "000001",
                        "PurchaseOrder": "4500000001",
                        "PurchaseOrderItem": "00010",
                        "QuantityInPurchaseOrderUnit": "2",
                        "PurchaseOrderQuantityUnit": "PC",
                        "DocumentCurrency": "EUR",
                        "SupplierInvoiceItemAmount": "19.00",
                    }
                ]
            },
        }
    ]


def test_a_negative_sum_is_a_credit_memo():
    body = payload(invoice("R1", Line("61008000", Decimal("-100.00"), "EUR"), Line("61008001", Decimal("1.00"), "EUR")))
    assert (body["SupplierInvoiceIsCreditMemo"], body["InvoiceGrossAmount"]) == ("X", "99.00")
    items = body["to_SupplierInvoiceItemGLAcct"]["results"]
    sides = [(item["DebitCreditCode"], item["SupplierInvoiceItemAmount"]) for item in items]
    assert sides == [("H", "100.00"), ("S", "1.00")]


def test_a_service_that_turns_the_sides_of_credit_memos_itself_gets_them_the_other_way_round():
    body = payload(invoice("R1", Line("61008000", Decimal("-100.00"), "EUR")), memo_items="debit")
    (item,) = body["to_SupplierInvoiceItemGLAcct"]["results"]
    assert item["DebitCreditCode"] == "S"
    (item,) = payload(invoice("R1"), memo_items="debit")["to_SupplierInvoiceItemGLAcct"]["results"]
    assert item["DebitCreditCode"] == "S"


def test_an_invoice_that_stands_is_reported_as_already_there_and_not_posted(tenant, invoices):
    tenant.stand()
    (posted,) = invoices.post([invoice()])
    assert posted == Posted("5105600777", "1010", "2026", existing=True)
    assert tenant.bodies == []


def test_an_invoice_that_stands_over_another_amount_is_named_and_neither_posted_nor_taken_as_ours(tenant, invoices):
    tenant.stand(InvoiceGrossAmount="120.00")
    assert invoices.look_up([invoice()]) == {}
    ((message,),) = [one.messages for one in invoices.post([invoice()])]
    assert message.text.startswith("it stands as 5105600777/2026 over 120 EUR, and would be posted over 119.00 EUR")
    assert tenant.bodies == []


def test_our_own_invoice_is_found_again_in_whatever_year_it_landed(tenant, invoices):
    tenant.stand(AssignmentReference="R1", FiscalYear="2027")
    assert invoices.look_up([invoice()]) == {"R1": Posted("5105600777", "1010", "2027")}


@pytest.mark.parametrize("values", [{"ReverseDocument": "5105600778"}, {"IsReversal": True}, {"FiscalYear": "2025"}])
def test_cancelled_invoices_and_other_years_are_no_duplicates(tenant, invoices, values):
    tenant.stand(**values)
    assert [one.existing for one in invoices.post([invoice()])] == [False]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("M8/108", "Check if invoice already entered under accounting doc. no. 5105600555 2026"),
        ("F5/117", "Check whether document has already been entered under number 1010 5105600555 2026"),
    ],
)
def test_a_duplicate_that_only_sap_finds_is_already_there(tenant, invoices, code, text):
    tenant.reply = lambda body: refusal((code, text))
    assert list(invoices.post([invoice()])) == [Posted("5105600555", "1010", "2026", text, existing=True)]


def test_a_refusal_has_all_of_saps_messages_and_the_lines_they_are_about(tenant, invoices):
    tenant.reply = lambda body: refusal(("F5/507", "Cost center 10101101 is locked"), ("M8/534", "Balance not zero: 1"))
    lines = (Line("61008000", Decimal(1), "EUR"), Line("61008000", Decimal(1), "EUR", (("cost_center", "10101101"),)))
    (refused,) = invoices.post([invoice("R1", *lines)])
    expected = Refused(
        (Message("F5/507", "Cost center 10101101 is locked", 1), Message("M8/534", "Balance not zero: 1"))
    )
    assert refused == expected


@pytest.mark.parametrize("reply", [RESET, Answer(503), Answer(201, b"{"), Answer(201, b""), Answer(200, b"<html>")])
def test_a_lost_answer_to_an_invoice_is_unknown_and_the_next_one_goes_on(tenant, invoices, reply):
    tenant.reply = lambda body: reply if len(tenant.bodies) == 1 else None
    outcomes = list(invoices.post([invoice("A", number="1"), invoice("B", number="2")]))
    assert [type(one) for one in outcomes] == [Unknown, Posted]
    assert len(tenant.bodies) == 2


GATEWAYS = [b"", b"no", b"<html>no</html>", b'{"message": "no"}', b'{"error": {"code": 400, "message": "no"}}']
GATEWAYS += [b'{"fault": {"faultstring": "no"}}', b'{"error": "no", "error_description": "no"}']


@pytest.mark.parametrize("body", GATEWAYS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 425, 499])
def test_what_may_be_a_gateways_word_says_nothing_of_an_invoice(tenant, invoices, status, body):
    tenant.reply = lambda _: Answer(status, body)
    assert [type(one) for one in invoices.post([invoice()])] == [Unknown]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 412, 428])
def test_what_sap_itself_turned_away_is_not_posted(tenant, invoices, status):
    tenant.reply = lambda _: Answer(status, refusal(("/IWFND/CM_MGW/096", "Not now")).body)
    assert [type(one) for one in invoices.post([invoice()])] == [Unsent]


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 503])
def test_statuses_that_gateways_give_when_they_give_up_say_nothing_whatever_the_body(tenant, invoices, status):
    tenant.reply = lambda _: Answer(status, refusal(("X/1", "Not now")).body)
    assert [type(one) for one in invoices.post([invoice()])] == [Unknown]


def test_without_a_look_up_no_invoice_is_sent(tenant):
    with serving(lambda asked: Answer(503)) as server:
        invoices = SupplierInvoices(connect({"api_url": server.url, "username": "P", "password": "s", "max_tries": 1}))
        assert [type(one) for one in invoices.post([invoice()])] == [Unsent]
        assert all(asked.method == "GET" for asked in server.asked)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (invoice(header_text="x" * 26), "at most 25 characters in DocumentHeaderText"),
        (invoice("R1", Line("", Decimal(1), "EUR")), "account or purchase_order is missing"),
        (invoice("R1", Line("6", Decimal(1), "EUR"), Line("6", Decimal(1), "USD")), "one currency, got EUR, USD"),
        (invoice("R1", Line("6", Decimal("1.0001"), "EUR")), "at most 3 decimals"),
        (
            invoice("R1", Line("6", Decimal(9), "EUR"), Line("", Decimal(-1), "EUR", (("purchase_order", "45"),))),
            "lines of purchase orders have no sign",
        ),
    ],
)
def test_what_sap_would_refuse_in_an_invoice_is_not_sent(document, words):
    (message,) = faults(document)
    assert words in message.text


# Plan data.


def plan(*lines: Line, key: str = "A", period: str = "1", **values) -> Document:
    header = {"company_code": "1010", "planning_category": "PLN"}
    cells = lines or (
        Line("400000", Decimal("-224501.00"), "EUR", (("cost_center", "10101101"),)),
        Line("410000", Decimal("0.00"), "EUR", (("YY1_Region", "N"),)),
    )
    return Document(("V1",), (key,), "plan", header, DAY, DAY, "2027", period, cells, key, **values)


def test_plan_data_replace_what_stood_for_the_document_and_nothing_else(tenant, connection):
    (posted,) = PlanData(connection, rules(["YY1_Region"])).post([plan()])
    assert posted == Posted("001.2027", "1010", "2027", "2 cells")
    (body,) = tenant.bodies
    assert body["PlanDataRplcScopeFieldsString"] == "LedgerFiscalYear,FiscalYearPeriod,CompanyCode,PlanningCategory"
    level = body["PlanDataAggrgnLvlFieldsString"].split(",")
    first, second = body["to_FinPlanningEntryItemTP"]["results"]
    assert list(first) == list(second) == level
    assert first["AmountInCompanyCodeCurrency"] == "-224501.00"
    assert (first["FiscalYearPeriod"], first["CostCenter"], first["YY1_Region"]) == ("001.2027", "10101101", "")
    assert (second["CostCenter"], second["YY1_Region"]) == ("", "N")


def test_two_documents_of_a_run_may_not_replace_the_same_plan(connection):
    poster = PlanData(connection, rules())
    assert poster.check(plan(key="A")) == poster.check(plan(key="A")) == poster.check(plan(key="B", period="2")) == []
    (message,) = poster.check(plan(key="B"))
    assert "another document of this run replaces the same plan" in message.text


def test_plan_data_are_never_split(connection):
    (message,) = PlanData(connection, rules()).check(plan(parts=2))
    assert "too many lines for one request" in message.text


def test_a_refused_and_a_lost_plan_are_told_apart(tenant, connection):
    poster = PlanData(connection, rules())
    tenant.reply = lambda body: refusal(("FINS/1", "Cost center 10101101 does not exist"))
    assert list(poster.post([plan()])) == [Refused((Message("FINS/1", "Cost center 10101101 does not exist", 0),))]
    tenant.reply = lambda body: RESET
    assert [type(one) for one in poster.post([plan()])] == [Unknown]
