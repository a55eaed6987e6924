"""What Anaplan's HTTP statuses mean, in words for people.

Sources: Anaplan help, "Model busy behavior and retry strategy" and "HTTP status codes"; the error envelope as a
live tenant sends it (community OpenAPI specification). The bodies of 409 and 422 to 425 are not documented, so
nothing here depends on them.
"""

from __future__ import annotations

from typing import Any

import requests

from connector_kit.errors import (
    AuthenticationError,
    BusyError,
    ConnectorError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from connector_kit.http import excerpt, wanted_pause
from connector_kit.http.bodies import decoded

SYSTEM = "Anaplan"
RETRY_STATUSES = (410,)
"""410: the workspace is being moved; the same request is rerouted when it is sent again."""

_OVER_LIMIT_PAUSE = 10.0
"""Seconds to wait after a 429 that carries no Retry-After."""

_REFUSED = {
    400: "Check names, ids and settings: this request can't succeed as it is.",
    413: "Anaplan, or a proxy before it, takes no request of this size: lower chunk_size_mb, which is the size before "
    "compression.",
    422: "The model is archived: unarchive it in Manage models, or point model_id to the model in use.",
    425: "The model is deployed (production mode), which forbids this change: switch it to standard mode, or make the "
    "change in the development model and synchronise.",
}
_BLOCKED = {
    409: "the model is in a state that conflicts with this request",
    423: "the model is locked",
    424: "the model is offline (maintenance)",
}
_UNBLOCK = {
    409: "Another action or user changes the same objects: try again when it is done.",
    423: "Unlock it in Manage models, or raise wait_seconds.",
    424: "Bring it online in Manage models, or raise wait_seconds.",
}


class BlockedError(RefusedError):
    """The model takes no requests at the moment: nothing was carried out, so it is safe to ask again later."""

    @property
    def state(self) -> str:
        """What blocks, as part of a sentence."""
        return _BLOCKED.get(self.status or 0, "the model is blocked")

    def as_busy(self, waited: float) -> BusyError:
        """The error for people once waiting has come to its end after `waited` seconds."""
        return BusyError(
            system=self.system,
            subject=self.subject,
            expected=f"a free model within {waited:.0f} s" if waited else "a free model",
            got=self.got,
            hint=self.hint,
            status=self.status,
        )


class NoDumpError(NotFoundError):
    """There is no failure dump to read (any more), which says nothing about whether rows were rejected."""


def classify(response: requests.Response, what: str) -> ConnectorError | None:
    """The error for a status that means something special in Anaplan's integration API; None for the others."""
    status = response.status_code
    message = server_message(response)
    said = f"HTTP {status}" + (f": {message}" if message else "")
    own = _has_envelope(response)
    if status in _BLOCKED:
        return BlockedError(
            system=SYSTEM,
            subject=what,
            got=f"{said} ({_BLOCKED[status]})",
            hint=_UNBLOCK[status],
            status=status,
            own=own,
        )
    if status in _REFUSED:
        return RefusedError(system=SYSTEM, subject=what, got=said, hint=_REFUSED[status], status=status, own=own)
    if status == 401:
        return AuthenticationError(
            system=SYSTEM,
            subject=what,
            got=f"{said} (token refused)",
            hint="Check that the user is active in this tenant and that the region's hosts are right.",
            status=status,
        )
    if status == 403:
        return NotFoundError(
            system=SYSTEM,
            subject=what,
            got=said,
            hint="The user's role and model access do not allow this: by Anaplan's help the items of lists, the data "
            "of views and single cells are for workspace administrators alone, imports and exports are not.",
            status=status,
        )
    if status == 404:
        return NotFoundError(
            system=SYSTEM,
            subject=what,
            got=said,
            hint="Anaplan answers the same for what does not exist and for what this user may not see: check the id or "
            "name, that workspace_id and model_id are not swapped, and the user's role and model access.",
            status=status,
            own=own,
        )
    return _transient(response, what, said)


def _transient(response: requests.Response, what: str, said: str) -> ConnectorError | None:
    status = response.status_code
    wait = wanted_pause(response)
    if status == 429:
        return BusyError(
            system=SYSTEM,
            subject=what,
            got="HTTP 429: the tenant's request limit is used up",
            hint="Other integrations share the limit of 600 requests a minute.",
            status=status,
            retry_after=_OVER_LIMIT_PAUSE if wait is None else wait,
        )
    if status in RETRY_STATUSES or status >= 500:
        return UnavailableError(system=SYSTEM, subject=what, got=said, status=status, retry_after=wait)
    return None


def _has_envelope(response: requests.Response) -> bool:
    """Whether the body is certainly Anaplan's: its envelope has a status with code and message."""
    try:
        body: Any = decoded(response.content)
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("status"), dict)


def server_message(response: requests.Response) -> str:
    """The server's own words: from the error envelope, else the start of the body; a web page only by its kind."""
    if not response.content:
        return ""
    if response.content.lstrip()[:1] == b"<":
        return "a web page instead of an answer, from a gateway or proxy"
    try:
        body: Any = decoded(response.content)
    except ValueError:
        return excerpt(response)
    status = body.get("status") if isinstance(body, dict) else None
    if isinstance(status, dict):
        return str(status.get("message") or "")
    if isinstance(body, dict):
        words = body.get("statusMessage") or body.get("error_description") or body.get("message") or body.get("error")
        if words:
            return str(words)
    return excerpt(response)
