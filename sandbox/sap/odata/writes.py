"""What a create or a function of a service is to the protocol: small values in, small values out.

The protocol decodes a request's body by the metadata and hands over Python values: a string as str, a decimal as
Decimal, a date as date, a point in time as datetime in UTC, a time of day as time, a boolean as bool, an integer as
int, a GUID as str; a navigation of a deep insert as a list of such mappings (one mapping when the navigation leads to
one). Properties that the client left out are absent, a null is None. Unknown properties and values of the wrong type
have been refused before.

Every call runs inside ``store.transaction()``; all creates of one changeset share it. A BusinessError rolls it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.sap.schema import Stored

Severity = Literal["error", "warning", "info", "success"]
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the application: ``code`` as CLASS/NNN (for example M8/108), ``target`` a property or empty."""

    code: str
    text: str
    severity: Severity = "error"
    target: str = ""


class BusinessError(Exception):
    """The application refuses. ``details`` holds every message, ``code`` and ``message`` are the leading one's."""

    def __init__(self, code: str, message: str, details: tuple[Message, ...] = (), status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.details = details or (Message(code, message),)
        self.status = status


@dataclass(frozen=True, slots=True)
class Created:
    """A new entity.

    Args:
        key: key properties as they are stored; the answer is read back from the set's table by it.
        messages: warnings and infos that travel in the header ``sap-message``.
        echo: property values as they were decoded, for a set that keeps no row under that key.
    """

    key: Mapping[str, Stored]
    messages: tuple[Message, ...] = ()
    echo: Values | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """What a function returns: values of its complex type, or the ``key`` of an entity of the set it returns."""

    values: Values | None = None
    key: Mapping[str, Stored] | None = None
    messages: tuple[Message, ...] = ()


Create = Callable[[Values], Created]
"""Creates one entity from the decoded body; BusinessError when the application refuses."""

Function = Callable[[Values], Called]
"""Runs a function import with its decoded parameters; BusinessError when the application refuses."""
