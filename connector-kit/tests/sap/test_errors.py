"""SAP's error bodies, as public repositories and SAP's documentation quote them."""

from __future__ import annotations

import json

import pytest
import requests

from connector_kit.errors import (
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.sap.errors import CsrfTokenError, SapMessage, classify, messages_of

NOT_ARRANGED = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><code>/IWFND/MED/170</code>'
    "<message xml:lang=\"en\">No service found for namespace '', name 'API_X', version '0001'</message></error>"
)


def answer(status, body="", **headers):
    response = requests.Response()
    response.status_code = status
    response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def v2(code, text, *details):
    return {
        "error": {
            "code": code,
            "message": {"lang": "en", "value": text},
            "innererror": {
                "application": {"service_id": "API_X"},
                "Error_Resolution": {"SAP_Note": "See SAP Note 1797736"},
                "errordetails": list(details),
            },
        }
    }


def detail(code, message, severity="error", target=""):
    return {"code": code, "message": message, "severity": severity, "target": target, "propertyref": ""}


BUSINESS = v2(
    "F5/702",
    "Balance in transaction currency",
    detail("M8/108", "Check if invoice already entered under accounting document 5100000001"),
    detail("F5/702", "Balance in transaction currency", target="Amount"),
    detail("/IWBEP/CX_MGW_BUSI_EXCEPTION", "Balance in transaction currency"),
)


def test_all_messages_come_on_one_line_each_once_and_without_the_framework_around_them():
    error = classify(answer(400, BUSINESS), "supplier invoice 4711")
    assert isinstance(error, RefusedError)
    assert str(error).startswith("SAP S/4HANA: supplier invoice 4711: got HTTP 400: F5/702 Balance in transaction")
    assert "M8/108 Check if invoice already entered under accounting document 5100000001" in str(error)
    assert str(error).count("Balance in transaction currency") == 1
    assert "CX_MGW" not in str(error)
    assert "\n" not in str(error)


def test_a_message_knows_its_property_and_severity():
    body = v2("X/1", "Bad", detail("X/2", "Worse", "warning", "PostingDate"))
    assert messages_of(answer(400, body)) == [
        SapMessage("X/1", "Bad", "error", ""),
        SapMessage("X/2", "Worse", "warning", "PostingDate"),
    ]


def test_v4_details_with_their_numeric_severities():
    body = {
        "error": {
            "code": "OO/000",
            "message": "Not possible",
            "@SAP__common.numericSeverity": 4,
            "target": "Note",
            "details": [{"code": "OO/001", "message": "Because", "@SAP__Common.numericSeverity": 2, "target": "Item"}],
        }
    }
    assert messages_of(answer(400, body)) == [
        SapMessage("OO/000", "Not possible", "error", "Note"),
        SapMessage("OO/001", "Because", "info", "Item"),
    ]


def test_messages_of_a_success_come_in_a_header():
    header = json.dumps({"code": "M8/060", "message": "Posted with warnings", "severity": "warning", "details": []})
    assert messages_of(answer(201, "{}", sap_message=header)) == [
        SapMessage("M8/060", "Posted with warnings", "warning", "")
    ]


def test_a_service_that_is_not_arranged_is_a_matter_of_configuration():
    error = classify(answer(403, NOT_ARRANGED, Content_Type="application/xml"), "$metadata of API_X")
    assert isinstance(error, ConfigurationError)
    assert "communication arrangement" in str(error)
    assert "API_X" in str(error)
    assert error.status == 403


@pytest.mark.parametrize("word", ["Required", "required"])
def test_a_missing_csrf_token_is_recognised(word):
    error = classify(answer(403, "CSRF token validation failed", x_csrf_token=word), "supplier invoice")
    assert isinstance(error, CsrfTokenError)
    assert "CSRF token validation failed" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"), [(403, NotFoundError), (404, NotFoundError), (412, RefusedError), (500, UnavailableError)]
)
def test_each_status_has_its_error_in_saps_words(status, kind):
    error = classify(answer(status, v2("/IWFND/CM_MGW/004", "No authorization to access Service")), "x")
    assert type(error) is kind
    assert "No authorization to access Service" in str(error)


def test_a_web_page_with_401_is_an_authentication_error_without_its_text():
    error = classify(answer(401, "<html><body>Logon failed</body></html>", Content_Type="text/html"), "x")
    assert isinstance(error, AuthenticationError)
    assert error.status == 401
    assert "communication user" in str(error)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_tried_again_is_left_to_the_common_table(status):
    assert classify(answer(status, v2("X/1", "busy")), "x") is None


@pytest.mark.parametrize("body", ["", "plain words", "<html></html>", "<a><b></a>", "[1, 2]", '{"error": 5}', "{"])
def test_any_other_body_is_no_message(body):
    assert messages_of(answer(400, body)) == []
    assert classify(answer(400, body), "x") is None


def test_an_xml_bomb_is_not_unfolded():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><error><code>X/1</code><message>&a;</message></error>'
    assert "aaaa" not in str(messages_of(answer(400, bomb)))
