"""What happens to a process of a flow, and when: small values that travel as JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from chaos.world.counting import Kind


class Request(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The ``nth`` HTTP request of the process whose method is ``method`` (any when empty) and whose path and query
    contain the regular expression ``path``: ``before`` it is sent, when it is ``sent`` whole and its answer is not
    read, or when the head of its answer has come, ``answered``.
    """

    path: str = ""
    method: str = ""
    nth: int = 1
    when: Literal["before", "sent", "answered"] = "sent"


class Record(msgspec.Struct, frozen=True, tag=True):
    """So many records have gone through the pipe from the tap to the target."""

    nth: int


class Step(msgspec.Struct, frozen=True, tag=True):
    """The ``nth`` step of a kind that the process does, over all its threads: see `chaos.world.counting`."""

    kind: Kind
    nth: int


class After(msgspec.Struct, frozen=True, tag=True):
    """So many real seconds after the start of both processes: what is reached then is the machine's to say."""

    seconds: float


_TO_DATABASES = ("SIGKILL", "SIGSTOP")
Moment = Request | Record | Step | After


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something happens to a process of a run.

    ``does`` is a signal, or ``close``: nobody reads any longer what the tap writes. A SIGSTOP ends with SIGCONT when
    ``seconds`` of the world's time have passed. ``pipeline`` counts the tasks of the job from 0.

    The ``database`` is the world's PostgreSQL, where it has one, at a `Record` or `After`: SIGKILL, after which it
    starts anew, or SIGSTOP, after which it goes on. ``seconds`` are real ones for it.
    """

    process: Literal["tap", "target", "database"]
    does: Literal["SIGTERM", "SIGKILL", "SIGSTOP", "SIGINT", "close"]
    at: Moment
    seconds: float = 0.0
    pipeline: int = 0

    def __post_init__(self) -> None:
        if self.does == "close" and (self.process != "tap" or not isinstance(self.at, Record)):
            raise ValueError("close: expected the tap's pipe and a Record, which is when the pipe is seen")
        if self.process == "database" and (isinstance(self.at, Request | Step) or self.does not in _TO_DATABASES):
            raise ValueError("database: expected SIGKILL or SIGSTOP at a Record or After")
