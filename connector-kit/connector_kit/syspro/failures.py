"""What e.net's texts mean. Every failure comes with HTTP status 200 and a body that begins with ERROR.

Known texts and where from: "Invalid operator password" and "Unable to read the SYSPRO base directory …" from recorded
traffic of SYSPRO 7 (syspro-ruby); "e.net exception raised: 100000" for a business object that is not installed or not
licensed (rectella-shopify-service); "The supplied UserID is invalid" and "expired" for a session that is gone
(SysproConnector). Texts for a wrong operator or company are not documented; any that speaks of a logon's part counts.
"""

from __future__ import annotations

import re

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, RefusedError

SYSTEM = "SYSPRO e.net"

_FAILURE = re.compile(r"\"?ERROR\b:?(.*)", re.DOTALL | re.IGNORECASE)
_SESSION_GONE = re.compile(r"user\s?id\b.*\binvalid|invalid\b.*\buser\s?id|\bexpired\b", re.IGNORECASE)
_LOGON = re.compile(r"\b(?:operator|company|password|logon|licen[cs]e)", re.IGNORECASE)
_NOT_LICENSED = re.compile(r"\b100000\b")


class SessionGoneError(AuthenticationError):
    """The session that the request named is not alive: expired, or ended by another logon of the same operator."""


def failure_text(body: str) -> str | None:
    """The words after ERROR, or None when the body is no failure."""
    if body.lstrip()[:1] == "<":
        return None
    match = _FAILURE.fullmatch(body.strip())
    if match:
        return match[1].strip().removesuffix('"').rstrip() or "no explanation"
    # Over the other transport the session's end comes without the word ERROR; a version may do so here.
    return body.strip() if len(body) < 200 and _SESSION_GONE.search(body) else None


def failure(text: str, what: str, *, logging_on: bool = False) -> ConnectorError:
    """The error of the family for the words after ERROR."""
    if logging_on and _LOGON.search(text):
        return AuthenticationError(
            system=SYSTEM,
            subject=what,
            got=text,
            hint="Check operator, company and both passwords; the operator must be allowed to use e.net.",
        )
    if _SESSION_GONE.search(text):
        return SessionGoneError(
            system=SYSTEM,
            subject=what,
            expected="a live session",
            got=text,
            hint="Somebody else logs on as the same operator, and SYSPRO keeps one session of each: "
            "give the connectors an operator of their own.",
        )
    if _NOT_LICENSED.search(text):
        return NotFoundError(
            system=SYSTEM,
            subject=what,
            expected="a business object that is installed and licensed",
            got=text,
            hint="Check its name, and the operator's e.net licence for this functional area.",
        )
    return RefusedError(system=SYSTEM, subject=what, got=text)
