"""Anaplan's identifiers: what they look like, what they tell.

Workspace ids are 32 hexadecimal digits in lower case, model ids and task ids the same in upper case, and the API
is case-sensitive. Objects of a model have numbers whose first three digits tell their kind (community OpenAPI
specification, "ID Format by Object Type").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.errors import ConfigurationError, NotFoundError


class Named(Protocol):
    """An object that people know by its name and the API by its id."""

    @property
    def id(self) -> str:
        """What the API calls it."""

    @property
    def name(self) -> str:
        """What people call it."""


T = TypeVar("T", bound=Named)

_GUID = re.compile(r"[0-9a-fA-F]{32}")
_NEARLY_GUID = re.compile(r"[0-9a-zA-Z{}_-]{26,40}")
_NUMBER = re.compile(r"\d{12,13}")
_KINDS = {
    "101": "list",
    "102": "module",
    "107": "version",
    "109": "list subset",
    "112": "import",
    "113": "file",
    "114": "line item subset",
    "115": "dashboard",
    "116": "export",
    "117": "action",
    "118": "process",
}


def workspace_id(value: str) -> str:
    """A workspace id in the only spelling that the API accepts.

    Raises:
        ConfigurationError: it can't be a workspace id; says why.
    """
    return _guid(value, "workspace_id").lower()


def model_id(value: str) -> str:
    """A model id in the only spelling that the API accepts.

    Raises:
        ConfigurationError: it can't be a model id; says why.
    """
    return _guid(value, "model_id").upper()


def looks_like_guid(value: str) -> bool:
    """Whether a setting is meant as an id rather than as a name: also true for an id with a slip of the pen."""
    plain = value.strip()
    return bool(_NEARLY_GUID.fullmatch(plain)) and sum(c.isdigit() for c in plain) >= 6


def kind_of(object_id: str) -> str:
    """What an object's number says that it is, e.g. "import"; empty when it isn't such a number."""
    return _KINDS.get(object_id[:3], "") if _NUMBER.fullmatch(object_id) else ""


def _guid(value: str, setting: str) -> str:
    plain = value.strip().strip("{}").replace("-", "")
    if _GUID.fullmatch(plain):
        return plain
    strange = sorted({c for c in plain if not re.fullmatch("[0-9a-fA-F]", c)})
    got = f"{plain[:40]!r} with {' '.join(map(repr, strange[:5]))}" if strange else f"{len(plain)} digits"
    raise ConfigurationError(
        system=SYSTEM,
        subject=setting,
        expected="32 hexadecimal digits",
        got=got,
        hint="Copy it from the model's address in the browser, or give the unique name instead.",
    )


def find(items: Sequence[T], wanted: str, *, kind: str, where: str) -> T:
    """The item with this id or exact name, else the only one whose name differs in upper and lower case alone.

    Raises:
        NotFoundError: none; names what comes close.
        ConfigurationError: several have this name; names their ids.
    """
    plain = wanted.strip()
    folded = plain.casefold()
    for matches in (
        [item for item in items if item.id == plain],
        [item for item in items if item.name == wanted],
        [item for item in items if item.name.strip().casefold() == folded or item.id.casefold() == folded],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise ConfigurationError(
                system=SYSTEM,
                subject=f"{kind} {wanted!r} in {where}",
                expected="one",
                got=f"{len(matches)} of that name",
                hint=f"Give the id instead of the name: {', '.join(item.id for item in matches[:10])}.",
            )
    raise NotFoundError(
        system=SYSTEM,
        subject=f"{kind} {wanted!r} in {where}",
        got=f"none among {len(items)} that this user sees" if items else "none at all that this user sees",
        hint=_suggestion(plain, kind, [item.name for item in items]),
    )


def _suggestion(wanted: str, kind: str, names: Sequence[str]) -> str:
    other = kind_of(wanted)
    if other and other != kind:
        return f"By its number {wanted} is of another kind: {other}."
    by_folded = {name.casefold(): name for name in names}
    close = [by_folded[name] for name in get_close_matches(wanted.casefold(), by_folded, n=5, cutoff=0.5)]
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:10]))
    return f"There are: {shown}{' and more' if len(names) > 10 else ''}." if names else "Check the user's access."
