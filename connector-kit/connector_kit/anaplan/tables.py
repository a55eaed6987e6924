"""Rows of separated values as Anaplan writes them, taken in blocks and by column.

The header is checked before the first row: a column that was renamed, added, removed or moved in the model must not
end up under another's name.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

from connector_kit.anaplan.delimited import csv_rows
from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.import_source import check_signs, python_codec
from connector_kit.anaplan.objects import ExportMetadata
from connector_kit.errors import RefusedError, UnavailableError

BLOCK = 5000
"""Rows in a block: enough to make the work per block vanish, few enough to stay small in memory."""

_PIECE = 1 << 18
"""Bytes that are decoded at once."""

_BOM = "\ufeff"
_WITH_BOM = {"utf-8": "utf-8-sig"}

Block = list[tuple[str, ...]]
"""Some rows, column by column, as texts."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a text of separated values is written. `delimiter` stands around texts and may be empty."""

    separator: str = ","
    delimiter: str = '"'
    encoding: str = "utf-8"


def form_of(metadata: ExportMetadata, subject: str) -> TextForm:
    """The form of an export's file, as its metadata tells.

    Raises:
        ConfigurationError: an encoding that Python does not know, or signs by which no row can be taken apart.
    """
    tabs = metadata.export_format.strip().lower() == "text/plain"
    separator = metadata.separator or ("\t" if tabs else ",")
    check_signs(separator, metadata.delimiter, subject)
    return TextForm(
        separator=separator,
        delimiter=metadata.delimiter,
        encoding=python_codec(metadata.encoding, subject),
    )


class Table:
    """The rows of a text of separated values; each call of `blocks` goes on where the last one stopped.

    Args:
        stream: the bytes from the first one.
        form: how they are written.
        what: the text in messages.

    Raises:
        UnavailableError: nothing there, not even a header.
        RefusedError: bytes that are not of the encoding.
    """

    def __init__(self, stream: BinaryIO, form: TextForm, what: str) -> None:
        self._what = what
        self._form = form
        encoding = _WITH_BOM.get(form.encoding, form.encoding)
        # Lines in C, by line feed only: other characters that Python takes for line ends are data.
        lines = chain.from_iterable(io.StringIO(piece, newline="\n") for piece in _pieces(stream, encoding))
        quotes: dict[str, Any] = (
            {"quotechar": form.delimiter} if form.delimiter else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        )
        self._reader = csv_rows(lines, delimiter=form.separator, strict=True, **quotes)
        self._rows = 0
        first = self._take(1)
        if not first or not any(first[0]):
            raise UnavailableError(
                system=SYSTEM, subject=what, expected="a header", got="nothing", hint="Nothing was read: run again."
            )
        header = first[0]
        if header[0].startswith(_BOM):
            header[0] = header[0][1:]
        self.header = tuple(header)

    def check(self, expected: Sequence[str]) -> None:
        """Refuse a header that is not the expected one.

        Raises:
            RefusedError: names what was expected and what is there.
        """
        if self.header == tuple(expected):
            return
        missing = [name for name in expected if name not in self.header]
        added = [name for name in self.header if name not in expected]
        parts = [
            missing and f"without {_quoted(missing)}",
            added and f"with {_quoted(added)} as well",
            not (missing or added) and "in another order",
        ]
        raise RefusedError(
            system=SYSTEM,
            subject=self._what,
            expected=f"the columns {_quoted(expected)}",
            got=f"{_quoted(self.header)} ({', '.join(str(part) for part in parts if part)})",
            hint="The definition was changed in the model while it was read: nothing was read, run again.",
        )

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """The rows behind the header.

        Raises:
            RefusedError: a row with more or fewer cells than the header, or text that can't be taken apart.
        """
        width = len(self.header)
        while rows := self._take(size):
            if set(map(len, rows)) != {width}:
                rows = self._whole(rows, width)
            self._rows += len(rows)
            if rows:
                yield list(zip(*rows, strict=True))

    def _take(self, count: int) -> list[list[str]]:
        try:
            return list(islice(self._reader, count))
        except csv.Error as error:
            raise self._broken(self._reader.line_num, f"text that is none ({error})") from error
        except UnicodeError as error:
            raise self._broken(
                self._reader.line_num + 1, f"bytes that are not {self._form.encoding} ({type(error).__name__})"
            ) from error

    def _whole(self, rows: list[list[str]], width: int) -> list[list[str]]:
        """The rows without empty lines.

        A table of one column writes an empty cell as an empty line: there it is a row.
        """
        kept = [row or [""] for row in rows] if width == 1 else [row for row in rows if row]
        for number, row in enumerate(kept, start=self._rows + 1):
            if len(row) != width:
                raise self._broken(None, f"row {number} with {len(row)} cells", f"{width} cells in each row")
        return kept

    def _broken(self, line: int | None, got: str, expected: str = "rows of separated values") -> RefusedError:
        return RefusedError(
            system=SYSTEM,
            subject=self._what + ("" if line is None else f", line {line}"),
            expected=expected,
            got=got,
            hint="Check separator, text delimiter and encoding of the export, and run again.",
        )


def _pieces(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The text in pieces of whole lines."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    while chunk := stream.read(_PIECE):
        text = rest + decoder.decode(chunk)
        end = text.rfind("\n") + 1
        rest = text[end:]
        yield text[:end]
    yield rest + decoder.decode(b"", final=True)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
