"""How e.net says no: HTTP 200 and a line of text."""

from __future__ import annotations


class EnetError(Exception):
    """The text after ``ERROR: ``. ``prefixed`` False leaves the prefix away."""

    def __init__(self, text: str, *, prefixed: bool = True) -> None:
        super().__init__(text)
        self.body = f"ERROR: {text}" if prefixed else text


def not_licensed() -> EnetError:
    """A business object that is unknown or that the site has no licence for."""
    return EnetError("e.net exception raised: 100000")
