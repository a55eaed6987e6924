"""The JSON around rows: a page of a collection, and the rows that `$expand` puts inside others.

V2: {"d": {"results": [...], "__count": "5", "__next": link}}, expanded {"results": [...], "__next": link}.
V4: {"@odata.count": 5, "value": [...], "@odata.nextLink": link}, expanded [...] with Name@odata.nextLink beside it;
"@nextLink" and "@count" are OData 4.01's shorter names.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from connector_kit.http import Unreadable
from connector_kit.odata.literals import Version


class Content(NamedTuple):
    """Rows, the link to more, and the count of all that match."""

    rows: list[Any]
    link: str | None
    total: int | None


def envelope(row: Any, version: Version) -> Any:  # noqa: ANN401 - struct classes made at run time
    """The struct around a page of `row`s; its `content()` is a `Content`."""
    if version == "2.0":
        inner = msgspec.defstruct(
            "Results",
            [("results", list[row] | None, None), ("link", str | None, None), ("count", int | None, None)],
            rename={"link": "__next", "count": "__count"},
        )
        return msgspec.defstruct(
            "Envelope", [("d", inner | list[row] | None, None)], namespace={"content": _content_v2}
        )
    return msgspec.defstruct(
        "Envelope",
        [
            ("value", list[row] | None, None),
            ("link", str | None, None),
            ("count", int | None, None),
            ("short_link", str | None, None),
            ("short_count", int | None, None),
            ("error", msgspec.Raw | None, None),
        ],
        rename={
            "link": "@odata.nextLink",
            "count": "@odata.count",
            "short_link": "@nextLink",
            "short_count": "@count",
        },
        namespace={"content": _content_v4},
    )


def expanded(row: Any, version: Version) -> Any:  # noqa: ANN401 - struct classes made at run time
    """The type of a navigation property's value when `$expand` asked for it."""
    if version == "4.0":
        return list[row]
    return msgspec.defstruct(
        "Expanded", [("results", list[row] | None, None), ("link", str | None, None)], rename={"link": "__next"}
    )


def expanded_rows(value: Any) -> tuple[list[Any], str | None]:  # noqa: ANN401 - as `expanded` has it, or as decoded
    """The rows of such a value, and V2's link to the rest of them."""
    if isinstance(value, dict):
        return value.get("results") or [], value.get("__next")
    if isinstance(value, list):
        return value, None
    return (value.results or [], value.link) if isinstance(value, msgspec.Struct) else ([], None)  # type: ignore[attr-defined] # an `Expanded`


def _content_v4(self: Any) -> Content:  # noqa: ANN401 - a struct made at run time
    if self.value is None:
        raise Unreadable("JSON without a value array")
    if self.error is not None:
        raise Unreadable("an error in the middle of the rows")
    return Content(self.value, self.link or self.short_link, self.count if self.count is not None else self.short_count)


def _content_v2(self: Any) -> Content:  # noqa: ANN401 - a struct made at run time
    if isinstance(self.d, list):
        return Content(self.d, None, None)
    if self.d is None or self.d.results is None:
        raise Unreadable("JSON without a results array")
    return Content(self.d.results, self.d.link, self.d.count)
