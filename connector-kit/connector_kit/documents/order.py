"""One recipe in one run: its rows are taken as they come, and delivered when the input has ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connector_kit.audit.documents import DocumentBook
from connector_kit.audit.keys import key_hash
from connector_kit.audit.plans import PlanBook
from connector_kit.delivery.intake import Bound, Keyed, Refused, require_keys
from connector_kit.delivery.proof import OpenVersion
from connector_kit.documents.asking import validate
from connector_kit.documents.delivery import Delivery
from connector_kit.documents.parcel import Label, Parcel
from connector_kit.documents.posting import Posting
from connector_kit.documents.rows import RowMapper
from connector_kit.documents.spool import GONE, Row, RowSpool
from connector_kit.documents.summary import Tally
from connector_kit.documents.work import Clock
from connector_kit.errors import BusyError, ConfigurationError, RefusedError, UnavailableError
from connector_kit.lease_check import under_lease
from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.compile import field_faults

if TYPE_CHECKING:
    from connector_kit.audit import Run, Trail
    from connector_kit.coordination.base import Coordinator, Lease
    from connector_kit.documents.merging import Losses
    from connector_kit.documents.model import Poster
    from connector_kit.documents.periods import FiscalYears
    from connector_kit.documents.recipe import Recipe
    from connector_kit.mapping.values import Unmappable
    from connector_kit.singer.outcomes import Line


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What all recipes of a target share. destination names the ERP in the trail and in locks."""

    plugin: str
    destination: str
    trail: Trail
    run: Run
    coordinator: Coordinator
    years: FiscalYears
    folder: Path
    stopping: threading.Event
    system: str
    settle_seconds: float
    wait_seconds: float
    validate_only: bool = False
    check_standing: bool = False
    look_up_first: bool = True
    follow_erp: bool = False
    max_vanished_share: float = 1.0
    clock: Clock = field(default_factory=Clock)


@dataclass(frozen=True, slots=True)
class _Load:
    """Rows that are delivered together. replay_of: the batch that brought them before, "" for rows from a tap."""

    spool: RowSpool
    schema: bytes
    key: Sequence[str]
    replay_of: str


class Order:
    """Rows of one stream on their way to becoming one kind of document."""

    def __init__(self, recipe: Recipe, poster: Poster, services: Services) -> None:
        self.recipe = recipe
        self.tally = Tally()
        self._poster = poster
        self._services = services
        self._mapper = RowMapper(recipe, services.years)
        self._loads: list[_Load] = []
        self._schema = b""
        self._key: Sequence[str] = ()
        self._replay_of = ""
        self._open = False
        self._proven: int | None = None
        self._scope = f"{services.destination}/{recipe.rules.name}/{recipe.stream}"
        self._version = OpenVersion(services.trail, self._scope, dry=services.validate_only)

    @property
    def stream(self) -> str:
        """The Singer stream."""
        return self.recipe.stream

    @property
    def fields(self) -> set[str]:
        """The fields of a record that it needs."""
        return self.recipe.fields

    def none_arrived(self) -> tuple[str, Mapping[str, int]] | None:
        """The recipe's title and why, where rows came and no document of them stands."""
        return (self.recipe.title, self.tally.reasons) if self.tally.nothing_delivered else None

    def summary(self) -> Iterator[Line]:
        """What was done, in lines for people; none when nothing came and nothing was found."""
        if self.tally.has_news:
            yield from self.tally.lines(self.recipe.title)

    def bind(self, stream: Bound) -> list[str]:
        """Take the stream's schema; the faults of the recipe, if it needs fields that are not there."""
        columns, more = self.recipe.columns, (*self.recipe.scope, *self.recipe.document, *self.recipe.where_fields)
        faults = field_faults(columns, more, stream.schema)
        self._schema, self._key = stream.message, stream.key
        self._replay_of = stream.replay_of
        return [f"documents[{self.recipe.position}] ({self.recipe.title}): {fault}" for fault in faults]

    def take(self, block: Keyed) -> None:
        """Valid records with their keys."""
        records, keys = block.records, block.keys
        spool = self._spooling()
        self.tally.read += len(records)
        wanted = self.recipe.where(records) if self.recipe.where else [True] * len(records)
        kept = [at for at, keep in enumerate(wanted) if keep]
        self.tally.filtered += len(records) - len(kept)
        mapped = self._mapper.map(records.pick(kept) if len(kept) < len(records) else records)
        rows, places = [], dict[int, int]()
        for seq, (at, one) in enumerate(zip(kept, mapped, strict=True), start=spool.rows):
            rows.append(Row(seq, one.home, one.line, keys[at], block.hashes[at], bytes(records.raws[at])))
            places[at] = seq
        latest = [(one, places.get(at, GONE)) for at, one in enumerate(block.hashes)] if self._key else []
        spool.add(rows, latest)
        for row, one in zip(rows, mapped, strict=True):
            if one.problem is not None:
                self._refuse(spool, row, one.problem)
        self._seen(block.hashes, block.version)
        if not self._key and any(one.home is None for one in mapped) and not self._replay_of:
            self._version.spoil()  # any row that did not come may have come like this one
        self._open = True

    def _seen(self, hashes: Sequence[bytes], version: int | None) -> None:
        """A replay is no reading of the source."""
        if not self._replay_of:
            self._version.seen(hashes if self._key else (), version)

    def _refuse(self, spool: RowSpool, row: Row, problem: Unmappable) -> None:
        reason = f"{problem.column}: {problem.reason}" if problem.column else problem.reason
        spool.refuse(row, reason, f"{reason}, got {problem.got}" if problem.got else reason)
        self.tally.rejected += 1
        self.tally.reasons[reason] += 1

    def reject(self, refused: Sequence[Refused]) -> None:
        """Records that break their schema, have no key, or can't be read; they hold their documents back."""
        spool = self._spooling()
        for one in refused:
            self._seen([key_hash(one.key)] if one.known else (), one.version)
            if not one.known and not self._replay_of:
                self._version.spoil()
            self._hold(spool, one)
            self.tally.reasons[one.reason] += 1
        self.tally.read += len(refused)
        self.tally.rejected += len(refused)
        self._open = True
        if self.recipe.stop_on_failure:
            require_keys(
                self._services.plugin, self.recipe.stream, refused, "on_failure is stop, so nothing was posted"
            )

    def _hold(self, spool: RowSpool, one: Refused) -> None:
        """A refused record into the spool, as a row of its document where that can be told."""
        hashed = key_hash(one.key) if one.known else b""
        [mapped] = self._mapper.map(RowsBlock([dict(one.fields)]))
        if mapped.home is None or not one.raw:
            spool.refuse_invalid(one.key, hashed, one.reason, one.message, one.raw)
            return
        row = Row(spool.rows, mapped.home, "", one.key, hashed, one.raw)
        spool.add([row], [(hashed, row.seq)] if hashed else [])
        spool.refuse(row, one.reason, one.message)

    def remove(self, keys: Sequence[str], version: int | None) -> None:
        """Records that the source deleted: they are no part of the plan."""
        self._seen((), version)
        self.tally.removed += len(keys)
        self._spooling().add([], [(key_hash(key), GONE) for key in keys])

    def prove(self, version: int | None) -> None:
        """Which version of the stream came whole, None: none did."""
        self._proven = version

    def close(self) -> None:
        """A STATE or ACTIVATE_VERSION message came: the tap has not broken off since the last record."""
        self._open = False

    def _spooling(self) -> RowSpool:
        if not self._loads or self._loads[-1].replay_of != self._replay_of:
            path = self._services.folder / f"{self.recipe.position}-{len(self._loads)}.db"
            self._loads.append(_Load(RowSpool(path), self._schema, self._key, self._replay_of))
        return self._loads[-1].spool

    def discard(self) -> None:
        """Let go of rows that were not delivered."""
        while self._loads:
            self._loads.pop().spool.close()

    @property
    def is_open(self) -> bool:
        """Whether rows came that no STATE or ACTIVATE_VERSION follows."""
        return self._open

    def check_complete(self) -> None:
        """Raises UnavailableError when the input seems to have broken off: half a plan must not be posted."""
        if self._open and self.recipe.needs_closing and not all(map(self._repeats, self._loads)):
            raise UnavailableError(
                system=self._services.plugin,
                subject=f"stream {self.recipe.stream}",
                expected="STATE or ACTIVATE_VERSION after its last record",
                got="the end of the input",
                hint="The tap seems to have broken off, and half a document must not be posted: nothing was.",
            )

    def _repeats(self, load: _Load) -> bool:
        """Whether the rows of a load are all known as they came: then it makes no document out of half of its rows.

        Taps on the SDK read the rows at their bookmark again. Where nothing is new it does not move, and they write
        STATE before these rows and none behind.
        """
        spool = load.spool
        if load.replay_of or not load.key or spool.refused or spool.invalid:
            return False
        self.tally.replaced += spool.seal()
        plans = PlanBook(self._services.trail, self._scope, load.key)
        known = (({*(plans.rows(pile) or ())}, spool.plan_rows(pile)) for _, pile in spool.places())
        return all(before.issuperset(rows) for before, rows in known) and not plans.places(spool.gone())

    def deliver(self) -> None:
        """Post what there is.

        Raises:
            ConnectorError: the ERP, the trail or the lease is out of reach; what was posted until then stands in the
                trail. RefusedError: a document was refused and on_failure is stop.
        """
        services = self._services
        if not self._loads:
            return
        name = f"documents:{services.destination}:{self.recipe.rules.name}"
        purpose = f"{services.plugin}: {self.recipe.title}"
        with (
            services.coordinator.lock(name, purpose=purpose, wait_seconds=services.wait_seconds) as lease,
            under_lease(lease.assert_held),
        ):
            losses = [found for load in self._loads if (found := self._deliver(load, lease))]
        self._version.keep()
        self.discard()
        if losses:
            raise self._too_many_lost(losses[0])
        if self._proven is not None:
            self._version.close()
        if self.recipe.stop_on_failure and (self.tally.refused or self.tally.rejected) and not services.validate_only:
            top = "; ".join(f"{count} x {reason}" for reason, count in self.tally.reasons.most_common(3))
            raise RefusedError(
                system=services.plugin,
                subject=self.recipe.title,
                got=f"{self.tally.refused} refused documents, {self.tally.rejected} rejected rows ({top}); "
                "on_failure is stop",
                hint="`audit failures` lists the rows.",
            )

    def _too_many_lost(self, losses: Losses) -> RefusedError:
        return RefusedError(
            system=self._services.plugin,
            subject=self.recipe.title,
            expected=f"at most {self._services.max_vanished_share:.0%} of {losses.known} known rows gone "
            "(max_vanished_share)",
            got=f"{losses.gone} that the source no longer shows",
            hint="Nothing of that was taken back. Compare the source with what stands; "
            "max_vanished_share sets the limit.",
        )

    def _other_key(self, before: Sequence[str], now: Sequence[str]) -> ConfigurationError:
        """Rows known by another key can't be told from those of this delivery, unless all of them came."""
        return ConfigurationError(
            system=self._services.plugin,
            subject=f"{self.recipe.title}, stream {self.recipe.stream}",
            expected=f"its key as before ({', '.join(before) or 'none'})",
            got=f"another one ({', '.join(now) or 'none'})",
            hint="Nothing was posted. Where the key is right as it is now, deliver the stream whole once, with "
            "ACTIVATE_VERSION behind the records.",
        )

    def _deliver(self, load: _Load, lease: Lease) -> Losses | None:
        """Post what a load comes to; what is gone, when it is more than may be."""
        self.tally.replaced += load.spool.seal()
        services, recipe, spool = self._services, self.recipe, load.spool
        label = Label(
            system=services.system,
            stream=recipe.stream,
            scope=self._scope,
            action=f"{'test run of ' if services.validate_only else ''}{recipe.rules.name}",
            schema=load.schema,
            key_properties=load.key,
        )
        book = DocumentBook(services.trail, label.scope)
        parcel = Parcel(services.run, label, spool, validate_only=services.validate_only)
        posting = Posting(
            poster=self._poster,
            book=book,
            lease=lease,
            stopping=services.stopping,
            settle_seconds=services.settle_seconds,
            look_up_first=services.look_up_first and self._poster.books is None,
            stop_on_failure=recipe.stop_on_failure,
            clock=services.clock,
        )
        plans = PlanBook(services.trail, label.scope, load.key)
        delivery = Delivery(
            recipe,
            self._poster,
            book,
            spool,
            parcel,
            self.tally,
            plans=plans,
            keyed=bool(load.key),
            most_lost=services.max_vanished_share,
            now=services.clock.now,
            validate_only=services.validate_only,
            compare_first=services.look_up_first and not services.validate_only,
            follow_erp=services.follow_erp,
        )
        if not services.validate_only:
            posting.recover()
        if load.replay_of:
            delivery.drop_outdated(load.replay_of)
        whole = not load.replay_of and self._proven is not None and self._proves(load)
        if not whole and (before := plans.other_key()) is not None:
            raise self._other_key(before, load.key)
        if not services.validate_only:
            plans.keep_key()
        losses = self._merge(delivery, whole=whole)
        try:
            if spool.refused or spool.invalid:
                delivery.open()
            jobs = delivery.jobs()
            ends = validate(self._poster, jobs) if services.validate_only else posting.post(delivery.open, jobs)
            for done in ends:
                delivery.note(done)
            if services.check_standing:
                delivery.check_standing()
        except BaseException as error:
            parcel.fail(self.tally.counts(), str(error) or type(error).__name__)
            raise
        opened = parcel.opened
        settled = parcel.settle(self.tally.counts(stands=not opened))
        self.tally.repaired += settled.repaired
        if not services.validate_only:
            delivery.close(opened=opened)
            self.tally.repaired += book.supersede(parcel.no, services.clock.now())
        return losses

    def _merge(self, delivery: Delivery, *, whole: bool) -> Losses | None:
        """What becomes of the plans; what is gone, when it is more than may be.

        Raises:
            BusyError: another run has begun to read the same: what earlier runs showed of this version is not known.
        """
        losses = delivery.merge(whole=whole, continued=self._version.continued)
        if whole and self._version.continued and self._version.overtaken():
            raise BusyError(
                system=self._services.plugin,
                subject=self.recipe.title,
                expected="to be the only run that reads the whole plan",
                got="another one that has begun to",
                hint="Nothing was posted or taken back: run again.",
            )
        return losses

    def _proves(self, load: _Load) -> bool:
        """Whether the version that came whole says what is gone."""
        # Without keys nothing tells what came in earlier runs of the same version.
        proves = self._version.proves(self._proven or 0) and bool(load.key or not self._version.continued)
        if not proves:
            log.warning(
                "%s: %s, so nothing is taken back that seems to be gone.",
                self.recipe.title,
                "another run reads the same"
                if self._version.overtaken()
                else "it is not known of every record of this version which row it is",
            )
        return proves
