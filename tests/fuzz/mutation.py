"""Inputs that are nearly right: real ones with a few things changed, by bytes and by their own grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random
from typing import Any

Change = Callable[[Random, bytes], bytes]


class Raw(str):
    """A JSON text that is written as it stands, whatever it is."""

    __slots__ = ()


_LONG = "x" * 70_000
ODD_JSON = tuple(
    map(
        Raw,
        [
            *[
                "null",
                "true",
                "false",
                "0",
                "-0",
                "-1",
                "1",
                "7",
                "1.5",
                "-0.0",
                "1e5",
                "1E+2",
                "NaN",
                "Infinity",
                "-Infinity",
                "[]",
                "{}",
                "[[]]",
                "[null]",
                "[{}]",
                "[1]",
            ],
            *("1e999999999", "-1e-999999999", "1e400", "99999999999999999999999999", "9" * 5000, "0." + "3" * 400),
            *('""', '" "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"null"', '"NaN"', '"Infinity"', '"1e5"'),
            *('"-1"', '"true"', '"\\u00b2"', '"\\uff11\\uff12"', '"\\u0663"', f'"{"9" * 5000}"', f'"{_LONG}"'),
            *('{"": null}', '{"value": {"value": []}}', '{"a": 1, "a": 2}', "[" * 300 + "]" * 300),
            *('{"a":' * 300 + "1" + "}" * 300, "[" * 20_000, '"../../etc/passwd"', '"\\u202eabc"', '"a\\r\\nX: y"'),
            *('"2026-02-30"', '"0000-00-00"', '"9999-12-31T23:59:59.9999999Z"', '"0001-01-01T00:00:00+23:59"'),
            *('"/Date(9e99)/"', '"/Date(253402300800000)/"', '"/Date(-62135596800001)/"', '"/Date(0+9999)/"'),
            *('"http://["', '"//elsewhere.example/x"', '"http://h:99999/"', '"file:///etc/passwd"', '"%ff%fe"'),
            *('"\\u001b[2J"', '"=cmd|calc"', '"%s{0}{}"', '"$ref"', '"Caf\xe9"', '"12,5"', '"1_000"', '" 5 "'),
            *('"env:HOME"', '"file:x"', '"raw:"', '"keyring:a"', '"\\\\"', '"\\u2028"', '"true "', '"P1D"'),
        ],
    )
)
KEYS = ("", "\0", "a.b", "__next", "@odata.nextLink", "$ref", "value", "error", "type", "id", "null", "\u202e", "a\nb")

_JSON = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"\\u0000", b"\\ud800", b"1e999999999", b"NaN", b"-"]
_XML = [
    *(
        b"<",
        b">",
        b"</",
        b"/>",
        b"&",
        b"&amp;",
        b"&a;",
        b"&#0;",
        b"&#xD800;",
        b"&#x1b;",
        b"<![CDATA[",
        b"]]>",
        b"<?pi?>",
    ),
    *(b"<!-- -->", b"<!--", b'<!DOCTYPE a [<!ENTITY a "b">]>', b'<!DOCTYPE a SYSTEM "file:///etc/passwd">', b"<a/>"),
    *(b' xmlns="urn:x"', b' xmlns:a="urn:x"', b' a="1" a="2"', b"<a:b/>", b"<a>" * 300, b"\xc2\xb2", b"9" * 5000),
    *(b'<?xml version="1.0" encoding="utf-16"?>', b'<?xml version="1.0" encoding="no-such"?>', b"ERROR: ", b"<html>"),
]
_CSV = [b",", b'"', b'""', b"\n", b"\r\n", b"\r", b";", b"\t", b"_Line_", b"_Error_1_", b"\x00", b"1e999999999", b"|"]
_TEXT = [
    b" ",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xc2\xb2",
    b"\xed\xa0\x80",
    b"\x1b[31m",
    b"-",
    b".",
]
_TEXT += [
    b"0",
    b"9" * 5000,
    b"%",
    b"/",
    b":",
    b"'",
    b"\xe2\x80\xae",
    b"\xd9\xa3",
    b"E",
    b"(",
    b")",
    b"+",
    b"_",
    b"\r\n",
]


def tokens_for(data: bytes) -> list[bytes]:
    """What its grammar is made of, as far as its beginning tells."""
    start = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    own = _JSON if start in (b"{", b"[") else _XML if start == b"<" else _CSV
    return [*own, *_TEXT]


def mutated(random: Random, data: bytes, others: Sequence[bytes], own: Sequence[bytes] = ()) -> bytes:
    """`data` with one to five changes; parts of `others` may come into it, and `own` words of its grammar."""
    tokens = [*tokens_for(data), *own, *own]
    for _ in range(random.choice((1, 1, 1, 1, 2, 2, 3, 5))):
        way = random.random()
        if way < 0.5 and (changed := _by_grammar(random, data)) is not None:
            data = changed
        elif way < 0.6:
            data = _spliced(random, data, random.choice(others))
        else:
            data = random.choice(_BYTES)(random, data, tokens)
    return data[: 4 * 1024 * 1024]


# By bytes


def _place(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randint(0, len(data))
    longest = random.choice((1, 1, 4, 16, 64, len(data)))
    return start, min(len(data), start + random.randint(0, longest))


def _flipped(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x00"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _cut(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    return data[: random.randint(0, len(data))]


def _removed(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _place(random, data)
    return data[:start] + data[end:]


def _doubled(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _place(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 20)) + data[end:]


def _inserted(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, _ = _place(random, data)
    return data[:start] + random.choice(tokens) + data[start:]


def _replaced(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _place(random, data)
    return data[:start] + random.choice(tokens) + data[end:]


def _noise(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _place(random, data)
    return data[:start] + random.randbytes(random.choice((1, 2, 8))) + data[end:]


def _moved(random: Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    start, end = _place(random, data)
    rest = data[:start] + data[end:]
    at = random.randint(0, len(rest))
    return rest[:at] + data[start:end] + rest[at:]


_BYTES = (_flipped, _cut, _removed, _doubled, _inserted, _inserted, _replaced, _replaced, _noise, _moved)


def _spliced(random: Random, data: bytes, other: bytes) -> bytes:
    (start, end), (first, last) = _place(random, data), _place(random, other)
    return data[:start] + other[first:last] + data[end:]


# By grammar


def _by_grammar(random: Random, data: bytes) -> bytes | None:
    start = data.lstrip()[:1]
    if start == b"<":
        return _other_markup(random, data)
    if start not in (b"{", b"["):
        return _other_cells(random, data)
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    try:
        changed = _other_json(random, lines[at] if len(lines) > 1 else data)
    except (ValueError, RecursionError):
        return None
    return b"\n".join([*lines[:at], changed, *lines[at + 1 :]]) if len(lines) > 1 else changed


@lru_cache(maxsize=64)
def _text_of(data: bytes) -> Any:
    return json.loads(data, parse_float=Raw, parse_int=Raw)


def _other_json(random: Random, data: bytes) -> bytes:
    value = _text_of(data) if len(data) < 100_000 else json.loads(data, parse_float=Raw, parse_int=Raw)
    return written(_changed(random, value)).encode("utf-8", "surrogatepass")


def _changed(random: Random, value: Any) -> Any:
    """A copy in which one value, anywhere, is another."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    # Deeper more often than not: the outermost is only one of many values.
    if inside and random.random() < 0.8:
        key, inner = random.choice(inside)
        made = list(value) if isinstance(value, list) else dict(value)
        way = random.random()
        if way < 0.1:
            del made[key]
        elif way < 0.16 and isinstance(made, dict):
            del made[key]
            made[random.choice((*KEYS, key.lower(), key.upper(), key + "x"))] = inner
        elif way < 0.22 and isinstance(made, list):
            made.insert(random.randint(0, len(made)), inner)
        elif way < 0.27 and len(inside) > 1:
            made[key] = random.choice(inside)[1]
        else:
            made[key] = _changed(random, inner)
        return made
    way = random.random()
    if way < 0.15:
        return [value]
    if way < 0.25 and isinstance(value, str):
        return Raw(json.dumps(str(value))) if isinstance(value, Raw) else Raw(value or '""')
    if way < 0.3 and isinstance(value, str):
        return value + random.choice(("\0", "\u202e", "'", "\n", "\ud800", " ", "\u00b2", "x" * 300))
    return random.choice(ODD_JSON)


def written(value: Any) -> str:
    """JSON text, of values that may be `Raw`."""
    if isinstance(value, Raw):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


_TAGS = re.compile(rb"(<[^>]*>)")


def _other_markup(random: Random, data: bytes) -> bytes:
    parts = [part for part in _TAGS.split(data) if part]
    if not parts:
        return data
    at, other = random.randrange(len(parts)), random.randrange(len(parts))
    way = random.random()
    if way < 0.2:
        parts[at] = b""
    elif way < 0.4:
        parts[at] += parts[at]
    elif way < 0.55:
        parts[at], parts[other] = parts[other], parts[at]
    elif way < 0.7:
        parts[at] = random.choice(_XML)
    elif parts[at].startswith(b"<"):
        # An attribute's value, or the name.
        parts[at] = re.sub(
            rb'"[^"]*"|(?<=[<:/ ])\w+', lambda found: random.choice((found[0], found[0], b'""', b"x")), parts[at]
        )
    else:
        parts[at] = random.choice(
            (b"", b" ", b"-1", b"9" * 5000, b"\xc2\xb2", b"1e999999999", b"&lt;x&gt;", b"0000-00-00")
        )
    return b"".join(parts)


_CELLS = re.compile(rb"([,;\t|\n=&:/?#]|\r\n)")


def _other_cells(random: Random, data: bytes) -> bytes:
    parts = _CELLS.split(data)
    at, other = random.randrange(len(parts)), random.randrange(len(parts))
    way = random.random()
    if way < 0.3:
        parts[at] = random.choice((*_CSV, *_TEXT))
    elif way < 0.5:
        parts[at] = b""
    elif way < 0.7:
        parts[at], parts[other] = parts[other], parts[at]
    else:
        parts[at] += parts[at]
    return b"".join(parts)
