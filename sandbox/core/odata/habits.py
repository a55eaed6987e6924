"""What OData services do otherwise than they are asked: options they ignore, orders, counts and links of their own.

SAP Gateway leaves each query option to the service's own code, so any may be missing (SAP help, "Query Options").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.odata.errors import ODataError
from sandbox.core.switches import Switch

if TYPE_CHECKING:
    from sandbox.core.switches import Switches

SWITCHES = (
    Switch("ignored_options", str, "", "Query options, comma-separated and without $, that no set implements."),
    Switch("sort_order", ("bytes", "caseless"), "bytes", "Texts are sorted by code points or without regard to case."),
    Switch(
        "counts",
        ("all", "page", "zero", "minus_one", "error"),
        "all",
        "What counts say: all that match, the rows of the page, 0, -1; or a request for one is answered with 500.",
    ),
    Switch("endless_links", bool, False, "Every page has a link to the next, the last and the empty ones too."),
)


def kept(options: tuple[tuple[str, str], ...], switches: Switches) -> tuple[tuple[str, str], ...]:
    """The query options that are not ignored."""
    ignored = {f"${name.strip().lstrip('$')}" for name in switches.text("ignored_options").split(",")}
    return tuple(pair for pair in options if pair[0] not in ignored)


def collation(switches: Switches) -> str:
    """What SQLite sorts texts by, for behind a column's name. Comparisons in filters stay exact."""
    return " COLLATE NOCASE" if switches.text("sort_order") == "caseless" else ""


def told(count: int | None, shown: int, switches: Switches) -> int | None:
    """The count that an answer with so many rows has; None where none was asked for.

    Raises:
        ODataError: 500, by switch.
    """
    if count is None:
        return None
    said = switches.text("counts")
    if said == "error":
        raise ODataError(500, "In the context of Data Services an unknown internal server error occurred")
    return {"all": count, "page": shown, "zero": 0, "minus_one": -1}[said]
