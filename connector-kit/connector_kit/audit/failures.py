"""What is still to be repaired: open failures, chosen and grouped, and batches that failed as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from connector_kit.audit.history import spellings
from connector_kit.audit.report import find_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector_kit.audit.database import Connection, Row


@dataclass(frozen=True, slots=True)
class Selection:
    """Which open failures are meant; what is empty does not narrow.

    run: id, its beginning, or "last". reason: a part of the reason, in any case. key: the values of the key properties.
    system: the source. plugin: the target that was refused. destination: a part of what it wrote into, in any case.
    """

    run: str = ""
    streams: Sequence[str] = ()
    reason: str = ""
    key: Sequence[str] = ()
    system: str = ""
    plugin: str = ""
    destination: str = ""


class Sample(msgspec.Struct, frozen=True):
    """One failure of a group."""

    key: str
    run: str
    batch: str
    message: str
    when: float


class FailureGroup(msgspec.Struct, frozen=True):
    """Open failures of one stream and action with one reason. Times are seconds since 1970."""

    system: str
    stream: str
    action: str
    reason: str
    records: int
    first: float
    last: float
    samples: list[Sample]


class FailedBatch(msgspec.Struct, frozen=True):
    """A batch that did not arrive, and nothing of its scope did since. Its records come again from the source."""

    system: str
    stream: str
    action: str
    run: str
    batch: str
    outcome: str
    records: int
    message: str
    when: float


_OPEN = (
    "FROM audit_failures AS f JOIN audit_batches AS b ON b.no = f.batch_no JOIN audit_runs AS r ON r.no = b.run_no "
    "WHERE f.closed IS NULL"
)


def open_failures(connection: Connection, selection: Selection) -> tuple[str, dict[str, object]]:
    """The end of a query ("FROM ... WHERE ...", with f, b and r for failure, batch and run) and its values."""
    where, values = [_OPEN], dict[str, object]()
    if selection.run:
        where.append("r.no = :run_no")
        values["run_no"] = find_run(connection, selection.run)["no"]
    if selection.streams:
        where.append(_one_of("b.stream", selection.streams, values))
    for column, value in (("b.system", selection.system), ("r.plugin", selection.plugin)):
        if value:
            where.append(f"{column} = :{column[2:]}")
            values[column[2:]] = value
    for column, value in (("f.reason", selection.reason), ("r.destination", selection.destination)):
        if value:
            where.append(f"LOWER({column}) LIKE :{column[2:]} ESCAPE '!'")
            values[column[2:]] = _anywhere(value)
    if selection.key:
        where.append(_one_of("f.key_text", list(spellings(selection.key)), values))
    return " AND ".join(where), values


def _one_of(column: str, choices: Sequence[str], values: dict[str, object]) -> str:
    # Names of values have no digits: psycopg's way of writing them is made by a pattern.
    names = [f"{column.replace('.', '_')}_{'x' * place}" for place in range(len(choices))]
    values.update(zip(names, choices, strict=True))
    return f"{column} IN ({', '.join(f':{name}' for name in names)})"


def _anywhere(part: str) -> str:
    escaped = part.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def groups(connection: Connection, selection: Selection, *, samples: int = 3) -> list[FailureGroup]:
    """Open failures by stream, action and reason, the most frequent first."""
    chosen, values = open_failures(connection, selection)
    found = connection.rows(
        "SELECT b.system, b.stream, b.action, f.reason, COUNT(*) AS records, MIN(f.created) AS first, "
        f"MAX(f.created) AS last {chosen} GROUP BY b.system, b.stream, b.action, f.reason ORDER BY records DESC",
        values,
    )
    return [_group(connection, row, chosen, values, samples) for row in found]


def dismiss(connection: Connection, selection: Selection) -> int:
    """Close the chosen open failures by hand; how many."""
    chosen, values = open_failures(connection, selection)
    return connection.execute(
        "UPDATE audit_failures SET closed = :closing_time, closed_how = 'dismissed' "  # noqa: S608 - fixed parts
        f"WHERE id IN (SELECT f.id {chosen})",
        {**values, "closing_time": connection.now()},
    )


def _group(connection: Connection, row: Row, chosen: str, values: dict[str, object], samples: int) -> FailureGroup:
    some = connection.rows(
        "SELECT f.key_text AS key, r.id AS run, b.id AS batch, f.message, f.created AS when_ "
        f"{chosen} AND b.system = :of_system AND b.stream = :of_stream AND b.action = :of_action "
        "AND f.reason = :of_reason ORDER BY f.id DESC LIMIT :samples",
        {
            **values,
            "of_system": row["system"],
            "of_stream": row["stream"],
            "of_action": row["action"],
            "of_reason": row["reason"],
            "samples": samples,
        },
    )
    return FailureGroup(
        **row,
        samples=[Sample(s["key"], s["run"], s["batch"], s["message"], s["when_"]) for s in some],
    )


def failed_batches(connection: Connection, selection: Selection) -> list[FailedBatch]:
    """Batches with rows that failed or were abandoned, where nothing was delivered since."""
    where, values = "", dict[str, object]()
    if selection.run:
        where += " AND r.no = :run_no"
        values["run_no"] = find_run(connection, selection.run)["no"]
    if selection.streams:
        where += f" AND {_one_of('b.stream', selection.streams, values)}"
    found = connection.rows(
        "SELECT b.system, b.stream, b.action, r.id AS run, b.id AS batch, b.outcome, b.row_count AS records, "  # noqa: S608 - fixed parts
        "b.message, b.settled AS when_ FROM audit_batches AS b JOIN audit_runs AS r ON r.no = b.run_no "
        "WHERE b.outcome IN ('failed', 'abandoned') AND b.row_count > 0 AND NOT EXISTS (SELECT 1 FROM audit_batches "
        "AS later WHERE later.stream = b.stream AND later.scope_id = b.scope_id AND later.no > b.no "
        # Of a plan that is compared as a whole, "unchanged" says that it stands.
        "AND (later.outcome = 'delivered' OR (later.whole = 1 AND later.outcome = 'unchanged')))"
        f"{where} ORDER BY b.no DESC",
        values,
    )
    return [
        FailedBatch(**{name: value for name, value in row.items() if name != "when_"}, when=row["when_"])
        for row in found
    ]
