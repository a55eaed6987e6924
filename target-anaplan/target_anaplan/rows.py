"""The lines of an upload file, as the Anaplan file source defines it: separator, text delimiter, encoding, header.

Each row is one physical line, because Anaplan names rejected rows by line number (failure dump, column `_Line_`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from connector_kit.mapping.values import Unmappable

LineBreaks = Literal["space", "reject"]
_BREAKS = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a file source wants its lines. `delimiter` may be blank (none); rows count from 1, as in Anaplan."""

    headers: tuple[str, ...]
    separator: str = ","
    delimiter: str = '"'
    encoding: str = "UTF-8"
    header_row: int = 1
    first_data_row: int = 2
    decimal_separator: str = "."

    @property
    def codec(self) -> str:
        """Python's name of the encoding, always one that writes no byte order mark of its own."""
        name = codecs.lookup(self.encoding).name
        return {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(name, name)

    @property
    def mark(self) -> str:
        """The byte order mark at the file's start, where the encoding asks for one by its name."""
        return "\ufeff" if codecs.lookup(self.encoding).name in {"utf-16", "utf-8-sig"} else ""

    def preamble(self) -> str:
        """The lines before the first data row: the header in its row, blank lines elsewhere."""
        header = line_writer(self)
        count = max(self.first_data_row - 1, 0)
        return "".join(f"{header(self.headers) if row == self.header_row else ''}\n" for row in range(1, count + 1))


def cell_writer(form: FileFormat, line_breaks: LineBreaks = "space") -> Callable[[str, int], str]:
    """The function that writes one cell, given its column's number; Unmappable when it can't be written."""
    separator, delimiter = form.separator, form.delimiter

    def write(cell: str, at: int) -> str:
        text = cell
        if "\n" in text or "\r" in text:
            if line_breaks == "reject":
                raise Unmappable("a line break in a value", cell, form.headers[at])
            text = _BREAKS.sub(" ", text)
        if separator not in text and not (delimiter and delimiter in text):
            return text
        if not delimiter:
            why = "the column separator in a value, and the file source has no text delimiter"
            raise Unmappable(why, cell, form.headers[at])
        return f"{delimiter}{text.replace(delimiter, delimiter * 2)}{delimiter}"

    return write


def line_writer(form: FileFormat, line_breaks: LineBreaks = "space") -> Callable[[Sequence[str]], str]:
    """The function that makes one line, without its end, out of a row's cells; Unmappable when it can't be written."""
    write_cell = cell_writer(form, line_breaks)

    def write(cells: Sequence[str]) -> str:
        return form.separator.join(map(write_cell, cells, count())) or form.delimiter * 2

    return write


def block_writer(form: FileFormat, line_breaks: LineBreaks = "space") -> Callable[[Sequence[Sequence[str]]], list[str]]:
    """The function that makes the lines of a block, each without its end, out of its columns.

    Most columns hold nothing that has to be quoted: one look at all of a column's text tells.
    """
    separator, delimiter = form.separator, form.delimiter
    write_cell = cell_writer(form, line_breaks)

    def write_column(at: int, column: Sequence[str]) -> Sequence[str]:
        text = "\n".join(column)
        clean = (
            separator not in text
            and "\r" not in text
            and not (delimiter and delimiter in text)
            and text.count("\n") == len(column) - 1
        )
        return column if clean else [write_cell(cell, at) for cell in column]

    def write_block(columns: Sequence[Sequence[str]]) -> list[str]:
        written = [write_column(at, column) for at, column in enumerate(columns)]
        lines = list(map(separator.join, zip(*written, strict=True)))
        return lines if all(lines) else [line or delimiter * 2 for line in lines]

    return write_block


def unencodable(lines: Sequence[str], codec: str) -> list[int]:
    """The positions of texts that hold characters which the encoding doesn't have."""
    try:
        "".join(lines).encode(codec)
    except UnicodeEncodeError:
        return [at for at, line in enumerate(lines) if not _encodes(line, codec)]
    return []


def _encodes(line: str, codec: str) -> bool:
    try:
        line.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
