"""The chart of accounts: branch, dash, natural account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the general ledger. ``opening`` in cents, debit positive, at the start of the first year."""

    code: str
    description: str
    kind: str
    group: str
    opening: int = 0


# natural account, description, account type, group, in every branch (else head office only), opening in units
_NATURAL = (
    (1000, "Bank current account", "A", "CASH", False, 2_400_000),
    (1010, "Petty cash", "A", "CASH", True, 1_500),
    (1020, "Deposit account", "A", "CASH", False, 750_000),
    (1100, "Trade debtors control", "A", "DEBTORS", False, 0),
    (1110, "Other debtors", "A", "DEBTORS", True, 12_000),
    (1120, "Prepayments", "A", "DEBTORS", True, 18_000),
    (1200, "Stock on hand", "A", "STOCK", True, 900_000),
    (1210, "Goods in transit", "A", "STOCK", True, 40_000),
    (1500, "Land and buildings", "A", "FIXED", False, 3_200_000),
    (1510, "Plant and machinery", "A", "FIXED", True, 310_000),
    (1520, "Vehicles", "A", "FIXED", True, 85_000),
    (1530, "Computer equipment", "A", "FIXED", True, 45_000),
    (1590, "Accumulated depreciation", "A", "FIXED", True, -120_000),
    (2100, "Trade creditors control", "L", "CREDITORS", False, 0),
    (2110, "Accruals", "L", "CREDITORS", True, -22_000),
    (2120, "Other creditors", "L", "CREDITORS", True, -9_000),
    (2200, "Sales tax payable", "L", "TAX", False, -64_000),
    (2210, "Purchase tax recoverable", "L", "TAX", False, 0),
    (2220, "Income tax", "L", "TAX", False, -150_000),
    (2500, "Bank loan", "L", "LOANS", False, -1_800_000),
    (2510, "Leases", "L", "LOANS", True, -30_000),
    (3000, "Share capital", "C", "EQUITY", False, -1_000_000),
    (3100, "Reserves", "C", "EQUITY", False, 0),
    (4000, "Sales, hardware", "R", "SALES", True, 0),
    (4010, "Sales, tools", "R", "SALES", True, 0),
    (4020, "Sales, services", "R", "SALES", True, 0),
    (4030, "Sales returns", "R", "SALES", True, 0),
    (4500, "Interest received", "R", "OTHER INC", False, 0),
    (4510, "Rent received", "R", "OTHER INC", True, 0),
    (4520, "Discount received", "R", "OTHER INC", True, 0),
    (5000, "Cost of sales, hardware", "E", "COST SALES", True, 0),
    (5010, "Cost of sales, tools", "E", "COST SALES", True, 0),
    (5020, "Freight inwards", "E", "COST SALES", True, 0),
    (5030, "Stock adjustments", "E", "COST SALES", True, 0),
    (6000, "Salaries", "E", "PAYROLL", True, 0),
    (6010, "Wages", "E", "PAYROLL", True, 0),
    (6020, "Pension contributions", "E", "PAYROLL", True, 0),
    (6030, "Training", "E", "PAYROLL", True, 0),
    (6040, "Contractors", "E", "PAYROLL", True, 0),
    (6200, "Rent", "E", "PREMISES", True, 0),
    (6210, "Electricity", "E", "PREMISES", True, 0),
    (6220, "Repairs and maintenance", "E", "PREMISES", True, 0),
    (6230, "Insurance", "E", "PREMISES", True, 0),
    (6240, "Cleaning", "E", "PREMISES", True, 0),
    (6500, "Stationery", "E", "ADMIN", True, 0),
    (6510, "Telephone", "E", "ADMIN", True, 0),
    (6520, "Travel & entertainment", "E", "ADMIN", True, 0),
    (6530, "Professional fees", "E", "ADMIN", True, 0),
    (6540, "Software & licences", "E", "ADMIN", True, 0),
    (6550, "Depreciation", "E", "ADMIN", True, 0),
    (6560, "Bank charges", "E", "ADMIN", False, 0),
    (6570, "Vehicle running costs", "E", "ADMIN", True, 0),
    (6580, "Advertising", "E", "ADMIN", True, 0),
    (6590, "Dues, subscriptions", "E", "ADMIN", True, 0),
    (9000, "Head count", "S", "STATISTICS", True, 0),
    (9010, "Floor area m²", "S", "STATISTICS", True, 0),
    (9900, "Template expense", "T", "TEMPLATE", False, 0),
)
BRANCHES = (("00", "Head office"), ("10", "North"), ("20", "South"), ("30", "Export"), ("40", "Köln"))

HEAD = "00"
BANK, DEBTORS, CREDITORS = f"{HEAD}-1000", f"{HEAD}-1100", f"{HEAD}-2100"
SALES_TAX, PURCHASE_TAX = f"{HEAD}-2200", f"{HEAD}-2210"
RESERVES = f"{HEAD}-3100"
FORCED, RETAINED = "FORCED", "RETAINED"
EXPENSES = (1200, 5020, 6030, 6040, 6200, 6210, 6220, 6230, 6240, 6500, 6510, 6520, 6530, 6540, 6570, 6580, 6590)
SALES = ((4000, 5000), (4010, 5010))
PROFIT_AND_LOSS = frozenset("RE")


def chart(branches: int) -> list[Account]:
    """All accounts, the two special ones included; the openings sum to zero (the reserves take the difference)."""
    accounts = []
    for branch, place in BRANCHES[:branches]:
        for natural, description, kind, group, everywhere, opening in _NATURAL:
            if everywhere or branch == HEAD:
                title = f"{description}, {place}" if everywhere else description
                accounts.append(Account(f"{branch}-{natural}", title, kind, group, opening * 100))
    difference = sum(account.opening for account in accounts)
    accounts = [
        Account(a.code, a.description, a.kind, a.group, -difference) if a.code == RESERVES else a for a in accounts
    ]
    accounts.append(Account(FORCED, "Forced entries", "C", "EQUITY"))
    accounts.append(Account(RETAINED, "Retained earnings", "C", "EQUITY"))
    return sorted(accounts, key=lambda account: account.code)
