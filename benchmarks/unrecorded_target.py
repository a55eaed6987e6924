"""target-anaplan whose batches go nowhere: what is left when recording costs nothing. For `benchmarks.audit_share`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector_kit.audit.batch import Batch
from connector_kit.audit.types import Settled
from target_anaplan.target import main


def _nothing(*_: object, **__: object) -> None:
    pass


def _settle(_: Batch, *, rejects: Iterable[Any] = (), **__: object) -> Settled:
    return Settled(rows=0, delivered=0, rejected=sum(1 for _ in rejects), unmatched=0, repaired=0)


if __name__ == "__main__":
    for name in ("add", "reject_invalid", "sending"):
        setattr(Batch, name, _nothing)
    setattr(Batch, "settle", _settle)  # noqa: B010 - as its neighbours, and a type checker refuses the assignment
    main()
