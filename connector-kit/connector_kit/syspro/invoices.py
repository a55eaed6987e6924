"""Supplier invoices: APSTIN.

Facts: WarehouseManagement and WCF_Client_Test (C# code in use) for the elements and for where the answer has journal,
year, month and the general ledger's journal; inspectdb of a company's database for ApInvoice and its widths. A supplier
and an invoice number are there once, so the number is the natural reference. TransactionReference, which ApInvoice
keeps, says whether it is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from typing_extensions import override

from connector_kit.documents.model import Document, Message, Posted, Rules
from connector_kit.documents.references import OF_PILE
from connector_kit.documents.rows import NO_DATE
from connector_kit.syspro import fields
from connector_kit.syspro.fields import Field
from connector_kit.syspro.find import find, same, variants
from connector_kit.syspro.transactions import Flags, Transactions
from connector_kit.syspro.writing import Node

if TYPE_CHECKING:
    from connector_kit.syspro.results import Result
    from connector_kit.syspro.session import EnetSession

NAME = "ap_invoice"
MOST_LINES = 500

HEADER = fields.by_name(
    Field("supplier", "Supplier", 15),
    Field("transaction_code", "TransactionCode", 1),
    Field("branch", "Branch", 10),
    Field("invoice", "Invoice", 20),
    Field("transaction_value", "TransactionValue", kind="number"),
    Field("freight", "FreightCharge", kind="number"),
    Field("miscellaneous", "MiscellaneousCharge", kind="number"),
    Field("notation", "Notation", 100),
    Field("reference", "TransactionReference", 30),
    Field("journal_notation", "JournalNotation", 100),
    Field("discount_basis", "DiscountBasis", 1),
    Field("discountable_value", "DiscountableValue", kind="number"),
    Field("discount_percentage", "DiscountPercentageValue", kind="number"),
    Field("invoice_date", "InvoiceDate", kind="date"),
    Field("due_date", "DueDate", kind="date"),
    Field("discount_date", "DiscountDate", kind="date"),
    Field("exchange_rate", "ExchRateAtEntry", kind="number", digits=6, decimals=6),
    Field("fixed_exchange_rate", "FixedExchRate", kind="flag"),
    Field("tax_basis", "TaxBasis", 1),
    Field("tax_code", "TaxCode", 3),
    Field("tax_value", "TaxValue", kind="number"),
)
LINE = fields.by_name(
    Field("account", "LedgerCode", 35),
    Field("tax_code", "LedgerTaxCode", 3),
    Field("text", "LedgerNotation", 100),
    Field("amount", "LedgerValue", kind="number"),
)
_PARAMETERS = {"PostZeroAdjustments": "N", "LedgerDistributionCurrency": "L", "AutomaticTaxCalculation": "N"}
_OWN = ("reference", "invoice_date")
_COLUMNS = ("Supplier", "Invoice", "Reference", "Journal", "InvoiceYear", "InvoiceMonth", "OrigInvValue")


def rules(header: Mapping[str, Field], line: Mapping[str, Field]) -> Rules:
    """What is fixed for supplier invoices. header, line: further fields of the site."""
    return Rules(
        name=NAME,
        required_header=("supplier", "invoice"),
        header=tuple(sorted({"company_code", "posting_period", *HEADER, *header} - {*_OWN})),
        line=tuple(sorted({*LINE, *line} - {"account", "amount"})),
        identity=("company_code", "supplier", "invoice"),
        currency=False,
        balanced=False,
        dated=False,
        max_lines=MOST_LINES,
    )


class ApInvoices(Transactions):
    """The supplier invoices of a company.

    Args:
        session: of the operator.
        company: where invoices go that name none.
        flags: how SYSPRO shall treat them.
        posting_period: of invoices that map none: C current, P or B one or two before.
        header: further fields of the site.
        line: likewise.
    """

    def __init__(
        self,
        session: EnetSession,
        *,
        company: str,
        flags: Flags,
        posting_period: str = "C",
        header: Mapping[str, Field] | None = None,
        line: Mapping[str, Field] | None = None,
    ) -> None:
        header, line = header or {}, line or {}
        super().__init__(
            session, rules(header, line), business_object="APSTIN", root="PostApInvoice", company=company, flags=flags
        )
        self._header = {**HEADER, **header}
        self._line = {**LINE, **line}
        self._posting_period = posting_period

    @override
    def parameters(self, document: Document) -> Mapping[str, str]:
        return {"PostingPeriod": document.header.get("posting_period", self._posting_period), **_PARAMETERS}

    @override
    def item(self, document: Document) -> Sequence[Node]:
        return [
            *fields.nodes(self._header, self._texts(document)),
            *(("LedgerDistribution", fields.nodes(self._line, _line(document, at))) for at in _places(document)),
        ]

    @staticmethod
    def _texts(document: Document) -> dict[str, str]:
        total = format(sum((line.amount for line in document.lines), Decimal(0)), "f")
        day = "" if document.document_date == NO_DATE else document.document_date.isoformat()
        found = {"transaction_code": "I", "transaction_value": total, **document.header}
        return {**found, "reference": document.reference, "invoice_date": day}

    @override
    def faults(self, document: Document) -> Sequence[Message]:
        texts = self._texts(document)
        found = [Message("", text) for text in fields.faults(self._header, texts, self.flags.unmappable)]
        if found:
            return found
        if document.kind != "plan":
            found.append(Message("", "a posted invoice can't be changed by another one: cancel or adjust it in SYSPRO"))
        if document.parts > 1:
            found.append(Message("", f"an invoice has at most {MOST_LINES} lines"))
        if not texts["invoice_date"]:
            found.append(Message("", "no invoice date: let document_date be a column"))
        if Decimal(texts["transaction_value"]) <= 0 and texts["transaction_code"] == "I":
            found.append(Message("", f"an invoice over {texts['transaction_value']}: credits need a transaction_code"))
        for at in _places(document):
            wrong = fields.faults(self._line, _line(document, at), self.flags.unmappable)
            found += [Message("", text, at) for text in wrong]
        return found

    @override
    def stands(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        wanted = [variants({"Supplier": one.header["supplier"], "Invoice": one.header["invoice"]}) for one in documents]
        rows = find(self._session, "ApInvoice", _COLUMNS, wanted)
        found: dict[str, Posted] = {}
        for document in documents:
            header = document.header
            for row in rows:
                if not (same(row["Supplier"], header["supplier"]) and same(row["Invoice"], header["invoice"])):
                    continue
                if row["Reference"] == document.reference or self._is_same(document, row):
                    found[document.reference] = _posted(document, row)
        return found

    def _is_same(self, document: Document, row: Mapping[str, str]) -> bool:
        """Whether an invoice that somebody else entered is this one; if not, SYSPRO refuses the number as taken.

        One over another amount is another one, and so is one of ours whose reference tells of other lines.
        """
        if row["Reference"][:OF_PILE] == document.reference[:OF_PILE]:
            return False
        return Decimal(row["OrigInvValue"] or 0) == Decimal(self._texts(document)["transaction_value"])

    @override
    def number(self, document: Document, result: Result) -> Posted | None:
        journal = result.number("Journal", "JournalNumber")
        ledger = result.number("GlJournal")
        if not journal and not ledger:
            return None
        month = result.number("TrnMonth")
        told = [f"period {month}" if month else "", f"GL journal {ledger}" if ledger and journal else ""]
        return Posted(journal or ledger, year=result.number("TrnYear"), text=", ".join(filter(None, told)))


def _places(document: Document) -> range:
    return range(len(document.lines))


def _line(document: Document, at: int) -> dict[str, str]:
    line = document.lines[at]
    return {**dict(line.fields), "account": line.account, "amount": format(line.amount, "f")}


def _posted(document: Document, row: Mapping[str, str]) -> Posted:
    own = row["Reference"] == document.reference
    month = f"period {_bare(row['InvoiceMonth'])}"
    told = (
        month if own else f"{month}; was there already, over {row['OrigInvValue']}, with reference {row['Reference']!r}"
    )
    return Posted(_bare(row["Journal"]), year=_bare(row["InvoiceYear"]), text=told, existing=not own)


def _bare(text: str) -> str:
    return str(int(Decimal(text))) if text else ""
