"""How the OData service says no."""

from __future__ import annotations


class ODataError(Exception):
    """An HTTP status with a message for the error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_request(message: str) -> ODataError:
    """HTTP 400."""
    return ODataError(400, message)
