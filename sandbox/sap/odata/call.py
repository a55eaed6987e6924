"""One request to a service and its answer, whether it came alone or inside a batch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.sap.odata.options import read_format

if TYPE_CHECKING:
    from sandbox.sap.schema import Service

_IEEE754 = re.compile(r"(?i)ieee754compatible\s*=\s*true")
_PAGE_SIZE = re.compile(r"(?i)(?:odata\.)?maxpagesize\s*=\s*(\d+)")
CHANGES = frozenset({"POST", "PUT", "PATCH", "MERGE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. ``path`` is raw below the service, ``base`` the service's absolute address, headers lower case."""

    method: str
    service: Service
    base: str
    path: str
    options: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def verb(self) -> str:
        """The method, or what is tunnelled through POST."""
        tunnelled = self.headers.get("x-http-method", "").upper()
        return tunnelled if self.method == "POST" and tunnelled in CHANGES else self.method

    def wants_json(self, default: str) -> bool:
        """Whether JSON is asked for, by $format or Accept; ``default`` is the format for clients that do not say.

        ODataError 400 for a format that there is not.
        """
        if self.service.version == "4.0":
            return True
        asked = read_format(self.options)
        if asked:
            return "json" in asked
        accept = self.headers.get("accept", "*/*")
        return "json" in accept or (default == "json" and "xml" not in accept)

    @property
    def strings(self) -> bool:
        """Whether V4 decimals are to be strings."""
        return _IEEE754.search(self.headers.get("accept", "")) is not None

    @property
    def sent_strings(self) -> bool:
        """Whether V4 decimals in the body are strings."""
        return _IEEE754.search(self.headers.get("content-type", "")) is not None

    @property
    def page_size(self) -> int | None:
        """Prefer: odata.maxpagesize."""
        preferred = _PAGE_SIZE.search(self.headers.get("prefer", ""))
        return max(int(preferred[1]), 1) if preferred else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
