"""What our targets do beyond the Singer SDK's public hooks: records are read, checked and handed over in blocks.

The SDK's record loop handles one record at a time through a dozen calls. Here the reader decodes lines in C, groups
RECORD messages that follow each other in one stream, and hands the block to the stream's sink. SCHEMA, STATE and
ACTIVATE_VERSION take the SDK's way. What this module relies on inside the SDK (0.54) is tried by its test.
"""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from abc import abstractmethod
from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk import Sink, Target
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from connector_kit.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

BLOCK_BYTES = 1024 * 1024
BLOCK_SECONDS = 5.0
_READ_BYTES = 256 * 1024


class _Line(msgspec.Struct, gc=False):
    """One line of a Singer stream: what the loop needs decoded, the rest as it came."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw()
    schema: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()
    key_properties: list[str] | None = None
    bookmark_properties: list[str] | None = None
    version: int | None = None


_lines = msgspec.json.Decoder(_Line)
_group = attrgetter("type", "stream")


class BlockReader(GenericSingerReader[bytes]):
    """Reads Singer messages in blocks of about `BLOCK_BYTES`; `on_records` gets the raw records of one stream.

    Attributes:
        waiting: true while the reader is blocked in a read, the only moment when a signal has to interrupt it.
    """

    def __init__(
        self,
        on_records: Callable[[str, Sequence[bytes], bool], None],
        on_error: Callable[[BaseException], None],
        stopping: threading.Event,
    ) -> None:
        super().__init__()
        self._on_records = on_records
        self._on_error = on_error
        self._stopping = stopping
        self._line_number = 0
        self.waiting = False

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        return dict(msgspec.json.decode(line))

    @override
    def process_lines(
        self,
        file_input: IO[bytes] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        try:
            for block in self._blocks(_binary(file_input or self.default_input)):
                self._dispatch(self._decode(block), callbacks, counts)
        except BaseException as error:
            self._on_error(error)
            raise
        return counts

    def _dispatch(
        self, messages: list[_Line], callbacks: dict[str, Callable[[dict[str, Any]], None]], counts: Counter[str]
    ) -> None:
        for (kind, stream), group in groupby(messages, _group):
            lines = list(group)
            counts[kind] += len(lines)
            if kind == "RECORD":
                raws = [self._required(line.record, "record", line) for line in lines]
                self._on_records(stream, raws, lines[0].version is not None)
            elif callback := callbacks.get(kind):
                for line in lines:
                    callback(self._message(line))
            else:
                self._process_unknown_message({"type": kind})

    def _blocks(self, source: IO[bytes]) -> Iterator[bytes]:
        """Whole lines, about `BLOCK_BYTES` at once, sooner when the tap is slow."""
        read = getattr(source, "read1", source.read)
        parts: list[bytes] = []
        size, since = 0, time.monotonic()
        while True:
            self.waiting = True
            if self._stopping.is_set():
                self.waiting = False
                raise stopped()
            data = read(_READ_BYTES)
            self.waiting = False
            end = data.rfind(b"\n") + 1
            size += len(data)
            if data and (not end or (size < BLOCK_BYTES and time.monotonic() - since < BLOCK_SECONDS)):
                parts.append(data)
                continue
            parts.append(data[:end] if data else b"")
            if any(parts):
                yield b"".join(parts)
            if not data:
                return
            parts = [data[end:]] if end < len(data) else []
            size, since = len(data) - end, time.monotonic()

    def _decode(self, block: bytes) -> list[_Line]:
        try:
            lines = _lines.decode_lines(block)
        except msgspec.DecodeError:
            lines = [
                self._decode_one(number, line) for number, line in enumerate(block.split(b"\n"), 1) if line.strip()
            ]
        self._line_number += block.count(b"\n")
        return lines

    def _decode_one(self, number: int, line: bytes) -> _Line:
        try:
            return _lines.decode(line)
        except msgspec.DecodeError as exc:
            raise InvalidInputLine(f"Line {self._line_number + number} is not a Singer message: {exc}") from exc

    @staticmethod
    def _required(value: msgspec.Raw, name: str, line: _Line) -> bytes:
        if not value or not line.stream:
            raise InvalidInputLine(f"A {line.type} message of stream '{line.stream}' has no {name} or no stream")
        return cast("bytes", value)

    def _message(self, line: _Line) -> dict[str, Any]:
        """The message as the SDK's handlers expect it."""
        message: dict[str, Any] = {"type": line.type}
        if line.stream:
            message["stream"] = line.stream
        if line.schema:
            message["schema"] = msgspec.json.decode(line.schema)
            message["key_properties"] = line.key_properties
            message["bookmark_properties"] = line.bookmark_properties
        if line.value:
            message["value"] = msgspec.json.decode(line.value)
        if line.version is not None:
            message["version"] = line.version
        return message


def _binary(source: IO[Any]) -> IO[bytes]:
    """The bytes below a text stream; in-memory text is encoded."""
    below = getattr(source, "buffer", None)
    if below is not None:
        return cast("IO[bytes]", below)
    return io.BytesIO(source.read().encode()) if isinstance(source, io.StringIO) else source


class BlockSink(Sink):
    """A sink whose unit of work is a block of raw records. The target drains all of them together."""

    @abstractmethod
    def process_block(self, raws: Sequence[bytes], *, versioned: bool) -> None:
        """Take the raw `record` values of RECORD messages that followed each other.

        `versioned`: they belong to a full read, whose end an ACTIVATE_VERSION announces.
        """

    @override
    def get_validator(self) -> None:
        """None: the block's checker does it."""

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        raise NotImplementedError("records come in blocks")

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing: the target delivers what all sinks have, in its own order."""


class BlockTarget(Target):
    """A target that takes records in blocks and delivers everything in one place.

    STATE leaves only after `deliver` returned. A signal sets `stopping`; `deliver` has to watch it.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        self.stopping = threading.Event()
        # Made first: from the moment when the SDK sets its signal handlers, a signal may ask for it.
        self._reader = BlockReader(self.process_records, self.failed, self.stopping)
        options["message_reader"] = self._reader
        super().__init__(**options)
        unsupported = [name for name in ("stream_maps", "flattening_enabled", "batch_config") if self.config.get(name)]
        if unsupported:
            raise ConfigurationError(
                system=self.name,
                subject=f"setting {', '.join(unsupported)}",
                got="a value",
                hint="This target takes records as they come: use its mappings, or a Singer mapper before it.",
            )

    @abstractmethod
    def deliver(self, *, last: bool) -> None:
        """Bring everything that the sinks hold into the system, or raise. `last`: the input has ended."""

    @abstractmethod
    def failed(self, error: BaseException) -> None:
        """The run ends with this error, which is raised when this returns."""

    def process_records(self, stream: str, raws: Sequence[bytes], versioned: bool) -> None:
        """A block of one stream's raw records, to its sink."""
        sink = self._sinks_active.get(stream)
        if sink is None:
            raise RecordsWithoutSchemaException(f"A record for stream '{stream}' came before its SCHEMA message")
        count = len(raws)
        sink.tally_record_read(count)
        sink.record_counter_metric.increment(count)
        cast("BlockSink", sink).process_block(raws, versioned=versioned)

    @override
    def _drain_all(self, sink_list: Any, parallelism: int) -> None:
        """The SDK drains replaced sinks first (parallelism 1), then the active ones: we deliver with the latter."""
        if sink_list is self._sinks_to_clear:
            return
        self.deliver(last=self._ending)
        for sink in sink_list:
            sink.mark_drained()

    _ending = False

    @override
    def process_endofpipe(self) -> None:
        self._ending = True
        try:
            super().process_endofpipe()
        except BaseException as error:
            self.failed(error)
            raise

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """To the stream's sink, without the SDK's talk of metadata columns, which we don't have."""
        sink = self._sinks_active.get(message_dict["stream"])
        if sink is not None:
            sink.activate_version(message_dict.get("version") or 0)

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        raise ConfigurationError(
            system=self.name,
            subject=f"stream {message_dict.get('stream')}",
            expected="RECORD messages",
            got="a BATCH message",
            hint="Remove batch_config from the tap's settings.",
        )

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM, SIGINT: finish nothing new. What was read and not delivered is read again by the next run."""
        self.logger.info("Received %s: stopping.", signal.Signals(signum).name)
        self.stopping.set()
        if self._reader.waiting:
            self._reader.waiting = False
            raise stopped()


def stopped() -> UnavailableError:
    """The error with which a stopped run ends."""
    return UnavailableError(
        system="Singer",
        subject="target",
        got="a signal to stop",
        hint="Records that were read and not delivered are read again by the next run.",
    )
