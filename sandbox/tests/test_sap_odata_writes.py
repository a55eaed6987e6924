"""Creates, functions, tokens and batches of the local S/4HANA."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal

import pytest

from sandbox.sap.csrf import COOKIE
from sandbox.tests.sap_services import desk, invoice

BODY = {
    "PostingDate": "2026-11-20T00:00:00",
    "ChangedAt": "/Date(1764547200250+0000)/",
    "CreatedAt": "PT08H05M09S",
    "GrossAmount": "100.50",
    "Rate": "7",
    "IsReversed": False,
    "HeaderText": "from a test",
    "Reference": "0000000A-0000-0000-0000-000000000001",
    "Days": 5,
    "Ticks": "9007199254740993",
    "Currency": None,
    "to_Item": {
        "results": [{"Amount": "60.00", "GLAccount": "61003000"}, {"Amount": "40.50", "GLAccount": "61003001"}]
    },
}


@pytest.fixture(scope="module")
def running():
    with desk() as one:
        yield one


@pytest.fixture
def sap(running):
    for table in ("Invoice", "Item"):
        running.store.connection.execute(f"DELETE FROM {table}")
    running.store.insert("Invoice", invoice(1))
    running.application.bodies.clear()
    running.switches.reset()
    running.http = running.client()
    return running


def test_a_deep_create_hands_typed_values_over_and_answers_with_the_entity(sap):
    answer = sap.post("A_Invoice", BODY)
    assert answer.status_code == 201, answer.text
    assert sap.application.bodies == [
        {
            "PostingDate": date(2026, 11, 20),
            "ChangedAt": datetime(2025, 12, 1, 0, 0, 0, 250_000, tzinfo=timezone.utc),
            "CreatedAt": time(8, 5, 9),
            "GrossAmount": Decimal("100.50"),
            "Rate": Decimal(7),
            "IsReversed": False,
            "HeaderText": "from a test",
            "Reference": "0000000a-0000-0000-0000-000000000001",
            "Days": 5,
            "Ticks": 2**53 + 1,
            "Currency": None,
            "to_Item": [
                {"Amount": Decimal("60.00"), "GLAccount": "61003000"},
                {"Amount": Decimal("40.50"), "GLAccount": "61003001"},
            ],
        }
    ]
    row = answer.json()["d"]
    assert row["Invoice"] == "5105600101"
    assert [each["Amount"] for each in row["to_Item"]["results"]] == ["60.000", "40.500"]
    assert "__deferred" in row["to_Supplier"]
    assert answer.headers["Location"] == row["__metadata"]["uri"]
    assert sap.http.get(answer.headers["Location"]).json()["d"]["HeaderText"] == "from a test"


def test_items_may_come_as_a_bare_array_and_dates_as_ticks(sap):
    answer = sap.post("A_Invoice", {"PostingDate": "/Date(1763596800000)/", "to_Item": BODY["to_Item"]["results"]})
    assert answer.status_code == 201
    assert sap.application.bodies[0]["PostingDate"] == date(2025, 11, 20)
    assert len(sap.application.bodies[0]["to_Item"]) == 2


def test_a_create_of_v4_wants_numbers_unless_it_says_otherwise(sap):
    body = {"GrossAmount": 12.05, "PostingDate": "2026-11-20", "CreatedAt": "08:05:09", "_Item": []}
    assert sap.post("Invoice", body, version=4).status_code == 201
    assert sap.application.bodies[0]["GrossAmount"] == Decimal("12.05")
    assert sap.post("Invoice", {"GrossAmount": "12.05"}, version=4).status_code == 400
    strings = {"Content-Type": "application/json;IEEE754Compatible=true"}
    assert sap.post("Invoice", {"GrossAmount": "12.05"}, 4, **strings).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"GrossAmount": 100.5}, {"GrossAmount": 100}, {"GrossAmount": "1e2"}, {"GrossAmount": "1.0001"},
        {"GrossAmount": "123456789012"}, {"Days": "5"}, {"Days": 2**31}, {"Days": 1.5}, {"IsReversed": "true"},
        {"HeaderText": 5}, {"HeaderText": "x" * 26}, {"PostingDate": "20.11.2026"}, {"PostingDate": 5}, {"Nope": 1},
        {"PostingDate": "2026-02-30T00:00:00"}, {"Reference": "x"}, {"CreatedAt": "PT25H"}, {"Ticks": 5},
        {"to_Item": "x"}, {"to_Item": {"Amount": "1"}}, {"to_Supplier": []}, {"to_Item": [{"Nope": "1"}]},
        {"ChangedAt": "/Date(99999999999999999)/"},
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_types_never_reaches_the_application(sap, body):
    answer = sap.post("A_Invoice", body)
    assert answer.status_code == 400, answer.text
    assert next(iter(body)) in answer.json()["error"]["message"]["value"] or "Nope" in answer.text
    assert sap.application.bodies == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": \xff}', b"1"])
def test_a_body_that_is_no_json_object_is_refused(sap, body):
    headers = {"X-CSRF-Token": sap.token(), "Content-Type": "application/json"}
    assert sap.http.post(f"{sap.two}/A_Invoice", data=body, headers=headers).status_code == 400


def test_a_refusal_of_the_application_keeps_nothing_and_lists_its_messages(sap):
    answer = sap.post("A_Invoice", {**BODY, "HeaderText": "refuse"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["message"]["value"]) == (400, "M8/534", "Balance not zero: 1")
    details = error["innererror"]["errordetails"]
    assert [each["code"] for each in details] == ["M8/534", "F5/117", "/IWBEP/CX_MGW_BUSI_EXCEPTION"]
    assert [each["severity"] for each in details] == ["error", "warning", "error"]
    assert (details[0]["propertyref"], details[1]["message"]) == ("GrossAmount", "ä?")
    assert len(sap.rows("A_Invoice")) == 1


def test_a_refusal_in_v4_has_details_and_a_target(sap):
    error = sap.post("Invoice", {"HeaderText": "refuse"}, version=4).json()["error"]
    assert (error["code"], error["message"], error["target"]) == ("M8/534", "Balance not zero: 1", "GrossAmount")
    assert [(each["code"], each["@SAP__common.numericSeverity"]) for each in error["details"]] == [("F5/117", 3)]


def test_a_success_with_a_warning_says_so_in_a_header(sap):
    answer = sap.post("A_Invoice", {"HeaderText": "warn"})
    assert answer.status_code == 201
    assert '"code": "M8/108"' in answer.headers["sap-message"]
    assert "Pr\\u00fcfen" in answer.headers["sap-message"]


def test_a_function_is_called_by_post_with_literals(sap):
    headers = {"X-CSRF-Token": sap.token()}
    address = f"{sap.two}/Post?Invoice='5105600001'&FiscalYear='2026'"
    answer = sap.http.post(f"{address}&PostingDate=datetime'2026-11-20T00:00:00'", headers=headers)
    assert answer.json()["d"]["Post"]["Success"] is True
    assert answer.json()["d"]["Post"]["__metadata"] == {"type": "API_TEST_SRV.PostExportParameters"}
    assert sap.application.bodies == [
        {"Invoice": "5105600001", "FiscalYear": "2026", "PostingDate": date(2026, 11, 20)}
    ]
    entity = sap.http.post(f"{sap.two}/Touch?Invoice='5105600001'&FiscalYear='2026'", headers=headers)
    assert entity.json()["d"]["Days"] == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [("Post", 400), ("Post?Invoice=5&FiscalYear='2026'", 400), ("Post?Invoice='0'&FiscalYear='2026'", 400)],
)
def test_a_function_refuses_parameters_that_are_missing_wrong_or_not_possible(sap, address, status):
    assert sap.http.post(f"{sap.two}/{address}", headers={"X-CSRF-Token": sap.token()}).status_code == status
    assert sap.http.get(f"{sap.two}/{address}").status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "A_Invoice(Invoice='5105600001',FiscalYear='2026')", 405), ("DELETE", "A_Supplier('1')", 405),
        ("POST", "A_Supplier", 405), ("PUT", "A_Invoice", 405), ("MERGE", "A_Invoice", 405), ("POST", "A_Nope", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_not_allowed(sap, method, path, status):
    answer = sap.http.request(method, f"{sap.two}/{path}", json={}, headers={"X-CSRF-Token": sap.token()})
    assert answer.status_code == status


def test_a_create_takes_neither_a_condition_nor_xml(sap):
    assert sap.post("A_Invoice", {}, **{"If-Match": "*"}).json()["error"]["code"] == "/IWFND/CM_MGW/537"
    assert sap.post("A_Invoice", {}, **{"Content-Type": "application/atom+xml"}).status_code == 415
    assert sap.post("A_Invoice", {}, **{"X-HTTP-Method": "MERGE"}).status_code == 405


@pytest.mark.parametrize("path", ["", "$metadata", "A_Supplier"])
def test_a_token_comes_with_cookies_and_is_good_only_with_them(sap, path):
    answer = sap.http.get(f"{sap.two}/{path}", headers={"X-CSRF-Token": "Fetch"})
    token = answer.headers["x-csrf-token"]
    assert len(token) == 24
    assert {COOKIE, "sap-usercontext"} <= set(sap.http.cookies.keys())
    stranger = sap.client().post(f"{sap.two}/A_Invoice", json={}, headers={"X-CSRF-Token": token})
    assert (stranger.status_code, stranger.headers["x-csrf-token"]) == (403, "Required")
    assert (stranger.text, stranger.headers["Content-Type"].partition(";")[0]) == (
        "CSRF token validation failed", "text/plain",
    )  # fmt: skip
    assert sap.http.post(f"{sap.two}/A_Invoice", json={}, headers={"X-CSRF-Token": token}).status_code == 201
    assert sap.token() == token


@pytest.mark.parametrize("token", [None, "Fetch", "wrong"])
def test_without_a_valid_token_nothing_is_changed(sap, token):
    sap.token()
    headers = {} if token is None else {"X-CSRF-Token": token}
    assert sap.http.post(f"{sap.two}/A_Invoice", json={}, headers=headers).status_code == 403
    assert sap.application.bodies == []


def test_a_token_expires_and_a_new_one_is_fetched(sap):
    sap.switches.set("csrf_seconds", 60)
    token = sap.token()
    sap.clock.advance(61)
    assert sap.http.post(f"{sap.two}/A_Invoice", json={}, headers={"X-CSRF-Token": token}).status_code == 403
    assert sap.post("A_Invoice", {}).status_code == 201


def test_a_token_is_not_handed_out_with_an_error_and_head_may_be_refused(sap):
    fetch = {"X-CSRF-Token": "Fetch"}
    assert "x-csrf-token" not in sap.http.get(f"{sap.two}/A_Nope", headers=fetch).headers
    assert sap.http.head(f"{sap.two}/", headers=fetch).status_code == 403
    sap.switches.set("csrf_head", "allowed")
    assert len(sap.http.head(f"{sap.two}/", headers=fetch).headers["x-csrf-token"]) == 24


def part(method, address, body=""):
    content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    inner = f"{method} {address} HTTP/1.1\r\nAccept: application/json\r\n{content}\r\n{body}"
    return f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{inner}\r\n"


def joined(boundary, *parts):
    return "".join(f"--{boundary}\r\n{each}\r\n" for each in parts) + f"--{boundary}--\r\n"


def changeset(*parts):
    return f"Content-Type: multipart/mixed; boundary=inner\r\n\r\n{joined('inner', *parts)}"


def send(sap, *parts, token=True):
    headers = {"Content-Type": "multipart/mixed; boundary=outer", **({"X-CSRF-Token": sap.token()} if token else {})}
    return sap.http.post(f"{sap.two}/$batch", data=joined("outer", *parts).encode(), headers=headers)


CREATE = part("POST", "A_Invoice", '{"HeaderText": "batch"}')
REFUSED = part("POST", "A_Invoice", '{"HeaderText": "refuse"}')


def test_a_batch_answers_202_with_one_answer_for_each_part(sap):
    answer = send(sap, part("GET", "A_Invoice?$top=1&$select=Invoice"), changeset(CREATE), part("GET", "A_Nope"))
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (202, "multipart/mixed")
    lines = [line for line in answer.text.splitlines() if line.startswith("HTTP/1.1")]
    assert lines == ["HTTP/1.1 200 OK", "HTTP/1.1 201 Created", "HTTP/1.1 404 Not Found"]
    assert answer.text.count("Content-Type: application/http") == 3
    assert '"Invoice":"5105600001"' in answer.text


def test_a_changeset_happens_whole_or_not_at_all(sap):
    answer = send(sap, changeset(CREATE, REFUSED, CREATE))
    assert [line for line in answer.text.splitlines() if line.startswith("HTTP/")] == ["HTTP/1.1 400 Bad Request"]
    assert "M8/534" in answer.text
    assert len(sap.rows("A_Invoice")) == 1
    send(sap, changeset(CREATE, CREATE))
    assert len(sap.rows("A_Invoice")) == 3


def test_a_batch_that_changes_needs_a_token_and_one_that_reads_does_not(sap):
    refused = send(sap, changeset(CREATE), token=False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "/IWFND/CM_MGW/098")
    assert send(sap, part("GET", "A_Supplier"), token=False).status_code == 202


def test_changes_in_a_batch_belong_into_a_changeset(sap):
    assert "HTTP/1.1 400" in send(sap, CREATE).text
    assert sap.application.bodies == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/mixed", "x"), ("multipart/mixed; boundary=b", "x"),
        ("multipart/mixed; boundary=b", "--b\r\n\r\nx\r\n"),
        ("multipart/mixed; boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"),
        ("multipart/mixed; boundary=b", "--b\r\nContent-Type: application/http\r\n\r\nGET\r\n\r\n--b--"),
    ],
)  # fmt: skip
def test_a_malformed_batch_is_refused(sap, content_type, body):
    headers = {"Content-Type": content_type, "X-CSRF-Token": sap.token()}
    assert sap.http.post(f"{sap.two}/$batch", data=body.encode(), headers=headers).status_code == 400
