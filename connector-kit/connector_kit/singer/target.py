"""What our targets do beyond the Singer SDK's public hooks: records are read, checked and handed over in blocks.

The SDK's record loop handles one record at a time through a dozen calls. Here the reader decodes lines in C, groups
RECORD messages that follow each other in one stream, and hands the block to the stream's sink. SCHEMA, STATE and
ACTIVATE_VERSION take the SDK's way. What this module relies on inside the SDK (0.54) is tried by its test.
"""

from __future__ import annotations

import io
import logging
import signal
import sys
import threading
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
from singer_sdk import Sink, Target
from singer_sdk.exceptions import InvalidJSONSchema, RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from connector_kit.errors import ConfigurationError, ConnectorError, UnavailableError
from connector_kit.singer.drain import drain
from connector_kit.singer.lines import Line, Poison, Stretch, TapFault, decode, has_mark, without_mark
from connector_kit.singer.schemas import modern

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger(__name__)

BLOCK_BYTES = 1024 * 1024
BLOCK_SECONDS = 5.0
_READ_BYTES = 256 * 1024
LONGEST_LINE = 256 * 1024 * 1024
"""Bytes of a message: a tap that writes no line ends would fill the memory."""


_group = attrgetter("type", "stream", "version")


class RawBlock(NamedTuple):
    """Records of one stream and one version that followed each other.

    raws: the `record` values as they came. first_line: the number of the first one's line in the input, from 1; the
    others' numbers follow. version: of the RECORD messages; None when they have none.
    """

    raws: Sequence[bytes | msgspec.Raw]
    first_line: int
    version: int | None


class BlockReader(GenericSingerReader[bytes]):
    """Reads Singer messages in blocks of about `BLOCK_BYTES`; `on_records` gets the raw records of one stream.

    Attributes:
        waiting: true while the reader is blocked in a read, the only moment when a signal has to interrupt it.
    """

    def __init__(
        self,
        on_records: Callable[[str, RawBlock], None],
        on_poison: Callable[[int, Poison], None],
        on_error: Callable[[BaseException], None],
        stopping: threading.Event,
    ) -> None:
        super().__init__()
        self._on_records = on_records
        self._on_poison = on_poison
        self._on_error = on_error
        self._stopping = stopping
        self._lines = 0
        self.waiting = False
        self.fault: TapFault | None = None

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
                found = decode(self._begun(block), self._lines + 1)
                for stretch in found.stretches:
                    self._dispatch(stretch, callbacks, counts)
                self._lines += block.count(b"\n")
                if found.fault is not None:
                    self.fault = found.fault
                    break
        except TapFault as fault:
            self.fault = fault  # what was whole before it is delivered first
        except BaseException as error:
            self._on_error(error)
            raise
        return counts

    def _begun(self, block: bytes) -> bytes:
        """The block; the first one without a byte order mark."""
        if self._lines:
            return block
        if has_mark(block):
            log.warning("the tap's output begins with a UTF-8 byte order mark, which JSON does not have: skipped.")
        return without_mark(block)

    def _dispatch(
        self, stretch: Stretch, callbacks: dict[str, Callable[[dict[str, Any]], None]], counts: Counter[str]
    ) -> None:
        number, messages = stretch
        if isinstance(messages, Poison):
            counts["RECORD"] += 1
            self._on_poison(number, messages)
            return
        for (kind, stream, version), group in groupby(messages, _group):
            some = list(group)
            counts[kind] += len(some)
            if kind == "RECORD":
                if not stream:
                    raise TapFault(number, "a RECORD message without a stream")
                with _as_tap_fault(number):
                    self._on_records(stream, RawBlock([line.record for line in some], number, version))
            else:
                for at, line in enumerate(some, number):
                    if line.type not in callbacks:
                        raise TapFault(at, f"a message of type {line.type[:40]!r}, which Singer does not have")
                    with _as_tap_fault(at):
                        callbacks[line.type](self._message(line))
            number += len(some)

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
                if not end and size > LONGEST_LINE:
                    raise TapFault(self._lines + 1, f"a line of more than {LONGEST_LINE // 1024**2} MiB")
                continue
            parts.append(data[:end] if data else b"")
            if any(parts):
                yield b"".join(parts)
            if not data:
                return
            parts = [data[end:]] if end < len(data) else []
            size, since = len(data) - end, time.monotonic()

    def _message(self, line: Line) -> dict[str, Any]:
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


@contextmanager
def _as_tap_fault(number: int) -> Iterator[None]:
    """What the SDK and we say of a message that isn't as Singer has it, with the number of its line."""
    try:
        yield
    except TapFault:
        raise
    except RecordsWithoutSchemaException as error:
        raise RecordBeforeSchema(number, str(error)) from error
    except InvalidJSONSchema as error:
        raise SchemaFault(number, f"a SCHEMA message that can't be used: {error}") from error
    except (InvalidInputLine, msgspec.DecodeError, RecursionError) as error:
        if isinstance(error, ConnectorError):
            raise
        raise TapFault(number, str(error)) from error


class RecordBeforeSchema(TapFault, RecordsWithoutSchemaException):
    """A record came before its stream's SCHEMA."""


class SchemaFault(TapFault, InvalidJSONSchema):
    """A SCHEMA message that is none."""


def _binary(source: IO[Any]) -> IO[bytes]:
    """The bytes below a text stream; in-memory text is encoded."""
    below = getattr(source, "buffer", None)
    if below is not None:
        return cast("IO[bytes]", below)
    return io.BytesIO(source.read().encode()) if isinstance(source, io.StringIO) else source


class BlockSink(Sink):
    """A sink whose unit of work is a block of raw records. The target drains all of them together."""

    @abstractmethod
    def process_block(self, block: RawBlock) -> None:
        """Take records that followed each other."""

    @abstractmethod
    def process_poison(self, number: int, poison: Poison) -> None:
        """Reject a record whose line is not JSON as it should be. number: of the line."""

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
        self._reader = BlockReader(self.process_records, self.process_poison, self.failed, self.stopping)
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

    def finished(self) -> None:
        """Everything that came is delivered, and STATE has left."""

    def process_records(self, stream: str, block: RawBlock) -> None:
        """Records of one stream, to its sink."""
        sink = self._sink_of(stream)
        count = len(block.raws)
        sink.tally_record_read(count)
        sink.record_counter_metric.increment(count)
        sink.process_block(block)

    def process_poison(self, number: int, poison: Poison) -> None:
        """A record that can't be read, to its stream's sink, which rejects it."""
        with _as_tap_fault(number):
            self._sink_of(poison.stream).process_poison(number, poison)

    def _sink_of(self, stream: str) -> BlockSink:
        sink = self._sinks_active.get(stream)
        if sink is None:
            raise RecordsWithoutSchemaException(f"a record of stream {stream} before its SCHEMA")
        return cast("BlockSink", sink)

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_schema_message({**message_dict, "schema": modern(message_dict.get("schema"))})

    @override
    def _drain_all(self, sink_list: Any, parallelism: int) -> None:
        """The SDK drains replaced sinks first (parallelism 1), then the active ones: we deliver with the latter."""
        if sink_list is self._sinks_to_clear:
            return
        self.deliver(last=self._ending)
        for sink in sink_list:
            sink.mark_drained()

    _ending = False

    @property
    def fault(self) -> TapFault | None:
        """What ended the reading before the input's end."""
        return self._reader.fault

    @override
    def process_endofpipe(self) -> None:
        """Deliver; of an input with a fault what was whole before it, and then say what is wrong."""
        self._ending = True
        try:
            super().process_endofpipe()
        except BaseException as error:
            self.failed(error)
            raise
        if self.fault is not None:
            self.failed(self.fault)
            raise self.fault
        self.finished()

    @classmethod
    @override
    def invoke(cls, **options: Any) -> None:
        """The command itself. One that fails reads its input to the end, so that the tap need not fail too."""
        try:
            super().invoke(**options)
        except Exception as error:
            if not options.get("file_input") and getattr(error, "got", "") != _STOPPED:
                told = "This run has failed: what the tap still sends is read and dropped."
                drain(begun=False, tell=lambda: cls.logger.warning(told))
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


_STOPPED = "a signal to stop"


def stopped() -> UnavailableError:
    """The error with which a stopped run ends."""
    return UnavailableError(
        system="Singer",
        subject="target",
        got=_STOPPED,
        hint="Records that were read and not delivered are read again by the next run.",
    )
