"""The JSON objects of entities, as msgspec structs that are made once for each selection of properties."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class Identity(Struct, gc=False):
    """V2 ``__metadata`` with ``id``."""

    id: str
    uri: str
    type: str


class Named(Struct, gc=False):
    """V2 ``__metadata`` without ``id``."""

    uri: str
    type: str


class _Link(Struct, gc=False):
    uri: str


class Deferred(Struct, gc=False, rename={"deferred": "__deferred"}):
    """A navigation that was not expanded."""

    deferred: _Link


class Results(Struct, gc=False):
    """Several entities inside V2."""

    results: list[object]


def links(addresses: Iterable[str], navigation: str) -> list[object]:
    """A column of deferred navigations."""
    return [Deferred(_Link(f"{address}/{navigation}")) for address in addresses]


@lru_cache(maxsize=512)
def row_type(names: tuple[str, ...]) -> type[Struct]:
    """A struct whose fields are written under these names, in this order."""
    fields = [(f"f{place}", object) for place in range(len(names))]
    rename = {f"f{place}": name for place, name in enumerate(names)}
    return msgspec.defstruct("Row", fields, gc=False, rename=rename)


ENCODER = msgspec.json.Encoder()
