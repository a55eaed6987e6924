"""The audit trail: what was sent, where it went, what became of it, and how to send again what failed.

`Trail` is loaded when it is first named, because it brings the database libraries along; the keys and the small
types do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_kit.audit.keys import key_hash, key_text, row_digest
from connector_kit.audit.types import Block, Payloads, Rejected, Settled

if TYPE_CHECKING:
    from connector_kit.audit.batch import Batch
    from connector_kit.audit.trail import Run, Trail

__all__ = [
    "Batch",
    "Block",
    "Payloads",
    "Rejected",
    "Run",
    "Settled",
    "Trail",
    "key_hash",
    "key_text",
    "row_digest",
]


def __getattr__(name: str) -> object:
    if name == "Batch":
        from connector_kit.audit.batch import Batch  # noqa: PLC0415 - brings SQLAlchemy

        return Batch
    if name in {"Run", "Trail"}:
        from connector_kit.audit import trail  # noqa: PLC0415 - brings SQLAlchemy

        return getattr(trail, name)
    raise AttributeError(name)
