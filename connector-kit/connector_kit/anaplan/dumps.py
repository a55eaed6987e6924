"""Failure dumps: which rows an import rejected, and why.

Sources: golden dump files in the tests of Anaplan Connect (source columns, then `_Line_`, then `_Error_1_` and
following; every field quoted; the source's separator; generic names "Column n" where the source has no usable
header) and Anaplan help on dumps (chunks of up to 10 MB, only of a user's last failing task, gone after 48 hours).
Separator and encoding are not guaranteed anywhere, so they are found out from the content.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector_kit.anaplan.delimited import csv_rows
from connector_kit.anaplan.errors import SYSTEM, NoDumpError
from connector_kit.anaplan.files import chunk_bodies
from connector_kit.anaplan.reading import text
from connector_kit.anaplan.transport import Transport, read_json_or_nothing
from connector_kit.errors import ConnectorError, NotFoundError, RefusedError
from connector_kit.numerals import whole

_LINE = "_Line_"
_ERROR = re.compile(r"_Error_(\d+)_")
_BETWEEN = re.compile(r'_Line_"?(?P<separator>[^"\w])"?_Error_\d+_')
_NO_DUMP = frozenset({400, 403, 404})
_SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True)
class DumpRow:
    """A rejected row.

    `line` is the line of the uploaded file, counted from 1 with its header; None when the dump doesn't tell.
    `values` by the dump's column names; of equal names the first counts.
    """

    line: int | None
    values: dict[str, str]
    errors: tuple[str, ...]


def read_dump(transport: Transport, path: str, what: str) -> Iterator[DumpRow]:
    """The rows of a dump, read chunk by chunk.

    Args:
        transport: to the API.
        path: of the dump, e.g. ".../imports/112…/tasks/…/dump".
        what: the dump in messages.

    Raises:
        NoDumpError: at once when there is none, while rows are read when it vanishes.
    """
    try:
        body = transport.request("GET", f"{path}/chunks", what=what, read=read_json_or_nothing)
    except (NotFoundError, RefusedError) as error:
        if error.status not in _NO_DUMP:
            raise
        raise _none(what, error) from error
    listed = body.get("chunks")
    ids = [text(chunk.get("id")) for chunk in listed if isinstance(chunk, dict)] if isinstance(listed, list) else []
    if not ids:
        raise _none(what, None)
    return _rows(transport, path, ids, what)


def _rows(transport: Transport, path: str, ids: list[str], what: str) -> Iterator[DumpRow]:
    try:
        yield from parse_dump(chunk_bodies(transport, f"{path}/chunks", ids, what))
    except NotFoundError as error:
        raise _none(what, error) from error
    except csv.Error as error:
        raise RefusedError(
            system=SYSTEM, subject=what, expected="rows of separated values", got=f"something else ({error})"
        ) from error


def _none(what: str, error: ConnectorError | None) -> NoDumpError:
    return NoDumpError(
        system=SYSTEM,
        subject=what,
        expected="a failure dump",
        got=error.got if error else "none",
        hint="Anaplan keeps the dump of a user's last failing run only, for 48 hours: which rows were rejected can't "
        "be read any more.",
        status=error.status if error else None,
    )


def parse_dump(chunks: Iterable[bytes]) -> Iterator[DumpRow]:
    """Rows from a dump's bytes, cut anywhere."""
    lines = _lines(_decoded(chunks))
    header = next(lines, "")
    if not header.strip():
        return
    reader = csv_rows(_with(header, lines), delimiter=sniff_separator(header))
    names = next(reader)
    line_at = names.index(_LINE) if _LINE in names else None
    errors_at = [at for _, at in sorted((int(match[1]), at) for at, match in _matches(names))]
    columns = [
        (at, name) for at, name in enumerate(names) if at not in {line_at, *errors_at} and at == names.index(name)
    ]
    for row in reader:
        if not row:
            continue
        fields = row + [""] * (len(names) - len(row))
        yield DumpRow(
            line=whole(fields[line_at].strip()) if line_at is not None else None,
            values={name: fields[at] for at, name in columns},
            errors=tuple(fields[at] for at in errors_at if fields[at]),
        )


def sniff_separator(header: str) -> str:
    """The separator of a dump: what stands between its own two columns, else the likeliest character."""
    between = _BETWEEN.search(header)
    if between:
        return between["separator"]
    outside_quotes = re.sub(r'"(?:[^"]|"")*"', "", header)
    return max(_SEPARATORS, key=outside_quotes.count)


def _matches(names: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for at, name in enumerate(names):
        match = _ERROR.fullmatch(name)
        if match:
            yield at, match


def _with(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their ends, by line feed only: other characters that Python takes for line ends are data."""
    rest = ""
    for piece in texts:
        parts = (rest + piece).split("\n")
        rest = parts.pop()
        for part in parts:
            yield part + "\n"
    if rest:
        yield rest


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """Text from bytes, with characters that chunks cut in two."""
    decoder: codecs.IncrementalDecoder | None = None
    waiting = b""
    for chunk in chunks:
        if decoder is None:
            waiting += chunk
            if len(waiting) < 4:
                continue
            chunk, waiting = waiting, b""  # noqa: PLW2901 - the start, now long enough to tell the encoding
            decoder = _decoder(chunk)
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True) if decoder else waiting.decode("utf-8", _MIXED)


def _decoder(start: bytes) -> codecs.IncrementalDecoder:
    encoding = "utf-8-sig"
    if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        encoding = "utf-16"
    elif start[1] == 0 and start[0] != 0:
        encoding = "utf-16-le"
    elif start[0] == 0 and start[1] != 0:
        encoding = "utf-16-be"
    return codecs.getincrementaldecoder(encoding)(_MIXED if encoding == "utf-8-sig" else "replace")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 come from a source in a Western 8-bit encoding: a readable guess beats none."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_MIXED = "connector-kit-utf8-or-cp1252"
codecs.register_error(_MIXED, _as_windows)
