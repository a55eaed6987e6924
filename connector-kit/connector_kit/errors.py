"""One small family of errors: each says in one line system, object, expected, got, what to do; and whether to retry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from typing_extensions import override

from connector_kit.redaction import printable, redact, shortened

_LONGEST_PART = 8_000
"""Characters of what was expected, or got: servers and files may quote megabytes."""
_LOOKED_AT = 64 * 1024
"""Characters in which secrets are looked for: far more than are shown, so that no cut one is."""


def _bounded(part: str) -> str:
    return shortened(part[:_LOOKED_AT], _LONGEST_PART) if len(part) > _LONGEST_PART else part


class ConnectorError(Exception):
    """Something a person has to know about, in a sentence that a person can use.

    Args:
        system: whose rule or answer it is, e.g. "Anaplan", "SYSPRO OData", "tap-syspro".
        subject: the object it is about, e.g. "import Suppliers from suppliers.csv".
        expected: what should have been there.
        got: what was there instead.
        hint: what to do next.
        status: the HTTP status, where there was one.
        own: whether the answer is certainly the system's own: a gateway or proxy may have given any other.
    """

    retriable: ClassVar[bool] = False

    def __init__(
        self,
        *,
        system: str,
        subject: str,
        expected: str = "",
        got: str = "",
        hint: str = "",
        status: int | None = None,
        own: bool = False,
    ) -> None:
        self.system = system
        self.subject = _bounded(subject)
        self.expected = _bounded(expected)
        self.got = _bounded(got)
        self.hint = _bounded(hint)
        self.status = status
        self.own = own
        super().__init__(str(self))

    @override
    def __str__(self) -> str:
        middle = ", ".join(
            part for part in (self.expected and f"expected {self.expected}", self.got and f"got {self.got}") if part
        )
        sentence = ": ".join(part for part in (self.system, self.subject, middle) if part)
        line = f"{sentence.rstrip('.')}. {self.hint}" if self.hint else sentence
        return printable(" ".join(redact(line).split()))


class ConfigurationError(ConnectorError):
    """A setting is missing, contradicts another, or names something that isn't there.

    Args:
        faults: when several things may be wrong: each of them, told on a line of its own; in place of `got`.
    """

    def __init__(
        self,
        *,
        system: str,
        subject: str,
        expected: str = "",
        got: str = "",
        hint: str = "",
        status: int | None = None,
        own: bool = False,
        faults: Iterable[str] = (),
    ) -> None:
        found = tuple(dict.fromkeys(map(_bounded, faults)))
        self.faults = found if len(found) > 1 else ()
        told = got or (f"{len(found)} faults" if self.faults else "".join(found))
        super().__init__(system=system, subject=subject, expected=expected, got=told, hint=hint, status=status, own=own)

    @override
    def __str__(self) -> str:
        lines = [printable(" ".join(redact(fault).split())) for fault in self.faults]
        return "\n".join([super().__str__(), *(f"- {line}" for line in lines)])


class AuthenticationError(ConnectorError):
    """The system does not accept who we say we are."""


class NotFoundError(ConnectorError):
    """Not there, or not visible to this user: systems do not tell the two apart."""


class RefusedError(ConnectorError):
    """The system understood, and its rules forbid it. The same request will be refused again."""


class TransientError(ConnectorError):
    """The same request may succeed later.

    `retry_after`: seconds the system asked us to wait, or None.
    """

    retriable: ClassVar[bool] = True

    def __init__(
        self,
        *,
        system: str,
        subject: str,
        expected: str = "",
        got: str = "",
        hint: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(system=system, subject=subject, expected=expected, got=got, hint=hint, status=status)
        self.retry_after = retry_after


class BusyError(TransientError):
    """Busy, locked or over its limit."""


class UnavailableError(TransientError):
    """Did not answer, or answered with something that is not an answer: a reset, a gateway's page, half a body."""
