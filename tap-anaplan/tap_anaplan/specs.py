"""What the settings say about each export, view and list, checked as far as that goes without the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connector_kit.errors import ConfigurationError
from tap_anaplan.settings import METADATA

Kind = Literal["export", "view", "list"]
_SETTINGS: Mapping[Kind, tuple[str, str]] = {
    "export": ("exports", "export"),
    "view": ("views", "module"),
    "list": ("lists", "list"),
}
_EXTENSION = re.compile(r"\.(csv|txt|tsv)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Approval:
    """The cells that must be true: of `line_item` in `module`, of `item` or of `items` by dimension, else all.

    With `column` only the rows come whose item in that column is approved.
    """

    module: str
    line_item: str
    item: str = ""
    items: tuple[tuple[str, str], ...] = ()
    column: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """One stream of rows. `subject` is the export, module or list; `view` and `module` where they were given."""

    kind: Kind
    subject: str
    stream: str
    view: str = ""
    module: str = ""
    key: tuple[str, ...] = ()
    replication_key: str = ""
    rename: tuple[tuple[str, str], ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()
    approval: Approval | None = None
    approved_rows: str = ""


def specs(config: Mapping[str, Any]) -> list[Spec]:
    """All of them, in the order of the settings.

    Raises:
        ConfigurationError: two streams of one name.
    """
    found = [spec for kind in _SETTINGS for spec in _of(kind, config)]
    names = Counter([*(spec.stream for spec in found), *(config.get("metadata") or [])])
    doubled = [name for name, count in names.items() if count > 1]
    if doubled:
        raise ConfigurationError(
            system="tap-anaplan",
            subject=f"stream {doubled[0]}",
            expected="one export, view, list or metadata stream of that name",
            got=str(names[doubled[0]]),
            hint=f"Give them names with `stream`. Metadata streams are called {', '.join(METADATA)}.",
        )
    return found


def snake_case(name: str) -> str:
    """A stream's name from an object's: `Plan Lines.csv` is `plan_lines`."""
    words = re.findall(r"[^\W_]+", _EXTENSION.sub("", name.strip()))
    return "_".join(words).lower() or "rows"


def _of(kind: Kind, config: Mapping[str, Any]) -> Iterator[Spec]:
    setting, member = _SETTINGS[kind]
    for entry in config.get(setting) or []:
        each: Mapping[str, Any] = {member: entry} if isinstance(entry, str) else entry
        subject = str(each[member])
        view = str(each.get("view") or "")
        yield Spec(
            kind=kind,
            subject=subject,
            stream=str(each.get("stream") or snake_case(view or subject)),
            view=view,
            module=str(each.get("module") or ""),
            key=tuple(each.get("key") or ()),
            replication_key=str(each.get("replication_key") or ""),
            rename=tuple((each.get("columns") or {}).items()),
            types=tuple((each.get("types") or {}).items()),
            codes=tuple(each.get("codes") or ()),
            approval=_approval(each.get("approval")),
            approved_rows=str(each.get("approved_rows") or ""),
        )


def _approval(given: Mapping[str, Any] | None) -> Approval | None:
    if not given:
        return None
    item = given.get("item") or ""
    return Approval(
        module=str(given["module"]),
        line_item=str(given["line_item"]),
        item=item if isinstance(item, str) else "",
        items=() if isinstance(item, str) else tuple(item.items()),
        column=str(given.get("column") or ""),
        by=str(given.get("by") or ""),
    )
