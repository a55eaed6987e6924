"""The Integration API's envelopes: success with meta, status and paging; errors with path and timestamp."""

from __future__ import annotations

from datetime import datetime, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

SCHEMA_ROOT = "https://api.anaplan.com/2/0"
_SUCCESS = {"code": 200, "message": "Success"}
_PHRASES = {425: "Too Early"}


class ApiError(Exception):
    """The call is refused with an HTTP status; ``message`` defaults to the status's own words."""

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message or phrase(status))
        self.status = status
        self.message = message or phrase(status)
        self.headers = dict(headers or {})


def phrase(status: int) -> str:
    """The standard words of an HTTP status."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def encoded(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def timestamp(seconds: float, suffix: str) -> str:
    """A UTC time to the nanosecond, as error envelopes carry it."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000{suffix}"


def moment(seconds: float) -> str:
    """A UTC time to the millisecond, as users and models carry it (recorded answers of Anaplan Connect)."""
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def error_body(status: int, message: str, path: str, when: str) -> dict[str, object]:
    """The error envelope."""
    return {"status": {"code": status, "message": message}, "path": path, "timestamp": when}


def success(schema: str, **payload: object) -> Response:
    """A success envelope; ``schema`` is the path of meta.schema below /2/0."""
    return encoded({"meta": {"schema": f"{SCHEMA_ROOT}/{schema}"}, "status": _SUCCESS, **payload})


def collection(
    request: Request, schema: str, key: str, rows: Sequence[object], cap: int, *, keep_empty: bool = False
) -> Response:
    """One page of a collection as limit and offset ask, at most ``cap`` rows; an empty collection omits its key."""
    limit = min(_whole(request, "limit", cap), cap)
    offset = _whole(request, "offset", 0)
    page = rows[offset : offset + limit]
    paging: dict[str, object] = {"currentPageSize": len(page), "totalSize": len(rows), "offset": offset}
    if offset + len(page) < len(rows) and page:
        paging["next"] = _link(request, limit, offset + len(page))
    if offset > 0:
        paging["previous"] = _link(request, limit, max(0, offset - limit))
    body: dict[str, object] = {
        "meta": {"paging": paging, "schema": f"{SCHEMA_ROOT}/{schema}"},
        "status": _SUCCESS,
    }
    if page or keep_empty:
        body[key] = page
    return encoded(body)


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise ApiError(400, f"Invalid value for parameter '{name}': '{text}'")
    return int(text)


def _link(request: Request, limit: int, offset: int) -> str:
    query = {**request.query_params, "limit": str(limit), "offset": str(offset)}
    return f"{request.url.replace(query=urlencode(query))}"


def strictly_sorted(request: Request, rows: list[dict[str, object]], fields: Sequence[str]) -> list[dict[str, object]]:
    """Rows by ?sort=+field or -field, as /models, /users and /workspaces want it; 400 otherwise."""
    sort = _sort_parameter(request)
    if not sort:
        return rows
    if sort[0] not in "+-":
        raise ApiError(400, f"Bad sort order format: '{sort}'")
    if sort[1:] not in fields:
        raise ApiError(400, "Failed to parse sort parameter")
    return sorted(rows, key=lambda row: str(row[sort[1:]]), reverse=sort[0] == "-")


def loosely_sorted(request: Request, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows by ?sort=field with an optional + or -, as model objects want it; unknown fields change nothing."""
    sort = _sort_parameter(request)
    name = sort.lstrip("+-")
    if not name or not all(name in row for row in rows):
        return rows
    return sorted(rows, key=lambda row: _sort_key(row[name]), reverse=sort[0] == "-")


def _sort_key(value: object) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))


def _sort_parameter(request: Request) -> str:
    """An unescaped plus sign arrives as a blank."""
    sort = request.query_params.get("sort", "")
    return "+" + sort[1:] if sort.startswith(" ") else sort
