"""Errors as Gateway (V2, JSON or XML) and the V4 runtime write them.

The shapes and the codes 051, 004, 098 and MED/170 are those of bodies that users of these services quote in public;
the other framework codes are placeholders of the same look, for clients must not depend on them.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import msgspec

from sandbox.core.odata.errors import ODataError
from sandbox.sap.odata.writes import BusinessError, Message

if TYPE_CHECKING:
    from sandbox.sap.schema import Service

MALFORMED = "005056A509B11ED19BEB6513AA349DA5"
NOT_FOUND = "/IWFND/CM_MGW/051"
UNKNOWN_SERVICE = "/IWFND/MED/170"
BATCH_WITHOUT_TOKEN = "/IWFND/CM_MGW/098"  # noqa: S105  a message number
_BUSINESS = "/IWBEP/CX_MGW_BUSI_EXCEPTION"
_NAMESPACE = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
_SEVERITY = {"success": 1, "info": 2, "warning": 3, "error": 4}


@dataclass(frozen=True, slots=True)
class Problem:
    """What goes into an error body."""

    status: int
    code: str
    text: str
    details: tuple[Message, ...] = ()
    business: bool = False

    @classmethod
    def of(cls, error: ODataError | BusinessError) -> Problem:
        """From either kind of refusal."""
        if isinstance(error, BusinessError):
            return cls(error.status, error.code, error.message, error.details, business=True)
        code = error.code or (NOT_FOUND if error.status == 404 else MALFORMED)
        return cls(error.status, code, error.message)


def not_found(segment: str) -> ODataError:
    """HTTP 404 for an address that leads nowhere."""
    return ODataError(404, f"Resource not found for the segment '{segment}'.", NOT_FOUND)


def json_v2(problem: Problem, service: Service, now: float) -> bytes:
    """Gateway's JSON."""
    details = [
        {
            "code": each.code,
            "message": each.text,
            "longtext_url": "",
            "propertyref": each.target,
            "severity": each.severity,
            "target": each.target,
        }
        for each in problem.details
    ]
    if problem.business:
        last = {"code": _BUSINESS, "message": problem.text, "longtext_url": "", "propertyref": "", "severity": "error"}
        details.append({**last, "target": ""})
    when = datetime.fromtimestamp(now, timezone.utc)
    inner = {
        "application": {
            "component_id": "",
            "service_namespace": "/SAP/",
            "service_id": service.name,
            "service_version": "0001",
        },
        "transactionid": secrets.token_hex(16).upper(),
        "timestamp": f"{when:%Y%m%d%H%M%S}.{when.microsecond:06d}0",
        "Error_Resolution": {
            "SAP_Transaction": "Run transaction /IWFND/ERROR_LOG on the Gateway hub for this timestamp",
            "SAP_Note": "See SAP Note 1797736 for error analysis",
        },
        "errordetails": details,
    }
    error = {"code": problem.code, "message": {"lang": "en", "value": problem.text}, "innererror": inner}
    return msgspec.json.encode({"error": error})


def xml_v2(code: str, text: str) -> bytes:
    """Gateway's XML, for clients that did not ask for JSON and for services that it does not know."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><error xmlns="{_NAMESPACE}"><code>{escape(code)}</code>'
        f'<message xml:lang="en">{escape(text)}</message></error>'
    ).encode()


def json_v4(problem: Problem) -> bytes:
    """The V4 runtime's JSON."""
    leading = problem.details[0] if problem.details else None
    details = [
        {
            "code": each.code,
            "message": each.text,
            "target": each.target,
            "@SAP__common.numericSeverity": _SEVERITY[each.severity],
        }
        for each in problem.details[1:]
    ]
    error: dict[str, object] = {"code": problem.code, "message": problem.text, "@SAP__common.numericSeverity": 4}
    if leading is not None and leading.target:
        error["target"] = leading.target
    return msgspec.json.encode({"error": {**error, "details": details}})


def sap_message(messages: tuple[Message, ...]) -> str:
    """The header ``sap-message`` of a success that has something to say; ASCII, as headers must be."""
    leading, *others = messages
    body = {
        "code": leading.code,
        "message": leading.text,
        "severity": leading.severity,
        "target": leading.target,
        "details": [
            {"code": each.code, "message": each.text, "severity": each.severity, "target": each.target}
            for each in others
        ],
    }
    return json.dumps(body)
