"""An OData server's own words in our errors: JSON (V2, V4) and XML error bodies."""

from __future__ import annotations

import re
from typing import Any

import requests

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, RefusedError
from connector_kit.http.bodies import decoded
from connector_kit.redaction import shortened

_XML_MESSAGE = re.compile(r"<(?:\w+:)?message[^>]*>([^<]+)</", re.IGNORECASE)


def server_message(response: requests.Response) -> str:
    """The message of an error body; empty when it has none."""
    try:
        body: Any = decoded(response.content)
    except ValueError:
        found = _XML_MESSAGE.search(response.text[:65536])
        return found[1].strip() if found else ""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    if isinstance(message, dict):  # V2 puts the text beside its language
        message = message.get("value")
    return shortened(" ".join(str(message).split()), 500) if message else ""


def classify(
    system: str, response: requests.Response, what: str, *, found: str = "", unknown: str = ""
) -> ConnectorError | None:
    """The error for a refused request, in the server's words; None to leave it to the common table.

    `found`: what to check when something is not there, as a hint; `unknown`: when a user is not known.
    """
    status = response.status_code
    message = server_message(response)
    got = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    if status == 401:
        hint = "Check the user and the password of the OData service: it need not be the one of other interfaces."
        hint = f"{hint} {unknown}".strip()
        return AuthenticationError(system=system, subject=what, expected="a known user", got=got, hint=hint, status=401)
    if status in {403, 404} and (message or found):
        return NotFoundError(system=system, subject=what, got=got, hint=found, status=status)
    if 400 <= status < 500 and status not in {408, 429} and message:
        return RefusedError(system=system, subject=what, got=got, status=status)
    return None
