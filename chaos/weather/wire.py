"""Faults at endpoints: every kind that the sandbox has, in every form that is known of it."""

from __future__ import annotations

from random import Random
from typing import Literal, get_args, get_origin

import msgspec

from chaos.weather.events.faults import Fault
from sandbox.core.faults import Action

BESIDE = frozenset({"headers", "body", "delay", "pace"})
"""Fields of an action that stand beside a kind."""
_UNSEEN = frozenset({"edit"})
"""Kinds that are not drawn: another digit in a sound answer is a true one, for all that a client can see."""
_DRAWN: dict[str, tuple[float, ...]] = {
    "status": (401, 403, 408, 409, 425, 429, 429, 429, 500, 500, 502, 503, 503, 504),
    "gave_up": (408, 499, 502, 504, 504),
    "html": (200, 404, 500, 502, 503),
    "truncate": (0, 1, 17, 200, 3000),
    "lapse": (5.0, 2200.0, 4000.0),
}
_RETRY_AFTER = ("0", "1", "7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-5")
_READS, _POSTS = ("GET",), ("POST", "PUT")

PLACES: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    "syspro": (
        ("syspro", "/SYSPROOData/", None),
        ("syspro", r"\$metadata", None),
        ("syspro", "ApInvoice", None),
        ("syspro", "GenHistory", None),
        ("syspro", r"\$count", None),
    ),
    "sap": (
        ("sap", "", None),
        ("sap", r"\$metadata", None),
        ("sap", "GLAccountLineItem", None),
        ("sap", "A_Supplier", None),
        ("sap", "PurchaseOrder", None),
    ),
    "into_anaplan": (
        ("anaplan", "", None),
        ("anaplan", "/token/", None),
        ("anaplan", "/chunks/", "PUT"),
        ("anaplan", "/complete", "POST"),
        ("anaplan", "/(imports|processes|actions)/[0-9]+/tasks$", "POST"),
        ("anaplan", "/tasks/[0-9A-Fa-f]+$", "GET"),
        ("anaplan", "/dump", None),
    ),
    "from_anaplan": (
        ("anaplan", "", None),
        ("anaplan", "/token/", None),
        ("anaplan", "/exports/[0-9]+/tasks", None),
        ("anaplan", "/chunks", "GET"),
        ("anaplan", "/readRequests", None),
        ("anaplan", "/lists/", None),
    ),
    "into_sap": (
        ("sap", "journalentrycreaterequestconfi", "POST"),
        ("sap", "OperationalAcctgDocItemCube", None),
        ("sap", "SUPPLIERINVOICE", "POST"),
        ("sap", "SUPPLIERINVOICE", "GET"),
        ("sap", "", None),
    ),
    "into_syspro": (
        ("syspro", "/Logon", None),
        ("syspro", "(?i)GENTJL", None),
        ("syspro", "(?i)APSTIN", None),
        ("syspro", "(?i)COMFND", None),
        ("syspro", "(?i)(APSSSP|ARSSCS)", None),
        ("syspro", "/Logoff", None),
        ("syspro", "SYSPROWCFService", None),
    ),
}
_OF_FLOW = {
    "syspro-to-anaplan": ("syspro", "into_anaplan"),
    "sap-to-anaplan": ("sap", "into_anaplan"),
    "plan-to-sap": ("from_anaplan", "into_sap", "into_sap"),
    "plan-to-syspro": ("from_anaplan", "into_syspro", "into_syspro"),
}


def kinds() -> tuple[str, ...]:
    """The kinds of faults that the sandbox has, as fields of an action; ``delay`` alone is one."""
    return (*(name for name in Action.__struct_fields__ if name not in BESIDE | _UNSEEN), "delay")


def fault(rng: Random, flow: str) -> Fault:
    """A fault at an endpoint of the flow, from some request on, once or some times."""
    system, path, method = rng.choice(PLACES[rng.choice(_OF_FLOW[flow])])
    after = rng.choice((0, 0, 0, 1, 2, 3, 5, 9, 20))
    if system != "anaplan" and flow.startswith("plan-to-"):
        after %= 2  # a run posts once or twice: what comes later hits nothing
    times = rng.choice((1, 1, 1, 2, 3, 9, 40))
    return Fault(system, action(rng, rng.choice(kinds())), path, method, after, times)


def action(rng: Random, kind: str) -> dict[str, object]:
    """An action of that kind, as JSON."""
    if kind == "delay":
        return {"delay": rng.choice((0.1, 0.5, 2.0))}
    made: dict[str, object] = {kind: _value(rng, kind)}
    if made.get("status") == 429 and rng.random() < 0.7:
        made["headers"] = {"Retry-After": rng.choice(_RETRY_AFTER)}
    if kind == "gave_up" or made.get("reset") == "late" or rng.random() < 0.1:
        made["delay"] = rng.choice((0.05, 0.3, 1.0))
    return made


def _value(rng: Random, kind: str) -> object:
    if kind in _DRAWN:
        return rng.choice(_DRAWN[kind])
    (field,) = (one for one in msgspec.structs.fields(Action) if one.name == kind)
    choices = [choice for part in (field.type, *get_args(field.type)) for choice in _choices(part)]
    if not choices:
        raise TypeError(f"sandbox.core.faults.Action.{kind}: no value is known to draw; name some in _DRAWN")
    return rng.choice(choices)


def _choices(part: object) -> tuple[object, ...]:
    if get_origin(part) is Literal:
        return get_args(part)
    return (True,) if part is bool else ()
