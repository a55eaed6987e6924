"""Lines of a tap's output, decoded in C in one go; those that can't be, one by one, each with its number.

What is wrong with one record's line is that record's fate: it becomes `Poison`, which the stream's sink rejects. A line
of which not even the stream can be told is a fault of the tap and ends the reading (`TapFault`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from singer_sdk.singerlib.exceptions import InvalidInputLine

from connector_kit.errors import ConnectorError

_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"{\x00": "UTF-16",
    b"\x00{": "UTF-16",
}
_KIND = re.compile(rb'"type"\s*:\s*"RECORD"')
_STREAM = re.compile(rb'"stream"\s*:\s*("(?:[^"\\]|\\.)*")')
_RECORD = re.compile(rb'"record"\s*:\s*\{')
_VERSION = re.compile(rb'"version"\s*:\s*(\d{1,18})\s*[,}]')


_BROKEN_OFF = "The tap seems to have been killed: look at its log. What was whole before that line was taken."


class TapFault(ConnectorError, InvalidInputLine):  # noqa: N818 - the word that users know
    """Something that only the tap can mend; says which line of its output it is about."""

    def __init__(self, line: int, got: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(
            system="tap",
            subject=f"line {line} of its output",
            expected=expected,
            got=got,
            hint=hint or "That is the tap's fault. What was whole before that line was taken.",
        )


class Line(msgspec.Struct, gc=False):
    """One message: what the loop needs decoded, the rest as it came."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw()
    schema: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()
    key_properties: list[str] | None = None
    bookmark_properties: list[str] | None = None
    version: int | None = None


class Poison(NamedTuple):
    """A RECORD message that is not JSON as it should be. record: its record's bytes, where it can be cut out."""

    stream: str
    version: int | None
    reason: str
    record: bytes


class Stretch(NamedTuple):
    """Messages whose lines follow each other, the first of which has a number; or one broken record."""

    first: int
    messages: list[Line] | Poison


class Decoded(NamedTuple):
    """What a block holds. fault: of its first line that no stream can be told of; what follows it is not looked at."""

    stretches: list[Stretch]
    fault: TapFault | None = None


_decoder = msgspec.json.Decoder(Line)


def decode(block: bytes, first: int) -> Decoded:
    """The messages of whole lines, of which the first has the number `first`; blank lines are none."""
    try:
        lines = _decoder.decode_lines(block) if _is_utf8(block) else []  # msgspec looks only at texts that it decodes
    except (msgspec.DecodeError, RecursionError):
        lines = []
    if len(lines) == block.count(b"\n") + (not block.endswith(b"\n")) and all(map(_recorded, lines)):
        return Decoded([Stretch(first, lines)])
    found: list[Stretch] = []
    following: list[Line] = []
    for number, line in enumerate(block.split(b"\n"), first):
        if not line.strip():
            following = []
            continue
        try:
            one = _one(number, line)
        except TapFault as fault:
            return Decoded(found, fault)
        if isinstance(one, Poison) and number == first + block.count(b"\n"):
            return Decoded(found, TapFault(number, "half a line at the end", hint=_BROKEN_OFF))
        if isinstance(one, Poison):
            found.append(Stretch(number, one))
            following = []
        elif following:
            following.append(one)
        else:
            following = [one]
            found.append(Stretch(number, following))
    return Decoded(found)


def _recorded(line: Line) -> bool:
    return line.type != "RECORD" or bool(line.record)


def _one(number: int, line: bytes) -> Line | Poison:
    try:
        line.decode()
        found = _decoder.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        reason = said(error, line)
        if (poison := _poison(line, reason)) is None:
            raise TapFault(number, reason, expected="a Singer message") from error
        return poison
    if found.type == "RECORD" and not found.record:
        if not found.stream:
            raise TapFault(number, "a RECORD message without stream and record")
        return Poison(found.stream, found.version, "the message has no record", b"")
    return found


def _poison(line: bytes, reason: str) -> Poison | None:
    """The parts that can be told of a broken RECORD message; None when the stream can't, or it is none."""
    stream = _STREAM.search(line)
    if stream is None or _KIND.search(line) is None:
        return None
    try:
        name = msgspec.json.decode(stream[1], type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    start = _RECORD.search(line)
    record = b""
    if start is not None:
        begin = start.end() - 1
        end = _end_of_object(line, begin)
        record, line = line[begin:end], line[:begin] + line[end:]
    version = _VERSION.search(line)
    return Poison(name, int(version[1]) if version else None, reason, record)


_BRACES = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


def _end_of_object(line: bytes, begin: int) -> int:
    """Where an object ends; its beginning when it does not."""
    depth = 0
    for found in _BRACES.finditer(line, begin):
        if found[0] == b"{":
            depth += 1
        elif found[0] == b"}":
            depth -= 1
            if not depth:
                return found.end()
    return begin


def said(error: Exception, text: bytes) -> str:
    """What is wrong with bytes that should have been JSON, without any of their values."""
    message = str(error)
    kinds = (
        (isinstance(error, RecursionError), "nested too deeply"),
        (not _is_utf8(text), "bytes that are not UTF-8"),
        (isinstance(error, ArithmeticError) or "out of range" in message, "a number out of range"),
        (_HALF_PAIR.search(text) is not None, "half a surrogate pair"),
        (_NOT_A_NUMBER.search(text) is not None, "NaN or Infinity, which JSON does not have"),
    )
    plain = re.sub(r" \(byte \d+\)", "", message.removeprefix("JSON is malformed: "))
    return next((name for found, name in kinds if found), f"not JSON: {plain}")


_HALF_PAIR = re.compile(rb"\\u[dD][89abAB]\w\w(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]\w\w)\\u[dD][c-fC-F]")
_NOT_A_NUMBER = re.compile(rb"[:\[,]\s*-?(NaN|Infinity)\b")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def without_mark(start: bytes) -> bytes:
    """The first bytes of the input without a UTF-8 byte order mark.

    Raises:
        TapFault: they are in another encoding.
    """
    for mark, name in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise TapFault(
                1,
                f"text in {name}",
                expected="UTF-8",
                hint="Let the tap write UTF-8; on Windows, PowerShell's `>` and `|` write UTF-16.",
            )
    return start.removeprefix(_UTF8_BOM)


def has_mark(start: bytes) -> bool:
    """Whether the input begins with a UTF-8 byte order mark."""
    return start.startswith(_UTF8_BOM)
