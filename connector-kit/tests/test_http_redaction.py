"""No secret in an error, a log line or a traceback, in whatever dress it comes; and errors of one line."""

from __future__ import annotations

import io
import json
import logging
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.logging import StructuredFormatter

from connector_kit import redaction
from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.redaction import redact, redact_logs, register_secret, register_url, shortened


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests(monkeypatch):
    monkeypatch.setattr(redaction, "_secrets", set())
    monkeypatch.setattr(redaction, "_known", None)


@pytest.mark.parametrize(
    "secret",
    ["p4ss/w&rd é+", 'quote"and\\back', "line\nbreak <x>", "it's", "-----BEGIN KEY-----\nabcd\n-----END KEY-----"],
)
def test_a_registered_secret_is_masked_in_every_dress(secret):
    register_secret(secret)
    dresses = [
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        urlencode({"p": secret}),
        json.dumps({"p": secret}),
        json.dumps({"p": secret}, ensure_ascii=False),
        escape(secret),
        repr(secret),
        repr({"p": secret}),
    ]
    for dress in dresses:
        seen = redact(f"before {dress} after")
        assert "***" in seen
        for part in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], escape(secret), repr(secret)[1:-1]):
            assert part not in seen
        assert seen.startswith("before ")
        assert seen.endswith(" after")


def test_of_two_secrets_the_longer_is_masked_whole():
    register_secret("secret")
    register_secret("secret-and-more")
    assert redact("x secret-and-more y secret z") == "x *** y *** z"


def test_very_short_values_are_left_alone_because_masking_every_a_helps_nobody():
    for value in ("", "a", "abc", "é"):
        register_secret(value)
    assert redact("a b c abc é %C3%A9") == "a b c abc é %C3%A9"


@pytest.mark.parametrize(
    "text",
    [
        "GET /Logon?Operator=ADMIN&OperatorPassword=canary-1&CompanyPassword=canary-2&CompanyId=1",
        "GET /Query/Query?UserId=3EA613166FE4BFCANARY00&XmlIn=x",
        "<UserId>CANARY613166FE4BF4792</UserId><BusinessObject>X</BusinessObject>",
        "Authorization: Basic Q0FOQVJZOmNhbmFyeQcanary==",
        "{'Authorization': 'AnaplanAuthToken canary-1234567890'}",
        'x-csrf-token: canary-token, "a"',
        "Set-Cookie: SAP_SESSIONID=canary%3d; path=/",
        "postgresql://user:canary-pw@host/db and postgresql://:canary-pw@host/db",
        '{"tokenValue": "canary", "refresh_token": "canary", "client_secret":"canary"}',
        "Bearer canary.canary-canary_canary",
    ],
)
def test_what_looks_like_a_secret_is_masked_before_it_is_registered(text):
    assert "canary" not in redact(text).lower()


@given(st.text())
def test_redaction_never_fails_and_is_stable(text):
    assert redact(redact(text)) == redact(text)


def test_harmless_words_stay_readable():
    text = "Anaplan: import Suppliers: expected column Code, got Kode. See https://example.invalid/a:b?page=2"
    assert redact(text) == text


def logged(formatter, emit):
    """What a handler of the root logger writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        redact_logs()
        redact_logs()
        assert len(handler.filters) == 1
        emit(logging.getLogger("some.library"))
    finally:
        root.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.parametrize("formatter", [logging.Formatter("%(message)s"), StructuredFormatter()])
def test_messages_arguments_tracebacks_and_chained_errors_are_masked(formatter):
    secret = f"canary-{7 * 11 * 13}"  # put together here, so that no traceback quotes it from this file
    register_secret(secret)

    def fail():
        raise KeyError(secret)

    def emit(log):
        log.warning("plain " + secret)
        log.warning("argument %s and %d", secret, 7)
        log.warning("stack", stack_info=True)
        try:
            try:
                fail()
            except KeyError as error:
                raise ValueError(f"bad {secret}") from error
        except ValueError:
            log.exception("failed")

    text = logged(formatter, emit)
    assert secret not in text
    assert "plain ***" in text
    assert "argument *** and 7" in text
    assert "bad ***" in text
    assert "ValueError" in text
    assert "KeyError" in text


def test_a_log_call_whose_arguments_do_not_fit_does_not_end_the_program():
    register_secret("canary-value")
    text = logged(logging.Formatter("%(message)s"), lambda log: log.warning("two %s %s", *["canary-value"]))
    assert "two %s %s" in text
    assert "canary" not in text


def test_a_record_that_another_handler_formatted_before_is_masked_too():
    register_secret("canary-value")
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "m", (), None)
    record.exc_text = "Traceback: canary-value"
    redaction.RedactingFilter().filter(record)
    assert record.exc_text == "Traceback: ***"


def test_an_error_says_system_object_expected_got_and_what_to_do_in_one_line():
    error = NotFoundError(
        system="Anaplan",
        subject="import Suppliers",
        expected="an import of that name",
        got="Suppliers 2,\n Customers.",
        hint="Check the mapping.",
        status=404,
    )
    assert str(error) == (
        "Anaplan: import Suppliers: expected an import of that name, got Suppliers 2, Customers. Check the mapping."
    )
    assert error.status == 404
    assert not error.retriable


@given(st.text(), st.text(), st.text(), st.text())
def test_errors_are_always_one_line(subject, expected, got, hint):
    line = str(RefusedError(system="S", subject=subject, expected=expected, got=got, hint=hint))
    assert len(line.splitlines()) <= 1


def test_a_secret_that_is_registered_after_the_error_was_made_is_masked_as_well():
    error = RefusedError(system="S", subject="x", got="canary-late")
    register_secret("canary-late")
    assert "canary" not in str(error)


def test_each_error_knows_whether_the_same_request_may_succeed_later():
    kinds = {kind: kind.retriable for kind in (ConfigurationError, AuthenticationError, NotFoundError, RefusedError)}
    assert not any(kinds.values())
    assert BusyError.retriable
    assert UnavailableError.retriable
    assert issubclass(BusyError, ConnectorError)
    assert BusyError(system="S", subject="x", retry_after=3.0).retry_after == 3.0


@pytest.mark.parametrize("before", ["", "u:", "us:", "user:"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_of_a_secret_is_masked_wherever_in_a_text_it_began(before, encode):
    secret = "p4ss/wörd>?~ÿ-secret"
    register_secret(secret)
    encoded = encode(f"{before}{secret}".encode()).decode()
    assert encoded[6:-6] not in redact(f"proof {encoded}")


def test_a_secret_that_was_misread_or_written_twice_is_masked():
    secret = "p4ss'w\"örd&<%@"
    register_secret(secret)
    misread = secret.encode().decode("latin-1")
    for dress in (
        misread,
        quote(quote(secret, safe=""), safe=""),
        json.dumps(json.dumps(secret)),
        repr([repr(secret)]),
    ):
        assert "p4ss" not in redact(dress)


def test_texts_are_masked_before_they_are_cut():
    register_secret("0123456789abcdef")
    assert shortened(f"{'x' * 15}0123456789abcdef", 20) == f"{'x' * 15}***"
    assert shortened("x" * 30, 20) == f"{'x' * 20}…"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:{}@host/database",
        "user:{}@host",
        "postgresql://user:{}@more@host/database",
        "postgresql://user:{}/more@host/database",
        "postgresql://user:{}#more@host/database",
    ],
)
def test_the_password_of_a_url_is_masked_also_where_a_parser_would_take_a_part_of_it_for_a_host(url):
    register_url(url.format("canary0123456789"))
    assert "canary" not in redact("could not translate host name canary0123456789 to address")


def test_a_url_without_a_password_masks_nothing():
    for url in ("postgresql://user@host/database", "sqlite:////var/lib/audit.db", "https://host/path:x"):
        register_url(url)
    assert redact("user host database audit path") == "user host database audit path"


def test_handlers_of_single_loggers_are_masked_too():
    register_secret("s3cret-value")
    stream = io.StringIO()
    logger = logging.getLogger("connector_kit.tests.single")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        redact_logs()
        logger.error("got s3cret-value")
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue() == "got ***\n"
