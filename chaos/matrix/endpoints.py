"""From requests as the sandbox's journal has them to endpoints: ids, keys and page tokens become words in braces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_TASK = r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_VERSION = re.compile(r"^/2/0(?=/)")
_SEGMENTS = ((re.compile(_TASK), "{guid}"), (re.compile(r"[0-9]{6,}"), "{id}"), (re.compile(r"[0-9]+"), "{n}"))
_TABLE = re.compile(r"^(/SYSPRO8Odata/SYSPROOData)/[^/$]+(?:/([^/]+))?$")
_SET = re.compile(r"^(/sap/opu/odata4?)/.+/([^/]*)$")
_SPEAKING = {"BusinessObject"}
"""Query parameters whose value says what is asked for."""


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """A system, a method, and a path with the names of its query parameters in the order in which they are sent."""

    system: str
    method: str
    pattern: str

    def __str__(self) -> str:
        return f"{self.system} {self.method} {self.pattern}"

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Endpoint:
        """The endpoint of a journal's entry."""
        return cls(request["system"], request["method"], _pattern(request["method"], request["path"]))

    def expression(self) -> str:
        """A regular expression for `path?query` of its requests, as they are sent."""
        path, mark, query = self.pattern.partition("?")
        parts = "".join(_expression(part) for part in re.split(r"(\{[a-z]+\})", path))
        names = (
            [re.escape(name) if "=" in name else _escaped(name) + "=[^&]*" for name in query.split("&")] if mark else []
        )
        return f"^{parts}" + (r"\?" + "&".join(names) if mark else "") + "$"


def _pattern(method: str, path: str) -> str:
    place, mark, query = path.partition("?")
    place = _generalised(method, unquote(place))
    names = [_parameter(*part.partition("=")[::2]) for part in query.split("&")] if mark else []
    return place + ("?" + "&".join(names) if names else "")


def _parameter(name: str, value: str) -> str:
    plain = unquote(name)
    return f"{plain}={value}" if plain in _SPEAKING else plain


def _generalised(method: str, path: str) -> str:
    found = _TABLE.match(path)
    if found:
        return f"{found[1]}/{{company}}" + (f"/{_named(found[2], '{table}')}" if found[2] else "")
    found = _SET.match(path)
    if found and method == "GET":
        return f"{found[1]}/{{service}}/{_named(found[2], '{set}')}"
    version = _VERSION.match(path)
    start = version[0] if version else ""
    return start + "/".join(_segment(part) for part in path.removeprefix(start).split("/"))


def _named(part: str, word: str) -> str:
    """What is asked of a service: its own documents by their names, any of its tables by a word."""
    return part if part == "" or part.startswith("$") else word


def _segment(part: str) -> str:
    for expression, word in _SEGMENTS:
        if expression.fullmatch(part):
            return word
    return part


def _expression(part: str) -> str:
    if part == "{service}":
        return ".+?"
    return "[^/?]+" if part.startswith("{") and part.endswith("}") else _escaped(part)


def _escaped(text: str) -> str:
    """The text, its signs as themselves or as percent escapes."""
    return "".join(
        sign if sign.isalnum() or sign in "/_-." else f"(?:{re.escape(sign)}|%{ord(sign):02X})" for sign in text
    )


def endpoints(requests: Iterable[Mapping[str, Any]]) -> Counter[Endpoint]:
    """The endpoints of a journal, and how often each was asked."""
    return Counter(map(Endpoint.of, requests))
