"""Plan data: rows that replace what stands in their scope, so that the same plan can be sent again.

SAP's own test of the service and a blog post on it are all that is known: the two strings that name aggregation level
and scope, periods as PPP.YYYY, a scope that follows from the aggregation level when it is empty, several rows for one
cell. The texts and numbers of refusals are not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import timestamp
from sandbox.sap.fiscal import first_day
from sandbox.sap.odata.writes import BusinessError, Created, Message
from sandbox.sap.posting import messages
from sandbox.sap.posting.books import Books
from sandbox.sap.posting.invoice import items, text
from sandbox.sap.posting.invoices import refused
from sandbox.sap.posting.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sandbox.core.switches import Switches
    from sandbox.sap.odata.writes import Values
    from sandbox.sap.posting.books import Company
    from sandbox.sap.store import Row, Store

AGGREGATION, SCOPE = "PlanDataAggrgnLvlFieldsString", "PlanDataRplcScopeFieldsString"
ROWS = "to_FinPlanningEntryItemTP"
CHARACTERISTICS = (
    "PlanningCategory", "Ledger", "LedgerFiscalYear", "FiscalYearPeriod", "CompanyCode", "GLAccount",
    "ControllingArea", "CostCenter", "ProfitCenter", "PartnerCostCenter", "PartnerProfitCenter", "Segment",
    "FunctionalArea", "WBSElement", "OrderID", "PartnerCompany", "BusinessTransactionCategory",
)  # fmt: skip
FIGURES = (
    "CompanyCodeCurrency", "AmountInCompanyCodeCurrency", "TransactionCurrency", "AmountInTransactionCurrency",
    "GlobalCurrency", "AmountInGlobalCurrency",
)  # fmt: skip
MANDATORY = ("PlanningCategory", "LedgerFiscalYear", "CompanyCode", "FiscalYearPeriod", "GLAccount")
_PERIOD = re.compile(r"(0(?:0[1-9]|1[0-6]))\.(\d{4})")
_LEADING = "0L"


class PlanData:
    """The create of FinancialPlanData."""

    def __init__(self, store: Store, switches: Switches, now: Callable[[], datetime], user: str) -> None:
        self._store = store
        self._books = Books(store)
        self._switches = switches
        self._now = now
        self._user = user

    def create(self, values: Values) -> Created:
        """Replaces the scope by the rows; BusinessError with everything that speaks against them."""
        self._books = Books(self._store)  # remembers for one request
        level = _names(text(values, AGGREGATION), AGGREGATION)
        scope = _names(text(values, SCOPE), SCOPE) or [name for name in level if name in CHARACTERISTICS]
        outside = [name for name in scope if name not in level or name not in CHARACTERISTICS]
        missing = [name for name in MANDATORY if name not in level]
        if outside or missing:
            raise _plan_error(f"Aggregation level lacks {', '.join(outside + missing)}", AGGREGATION)
        sent = items(values, ROWS)
        if not sent:
            raise _plan_error("No plan data in the request", ROWS)
        rows = [self._row(item, level, place) for place, item in enumerate(sent, 1)]
        self._replace(scope, rows)
        return Created({AGGREGATION: text(values, AGGREGATION), SCOPE: text(values, SCOPE)}, echo=values)

    def _row(self, item: Values, level: Sequence[str], place: int) -> Row:
        foreign = [name for name, value in item.items() if name not in level and value not in {None, ""}]
        if foreign:
            raise _plan_error(f"Row {place}: {', '.join(foreign)} not in the aggregation level", ROWS)
        problems = list(self._problems(item, place))
        if problems:
            raise refused(problems)
        company = self._books.company(text(item, "CompanyCode"))
        return {**row_of("PlanLine", item), **(self._stored_numbers(item, company) if company else {})}

    def _problems(self, item: Values, place: int) -> Iterator[messages.Message]:
        known = [name.strip() for name in self._switches.text("plan_categories").split(",") if name.strip()]
        category = text(item, "PlanningCategory")
        if not category or (known and category not in known):
            yield messages.plan(f"Row {place}: planning category {category!r} does not exist")
        found = _PERIOD.fullmatch(text(item, "FiscalYearPeriod"))
        if found is None or found[2] != text(item, "LedgerFiscalYear"):
            yield messages.plan(f"Row {place}: period {text(item, 'FiscalYearPeriod')!r} is not PPP.YYYY of its year")
        company = self._books.company(text(item, "CompanyCode"))
        if company is None:
            yield messages.unknown_company(text(item, "CompanyCode"))
            return
        if self._books.account(company.chart, text(item, "GLAccount")) is None:
            yield from messages.unknown_account(text(item, "GLAccount"), company.chart)
        currency = text(item, "CompanyCodeCurrency")
        if item.get("AmountInCompanyCodeCurrency") and currency != company.currency:
            yield messages.plan(f"Row {place}: currency {currency!r} is not {company.currency} of {company.code}")
        if found is not None and text(item, "CostCenter"):
            yield from self._cost_center(company, text(item, "CostCenter"), int(found[1]), int(found[2]))

    def _cost_center(self, company: Company, number: str, period: int, year: int) -> Iterator[messages.Message]:
        on = first_day(company.variant, year, period)
        if self._books.cost_center(company.area, number, on) is None:
            yield messages.unknown_cost_center(company.area, number, on)

    def _stored_numbers(self, item: Values, company: Company) -> Row:
        """Numbers with their leading zeros, the leading ledger when none was named."""
        found: Row = {"Ledger": text(item, "Ledger") or _LEADING}
        account = self._books.account(company.chart, text(item, "GLAccount"))
        found["GLAccount"] = account.number if account else text(item, "GLAccount")
        if text(item, "CostCenter"):
            found["CostCenter"] = self._books.stored_cost_center(company.area, text(item, "CostCenter"))
        return found

    def _replace(self, scope: Sequence[str], rows: Sequence[Row]) -> None:
        where = " AND ".join(f'"{name}" = ?' for name in scope)
        for values in {tuple(row.get(name, "") for name in scope) for row in rows}:
            self._store.connection.execute(f'DELETE FROM "PlanLine" WHERE {where}', values)
        last = self._store.connection.execute('SELECT COALESCE(MAX("PlanLine"), 0) FROM "PlanLine"').fetchone()[0]
        moment = timestamp(self._now())
        own = ({"PlanLine": last + place} for place in range(1, len(rows) + 1))
        common: Row = {"CreatedByUser": self._user, "CreationDateTime": moment}
        self._store.insert("PlanLine", [{**row, **number, **common} for row, number in zip(rows, own, strict=True)])


def _names(written: str, where: str) -> list[str]:
    """The fields that a comma-separated string names; BusinessError for one that there is not."""
    names = [name.strip() for name in written.split(",") if name.strip()]
    unknown = [name for name in names if name not in {*CHARACTERISTICS, *FIGURES}]
    if unknown:
        raise _plan_error(f"Field {', '.join(unknown)} does not exist in plan data", where)
    return names


def _plan_error(note: str, target: str) -> BusinessError:
    message = messages.plan(note)
    return BusinessError(message.code, note, (Message(message.code, note, target=target),))
