"""General ledger journals: GENTJL.

Facts: WarehouseManagement (C# code in production) for the elements and their order, developer.syspro.com for the
business object's name; BlackBox (SQL over many sites) for GenJournalCtl and GenJournalDetail and their widths. That a
journal's reference stands in both tables is taken from their columns: `Transactions` proves it in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from connector_kit.documents.model import Document, Message, Posted, Rules, together
from connector_kit.syspro import fields
from connector_kit.syspro.comfnd import Conditions
from connector_kit.syspro.fields import Field
from connector_kit.syspro.find import find
from connector_kit.syspro.journal_books import TABLES, JournalBooks, bare
from connector_kit.syspro.transactions import Flags, Transactions
from connector_kit.syspro.writing import Node, flag

if TYPE_CHECKING:
    from connector_kit.syspro.results import Result
    from connector_kit.syspro.session import EnetSession

NAME = "gl_journal"
MOST_LINES = 2000

HEADER = fields.by_name(
    Field("journal_type", "JournalType", 1),
    Field("notation", "Notation", 100),
    Field("source_code", "SourceCode", 2),
    Field("currency", "Currency", 3),
)
LINE = fields.by_name(
    Field("account", "LedgerCode", 35),
    Field("reference", "Reference", 50),
    Field("amount", "EntryAmount", kind="number"),
    Field("text", "Comment", 250),
    Field("analysis_entry", "AnalysisEntry", kind="number", digits=10, decimals=0),
    Field("inter_company", "InterCompanyDetail", kind="flag"),
)
_PARAMETERS = {"ActionType": "A", "ValidatePasswords": "Y", "DeleteEntriesonMaint": "N", "IgnoreAnalysis": "N"}


def rules(header: Mapping[str, Field], line: Mapping[str, Field]) -> Rules:
    """What is fixed for journals. header, line: further fields of the site."""
    own = set(LINE) - {"account", "amount"}
    return Rules(
        name=NAME,
        required_header=(),
        header=tuple(sorted({"company_code", *HEADER, *header})),
        line=tuple(sorted({*own, *line})),
        identity=("company_code",),
        currency=False,
        max_lines=MOST_LINES,
    )


class GlJournals(Transactions):
    """The journals of a company.

    Args:
        session: of the operator.
        company: where journals go that name none.
        flags: how SYSPRO shall treat them.
        post: whether they are posted at once, or stay for somebody to post.
        authorize: AuthorizeJournal, "A" in the samples.
        period: what PostingYear and PostingPeriod hold. The only code that is public fills them the other way round.
        tables: where journals are looked up by reference.
        conditions: what COMFND calls its comparisons.
        header: further fields of the site.
        line: likewise.
    """

    def __init__(
        self,
        session: EnetSession,
        *,
        company: str,
        flags: Flags,
        post: bool = True,
        authorize: str = "A",
        period: Literal["named", "swapped"] = "named",
        tables: Sequence[str] = tuple(TABLES),
        conditions: Conditions | None = None,
        header: Mapping[str, Field] | None = None,
        line: Mapping[str, Field] | None = None,
    ) -> None:
        header, line = header or {}, line or {}
        super().__init__(
            session, rules(header, line), business_object="GENTJL", root="PostGlJournal", company=company, flags=flags
        )
        self._header = {**HEADER, **header}
        self._line = {**LINE, **line}
        self._post_journal = post
        self._authorize = authorize
        self._swapped = period == "swapped"
        self._tables = [name for name in TABLES if name in tables]
        self.books = JournalBooks(session, company, tuple(self._tables), conditions or Conditions())

    @override
    def parameters(self, document: Document) -> Mapping[str, str]:
        return _PARAMETERS

    @override
    def item(self, document: Document) -> Sequence[Node]:
        year, period = document.year, str(int(document.period))
        values = {"journal_type": "N", **document.header}
        header = fields.nodes(self._header, {name: text for name, text in values.items() if name != "journal_type"})
        return [
            ("JournalType", values["journal_type"]),
            ("AuthorizeJournal", self._authorize),
            ("PostJournal", flag(self._post_journal)),
            ("CancelJournal", "N"),
            ("HoldJournal", "N"),
            ("JournalDate", document.posting_date.isoformat()),
            ("JournalReference", document.reference),
            ("PostingPeriod", year if self._swapped else period),
            ("PostingYear", period if self._swapped else year),
            *header,
            *(
                ("JournalDetails", fields.nodes(self._line, self._texts(document, at)))
                for at in range(_count(document))
            ),
        ]

    @staticmethod
    def _texts(document: Document, at: int) -> dict[str, str]:
        line = document.lines[at]
        amount = format(line.amount, "f")
        # The line's own reference, too: where the header's is not kept, it is found by this one.
        return {"reference": document.reference, **dict(line.fields), "account": line.account, "amount": amount}

    @override
    def faults(self, document: Document) -> Sequence[Message]:
        found = [Message("", text) for text in fields.faults(self._header, document.header, self.flags.unmappable)]
        if len(currencies := sorted({line.currency for line in document.lines})) > 1:
            found.append(Message("", f"a journal has one currency, got {', '.join(currencies)}"))
        for at in range(_count(document)):
            texts = fields.faults(self._line, self._texts(document, at), self.flags.unmappable)
            found += [Message("", text, at) for text in texts]
        return found

    @override
    def stands(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        known = {one.reference: one for one in documents}
        wanted = [[{"Reference": reference}] for reference in known]
        for place, table in enumerate(self._tables):
            year, period, number = columns = TABLES[table]
            found: dict[str, dict[Posted, None]] = {}
            for row in find(self._session, table, columns, wanted):
                if document := known.get(row["Reference"]):
                    told = f"period {bare(row[period])}"
                    one = Posted(bare(row[number]), year=bare(row[year]), text=told)
                    found.setdefault(document.reference, {})[one] = None
            if found:  # the site keeps our references here, so the tables behind it say nothing new
                self._tables = self._tables[: place + 1]
                return {reference: together(list(standing)) for reference, standing in found.items()}
        return {}

    @override
    def number(self, document: Document, result: Result) -> Posted | None:
        number = result.number("Journal", "JournalNumber", "GlJournal")
        return Posted(number, year=document.year, text=f"period {document.period}") if number else None


def _count(document: Document) -> int:
    return len(document.lines)
