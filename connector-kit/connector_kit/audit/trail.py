"""The trail as a target sees it: a run, its batches, and what is known of the system's records."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from connector_kit.audit import delivered, process, record_keys, recovery, report, statements, versions
from connector_kit.audit.batch import Batch
from connector_kit.audit.codec import Codec
from connector_kit.audit.database import Database, default_url
from connector_kit.audit.indexing import index
from connector_kit.audit.migrations import prepare
from connector_kit.audit.prune import tidy
from connector_kit.audit.settle import BatchRow
from connector_kit.audit.types import FAILED, OPEN, RUNNING
from connector_kit.audit.writer import Writer
from connector_kit.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from connector_kit.audit.types import Payloads


class Trail:
    """The audit trail of one destination database. A context manager; closing waits until everything is written."""

    def __init__(self, database: Database, payloads: Payloads, retention_days: float | None = None) -> None:
        self.database = database
        self._payloads = payloads
        self._retention_days = retention_days
        self._runs: list[int] = []
        self.writer = Writer(self._beat)

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        payloads: Payloads = "all",
        create: bool = True,
        key: str | None = None,
        retention_days: float | None = None,
    ) -> Trail:
        """Open, and where needed make or migrate, the trail at a URL.

        Args:
            url: `sqlite:///file` or `postgresql://...`; None: a file of this user.
            payloads: whether the raw records are kept: of all rows, of failures only (enough to replay them), or none.
            create: whether a SQLite file may be made.
            key: what records are encrypted with, see `codec`; None: they are not.
            retention_days: what is older is removed, a little at the end of each run; None: nothing is.

        Raises:
            ConfigurationError: not a trail's URL, no such file, not a key, or a trail of a newer version.
        """
        database = Database(url or default_url(), create=create, codec=Codec.of(key))
        try:
            prepare(database)
        except BaseException:
            database.close()
            raise
        return cls(database, payloads, retention_days)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Trail:
        """The trail that a target's settings describe (`audit.settings`)."""
        return cls.open(
            config.get("audit_url"),
            payloads=config["audit_payloads"],
            key=config.get("audit_key"),
            retention_days=config.get("audit_retention_days"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits and let go of the database."""
        try:
            self.writer.close()
        finally:
            self.database.close()

    def begin_run(
        self, *, plugin: str, version: str, destination: str, details: Mapping[str, object] | None = None
    ) -> Run:
        """Begin a run, and give an answer to the records of runs whose process died: "abandoned"."""
        run_id = uuid.uuid4().hex[:12]
        with self.database.writing(durable=True) as connection:
            abandoned = recovery.abandon_dead(connection)
            connection.execute(
                statements.insert_run(postgres=connection.postgres),
                {
                    "id": run_id,
                    "plugin": plugin,
                    "version": version,
                    "destination": redact(destination),
                    "details": redact(msgspec.json.encode(dict(details or {}), enc_hook=str).decode()),
                    "host": process.host(),
                    "process": process.process(),
                    "outcome": RUNNING,
                    "started": connection.now(),
                },
            )
            run_no = int(connection.value("SELECT no FROM audit_runs WHERE id = :id", {"id": run_id}))
        # Not before the transaction has ended: the writer waits for it, and we would wait for the writer when the dead
        # left more batches than it takes at once.
        for batch_no in abandoned:
            self.writer.submit(lambda no=batch_no: index(self.database, no))  # type: ignore[misc] # a default argument in a lambda
        self._runs.append(run_no)
        return Run(self, run_no, run_id, self._payloads)

    def bind_key(self, scope: str, stream: str, key: Sequence[str]) -> None:
        """Say what the records of a scope are known by.

        Raises:
            ConfigurationError: something was delivered that is known by another key.
        """

        def job() -> None:
            with self.database.writing() as connection:
                number = delivered.scope_id(connection, scope, create=True)
                record_keys.bind(connection, int(number or 0), stream, key)

        self.writer.run(job)

    def unchanged(self, scope: str, hashes: Sequence[bytes], digests: Sequence[bytes]) -> set[int]:
        """Indices of the rows that need not be sent: what was delivered last for their key equals them.

        Args:
            scope: as in `begin_batch`.
            hashes: `key_hash` of the rows; one database statement per call, so call it with thousands.
            digests: `row_digest` of the same rows.
        """
        with self.database.reading() as connection:
            return delivered.unchanged(connection, scope, hashes, digests)

    def known(self, scope: str, hashes: Sequence[bytes]) -> set[int]:
        """Indices of the keys of which it is certain what was delivered last; see `unchanged`."""
        with self.database.reading() as connection:
            return delivered.known(connection, scope, hashes)

    def begin_version(self, scope: str, version: int) -> bool:
        """Say that records of this version come; whether it was open already, since an earlier run."""

        def job() -> bool:
            with self.database.writing() as connection:
                return versions.begin(connection, scope, version)

        return self.writer.run(job)

    def mark_seen(self, scope: str, hashes: Sequence[bytes], version: int) -> None:
        """Note, for every record of a version that was begun, delivered or not, that the source has it. Returns at
        once; `flush` before STATE leaves.
        """
        hashes = list(hashes)

        def job() -> None:
            with self.database.writing() as connection:
                versions.mark(connection, scope, version, hashes)

        self.writer.submit(job)

    def spoil_version(self, scope: str) -> None:
        """Note that a record came whose key is unknown: the open version, or the next to begin, proves nothing."""

        def job() -> None:
            with self.database.writing(durable=True) as connection:
                versions.spoil(connection, scope)

        self.writer.run(job)

    def spoil_open_version(self, scope: str) -> None:
        """Note, where a version is open, that records came which belong to none: nothing is known of their keys then.
        Returns at once.
        """

        def job() -> None:
            with self.database.writing() as connection:
                versions.spoil_open(connection, scope)

        self.writer.submit(job)

    def is_version_spoiled(self, scope: str) -> bool:
        """Whether a record came whose key is unknown, in this run or an earlier one of the open version."""
        self.writer.flush()
        with self.database.reading() as connection:
            return versions.is_spoiled(connection, scope)

    def is_version_open(self, scope: str, version: int) -> bool:
        """Whether what came under a version is still known: no other run has begun another one since."""
        self.writer.flush()
        with self.database.reading() as connection:
            return versions.is_open(connection, scope, version)

    def close_version(self, scope: str, version: int) -> None:
        """Forget a version: it proved what it could. One that another run has begun since stays open."""

        def job() -> None:
            with self.database.writing(durable=True) as connection:
                versions.close(connection, scope, version)

        self.writer.run(job)

    def keep_versions(self) -> None:
        """What was marked is on disk when this returns."""

        def job() -> None:
            with self.database.writing(durable=True) as connection:
                connection.execute("UPDATE audit_versions SET marked = marked")

        self.writer.run(job)

    def vanished(self, scope: str, version: int) -> Iterator[str]:
        """Key texts of what the system may hold and did not come under the version, as long as that is open."""
        self.writer.flush()
        with self.database.reading() as connection:
            keys = delivered.vanished(connection, scope, version)
        yield from keys

    def count_vanished(self, scope: str, version: int) -> int:
        """How many keys `vanished` names."""
        self.writer.flush()
        with self.database.reading() as connection:
            return delivered.count_vanished(connection, scope, version)

    def count_known(self, scope: str) -> int:
        """How many keys the system may hold in this scope."""
        self.writer.flush()
        with self.database.reading() as connection:
            return delivered.count_known(connection, scope)

    def forget(self, scope: str, keys: Iterable[str]) -> int:
        """Say that the system no longer holds these keys (a deleting batch does that by itself)."""
        listed = list(keys)

        def job() -> int:
            with self.database.writing(durable=True) as connection:
                return delivered.forget(connection, scope, listed)

        return self.writer.run(job)

    def reset_digests(self, scope: str | None = None) -> int:
        """Let every row of a scope (None: of all) be sent again when it comes; how many there are."""

        def job() -> int:
            with self.database.writing(durable=True) as connection:
                return delivered.reset_digests(connection, scope)

        return self.writer.run(job)

    def summary(self, run_id: str) -> report.RunSummary:
        """What a run did, per stream and action. run_id: its id, the beginning of it, or "last"."""
        self.writer.flush()
        with self.database.reading() as connection:
            return report.summary(connection, run_id)

    def tidy(self) -> None:
        """Remove some of what is older than the retention."""
        if self._retention_days is not None:
            tidy(self.database, self._retention_days)

    def _beat(self) -> None:
        with self.database.writing() as connection:
            now = statements.now(postgres=connection.postgres)
            for run_no in self._runs:
                connection.execute(f"UPDATE audit_runs SET heartbeat = {now} WHERE no = :no", {"no": run_no})  # noqa: S608 - one of two fixed texts


class Run:
    """One run of a plugin; begun by `Trail.begin_run`."""

    def __init__(self, trail: Trail, no: int, run_id: str, payloads: Payloads) -> None:
        self.id = run_id
        self._no = no
        self._trail = trail
        self._payloads = payloads

    def begin_batch(
        self,
        *,
        system: str,
        stream: str,
        scope: str,
        action: str,
        schema: bytes,
        key_properties: Sequence[str],
        deletes: bool = False,
        whole: bool = False,
    ) -> Batch:
        """Begin a batch of one stream for one action of the system.

        A batch without rows is how a stream that had nothing new enters the report: settle it "unchanged" with counts.

        Args:
            system: the source, e.g. "SYSPRO".
            stream: the Singer stream.
            scope: names what the rows become in the system, e.g. model and import; digests and keys are kept per scope.
            action: for people, e.g. "import Suppliers from suppliers.csv".
            schema: the stream's Singer SCHEMA message, the line as it came; a replay sends it again.
            key_properties: the columns that the key texts are made of.
            deletes: the rows are deletions; once delivered, the trail forgets what the system held for their keys.
            whole: its rows mean something together only, such as a plan whose rows become documents: where some of
                them failed, all of them are kept, and a replay sends all of them.
        """
        values = {
            "id": uuid.uuid4().hex[:12],
            "run_no": self._no,
            "system": system,
            "stream": stream,
            "action": redact(action),
            "key_properties": msgspec.json.encode(list(key_properties)).decode(),
            "deletes": int(deletes),
            "whole": int(whole),
            "outcome": OPEN,
        }

        def job() -> BatchRow:
            with self._trail.database.writing() as connection:
                values["started"] = connection.now()
                values["scope_id"] = delivered.scope_id(connection, scope, create=True)
                values["schema_id"] = recovery.schema_id(connection, schema)
                connection.execute(statements.INSERT_BATCH, values)
                number = connection.value("SELECT no FROM audit_batches WHERE id = :id", values)
            return BatchRow(
                no=int(number),
                id=str(values["id"]),
                scope_id=int(str(values["scope_id"])),
                action=str(values["action"]),
                deletes=deletes,
            )

        return Batch(self._trail.database, self._trail.writer, self._payloads, self._trail.writer.run(job))

    def finish(self, outcome: str, message: str = "") -> None:
        """End the run. Batches that were not settled have failed; "delivered" is what no refused row contradicts."""

        def job() -> None:
            with self._trail.database.writing(durable=True) as connection:
                left = recovery.close_open_batches(
                    connection, self._no, FAILED, redact(message) or "the run ended before it was settled"
                )
                connection.execute(
                    "UPDATE audit_runs SET outcome = :outcome, message = :message, finished = :now "
                    "WHERE no = :no AND outcome = :running",
                    {
                        "outcome": report.outcome_of_run(connection, self._no, outcome),
                        "message": connection.codec.seal_text(redact(message)),
                        "now": connection.now(),
                        "no": self._no,
                        "running": RUNNING,
                    },
                )
            for batch_no in left:
                index(self._trail.database, batch_no)

        self._trail.writer.run(job)
        self._trail.tidy()
