"""Singer messages to stdout: RECORD lines of a page in one piece, and a flush only where something else passes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage
from typing_extensions import override


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_text)


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages to stdout; flushes when something other than a RECORD passes, not at every line."""

    def __init__(self) -> None:
        self._writing = False
        self._exit_code = 0

    @override
    def serialize_message(self, message: Message) -> bytes:
        return _encoder.encode(message.to_dict()) + b"\n"

    @override
    def write_message(self, message: Message) -> None:
        self.write_lines(self.serialize_message(message))
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()

    def write_lines(self, lines: bytes) -> None:
        """Whole lines, as they are."""
        self._writing = True
        left = memoryview(lines)
        try:
            while left:  # with PYTHONUNBUFFERED a signal cuts a write short
                left = left[sys.stdout.buffer.write(left) :]
        finally:
            self._writing = False
        if self._exit_code:
            code, self._exit_code = self._exit_code, 0
            sys.exit(code)

    def exit(self, code: int) -> None:
        """End the process; when lines are being written, behind them: half a line would spoil the STATE that follows.

        Asked again while it still waits for whoever reads the lines, it ends at once.
        """
        if not self._writing or self._exit_code:
            sys.exit(code)
        self._exit_code = code


def record_lines(stream: str, rows: Sequence[object], version: int | None, extracted: datetime) -> bytes:
    """RECORD messages for `rows`, one a line.

    The rows are encoded in one call and the envelope is put around them afterwards: in JSON text a line feed is
    escaped, so the ones that separate the rows are the only ones.
    """
    if not rows:
        return b""
    start = b'{"type":"RECORD","stream":' + _encoder.encode(stream) + b',"record":'
    end = b"" if version is None else b',"version":%d' % version
    end += b',"time_extracted":' + _encoder.encode(extracted) + b"}\n"
    return start + _encoder.encode_lines(rows)[:-1].replace(b"\n", end + start) + end
