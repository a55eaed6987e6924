"""How a stream's rows become documents: one entry of the `documents` setting. `reading` says how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connector_kit.audit.keys import key_text
from connector_kit.documents.model import Rules
from connector_kit.mapping.columns import Column, Where

OnChange = Literal["difference", "reverse", "refuse"]
Day = Literal["last_day", "first_day", "posting_date"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Where a line's amount comes from: one signed column, or debit less credit."""

    debit: Column
    credit: Column | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month by its name (`month` with a strptime `format`), or fiscal year and period number."""

    month: Column | None = None
    format: str = ""
    year: Column | None = None
    number: Column | None = None


@dataclass(frozen=True, slots=True)
class Offset:
    """The balancing line: its account, its constant fields, and the line fields that it is made per and carries."""

    account: str
    fields: tuple[tuple[str, str], ...] = ()
    per: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rounding:
    """decimals: by currency, where they differ from ISO 4217. rest: "largest", "last" or "account"."""

    decimals: Mapping[str, int]
    rest: Literal["largest", "last", "account"] = "largest"
    account: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One entry of `documents`. scope and document are fields; header and lines are columns by the object's names."""

    position: int
    stream: str
    rules: Rules
    scope: tuple[str, ...]
    document: tuple[str, ...]
    header: tuple[Column, ...]
    account: Column
    amount: Amount
    currency: Column | None
    lines: tuple[Column, ...]
    where: Where | None
    where_fields: tuple[str, ...]
    period: Period | None
    posting_date: Day | Column
    document_date: Day | Column
    offset: Offset | None
    rounding: Rounding
    max_lines: int
    split: bool
    condense: bool
    on_change: OnChange
    stop_on_failure: bool
    needs_closing: bool

    @property
    def title(self) -> str:
        """For people: "plan_lines -> journal_entry"."""
        return f"{self.stream} -> {self.rules.name}"

    def document_title(self, scope: Sequence[str], key: Sequence[str]) -> str:
        """A document's name for people: the values of its scope and key, those of a field in both only once.

        All of them where the document was made by other settings, with more fields or fewer.
        """
        if len(scope) != len(self.scope) or len(key) != len(self.document):
            return key_text([*scope, *key])
        rest = (value for field, value in zip(self.document, key, strict=True) if field not in self.scope)
        return key_text([*scope, *rest])

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column that is made for a row."""
        period, amount = self.period or Period(), self.amount
        some = (amount.debit, amount.credit, self.currency, period.month, period.year, period.number)
        days = (self.posting_date, self.document_date)
        return (
            *self.header,
            *self.lines,
            self.account,
            *(column for column in (*some, *days) if isinstance(column, Column)),
        )

    @property
    def fields(self) -> set[str]:
        """The fields of a record that it needs."""
        made = {field for column in self.columns for field in column.fields}
        return {*made, *self.scope, *self.document, *self.where_fields}
