"""The one way into the books: a journal entry becomes a header and one line per ledger. Nothing is checked here."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import day_of, exact, scaled, second
from sandbox.sap.entry import Entry, EntryLine
from sandbox.sap.fiscal import fiscal_year_and_period
from sandbox.sap.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    from sandbox.sap.schema import Stored
    from sandbox.sap.store import Row, Store

LEDGERS = ("0L", "2L")
GLOBAL_CURRENCY = "USD"
PAYMENT_DAYS = 30
_IN_EURO = {
    "EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.17"), "CHF": Decimal("1.05"), "JPY": Decimal("0.006"),
}  # fmt: skip
_UNITS = {"JPY": Decimal(1)}
_CENT = Decimal("0.01")
# SAP's usual number ranges by document type; the first number of each.
_FIRST_NUMBERS = {
    "AA": 3_100_000_000, "DG": 1_600_000_000, "DR": 1_800_000_000, "DZ": 1_400_000_000, "KG": 1_700_000_000,
    "KR": 1_900_000_000, "KZ": 1_500_000_000, "RE": 5_100_000_000, "RV": 9_000_000_000, "WE": 5_000_000_000,
}  # fmt: skip
_OTHER_NUMBERS = 100_000_000
_FLUSH = 5000  # lines that a bulk load keeps in memory
_HEADER = (
    "CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentType", "PostingDate", "DocumentDate",
    "FiscalPeriod", "DocumentReferenceID", "AccountingDocumentHeaderText", "Reference1InDocumentHeader",
    "Reference2InDocumentHeader", "TransactionCurrency", "ExchangeRate", "LedgerGroup", "BusinessTransactionType",
    "ReferenceDocumentType", "OriginalReferenceDocument", "AccountingDocCreatedByUser",
    "AccountingDocumentCreationDate", "CreationTime", "LastChangeDate", "ReversalReason", "IsReversal",
    "ReverseDocument", "ReverseDocumentFiscalYear",
)  # fmt: skip
_LINE = (
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


def _amounts(lines: Sequence[EntryLine], into: str) -> list[Decimal]:
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


class Journal:
    """Posts and reverses. ``now`` is the time of creation; ``change_moves`` says whether clearing and reversal move
    the LastChangeDateTime of the lines that they touch (not known of SAP).
    """

    def __init__(
        self, store: Store, now: Callable[[], datetime], change_moves: Callable[[], bool] = lambda: True
    ) -> None:
        self._store = store
        self._now = now
        self._change_moves = change_moves
        self._headers: list[tuple[Stored, ...]] = []
        self._lines: list[tuple[Stored, ...]] = []
        self._bulk = False
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._companies: dict[str, tuple[str, str]] = {}
        self._assignments: dict[str, tuple[str, str, str]] = {}

    @contextlib.contextmanager
    def bulk(self) -> Iterator[None]:
        """Many entries: written in batches, visible at the end. Inside the caller's transaction, by nobody else."""
        self._bulk = True
        try:
            yield
            self._flush()
            for (company_code, year, first), last in self._numbers.items():
                key = {"CompanyCode": company_code, "FiscalYear": year, "NumberRange": _range_name(first)}
                if self._store.get("NumberRange", key) is None:
                    self._store.insert("NumberRange", [{**key, "LastNumber": last}])
                else:
                    self._store.update("NumberRange", key, {"LastNumber": last})
        finally:
            self._bulk = False
            self._numbers.clear()
            self._forget()

    def post(self, entry: Entry, *, created: datetime | None = None) -> tuple[str, str]:
        """(AccountingDocument, FiscalYear) of the new entry. StoreError when its company code or a rate is missing."""
        currency, variant = self._company(entry.company_code)
        year, period = fiscal_year_and_period(variant, entry.posting_date)
        number = self._number(entry.company_code, year, _FIRST_NUMBERS.get(entry.document_type, _OTHER_NUMBERS))
        moment = created or self._now()
        common = _Common(entry, number, year, period, currency, moment)
        self._headers.append(common.header())
        amounts = _amounts(entry.lines, currency), _amounts(entry.lines, GLOBAL_CURRENCY)
        for index, (line, company_amount, global_amount) in enumerate(zip(entry.lines, *amounts, strict=True), 1):
            if line.amount_in_company_currency is not None:
                company_amount = line.amount_in_company_currency  # noqa: PLW2901  what was entered wins over the rate
            assignment = self._assignment(line, entry.posting_date)
            for ledger in [entry.ledger_group] if entry.ledger_group else LEDGERS:
                self._lines.append(common.line(ledger, index, line, assignment, company_amount, global_amount))
        if not self._bulk:
            self._flush()
            self._forget()
        elif len(self._lines) > _FLUSH:
            self._flush()
        return number, year

    def reverse(
        self,
        company_code: str,
        document: str,
        fiscal_year: str,
        posting_date: date,
        reason: str = "01",
        at: datetime | None = None,
    ) -> tuple[str, str]:
        """Post the opposite and mark both; (document, year) of the new entry. StoreError when there is no such
        document or it is reversed already.
        """
        self._flush()
        key: Row = {"CompanyCode": company_code, "FiscalYear": fiscal_year, "AccountingDocument": document}
        header = self._store.get("JournalHeader", key)
        if header is None or header["IsReversed"]:
            raise StoreError(f"JournalHeader: no document with key {key} that is not reversed")
        with self._store.transaction():
            lines = self._first_ledger_lines(company_code, document, fiscal_year)
            entry = _opposite(header, lines, posting_date, reason)
            moment = at or self._now()
            number, year = self.post(entry, created=moment)
            back: Row = {"ReverseDocument": number, "ReverseDocumentFiscalYear": year, "IsReversed": 1}
            self._store.update("JournalHeader", key, {**back, "LastChangeDate": f"{moment:%Y-%m-%d}"})
            self._touch(key, '"IsReversed" = 1, "ReversalReferenceDocument" = ?', (number,), moment)
        return number, year

    def clear(
        self,
        items: Sequence[tuple[str, str, str, str]],
        clearing: tuple[str, str],
        day: date,
        at: datetime | None = None,
    ) -> None:
        """Open items (company code, document, fiscal year, item of three digits) are cleared by a document."""
        number, year = clearing
        moment = at or self._now()
        self._flush()
        for company_code, document, fiscal_year, item in items:
            key: Row = {"CompanyCode": company_code, "FiscalYear": fiscal_year, "AccountingDocument": document}
            changes = (
                '"IsCleared" = 1, "ClearingDate" = ?, "ClearingAccountingDocument" = ?, "ClearingDocFiscalYear" = ?'
            )
            self._touch(key, changes, (f"{day:%Y-%m-%d}", number, year), moment, item)
            if self._change_moves():
                self._store.update("JournalHeader", key, {"LastChangeDate": f"{moment:%Y-%m-%d}"})

    def _touch(self, key: Row, changes: str, values: Sequence[Stored], moment: datetime, item: str = "") -> None:
        if self._change_moves():
            changes, values = f'{changes}, "LastChangeDateTime" = ?', (*values, second(moment))
        chosen = ' AND "AccountingDocumentItem" = ?' if item else ""
        self._store.connection.execute(
            f'UPDATE "JournalLine" SET {changes} WHERE "Ledger" IN (\'0L\', \'2L\') AND "CompanyCode" = ?'
            f' AND "FiscalYear" = ? AND "AccountingDocument" = ?{chosen}',
            (*values, key["CompanyCode"], key["FiscalYear"], key["AccountingDocument"], *([item] if item else [])),
        )

    def _first_ledger_lines(self, company_code: str, document: str, fiscal_year: str) -> list[Row]:
        rows = list(
            self._store.select(
                "JournalLine",
                '"Ledger" IN (\'0L\', \'2L\') AND "CompanyCode" = ? AND "FiscalYear" = ? AND "AccountingDocument" = ?',
                (company_code, fiscal_year, document),
            )
        )
        return [row for row in rows if row["Ledger"] == rows[0]["Ledger"]]

    def _flush(self) -> None:
        self._store.insert_many("JournalHeader", _HEADER, self._headers)
        self._store.insert_many("JournalLine", _LINE, self._lines)
        self._headers.clear()
        self._lines.clear()

    def _forget(self) -> None:
        self._companies.clear()
        self._assignments.clear()

    def _number(self, company_code: str, year: str, first: int) -> str:
        if not self._bulk:
            return f"{self._store.next_number(company_code, year, _range_name(first), first):010d}"
        key = (company_code, year, first)
        if key not in self._numbers:
            stored = {"CompanyCode": company_code, "FiscalYear": year, "NumberRange": _range_name(first)}
            row = self._store.get("NumberRange", stored)
            self._numbers[key] = int(row["LastNumber"] or 0) if row else first - 1
        self._numbers[key] += 1
        return f"{self._numbers[key]:010d}"

    def _company(self, company_code: str) -> tuple[str, str]:
        """(currency, fiscal year variant)."""
        if company_code not in self._companies:
            row = self._store.get("CompanyCode", {"CompanyCode": company_code})
            if row is None:
                raise StoreError(f"CompanyCode: there is no {company_code}")
            self._companies[company_code] = (str(row["Currency"]), str(row["FiscalYearVariant"]))
        return self._companies[company_code]

    def _assignment(self, line: EntryLine, day: date) -> tuple[str, str, str]:
        """(profit center, segment, functional area): what was entered, or what the cost center says."""
        center, segment, area = "", "", ""
        if line.cost_center:
            if line.cost_center not in self._assignments:
                self._assignments[line.cost_center] = self._derived(line.cost_center, day)
            center, segment, area = self._assignments[line.cost_center]
        return line.profit_center or center, line.segment or segment, line.functional_area or area

    def _derived(self, cost_center: str, day: date) -> tuple[str, str, str]:
        row = self._store.connection.execute(
            'SELECT c."ProfitCenter", COALESCE(p."Segment", \'\'), c."FunctionalArea" FROM "CostCenter" c'
            ' LEFT JOIN "ProfitCenter" p ON p."ProfitCenter" = c."ProfitCenter"'
            ' WHERE c."CostCenter" = ? AND c."ValidityEndDate" >= ? ORDER BY c."ValidityEndDate" LIMIT 1',
            (cost_center, f"{day:%Y-%m-%d}"),
        ).fetchone()
        return tuple(row) if row else ("", "", "")


def _range_name(first: int) -> str:
    return f"RF_BELEG {first // 100_000_000:02d}"


class _Common:
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
        """In the order of ``_HEADER``."""
        entry, created = self._entry, self._stamp[:10]
        currency = entry.lines[0].currency if entry.lines else self._currency
        rate = _IN_EURO.get(currency, Decimal(1)) / _IN_EURO[self._currency]
        year_or_company = self._year if entry.reference_document else entry.company_code + self._year
        reversed_document = entry.reverses or ("", "", "0000")
        return (
            entry.company_code, self._year, self._number, entry.document_type, self._posted, self._dated,
            self._period, entry.reference, entry.header_text, entry.reference1, entry.reference2, currency,
            scaled(rate.quantize(Decimal("0.00001")), 5), entry.ledger_group, entry.transaction, entry.reference_type,
            self._source + year_or_company, entry.user, created, self._stamp[11:19], created, entry.reversal_reason,
            int(entry.reverses is not None), reversed_document[1], reversed_document[2],
        )  # fmt: skip

    def line(
        self,
        ledger: str,
        index: int,
        line: EntryLine,
        assignment: tuple[str, str, str],
        company_amount: Decimal,
        global_amount: Decimal,
    ) -> tuple[Stored, ...]:
        """In the order of ``_LINE``."""
        entry, kind = self._entry, _account_type(line)
        offset, offset_kind = self._partner if kind == "S" else ("", "")
        open_item = kind != "S"
        due = (line.due_date or entry.document_date + timedelta(PAYMENT_DAYS)).isoformat() if open_item else None
        return (
            ledger, entry.company_code, self._year, self._number, f"{index:06d}", f"{index % 1000:03d}",
            entry.document_type, self._period, self._posted, self._dated, _posting_key(line), _debit_or_credit(line),
            kind, line.account, offset, offset_kind, line.cost_center, *assignment, line.order, line.wbs_element,
            line.trading_partner, line.supplier, line.customer, line.assignment, line.text, line.tax_code,
            line.purchase_order, line.purchase_order_item or "00000", line.currency, scaled(line.amount),
            self._currency, scaled(company_amount), GLOBAL_CURRENCY, scaled(global_amount), entry.transaction,
            entry.reference_type, self._source, entry.user, self._stamp, self._stamp, int(entry.reverses is not None),
            entry.reverses[1] if entry.reverses else "", int(line.negative), self._dated if open_item else None, due,
            "0001" if open_item else "", line.extension,
        )  # fmt: skip


def _opposite(header: Row, lines: Sequence[Row], posting_date: date, reason: str) -> Entry:
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
