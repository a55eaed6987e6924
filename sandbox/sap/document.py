"""A journal entry as the rows it becomes, in three currencies; and the entry that undoes a document."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import day_of, exact, scaled, second
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Row

GLOBAL_CURRENCY = "USD"
PAYMENT_DAYS = 30
_IN_EURO = {
    "EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.17"), "CHF": Decimal("1.05"), "JPY": Decimal("0.006"),
}  # fmt: skip
_UNITS = {"JPY": Decimal(1)}
_CENT = Decimal("0.01")
HEADER = (
    "CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentType", "PostingDate", "DocumentDate",
    "FiscalPeriod", "DocumentReferenceID", "AccountingDocumentHeaderText", "Reference1InDocumentHeader",
    "Reference2InDocumentHeader", "TransactionCurrency", "ExchangeRate", "LedgerGroup", "BusinessTransactionType",
    "ReferenceDocumentType", "OriginalReferenceDocument", "AccountingDocCreatedByUser",
    "AccountingDocumentCreationDate", "CreationTime", "LastChangeDate", "ReversalReason", "IsReversal",
    "ReverseDocument", "ReverseDocumentFiscalYear",
)  # fmt: skip
LINE = (
    "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem", "AccountingDocumentItem",
    "AccountingDocumentType", "FiscalPeriod", "PostingDate", "DocumentDate", "PostingKey", "DebitCreditCode",
    "FinancialAccountType", "GLAccount", "OffsettingAccount", "OffsettingAccountType", "CostCenter", "ProfitCenter",
    "Segment", "FunctionalArea", "OrderID", "WBSElement", "PartnerCompany", "Supplier", "Customer",
    "AssignmentReference", "DocumentItemText", "TaxCode", "PurchasingDocument", "PurchasingDocumentItem",
    "TransactionCurrency", "AmountInTransactionCurrency", "CompanyCodeCurrency", "AmountInCompanyCodeCurrency",
    "GlobalCurrency", "AmountInGlobalCurrency", "BusinessTransactionType", "ReferenceDocumentType",
    "ReferenceDocument", "AccountingDocCreatedByUser", "CreationDateTime", "LastChangeDateTime", "IsReversal",
    "ReversalReferenceDocument", "IsNegativePosting", "DueCalculationBaseDate", "NetDueDate", "PaymentTerms",
    "YY1_Campaign_JEI",
)  # fmt: skip


def converted(amount: Decimal, currency: str, into: str) -> Decimal:
    """An amount at the sandbox's fixed rates, rounded to the currency's smallest unit."""
    if currency == into:
        return amount
    try:
        value = amount * _IN_EURO[currency] / _IN_EURO[into]
    except KeyError as error:
        raise StoreError(f"no exchange rate for {error.args[0]}; there are: {', '.join(_IN_EURO)}") from None
    return value.quantize(_UNITS.get(into, _CENT), ROUND_HALF_UP)


def amounts_in(lines: Sequence[EntryLine], into: str) -> list[Decimal]:
    """The lines' amounts in another currency; what rounding leaves goes to the largest line of each currency."""
    values = [converted(line.amount, line.currency, into) for line in lines]
    for currency in {line.currency for line in lines} - {into}:
        own = [index for index, line in enumerate(lines) if line.currency == currency]
        left = converted(sum((lines[index].amount for index in own), Decimal(0)), currency, into)
        largest = max(own, key=lambda index: abs(values[index]))
        values[largest] += left - sum(values[index] for index in own)
    return values


def _account_type(line: EntryLine) -> str:
    return "K" if line.supplier else "D" if line.customer else "S"


def _posting_key(line: EntryLine) -> str:
    keys = {"K": ("21", "31"), "D": ("01", "11"), "S": ("40", "50")}[_account_type(line)]
    return line.posting_key or keys[line.amount < 0]


def _debit_or_credit(line: EntryLine) -> str:
    """A negative posting stands on the other side with the sign turned, which shows in the indicator only."""
    return "H" if (line.amount < 0) != line.negative else "S"


class Document:
    """What the header and the lines of one document share."""

    def __init__(self, entry: Entry, number: str, year: str, period: str, currency: str, moment: datetime) -> None:
        self._entry = entry
        self._number = number
        self._year = year
        self._period = period
        self._currency = currency
        self._moment = moment
        self._stamp = second(moment)
        self._posted = entry.posting_date.isoformat()
        self._dated = entry.document_date.isoformat()
        partner = next((line for line in entry.lines if line.supplier or line.customer), None)
        self._partner = (partner.supplier or partner.customer, _account_type(partner)) if partner else ("", "")
        self._source = entry.reference_document or number

    def header(self) -> tuple[Stored, ...]:
        """In the order of ``HEADER``. References are upper-case fields by SAP's metadata."""
        entry, created = self._entry, self._stamp[:10]
        currency = entry.lines[0].currency if entry.lines else self._currency
        rate = _IN_EURO.get(currency, Decimal(1)) / _IN_EURO[self._currency]
        year_or_company = self._year if entry.reference_document else entry.company_code + self._year
        reversed_document = entry.reverses or ("", "", "0000")
        return (
            entry.company_code, self._year, self._number, entry.document_type, self._posted, self._dated,
            self._period, entry.reference.upper(), entry.header_text, entry.reference1.upper(),
            entry.reference2.upper(), currency,
            scaled(rate.quantize(Decimal("0.00001")), 5), entry.ledger_group, entry.transaction, entry.reference_type,
            self._source + year_or_company, entry.user, created, self._stamp[11:19], created, entry.reversal_reason,
            int(entry.reverses is not None), reversed_document[1], reversed_document[2],
        )  # fmt: skip

    def line(
        self,
        index: int,
        line: EntryLine,
        assignment: tuple[str, str, str],
        company_amount: Decimal,
        global_amount: Decimal,
    ) -> tuple[Stored, ...]:
        """In the order of ``LINE``, without the ledger that it begins with."""
        entry, kind = self._entry, _account_type(line)
        offset, offset_kind = self._partner if kind == "S" else ("", "")
        open_item = kind != "S"
        due = (line.due_date or entry.document_date + timedelta(PAYMENT_DAYS)).isoformat() if open_item else None
        return (
            entry.company_code, self._year, self._number, f"{index:06d}", f"{index % 1000:03d}",
            entry.document_type, self._period, self._posted, self._dated, _posting_key(line), _debit_or_credit(line),
            kind, line.account, offset, offset_kind, line.cost_center, *assignment, line.order, line.wbs_element,
            line.trading_partner, line.supplier, line.customer, line.assignment, line.text, line.tax_code,
            line.purchase_order, line.purchase_order_item or "00000", line.currency, scaled(line.amount),
            self._currency, scaled(company_amount), GLOBAL_CURRENCY, scaled(global_amount), entry.transaction,
            entry.reference_type, self._source, entry.user, self._stamp, self._stamp, int(entry.reverses is not None),
            entry.reverses[1] if entry.reverses else "", int(line.negative), self._dated if open_item else None, due,
            "0001" if open_item else "", line.extension,
        )  # fmt: skip


def opposite(header: Row, lines: Sequence[Row], posting_date: date, reason: str) -> Entry:
    """The entry that undoes a document, with the amounts of the original in every currency."""
    return Entry(
        company_code=str(header["CompanyCode"]),
        document_type="AB" if header["AccountingDocumentType"] == "SA" else str(header["AccountingDocumentType"]),
        posting_date=posting_date,
        document_date=day_of(str(header["DocumentDate"])),
        lines=tuple(_opposite_line(line) for line in lines),
        reference=str(header["DocumentReferenceID"]),
        header_text=str(header["AccountingDocumentHeaderText"]),
        user=str(header["AccountingDocCreatedByUser"]),
        transaction=str(header["BusinessTransactionType"]),
        reference_type=str(header["ReferenceDocumentType"]),
        ledger_group=str(header["LedgerGroup"]),
        reverses=(str(header["CompanyCode"]), str(header["AccountingDocument"]), str(header["FiscalYear"])),
        reversal_reason=reason,
    )


def _opposite_line(line: Row) -> EntryLine:
    def text(name: str) -> str:
        return str(line[name])

    def amount(name: str) -> Decimal:
        return -Decimal(exact(int(line[name] or 0)))

    return EntryLine(
        account=text("GLAccount"),
        amount=amount("AmountInTransactionCurrency"),
        currency=text("TransactionCurrency"),
        text=text("DocumentItemText"),
        cost_center=text("CostCenter"),
        profit_center=text("ProfitCenter"),
        segment=text("Segment"),
        functional_area=text("FunctionalArea"),
        order=text("OrderID"),
        wbs_element=text("WBSElement"),
        trading_partner=text("PartnerCompany"),
        assignment=text("AssignmentReference"),
        supplier=text("Supplier"),
        customer=text("Customer"),
        tax_code=text("TaxCode"),
        purchase_order=text("PurchasingDocument"),
        purchase_order_item=text("PurchasingDocumentItem"),
        amount_in_company_currency=amount("AmountInCompanyCodeCurrency"),
        extension=text("YY1_Campaign_JEI"),
    )
