"""The target: settings, wiring, and the moment of delivery."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from connector_kit.delivery.target import DeliveryTarget
from connector_kit.errors import ConfigurationError
from connector_kit.lease_check import under_lease
from connector_kit.mapping.columns import Dialect
from connector_kit.private_files import run_folder
from connector_kit.singer.outcomes import check_delivered, note_missing_streams
from connector_kit.singer.plugin import run
from connector_kit.threads import ThreadPool
from target_anaplan import settings, summary
from target_anaplan.mapping.spec import StreamMapping, parse

if TYPE_CHECKING:
    from connector_kit.anaplan.model import ModelClient
    from connector_kit.audit import Run, Trail
    from connector_kit.audit.replay_guard import ReplayGuard
    from connector_kit.coordination.base import Coordinator
    from connector_kit.delivery.intake import Route
    from connector_kit.singer.target import RawBlock
    from target_anaplan.delivery import Carrier
    from target_anaplan.full_read import FullRead
    from target_anaplan.outbox import Outbox, Policy
    from target_anaplan.route import MappingRoute

_GC_THRESHOLD = 100_000


class TargetAnaplan(DeliveryTarget):
    """Singer target for Anaplan: streams into imports, processes and lists, with an audit trail of every row."""

    name = "target-anaplan"
    entries = "mappings"
    untouched = "Nothing was uploaded."
    config_jsonschema: ClassVar[dict[str, Any]] = settings.SCHEMA

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        self._mappings, faults = parse(self.config.get("mappings") or [])
        if faults:
            raise ConfigurationError(system=self.name, subject="setting mappings", faults=faults)
        self._resources = ExitStack()
        self._routes: list[MappingRoute] = []
        self._carrier: Carrier | None = None
        self._trail: Trail | None = None
        self._run: Run | None = None

    # What sinks ask for.

    @property
    @override
    def known_streams(self) -> set[str]:
        return {mapping.stream for mapping in self._mappings}

    @override
    def routes_of(self, stream: str) -> Sequence[Route]:
        self._prepare()
        return [route for route in self._routes if route.stream == stream]

    @property
    def _outboxes(self) -> list[Outbox]:
        return [route.outbox for route in self._routes]

    def guard_of(self, mark: object) -> ReplayGuard | None:
        """What keeps a replay's records from replacing newer ones. mark: `REPLAY_SEEN` of their schema."""
        from connector_kit.audit.replay_guard import guard_of  # noqa: PLC0415 - replays are rare

        if self._trail is None or self._run is None:
            raise LookupError("routes_of comes before guard_of")
        return guard_of(self._trail, self._run, mark)

    def keep_lock(self, purpose: str) -> None:
        """Hold the model's lock from now until what has come is delivered."""
        if self._carrier is not None:
            self._carrier.lock.keep(purpose)

    # The run.

    @override
    def process_records(self, stream: str, block: RawBlock) -> None:
        super().process_records(stream, block)
        if any(outbox.full for outbox in self._outboxes):
            self.logger.info("batch_rows is reached: delivering what there is, in the order of the mappings.")
            self.drain_all()

    @override
    def deliver(self, *, last: bool) -> None:
        if self._carrier is None:
            return
        from target_anaplan.deletions import Deletions  # noqa: PLC0415 - only when there is something to deliver
        from target_anaplan.delivery import deliver  # noqa: PLC0415
        from target_anaplan.full_read import CountedRead  # noqa: PLC0415

        proven = self._prove() if last else []
        deletions = [read for route in self._routes if isinstance(read := route.full_read, Deletions)]
        counted = [read for route in self._routes if isinstance(read := route.full_read, CountedRead)]
        try:
            deliver(self._carrier, self._outboxes, deletions, counted)
        finally:
            self._carrier.lock.release()
        for full_read in proven:
            full_read.forget()
            full_read.version.close()
        for route in self._routes:
            route.full_read.version.keep()
        if last:
            self._note_idle()
            refused = [(one.mapping.title, one.tally.reasons) for one in self._outboxes if one.tally.nothing_delivered]
            check_delivered(self.name, self.config, refused)

    def _prove(self) -> list[FullRead]:
        """Tell the mappings which versions came whole; those that it concerns."""
        found = []
        for stream in dict.fromkeys(route.stream for route in self._routes):
            if (version := self.proven(stream)) is None:
                continue
            for full_read in (route.full_read for route in self._routes if route.stream == stream):
                full_read.prove(version)
                found.append(full_read)
        return found

    @override
    def finished(self) -> None:
        wanted = [mapping.stream for mapping in self._mappings]
        note_missing_streams(self.logger, wanted, self._sinks_active, "mappings")
        self._close("delivered")

    @override
    def failed(self, error: BaseException) -> None:
        self._close("failed", str(error) or type(error).__name__)

    def _close(self, outcome: str, message: str = "") -> None:
        for line in summary.lines(self._outboxes):
            self.logger.log(line.level, line.text)
        try:
            if self._run is not None:
                self._run.finish(outcome, message)
                self.logger.info("audit trail: run %s (`audit show %s`)", self._run.id, self._run.id)
        finally:
            self._trail, self._run, self._carrier = None, None, None
            self._resources.close()

    def _note_idle(self) -> None:
        """A mapping that had nothing new has no batch yet: it stands in the trail with its counts."""
        for outbox in self._outboxes:
            outbox.note_idle()

    def _prepare(self) -> None:
        """Connect, find and check everything that the mappings name; once, before the first record."""
        if self._carrier is not None:
            return
        from connector_kit import anaplan, audit, coordination  # noqa: PLC0415 - not needed for --about
        from connector_kit.secrets import rotating  # noqa: PLC0415
        from target_anaplan.deletions import Deletions  # noqa: PLC0415
        from target_anaplan.delivery import Carrier  # noqa: PLC0415
        from target_anaplan.destination import find  # noqa: PLC0415
        from target_anaplan.full_read import CountedRead, FullRead  # noqa: PLC0415
        from target_anaplan.model_lock import ModelLock  # noqa: PLC0415
        from target_anaplan.outbox import Outbox, Services  # noqa: PLC0415
        from target_anaplan.route import MappingRoute  # noqa: PLC0415
        from target_anaplan.spool import SpoolDir, Worker  # noqa: PLC0415

        config = self.config
        coordinator = self._resources.enter_context(coordination.connect(config.get("coordination_url")))
        token = rotating(self.configured.get("oauth_refresh_token"))
        client = self._resources.enter_context(
            anaplan.connect(
                config,
                coordinator=coordinator,
                load_refresh_token=token.load if token else None,
                store_refresh_token=token.store if token else None,
            )
        )
        with ThreadPool(1) as pool:
            opening = pool.submit(audit.Trail.of, config)
            try:
                model: ModelClient = client.find_model(config["workspace_id"], config["model_id"])
                places = find(model, self._mappings)
            finally:  # what was opened meanwhile is closed with the rest, also when the mappings don't fit
                trail = self._trail = self._resources.enter_context(opening.result())
        spool_dir = SpoolDir(self._resources.enter_context(run_folder(self.name, config.get("spool_dir"))))
        worker = Worker(spool_dir.path)
        self._resources.callback(worker.stop)
        self._run = trail.begin_run(
            plugin=self.name,
            version=self.plugin_version,
            destination=model.label,
            details={"workspace": model.workspace_id, "model": model.id},
        )
        services = Services(
            trail=trail,
            run=self._run,
            spool_dir=spool_dir,
            worker=worker,
            system=config.get("source_system") or "",
            scope=f"anaplan/{model.id}",
            chunk_bytes=int(config["chunk_size_mb"] * 1_000_000),
            batch_rows=config["batch_rows"],
            resend=config["resend"],
            line_breaks=config["line_breaks"],
            fiscal=Dialect(".", config["fiscal_year_start_month"], config["fiscal_year_named_by"]),
        )
        for mapping in self._mappings:
            outbox = Outbox(mapping, places.destinations[mapping.position], self._policy(mapping), services)
            full_read = FullRead(outbox)
            if outbox.cells is not None:
                self._lease(coordinator, outbox, config["wait_seconds"])
                full_read = CountedRead(outbox, outbox.cells, config["max_vanished_share"])
            if mapping.deletion is not None:
                removal = places.removals[mapping.position]
                full_read = Deletions(outbox, mapping.deletion, removal, config["max_vanished_share"])
            route = MappingRoute(
                outbox,
                full_read,
                answers=not mapping.key or not self._has_plain_mapping(mapping.stream),
                guard_of=self.guard_of,
                keep_lock=self.keep_lock,
            )
            self._routes.append(route)
        lock = ModelLock(model, config["wait_seconds"])
        self._resources.callback(lock.release)
        self._carrier = Carrier(
            model=model,
            lock=lock,
            stopping=self.stopping,
            scratch=spool_dir.path,
            parallel=config["upload_parallel"],
            locale=config["locale_name"],
            check_upload=config["check_upload"],
        )
        gc.freeze()  # what lives until the end needs no more visits of the collector
        gc.set_threshold(_GC_THRESHOLD)

    def _lease(self, coordinator: Coordinator, outbox: Outbox, wait_seconds: float) -> None:
        """Hold the cells of a mapping until the run ends: two runs that count at once would miss each other's."""
        name, purpose = f"cells:{outbox.scope}", f"{self.name}: {outbox.mapping.title}"
        lease = self._resources.enter_context(coordinator.lock(name, purpose=purpose, wait_seconds=wait_seconds))
        self._resources.enter_context(under_lease(lease.assert_held))

    def _has_plain_mapping(self, stream: str) -> bool:
        """Whether the records of a stream are rows themselves in one of its mappings."""
        return any(one.stream == stream and not one.key for one in self._mappings)

    def _policy(self, mapping: StreamMapping) -> Policy:
        from target_anaplan.outbox import Policy  # noqa: PLC0415

        def of(own: Any, name: str) -> Any:  # noqa: ANN401 - values of several types
            return self.config[name] if own is None else own

        return Policy(
            fail=of(mapping.on_reject, "on_reject") == "fail",
            max_reject_share=float(of(mapping.max_reject_share, "max_reject_share")),
            skip_unchanged=bool(of(mapping.skip_unchanged, "skip_unchanged")),
            accept_ignored=of(mapping.ignored_rows, "ignored_rows") == "accept",
            check_counts=of(mapping.check_counts, "check_counts"),
        )


def main() -> None:
    """The console entry point."""
    run(TargetAnaplan)
