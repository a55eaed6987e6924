"""The tables in a plugin's README that say what its code says, between marks such as ``<!-- settings: begin -->``.

A plugin's test asks which of them are out of date; its file, run from the root as a script (``PYTHONPATH=.``), writes
them anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_sdk.plugin_base import PluginBase

_ABSENT: tuple[object, ...] = (None, "", [], {})


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    head, *lines = (f"| {' | '.join(cells)} |\n" for cells in (heads, *rows))
    return head + f"|{'---|' * len(heads)}\n" + "".join(lines)


def settings(plugin: type[PluginBase]) -> str:
    """The settings as `--about` tells them."""
    schema = dict(plugin.config_jsonschema)
    plugin.append_builtin_config(schema)
    required = schema.get("required", ())
    rows = []
    for name, part in schema["properties"].items():
        default = "**required**" if name in required else _shown(part.get("default"))
        choice = " \\| ".join(f"`{value}`" for value in part.get("enum", ()) if value)
        words = [part.get("description", ""), "*Secret.*" if part.get("writeOnly") else ""]
        words.append(f"One of {choice}." if choice else "")
        rows.append((f"`{name}`", default, " ".join(filter(None, words))))
    return table(("setting", "default", "meaning"), rows)


def _shown(default: object) -> str:
    if default in _ABSENT:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def outdated(readme: Path, tables: Mapping[str, str]) -> list[str]:
    """The names of the tables that the README has otherwise, or not at all."""
    text = readme.read_text(encoding="utf-8")
    return [name for name, made in tables.items() if _between(name, made) not in text]


def write_anew(readme: Path, tables: Mapping[str, str]) -> None:
    """Put the tables into the README, which has their marks."""
    text = readme.read_text(encoding="utf-8")
    for name, made in tables.items():
        begin, end = _between(name, "\x00").split("\x00")
        before, _, rest = text.partition(begin)
        text = before + begin + made + end + rest.partition(end)[2]
    readme.write_text(text, encoding="utf-8")


def _between(name: str, text: str) -> str:
    return f"<!-- {name}: begin -->\n{text}<!-- {name}: end -->\n"
