"""What the OData service of this site shows, read from the switches for each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sandbox.core.odata import habits
from sandbox.syspro.odata.translate import DateLiteral, Dialect
from sandbox.syspro.tables import TABLES, Table

if TYPE_CHECKING:
    from sandbox.core.switches import Switches

_ROW_VERSION = frozenset({"TimeStamp"})
_QUERIES = {"BaqSupplierInvoices": "ApInvoice"}
"""Business Activity Queries by what they show; names and contents are a site's own."""


@dataclass(frozen=True, slots=True)
class Site:
    """The switches as the page builder needs them."""

    cap: int
    beyond_cap: str
    metadata_place: str
    datetime_format: str
    null_dates: str
    decimals_as_text: bool
    shuffle: bool
    collation: str
    endless: bool
    trailing_blanks: bool
    dialect: Dialect
    tables: dict[str, Table]
    """Entity set name to table."""
    keyless: frozenset[str]
    """Entity sets whose key $metadata does not tell."""

    @classmethod
    def of(cls, switches: Switches, *, ieee754: bool = False) -> Site:
        """The site as switched now. ``ieee754`` = the client asked for decimals as strings."""
        hidden = frozenset[str]() if switches.flag("timestamp_exposed") else _ROW_VERSION
        as_text = switches.text("decimal_format") == "string" or (ieee754 and switches.flag("ieee754"))
        date_literal = cast("DateLiteral", switches.text("date_literal"))
        return cls(
            cap=switches.number("page_cap"),
            beyond_cap=switches.text("beyond_cap"),
            metadata_place=switches.text("metadata_place"),
            datetime_format=switches.text("datetime_format"),
            null_dates=switches.text("null_dates"),
            decimals_as_text=as_text,
            shuffle=switches.flag("shuffle"),
            collation=habits.collation(switches),
            endless=switches.flag("endless_links"),
            trailing_blanks=switches.flag("trailing_blanks"),
            dialect=Dialect(date_literal, switches.flag("filter_functions"), hidden),
            tables=_visible(switches),
            keyless=frozenset(_QUERIES) if switches.text("activity_queries") == "keyless" else frozenset(),
        )


def _visible(switches: Switches) -> dict[str, Table]:
    plus = switches.text("plus_tables")
    hidden = {name.strip() for name in switches.text("hidden_tables").split(",")}
    tables = {}
    for name, table in TABLES.items():
        if name in hidden or (name.endswith("+") and plus == "absent"):
            continue
        tables[name.replace("+", "_") if plus == "underscore" else name] = table
    if switches.text("activity_queries") != "absent":
        tables |= {query: TABLES[name] for query, name in _QUERIES.items()}
    return tables
