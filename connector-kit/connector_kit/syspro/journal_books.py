"""What SYSPRO shows of journals by the beginning of their reference, and of their lines, through COMFND.

Facts: BlackBox (SQL over many sites) for the columns of GenJournalCtl and GenJournalDetail. The conditions GE and LE
are named by analogy with EQ, which is in recorded traffic (`Conditions`): what they find is checked, and what they
leave out is asked for by EQ. A reversal is a journal of its own, and nothing leads to it from what it takes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from connector_kit.documents.model import Content, Line, Listed, Posted
from connector_kit.documents.references import LENGTH
from connector_kit.errors import RefusedError
from connector_kit.syspro.comfnd import Condition, Conditions, Row, build, rows_of
from connector_kit.syspro.failures import SYSTEM
from connector_kit.syspro.find import find

if TYPE_CHECKING:
    from connector_kit.syspro.session import EnetSession

# (table, columns with year, period and number), in the order in which they are asked.
TABLES = {
    "GenJournalCtl": ("GlYear", "GlPeriod", "GlJournal"),
    "GenJournalDetail": ("GlYear", "GlPeriod", "Journal"),
}
_ROWS = 1_000
_PREFIXES = 20


@dataclass(slots=True)
class JournalBooks:
    """The journals of a site.

    company: of journals that name none. tables: where references may stand; those behind the first that has some say
    nothing new, and are asked no more. names: COMFND's conditions.
    """

    session: EnetSession
    company: str
    tables: Sequence[str]
    names: Conditions

    def listed(self, prefixes: Sequence[str], companies: Collection[str]) -> Iterator[Listed]:
        """Every journal of these companies whose reference begins like one of these.

        Raises:
            ConnectorError: SYSPRO does not say, or its list can't be whole.
        """
        found: dict[str, dict[Posted, None]] = {}
        for company in sorted({one or self.company for one in companies}):
            self._enter(company)
            for place, table in enumerate(self.tables):
                before = len(found)
                for at in range(0, len(prefixes), _PREFIXES):
                    for row in self._ranges(table, prefixes[at : at + _PREFIXES]):
                        year, _, number = (bare(row[name]) for name in TABLES[table])
                        found.setdefault(row["Reference"], {})[Posted(number, company, year)] = None
                if len(found) > before:
                    self.tables = self.tables[: place + 1]
                    break
        for name, documents in found.items():
            yield Listed(name, tuple(documents))

    def _enter(self, company: str) -> None:
        self.session.switch_company(company)
        self.session.log_on()

    def _ranges(self, table: str, prefixes: Sequence[str]) -> Iterator[Row]:
        """Rows in the order of their references, behind the last one each time, until there is none."""
        columns = [*TABLES[table], "Reference"]
        last = ""
        while where := list(self._where(prefixes, last)):
            after = last
            root = self.session.query("COMFND", build(table, columns, where, ["Reference"], _ROWS))
            for raw in rows_of(root, columns):
                row = {name: text.strip() for name, text in raw.items()}
                name = row["Reference"]
                if not name.startswith(tuple(prefixes)) or name < last or (after and name == after):
                    raise RefusedError(
                        system=SYSTEM,
                        subject=f"table {table}",
                        expected=f"journals in the order of Reference, from {max(last, min(prefixes))} on",
                        got=name or "one without a reference",
                        hint="COMFND does not keep to the conditions (see comfnd_conditions) or to OrderBy, so what "
                        "stands can't be told. With look_up_first: false it is not asked for.",
                    )
                last = name
                yield row
            if last == after:
                return

    def _where(self, prefixes: Sequence[str], after: str) -> Iterator[list[Condition]]:
        for prefix in prefixes:
            upper = prefix.ljust(LENGTH, "Z")
            if after < prefix:
                lower = Condition("Reference", self.names.at_least, prefix)
            elif after < upper:
                lower = Condition("Reference", self.names.greater, after)
            else:
                continue
            yield [lower, Condition("Reference", self.names.at_most, upper)]

    def contents(self, documents: Sequence[Listed], fields: Collection[str]) -> Mapping[str, Content]:  # noqa: ARG002 - lines have an account and an amount
        """Journals by their lines. Their date is in GenJournalCtl."""
        found: dict[str, Content] = {}
        for company in sorted({one.first.company for one in documents}):
            self._enter(company)
            some = {one.reference: one.first for one in documents if one.first.company == company}
            days = {(bare(row["GlYear"]), bare(row["GlJournal"])): row["JournalDate"] for row in self._heads(some)}
            lines: dict[str, dict[str, Line]] = {}
            for row in self._lines(some):
                posted = some.get(row["Reference"])
                if posted and (posted.year, posted.number) == (bare(row["GlYear"]), bare(row["Journal"])):
                    try:
                        line = Line(row["GlCode"], Decimal(row["EntryValue"]))
                    except InvalidOperation:
                        continue
                    lines.setdefault(row["Reference"], {})[row["EntryNumber"]] = line
            for name, by_number in lines.items():
                text = days.get((some[name].year, some[name].number), "")[:10]
                if text.count("-") == 2 and text > "0001":
                    found[name] = Content(date.fromisoformat(text), (tuple(by_number.values()),))
        return found

    def _heads(self, some: Mapping[str, Posted]) -> list[Row]:
        wanted = [[{"GlYear": one.year, "GlJournal": one.number}] for one in some.values()]
        return find(self.session, "GenJournalCtl", ["GlYear", "GlJournal", "JournalDate"], wanted)

    def _lines(self, some: Mapping[str, Posted]) -> Iterator[Row]:
        columns = ["GlYear", "GlPeriod", "Journal", "EntryNumber", "Reference", "GlCode", "EntryValue"]
        for name in some:
            last = ""
            while True:
                where = [Condition("Reference", self.names.equal, name)]
                if last:
                    where.append(Condition("EntryNumber", self.names.greater, last))
                root = self.session.query("COMFND", build("GenJournalDetail", columns, [where], ["EntryNumber"], _ROWS))
                rows = [{key: text.strip() for key, text in row.items()} for row in rows_of(root, columns)]
                yield from rows
                numbers = [int(Decimal(row["EntryNumber"])) for row in rows]
                if not numbers or str(max(numbers)) == last:
                    break
                last = str(max(numbers))


def bare(text: str) -> str:
    """A number without the zeros and the padding in front."""
    return str(int(Decimal(text))) if text else ""
