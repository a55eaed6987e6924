"""What stands in SAP under a reference: the accounting documents of a company code that bear it.

Facts: A_OperationalAcctgDocItemCube (API_OPLACCTGDOCITEMCUBE_SRV) has one row per line of a document, not aggregated,
and DocumentReferenceID can be filtered. It shows the entry view, which documents of a ledger group without the leading
ledger don't have: these stand in GLAccountLineItem (API_GLACCOUNTLINEITEM) only, which knows no DocumentReferenceID but
the lines' AssignmentReference, and sums up over what is not asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.documents.model import Posted
from connector_kit.http import Unreadable
from connector_kit.odata.client import ODataClient, address
from connector_kit.odata.filters import AllOf, AnyOf, Compare, odata_filter
from connector_kit.odata.literals import literal

if TYPE_CHECKING:
    from connector_kit.sap.connecting import SapConnection


@dataclass(frozen=True, slots=True)
class View:
    """Where documents can be looked up, and the field that holds the reference."""

    service: str
    entity_set: str
    field: str
    more: str = ""


ENTRY_VIEW = View(
    "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV",
    "A_OperationalAcctgDocItemCube",
    "DocumentReferenceID",
    ",AccountingDocumentItem",
)
LEDGER_VIEW = View("/sap/opu/odata/sap/API_GLACCOUNTLINEITEM", "GLAccountLineItem", "AssignmentReference")
_SELECT = "CompanyCode,FiscalYear,AccountingDocument,IsReversed"
_PER_REQUEST = 50  # references in one address, which stays below 3,000 characters
_ROWS = 5000


def entries(
    connection: SapConnection, company_code: str, references: Collection[str], view: View = ENTRY_VIEW
) -> dict[str, list[Posted]]:
    """The documents of a company code under each reference; references that stand nowhere are left out.

    Raises:
        ConnectorError: SAP can't be asked.
    """
    found: dict[str, list[Posted]] = {}
    wanted = list(dict.fromkeys(references))
    for at in range(0, len(wanted), _PER_REQUEST):
        missing = wanted[at : at + _PER_REQUEST]
        # An answer may end early without a word: what it lacks is asked for again until nothing comes any more.
        while missing and _add(found, view.field, _rows(connection, company_code, missing, view)):
            left = [reference for reference in missing if reference not in found]
            if left == missing:
                break
            missing = left
    return found


def _add(found: dict[str, list[Posted]], field: str, rows: Iterator[dict[str, Any]]) -> int:
    """Take the documents that rows belong to; how many rows there were."""
    count = 0
    for row in rows:
        count += 1
        text = "reversed in SAP" if row.get("IsReversed") is True else ""
        posted = Posted(row["AccountingDocument"], row["CompanyCode"], row["FiscalYear"], text, differs=bool(text))
        known = found.setdefault(row[field].strip(), [])
        if posted not in known:
            known.append(posted)
    return count


def _rows(
    connection: SapConnection, company_code: str, references: Collection[str], view: View
) -> Iterator[dict[str, Any]]:
    condition = AllOf(
        (
            Compare("CompanyCode", "eq", company_code),
            AnyOf(tuple(Compare(view.field, "eq", reference) for reference in references)),
        )
    )
    text = odata_filter(condition, lambda _, value: literal(value, version="2.0"))
    select, what = f"{_SELECT},{view.field}{view.more}", f"documents of {company_code}"
    yield from read(connection, view.service, view.entity_set, where=text, select=select, what=what)


def read(
    connection: SapConnection,
    service: str,
    entity_set: str,
    *,
    where: str,
    select: str,
    what: str,
    order: str = "",
) -> Iterator[dict[str, Any]]:
    """The first `_ROWS` rows of a V2 set that a filter finds, over all pages."""
    client = ODataClient(connection.session, connection.base_url, version="2.0", headers=connection.headers)
    options = {"$filter": where, "$select": select, "$top": str(_ROWS), "$format": "json"}
    if order:
        options["$orderby"] = order
    link = address(connection.url(f"{service}/{entity_set}"), options)
    while link:
        rows, following = client.get(link, _page, what=what)
        yield from rows
        link = client.link(link, following) if following else ""


class _Results(msgspec.Struct):
    results: list[dict[str, Any]]
    next: str = msgspec.field(name="__next", default="")


class _Page(msgspec.Struct):
    d: _Results


_pages = msgspec.json.Decoder(_Page)


def _page(body: bytes) -> tuple[list[dict[str, Any]], str]:
    try:
        page = _pages.decode(body).d
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"no page of an OData V2 set: {error}") from error
    return page.results, page.next
