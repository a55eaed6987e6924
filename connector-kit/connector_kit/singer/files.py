"""The files that a plugin is given: settings, catalog and state are JSON objects, a catalog one of its own shape."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from connector_kit.errors import ConfigurationError


def json_object(plugin: str, subject: str, read: Callable[[], str], empty: str = "") -> str:
    """The text of a file that holds a JSON object, or `empty` where that stands for an empty file.

    Raises:
        ConfigurationError: it can't be read, or holds something else.
    """
    try:
        text = read()
        text = empty if not text.strip() and empty else text
        got = "" if isinstance(_value(text), dict) else "another JSON value"
    except json.JSONDecodeError as error:
        got = f"{error.msg} at line {error.lineno}, column {error.colno}" if error.doc.strip() else "an empty file"
    except UnicodeDecodeError:
        got = "text in another encoding than UTF-8"
    except RecursionError:
        got = "JSON that is nested too deeply"
    except (ValueError, ArithmeticError):
        got = "a number out of any range, or NaN or Infinity, which JSON does not have"
    except OSError as error:
        got = error.strerror or type(error).__name__
    if got:
        raise ConfigurationError(system=plugin, subject=subject, expected="a file with a JSON object", got=got)
    return text


def _value(text: str) -> Any:  # noqa: ANN401 - of JSON
    """As the SDK reads it."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:  # noqa: ANN401 - never
    raise ValueError(name)


class _Schema(msgspec.Struct):
    type: str | list[str] | None = None
    properties: dict[str, dict[str, Any]] | None = None
    required: list[str] | None = None


class _Metadata(msgspec.Struct):
    breadcrumb: list[str]
    metadata: dict[str, Any] = {}


class _Stream(msgspec.Struct, rename={"schema_": "schema"}):
    tap_stream_id: str
    stream: str | None = None
    schema_: _Schema = msgspec.field(default_factory=_Schema)
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    metadata: list[_Metadata] = []


class _Catalog(msgspec.Struct):
    streams: list[_Stream] = []


def check_catalog(plugin: str, subject: str, text: str) -> None:
    """Refuse a catalog of another shape than Singer's: the SDK takes it apart without a look.

    Raises:
        ConfigurationError: says where, and what stands there.
    """
    try:
        streams = msgspec.convert(_value(text), _Catalog).streams
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            system=plugin,
            subject=subject,
            expected="a Singer catalog",
            got=f"another shape ({str(error)[:300]})",
            hint=f"Discover it again: {plugin} --discover (Meltano: --refresh-catalog).",
        ) from None
    twice = [name for name, count in Counter(one.tap_stream_id for one in streams).items() if count > 1]
    if twice:
        raise ConfigurationError(
            system=plugin,
            subject=subject,
            expected="one entry for each stream",
            got=f"several of {twice[0]}",
            hint="Keep the one that is meant: only the last would count.",
        )
