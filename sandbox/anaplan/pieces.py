"""Rows of text on their way to disk: CSV cut into the chunks of an export or the pages of a large read."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sandbox.anaplan.importing import CHECK_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sandbox.core.switches import Switches


@dataclass(frozen=True, slots=True)
class Cut:
    """How text becomes files: about ``size`` characters each, ended at a row or, by ``at`` bytes, anywhere.

    ``repeat_header`` starts every file with the first row. ``empty``
    says what is left when there are no rows below it: the header, an empty_file or no_chunks.
    """

    size: int
    separator: str = ","
    quote_all: bool = False
    at: str = "rows"
    repeat_header: bool = False
    empty: str = "header"

    @classmethod
    def of_export(cls, switches: Switches, separator: str) -> Cut:
        """An export's, as the switches stand now."""
        return cls(
            switches.number("export_chunk_bytes"),
            separator,
            switches.text("export_quoting") == "all",
            switches.text("export_chunks_at"),
            empty=switches.text("export_empty"),
        )

    @classmethod
    def of_read(cls, switches: Switches) -> Cut:
        """A large read's."""
        return cls(switches.number("export_chunk_bytes"), repeat_header=switches.text("read_page_header") == "every")


def pieces(
    rows: Iterable[list[str]], cut: Cut, new_path: Callable[[], Path], check: Callable[[int], None]
) -> Iterator[Path]:
    """The files in order, each when it is written; UTF-8. The first row is the header. ``check`` hears of progress."""
    source = iter(rows)
    header = next(source)
    first = next(source, None)
    if first is None:
        if cut.empty != "no_chunks":
            yield _write(b"" if cut.empty == "empty_file" else _line(cut, header).encode(), new_path())
        return
    buffer = io.StringIO()
    write = _row_writer(cut, buffer)
    rest = b""
    for number, row in enumerate(chain((header, first), source), 1):
        if buffer.tell() + len(rest) >= cut.size:
            data, rest = _split(rest + buffer.getvalue().encode(), cut)
            yield _write(data, new_path())
            buffer = io.StringIO()
            write = _row_writer(cut, buffer)
            if cut.repeat_header:
                write(header)
        write(row)
        if not number % CHECK_EVERY:
            check(number)
    data = rest + buffer.getvalue().encode()
    while cut.at == "bytes" and len(data) > cut.size:
        yield _write(data[: cut.size], new_path())
        data = data[cut.size :]
    yield _write(data, new_path())


def _split(data: bytes, cut: Cut) -> tuple[bytes, bytes]:
    return (data[: cut.size], data[cut.size :]) if cut.at == "bytes" else (data, b"")


def _row_writer(cut: Cut, target: io.StringIO) -> Callable[[list[str]], object]:
    if cut.quote_all:
        return csv.writer(target, delimiter=cut.separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow
    return csv.writer(target, delimiter=cut.separator, lineterminator="\r\n").writerow


def _line(cut: Cut, row: list[str]) -> str:
    buffer = io.StringIO()
    _row_writer(cut, buffer)(row)
    return buffer.getvalue()


def _write(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path
