"""Views between a table and a set that shows it differently: flags as text, other scales, values that are derived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.tables import initial, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.sap.catalogue.tables import Table
    from sandbox.sap.schema import EntitySet, Property

CONTROLLING_AREA = "A000"
CHART = "YCOA"
LEADING = "0L"


def _name_of(table: str, column: str, on: str, language: bool = True) -> str:
    """A subquery for a name; in the logon language English, or any where that is missing."""
    order = ' ORDER BY "Language" <> \'EN\', "Language"' if language else ""
    return f'COALESCE((SELECT "{column}" FROM "{table}" n WHERE {on}{order} LIMIT 1), \'\')'


_ACCOUNT = 'n."GLAccount" = t."GLAccount"'
_COST_CENTER = 'n."CostCenter" = t."CostCenter"'
_VALID_COST_CENTER = (
    'n."ControllingArea" = t."ControllingArea" AND n."CostCenter" = t."CostCenter"'
    ' AND n."ValidityEndDate" = t."ValidityEndDate"'
)
_COMPANY = 'n."CompanyCode" = t."CompanyCode"'

_JOURNAL = {
    "ChartOfAccounts": literal(CHART),
    "ControllingArea": literal(CONTROLLING_AREA),
    "LedgerFiscalYear": 't."FiscalYear"',
    "FiscalYearPeriod": 't."FiscalYear" || t."FiscalPeriod"',
    "FiscalYearVariant": _name_of("CompanyCode", "FiscalYearVariant", _COMPANY, language=False),
    "CompanyCodeName": _name_of("CompanyCode", "CompanyCodeName", _COMPANY, language=False),
    "ControllingAreaName": literal("Controlling Area A000"),
    "GLAccountName": _name_of("GLAccountText", "GLAccountName", _ACCOUNT),
    "GLAccountLongName": _name_of("GLAccountText", "GLAccountLongName", _ACCOUNT),
    "CostCenterName": _name_of("CostCenterText", "CostCenterName", _COST_CENTER),
    "ProfitCenterName": 't."ProfitCenter"',
    "LedgerName": _name_of("LedgerText", "LedgerName", 'n."Ledger" = t."Ledger"'),
    "CustomerName": _name_of("Customer", "CustomerName", 'n."Customer" = t."Customer"', language=False),
    "SupplierName": _name_of("Supplier", "SupplierName", 'n."Supplier" = t."Supplier"', language=False),
    "GLAccountType": _name_of("GLAccount", "GLAccountType", _ACCOUNT, language=False),
    "BalanceTransactionCurrency": 't."TransactionCurrency"',
    "AmountInBalanceTransacCrcy": 't."AmountInTransactionCurrency"',
    "ControllingDebitCreditCode": 't."DebitCreditCode"',
    "IsOpenItemManaged": "CASE WHEN t.\"FinancialAccountType\" IN ('D', 'K') THEN 'X' ELSE '' END",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What a view reads: tables by alias in order of precedence, the FROM clause, expressions for columns."""

    tables: tuple[tuple[str, str], ...]
    clause: str
    expressions: Mapping[str, str]


_LINE = (("t", "JournalLine"),)
SOURCES: dict[str, Source] = {
    "JournalLine": Source(
        _LINE,
        '"JournalLine" t',
        {
            **_JOURNAL,
            "SourceLedger": 't."Ledger"',
            "GLRecordType": literal("0"),
            "CreationDate": 'substr(t."CreationDateTime", 1, 10)',
            "OffsettingChartOfAccounts": literal(CHART),
            "ControllingObjectCurrency": "CASE t.\"CostCenter\" WHEN '' THEN '' ELSE t.\"CompanyCodeCurrency\" END",
            "AmountInObjectCurrency": 'CASE t."CostCenter" WHEN \'\' THEN 0 ELSE t."AmountInCompanyCodeCurrency" END',
            "AccountAssignment": 't."CostCenter"',
            "AccountAssignmentType": "CASE t.\"CostCenter\" WHEN '' THEN '' ELSE 'KS' END",
        },
    ),
    "AccountingItem": Source(
        (*_LINE, ("h", "JournalHeader")),
        '"JournalLine" t JOIN "JournalHeader" h ON h."CompanyCode" = t."CompanyCode"'
        ' AND h."FiscalYear" = t."FiscalYear" AND h."AccountingDocument" = t."AccountingDocument"'
        f" WHERE t.\"Ledger\" = '{LEADING}'",
        {
            **_JOURNAL,
            "Ledger": literal(""),
            "OperationalGLAccount": 't."GLAccount"',
            "CostElement": "CASE t.\"CostCenter\" WHEN '' THEN '' ELSE t.\"GLAccount\" END",
            "Project": 't."WBSElement"',
            "ClearingCreationDate": 't."ClearingDate"',
            "NumberOfItems": "1",
            "IsBalanceSheetAccount": 'COALESCE((SELECT n."IsBalanceSheetAccount" FROM "GLAccount" n WHERE '
            f"{_ACCOUNT} LIMIT 1), 0)",
            "BusinessTransactionType": 't."BusinessTransactionType"',
        },
    ),
    "CostCenter": Source(
        (("t", "CostCenter"),),
        '"CostCenter" t',
        {
            "CostCenterName": _name_of("CostCenterText", "CostCenterName", _VALID_COST_CENTER),
            "CostCenterDescription": _name_of("CostCenterText", "CostCenterDescription", _VALID_COST_CENTER),
        },
    ),
}
VIRTUAL = {"AccountingItem"}  # sources that are no table


def view_of(each: EntitySet, base: str, tables: Mapping[str, Table]) -> str | None:
    """The SELECT that shows ``base`` as this set wants it; None when the table itself does."""
    source = SOURCES.get(base) or Source((("t", base),), f'"{base}" t', {})
    columns = [(one.stored_as, _expression(one, source, tables)) for one in each.properties]
    if base not in VIRTUAL and all(sql == f't."{name}"' for name, sql in columns):
        return None
    shown = ", ".join(f'{sql} AS "{name}"' for name, sql in columns)
    return f"SELECT {shown} FROM {source.clause}"


def _expression(one: Property, source: Source, tables: Mapping[str, Table]) -> str:
    if one.stored_as in source.expressions:
        return source.expressions[one.stored_as]
    for alias, table in source.tables:
        column = tables[table].columns.get(one.stored_as)
        if column is not None:
            return _converted(one, column, f'{alias}."{one.stored_as}"')
    return literal(initial(one))


def _converted(one: Property, column: Property, sql: str) -> str:
    if one.kind == "string" and column.kind == "boolean":
        return f"CASE {sql} WHEN 0 THEN '' ELSE 'X' END"
    if one.kind == "string" and column.kind == "decimal":
        return f"printf('%.{column.scale}f', {sql} / {10.0**column.scale})"
    if one.kind == "decimal" and one.scale != column.scale:
        return f"{sql} / {10 ** (column.scale - one.scale)}"
    return sql
