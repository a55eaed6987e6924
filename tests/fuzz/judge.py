"""What every parser promises, whatever it is given: an answer or an error for people, in time and within bounds."""

from __future__ import annotations

import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from connector_kit import redaction
from connector_kit.errors import ConnectorError

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "Kanarie-4711-geheim"
"""Stands where inputs carry secrets: no error may repeat it."""
SECONDS = 2.0
"""Of the processor's time, per input. Far more than any takes: what is sought grows with a square, or never ends."""
_PATIENCE = 20
MEGABYTES = 300
"""Of memory beyond what the process had, for inputs of a few megabytes at most."""
LONGEST = 20_000
"""Characters of an error. People read the first line of it."""

# What moves a terminal's cursor or can't be seen. A line that begins with a dash belongs to a list of faults.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|\n(?!- )")


class Violation(AssertionError):  # noqa: N818 - what it is called everywhere here
    """A promise that was not kept. kind: the same for all inputs that break it in the same way."""

    def __init__(self, kind: str, said: str = "") -> None:
        super().__init__(f"{kind}\n{said}" if said else kind)
        self.kind = kind


class _TooLong(BaseException):
    """Not an Exception: nothing on the way may take it for a fault of the input."""


@dataclass(frozen=True)
class Verdict:
    """How a call ended: the place and kind of its error, empty where it gave an answer. Equal for equal ways."""

    way: str
    error: Exception | None = None


def judge(
    call: Callable[[], object],
    expected: tuple[type[Exception], ...] = (),
    *,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
) -> Verdict:
    """Run a parser.

    Args:
        call: the parser with its input.
        expected: what it may raise beside the errors for people: signals to its caller.

    Raises:
        Violation: another exception, a bad line, too long, or too much memory.
    """
    try:
        with _forgetful(), _deadline(seconds), _memory(megabytes):
            call()
    except (ConnectorError, *expected) as error:
        if isinstance(error, ConnectorError):
            check_line(str(error), place_of(error))
        return Verdict(f"{type(error).__name__} at {place_of(error)}", error)
    except Violation:
        raise
    except _TooLong as error:
        raise Violation(f"hangs at {place_of(error)}", f"no end after {seconds:.0f} s") from error
    except MemoryError as error:
        raise Violation(f"MemoryError at {place_of(error)}") from error
    except Exception as error:
        kind = f"{type(error).__name__} at {place_of(error)}"
        raise Violation(kind, "".join(traceback.format_exception(error)[-12:])[-6000:]) from error
    return Verdict("")


def check_line(text: str, place: str) -> None:
    """What people are told: one line, nothing that a terminal obeys, no secret, not a book.

    Raises:
        Violation: it is otherwise.
    """
    found = _OBEYED.search(text)
    if found:
        raise Violation(f"an error with {found[0]!r} in it, from {place}", repr(text[:2000]))
    if SECRET in text:
        raise Violation(f"an error with a secret in it, from {place}", repr(text[:2000]))
    if len(text) > LONGEST:
        raise Violation(f"an error of {len(text) // 10_000 * 10_000} characters, from {place}", repr(text[:2000]))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Violation(f"an error that can't be written, from {place}", repr(text[:2000])) from None


def place_of(error: BaseException) -> str:
    """Where in this repo's code, tests apart, an exception was raised: "odata/links.py:17"."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/tests/" not in frame.filename and frame.filename.startswith(str(ROOT))]
    own = [frame for frame in own if "/.venv/" not in frame.filename]
    if not own:
        return "the check itself"
    last = own[-1]
    return f"{'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}"


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Of the processor's time, so that a busy machine is no fault; of the clock's `_PATIENCE` times as much."""

    def end(signum: int, frame: FrameType | None) -> None:
        raise _TooLong

    handlers = {number: signal.signal(number, end) for number in (signal.SIGPROF, signal.SIGALRM)}
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds * _PATIENCE)
    since = time.monotonic()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if left:  # pytest's own deadline goes on
            signal.setitimer(signal.ITIMER_REAL, max(0.01, left - (time.monotonic() - since)))


@contextmanager
def _forgetful() -> Iterator[None]:
    """Secrets are kept for the life of a process, which here sees thousands of them."""
    before, known = set(redaction._secrets), redaction._known
    try:
        yield
    finally:
        if redaction._secrets != before:
            redaction._secrets.clear()
            redaction._secrets.update(before)
            redaction._known = known


_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_LIMITED = _RESET.exists()


@contextmanager
def _memory(megabytes: int) -> Iterator[None]:
    """Linux counts a process's most memory, and forgets it when told to; elsewhere nothing is measured."""
    if not _LIMITED:
        yield
        return
    _RESET.write_text("5")
    before = _most()
    yield
    grown = (_most() - before) // 1024
    if grown > megabytes:
        raise Violation(f"more than {megabytes} MB of memory", f"{grown} MB")


def _most() -> int:
    text = _STATUS.read_text()
    at = text.index("VmHWM:")
    return int(text[at + 6 : text.index("kB", at)])
