"""A customer's SYSPRO through e.net: tables read with COMFND, for sites without the OData licence.

e.net describes no tables, so the shipped schemas say which columns there are. Row versions can't be read this way.
"""

from __future__ import annotations

import itertools
import logging
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connector_kit.coordination import connect
from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.http import Retry
from connector_kit.odata.fetch import Query
from connector_kit.odata.filters import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Written,
    after,
    all_of,
    any_of,
    with_keys,
)
from connector_kit.odata.literals import Value
from connector_kit.odata.order import KeyOrder, OutOfOrderError, Pair
from connector_kit.odata.rows import Page, RowReader
from connector_kit.odata.schema import Field
from connector_kit.odata.tally import Tally
from connector_kit.syspro import EnetSession, comfnd
from tap_syspro.site import Sample
from tap_syspro.tables import Table, known_tables

if TYPE_CHECKING:
    from tap_syspro.declarations import Declaration

log = logging.getLogger(__name__)

SYSTEM = "SYSPRO e.net"
NULL_DATE = "0000-00-00"
MOST_ROWS = 1000
_NAMES = comfnd.Conditions()
_CONDITIONS: Mapping[str, str] = {
    "eq": _NAMES.equal,
    "ne": _NAMES.different,
    "gt": _NAMES.greater,
    "ge": _NAMES.at_least,
    "lt": _NAMES.less,
    "le": _NAMES.at_most,
}


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}


class EnetSite:
    """The site that the settings describe; one session, which goes from company to company."""

    metadata: None = None

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.companies: list[str] = list(config["companies"])

    @cached_property
    def session(self) -> EnetSession:
        """The operator's session."""
        config = self._config
        missing = [name for name in ("enet_url", "operator") if not config.get(name)]
        if missing:
            raise ConfigurationError(
                system="tap-syspro", subject="settings for interface: enet", expected=", ".join(missing), got="nothing"
            )
        return EnetSession(
            config["enet_url"],
            config["operator"],
            str(config.get("operator_password") or ""),
            self.companies[0],
            self._company_password,
            coordinator=connect(config.get("coordination_url")),
            per_minute=int(config.get("rate_per_minute", 0)) or None,
            retry=Retry(tries=int(config.get("max_tries", 8))),
            timeout=(15.0, float(config.get("timeout", 300))),
            verify=config.get("ca_bundle") or True,
        )

    @property
    def _company_password(self) -> str:
        return str(self._config.get("company_password") or "")

    def close(self) -> None:
        """Log off."""
        if "session" in self.__dict__:
            self.session.close()

    def describe(self, declaration: Declaration) -> Table | None:
        """The shipped schema of the table, without what COMFND can't give."""
        known = known_tables().get(declaration.table)
        if known is None:
            return None
        as_timestamp = self._config.get("datetime_as") == "timestamp"
        fields = tuple(
            Field(field.name, "timestamp") if as_timestamp and field.kind == "date" else field
            for field in known.fields
            if field.kind != "binary"
        )
        return Table(declaration.keys, fields)

    def source(self, company: str, table: str, fields: Sequence[Field], what: str) -> EnetTable:  # noqa: ARG002 - a `Site`
        """A company's table, to be read."""
        return EnetTable(self, company, table, what)

    def sample(self, company: str, table: str, *, count: bool = False, where: str = "") -> Sample:  # noqa: ARG002 - e.net does not count
        """One row of a table."""
        if where:
            alternatives_of(Written(where))
        known = known_tables().get(table)
        columns = [field.name for field in known.fields if field.kind != "binary"] if known else []
        rows = self.rows(company, table, columns, (), known.key if known else (), 1)
        return Sample(rows[0] if rows else {}, None)

    def rows(
        self, company: str, table: str, columns: Sequence[str], where: comfnd.Where, order: Sequence[str], most: int
    ) -> list[comfnd.Row]:
        """The first rows that match, as texts."""
        self.session.switch_company(company, self._company_password)
        root = self.session.query("COMFND", comfnd.build(table, columns, where, order, most))
        return comfnd.rows_of(root, columns)


class EnetTable:
    """A table of one company, read by pages along its key like an entity set."""

    def __init__(self, site: EnetSite, company: str, table: str, what: str) -> None:
        self._site = site
        self._company = company
        self._table = table
        self._what = what
        self._order = KeyOrder(())
        self.tally = Tally()
        self.confirmed = False

    def comparable(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """A key in a form that sorts as the pages read so far were sorted."""
        return self._order.comparable(key)

    def count(self, query: Query) -> int | None:  # noqa: ARG002 - COMFND does not count
        """None: COMFND does not count."""
        return None

    def pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        """All rows that match. A short page is not the end: a site may cap them.

        COMFND does not count. Where deletions depend on it, the keys are read once more by smaller pages: other rows
        would be lost between them.
        """
        self.confirmed = False
        self.tally = replace(query.before)
        for page in self._pages(reader, query):
            self.tally.add(page.rows, page.keys)
            yield page
        if not query.prove:
            return
        again, keys = Tally(), reader.keys_only()
        size = max(self.tally.largest - self.tally.largest // 3, 1)
        select = tuple(field.name for field in keys.fields)
        for page in self._pages(keys, replace(query, select=select, after=(), page_size=size)):
            again.add(page.rows, page.keys)
        self.confirmed = again.same(self.tally)
        if not self.confirmed:
            log.warning(
                "%s: %d rows read, %d by smaller pages; nothing confirms that they are all",
                self._what,
                self.tally.rows,
                again.rows,
            )

    def _pages(self, reader: RowReader, query: Query) -> Iterator[Page]:
        most = min(query.page_size or MOST_ROWS, MOST_ROWS)
        self._order = KeyOrder(reader.key_kinds, query.after)
        position = query.after
        asked = query.where
        kept: Condition | None = None
        while True:
            where = all_of(asked, after(reader.key, position) if position else None)
            try:
                rows = self._rows(reader, query.select, where, most)
            except RefusedError as refusal:
                if asked is None or not asks_for_null(asked):
                    raise
                log.info("%s: %s Rows without a date are found by reading the whole table.", self._what, refusal)
                asked, kept = None, asked
                continue
            if not rows:
                return
            page = reader.finish(rows)
            fault = self._order.fault(page.keys, lambda pairs: self._agrees(reader, pairs))
            if fault:
                raise OutOfOrderError(
                    system=SYSTEM,
                    subject=self._what,
                    expected=f"pages in the order of the key {', '.join(reader.key)}",
                    got=fault,
                    hint="Check that the key identifies a row.",
                )
            chosen = page.rows if kept is None else [row for row in page.rows if holds(kept, row, reader)]
            yield replace(page, rows=chosen)
            position = page.last

    def _rows(self, reader: RowReader, select: Sequence[str], where: Condition | None, most: int) -> list[Any]:
        alternatives = alternatives_of(where) if where is not None else []
        rows = self._site.rows(self._company, self._table, select, alternatives, reader.key, most)
        return reader.rows_of([_cleaned(row) for row in rows])

    def _agrees(self, reader: RowReader, pairs: Sequence[Pair]) -> bool | None:
        """Whether SYSPRO says of each pair that the second key lies behind the first."""
        keys = reader.keys_only()
        parts = [all_of(with_keys(reader.key, [other]), after(reader.key, one)) for one, other in pairs]
        try:
            found = keys.finish(self._rows(keys, reader.key, any_of(*parts), len(pairs) + 1))
        except RefusedError as refusal:
            log.info("%s: %s", self._what, refusal)
            return None
        return set(found.keys) == {other for _, other in pairs}


def alternatives_of(condition: Condition) -> list[list[comfnd.Condition]]:
    """A condition as COMFND takes it: alternatives, each a list of comparisons that hold together.

    Raises:
        ConfigurationError: for a condition in OData's language.
    """
    if isinstance(condition, Compare):
        return [[comfnd.Condition(condition.column, _CONDITIONS[condition.operator], _text(condition.value))]]
    if isinstance(condition, AnyOf):
        return [group for part in condition.parts for group in alternatives_of(part)]
    if isinstance(condition, AllOf):
        choices = [alternatives_of(part) for part in condition.parts]
        return [list(itertools.chain.from_iterable(groups)) for groups in itertools.product(*choices)]
    raise ConfigurationError(
        system="tap-syspro",
        subject="setting filters",
        expected="interface: odata",
        got="an OData filter with interface: enet",
        hint="Leave the filter out, or filter in a stream map.",
    )


def asks_for_null(condition: Condition) -> bool:
    """Whether a part of it asks for rows without a value. Whether COMFND can tell them apart is not known."""
    if isinstance(condition, Compare):
        return condition.value is None
    return not isinstance(condition, Written) and any(map(asks_for_null, condition.parts))


def holds(condition: Condition, row: Any, reader: RowReader) -> bool:  # noqa: ANN401 - a struct made at run time
    """Whether a row that was read meets a condition."""
    if isinstance(condition, Compare):
        value, limit = getattr(row, reader.attributes[condition.column]), condition.value
        if limit is None or value is None:
            return limit is value
        return bool(_OPERATORS[condition.operator](value, limit.isoformat()[:10] if isinstance(limit, date) else limit))
    if isinstance(condition, Written):
        raise TypeError("a condition in OData's language can't be checked here")
    every = all if isinstance(condition, AllOf) else any
    return every(holds(part, row, reader) for part in condition.parts)


def _text(value: Value) -> str:
    if value is None:
        return NULL_DATE
    return value.isoformat()[:10] if isinstance(value, date) else str(value)


def _cleaned(row: comfnd.Row) -> dict[str, str | None]:
    return {name: None if value == NULL_DATE else value.rstrip(" ") for name, value in row.items()}
