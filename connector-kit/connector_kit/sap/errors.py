"""SAP's own words in our errors: error bodies of OData V2 (JSON, XML) and V4, and the `sap-message` header.

Shapes: SAP Help "OData V2 error response" and the error bodies that public repositories quote (`innererror` with
`errordetails`; V4 `details` with `@SAP__common.numericSeverity`; /IWFND/MED/170 for a service that is not arranged).
Bodies that are none of these (web pages, plain text, SOAP) are left to the common table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
import requests

from connector_kit.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.http import excerpt, wanted_pause
from connector_kit.http.bodies import decoded, unmarked
from connector_kit.redaction import shortened

SYSTEM = "SAP S/4HANA"
CSRF_HEADER = "x-csrf-token"
# Whatever their bodies say: a gateway that gave up gives these, too.
_IN_DOUBT = frozenset({408, 409, 425, 499})

Severity = Literal["success", "info", "warning", "error"]
_SEVERITIES: Mapping[object, Severity] = {
    1: "success",
    2: "info",
    3: "warning",
    4: "error",
    "success": "success",
    "info": "info",
    "warning": "warning",
}
_NOT_ARRANGED = "/IWFND/MED/170"
# Gateway's wrapper around the real messages: says nothing of its own.
_WRAPPERS = ("/IWBEP/CX_MGW_BUSI_EXCEPTION", "/IWBEP/CX_MGW_TECH_EXCEPTION")
_MOST_MESSAGES = 20


class SapMessage(msgspec.Struct, frozen=True):
    """One message: message class and number ("M8/108"; empty where there is none), its text, and the property meant."""

    code: str = ""
    text: str = ""
    severity: Severity = "error"
    target: str = ""

    def line(self) -> str:
        """Code and text."""
        return " ".join(part for part in (self.code, self.text) if part)


class CsrfTokenError(RefusedError):
    """The CSRF token is missing, old, or another session's: fetch one and send the request again."""


def classify(response: requests.Response, what: str) -> ConnectorError | None:
    """The error for a refused request, with all of SAP's messages on one line; None to leave it to the common table."""
    status = response.status_code
    messages = messages_of(response)
    got = f"HTTP {status}: {in_words(messages)}" if messages else f"HTTP {status}"
    own = own_words(response)
    denied = _denied(response, what, got, {each.code for each in messages}, own=own)
    if denied is not None or not messages or status in {408, 425, 429, 499, 502, 503, 504}:
        return denied
    if status >= 500:
        wait = wanted_pause(response)
        return UnavailableError(system=SYSTEM, subject=what, got=got, status=status, retry_after=wait)
    return RefusedError(system=SYSTEM, subject=what, got=got, status=status, own=own) if status >= 400 else None


def own_words(response: requests.Response) -> bool:
    """Whether the answer turns the request away and is certainly SAP's own: an error document of OData.

    Gateways and API managers answer with web pages, plain texts, and JSON of their own. The code of OData's is a text.
    """
    if response.status_code in _IN_DOUBT or not 400 <= response.status_code < 500:
        return False
    if response.content.lstrip()[:1] == b"<":
        return bool(_from_xml(response.content))
    try:
        error: Any = msgspec.json.decode(unmarked(response.content), type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(error.message, str) or "value" in error.message


class _Error(msgspec.Struct):
    """V4 has the text itself as `message`, V2 has it beside its language."""

    code: str
    message: str | dict[str, Any]


class _Refusal(msgspec.Struct):
    error: _Error


def _denied(
    response: requests.Response, what: str, got: str, codes: Collection[str], *, own: bool
) -> ConnectorError | None:
    """Not let in, and why: the user, the CSRF token, the arrangement, or the object."""
    status = response.status_code
    if status == 401:
        hint = (
            "Check the communication user and its password, token or certificate, and that a communication arrangement "
            "with this way of logging on exists."
        )
        return AuthenticationError(system=SYSTEM, subject=what, got=got, hint=hint, status=401, own=own)
    if status == 403 and response.headers.get(CSRF_HEADER, "").lower() == "required":
        got = got if codes else f"{got}: {excerpt(response, 120)}"
        return CsrfTokenError(system=SYSTEM, subject=what, expected="a valid CSRF token", got=got, status=403, own=True)
    if _NOT_ARRANGED in codes:
        hint = (
            "Add the communication scenario of this service to a communication arrangement of the user, and check that "
            "api_url is the tenant's API address (with -api in its name)."
        )
        expected = "a service that is arranged for this user"
        return ConfigurationError(
            system=SYSTEM, subject=what, expected=expected, got=got, hint=hint, status=status, own=own
        )
    if status in {403, 404} and codes:
        hint = "Check the user's communication arrangements." if status == 403 else ""
        return NotFoundError(system=SYSTEM, subject=what, got=got, hint=hint, status=status, own=own)
    return None


def messages_of(response: requests.Response) -> list[SapMessage]:
    """All messages of an answer, each once: of an error body, and of the `sap-message` header on any answer."""
    found: list[SapMessage] = []
    header = response.headers.get("sap-message")
    if header:
        found += _decoded(header.encode("latin-1", "replace"))
    if response.status_code >= 400:
        body = response.content
        found += _from_xml(body) if body.lstrip()[:1] == b"<" else _decoded(body)
    return _distinct(found)


def in_words(messages: Iterable[SapMessage]) -> str:
    """Messages on one line: "M8/108 Check if invoice …; F5/702 Balance …"; the errors first."""
    ordered = sorted(messages, key=lambda each: each.severity != "error")
    more = len(ordered) - _MOST_MESSAGES
    words = "; ".join(" ".join(each.line().split()) for each in ordered[:_MOST_MESSAGES])
    return f"{words}; and {more} more" if more > 0 else words


def _distinct(messages: Iterable[SapMessage]) -> list[SapMessage]:
    """The main message repeats one of the details as a rule; Gateway's wrapper repeats it once more."""
    found: dict[tuple[str, str], SapMessage] = {}
    for each in messages:
        key = (each.code, each.text)
        if (each.code or each.text) and (key not in found or (each.target and not found[key].target)):
            found[key] = each
    own = [each for each in found.values() if each.code not in _WRAPPERS]
    said = {each.text for each in own}
    return own + [each for each in found.values() if each.code in _WRAPPERS and each.text and each.text not in said]


def _decoded(body: bytes) -> list[SapMessage]:
    try:
        content: Any = decoded(body)
    except ValueError:
        return []
    if not isinstance(content, Mapping):
        return []
    error = content.get("error", content)
    if isinstance(error, str):  # OAuth: {"error": "invalid_client", "error_description": "..."}
        return [SapMessage(error, _text(content.get("error_description")))]
    return list(_from_json(error)) if isinstance(error, Mapping) else []


def _from_json(error: Mapping[str, Any]) -> Iterator[SapMessage]:
    yield _message(error)
    inner = error.get("innererror")
    details = inner.get("errordetails") if isinstance(inner, Mapping) else None
    if isinstance(details, Mapping):  # Gateway writes {"errordetail": [...]} from some releases on
        details = details.get("errordetail")
    for each in (*_listed(details), *_listed(error.get("details"))):
        yield _message(each)


def _message(part: Mapping[str, Any]) -> SapMessage:
    message = part.get("message")
    if isinstance(message, Mapping):  # V2 puts the text beside its language
        message = message.get("value")
    numeric = next((value for name, value in part.items() if name.lower().endswith(".numericseverity")), None)
    given: object = part.get("severity") if numeric is None else numeric
    severity = _SEVERITIES.get(given, "error")
    return SapMessage(
        _text(part.get("code")),
        _text(message),
        severity,
        _text(part.get("target") or part.get("propertyref")),
    )


def _from_xml(body: bytes) -> list[SapMessage]:
    """An OData V2 `<error>` document; nothing for web pages, SOAP faults and broken texts."""
    from lxml import etree  # noqa: PLC0415 - most runs meet no XML error

    from connector_kit.xml import parse  # noqa: PLC0415

    try:
        root = parse(body)
    except ValueError:
        return []
    if etree.QName(root).localname != "error":
        return []
    parts = [root, *root.iter("{*}errordetail")]
    return [
        _message({name: part.findtext(f"{{*}}{name}") for name in ("code", "message", "severity", "target")})
        for part in parts
    ]


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return shortened(re.sub(r"\s+", " ", str(value)).strip(), 1000) if value is not None else ""
