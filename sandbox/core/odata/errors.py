"""How an OData service says no."""

from __future__ import annotations


class ODataError(Exception):
    """An HTTP status with a message, and the system's code where it has codes, for the error body."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def bad_request(message: str) -> ODataError:
    """HTTP 400."""
    return ODataError(400, message)
