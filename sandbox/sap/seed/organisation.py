"""Company codes, ledgers, posting periods, profit centers, and cost centers with their validity and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.seed.calendar import FOREVER

if TYPE_CHECKING:
    from random import Random

    from sandbox.sap.store import Row, Store


@dataclass(frozen=True, slots=True)
class Company:
    """What the seed needs to know of a company code; ``digits`` begin its numbers, ``variant`` is its fiscal year's."""

    code: str
    name: str
    city: str
    country: str
    currency: str
    language: str
    variant: str
    digits: str
    plant: str
    input_tax: tuple[str, int]
    output_tax: tuple[str, int]


COMPANIES = (
    Company("1010", "Company Code 1010", "Walldorf", "DE", "EUR", "DE", "K4", "10", "1010", ("V1", 19), ("A1", 19)),
    Company("1710", "Company Code 1710", "Palo Alto", "US", "USD", "EN", "V3", "17", "1710", ("I1", 10), ("O1", 10)),
)
OPEN_YEARS = ("2025", "2026", "2027")
_AREAS = (
    ("ADM", "Administration", "Verwaltung", "YB30"),
    ("FIN", "Finance", "Finanzen", "YB30"),
    ("SLS", "Sales", "Vertrieb", "YB15"),
    ("MKT", "Marketing", "Marketing & Messen", "YB20"),
    ("PRD", "Production", "Fertigung", "YB10"),
    ("RND", "Research", "Forschung & Entwicklung", "YB40"),
)
_CATEGORIES = {"ADM": "W", "FIN": "W", "SLS": "V", "MKT": "V", "PRD": "F", "RND": "E"}
_PER_AREA = 5
REORGANISED = "2025-10-01"
PROFIT_CENTERS = ("YB101", "YB102", "YB103", "YB110", "YB111")


def fill_organisation(store: Store, rng: Random) -> None:
    """Everything below the company codes that has no documents."""
    store.insert("CompanyCode", [_company(company) for company in COMPANIES])
    store.insert("Ledger", [{"Ledger": "0L", "IsLeadingLedger": 1}, {"Ledger": "2L", "IsLeadingLedger": 0}])
    names = (
        ("0L", "EN", "Leading Ledger"),
        ("0L", "DE", "Führender Ledger"),
        ("2L", "EN", "IFRS"),
        ("2L", "DE", "IFRS"),
    )
    texts: list[Row] = [{"Ledger": ledger, "Language": lang, "LedgerName": name} for ledger, lang, name in names]
    store.insert("LedgerText", texts)
    store.insert("ProfitCenter", [_profit_center(index, name) for index, name in enumerate(PROFIT_CENTERS)])
    periods: list[Row] = [
        {"CompanyCode": company.code, "FiscalYear": year, "FiscalPeriod": f"{period:03d}", "IsOpen": 1}
        for company in COMPANIES for year in OPEN_YEARS for period in range(1, 13)
    ]  # fmt: skip
    store.insert("PostingPeriod", periods)
    _fill_cost_centers(store, rng)


def _company(company: Company) -> Row:
    return {
        "CompanyCode": company.code, "CompanyCodeName": company.name, "CityName": company.city,
        "Country": company.country, "Currency": company.currency, "Language": company.language,
        "ChartOfAccounts": CHART, "FiscalYearVariant": company.variant, "Company": company.code,
        "CreditControlArea": CONTROLLING_AREA, "ControllingArea": CONTROLLING_AREA, "FieldStatusVariant": "0010",
        "ExtendedWhldgTaxIsActive": 1,
    }  # fmt: skip


def _profit_center(index: int, name: str) -> Row:
    return {
        "ControllingArea": CONTROLLING_AREA, "ProfitCenter": name, "ValidityStartDate": "1900-01-01",
        "ValidityEndDate": FOREVER, "Segment": f"1000_{'ABC'[index % 3]}", "ProfitCenterStandardHierarchy": "YBPH",
        "ProfitCtrResponsiblePersonName": "Controller", "Language": "EN", "ProfitCenterCreatedByUser": "SAP_SYSTEM",
        "ProfitCenterCreationDate": "2024-07-01",
    }  # fmt: skip


def _fill_cost_centers(store: Store, rng: Random) -> None:
    centers: list[Row] = []
    texts: list[Row] = []
    for company in COMPANIES:
        for area_index, (area, english, german, functional_area) in enumerate(_AREAS):
            for index in range(_PER_AREA):
                number = f"{int(company.digits) * 1_000_000 + 100_000 + (area_index + 1) * 100 + index + 1:010d}"
                names = (f"{english} {index + 1}", f"{german} {index + 1}")
                intervals = _intervals(index, area_index, company, area)
                for start, end, hierarchy, suffix in intervals:
                    centers.append(
                        cost_center(
                            company, number, start, end, hierarchy,
                            PROFIT_CENTERS[area_index % len(PROFIT_CENTERS)], functional_area, _CATEGORIES[area],
                        )
                    )  # fmt: skip
                    without_english = rng.random() < 0.08
                    for language, name in (("EN", names[0]), ("DE", names[1])):
                        if language == "DE" or not without_english:
                            texts.append(cost_center_text(number, end, start, language, name + suffix))
    store.insert("CostCenter", centers)
    store.insert("CostCenterText", texts)


def _intervals(index: int, area_index: int, company: Company, area: str) -> list[tuple[str, str, str, str]]:
    """(start, end, hierarchy area, end of the name): most are valid for ever, some moved, one was closed."""
    hierarchy = f"{company.code}-{area}"
    if index == 1:
        earlier = f"{company.code}-{_AREAS[(area_index + 1) % len(_AREAS)][0]}"
        return [("2020-01-01", "2025-09-30", earlier, " (old)"), (REORGANISED, FOREVER, hierarchy, "")]
    if index == 4 and area == "MKT":
        return [("2020-01-01", "2025-12-31", hierarchy, "")]
    return [("2020-01-01", FOREVER, hierarchy, "")]


def cost_center(
    company: Company, number: str, start: str, end: str, hierarchy: str,
    profit_center: str, functional_area: str, category: str, changed: str = "2024-07-01",
) -> Row:  # fmt: skip
    """One interval of validity of a cost center."""
    return {
        "ControllingArea": CONTROLLING_AREA, "CostCenter": number, "ValidityStartDate": start, "ValidityEndDate": end,
        "CompanyCode": company.code, "CostCenterCurrency": company.currency, "CostCenterStandardHierArea": hierarchy,
        "CostCenterCategory": category, "ProfitCenter": profit_center, "FunctionalArea": functional_area,
        "CostCtrResponsiblePersonName": "Jörg O'Neill", "CostCtrResponsibleUser": "JONEILL", "Language": "EN",
        "Country": company.country, "CityName": company.city, "Department": hierarchy[-3:],
        "IsBlockedForRevenuePosting": 1, "IsBlockedForPlanRevenues": 1, "CostCenterCreatedByUser": "SAP_SYSTEM",
        "CostCenterCreationDate": changed, "CostCenterCreationTime": "09:00:00",
        "CostCenterLastChangedByUser": "SAP_SYSTEM", "CostCenterLastChangedOnDate": changed,
        "CostCenterLastChangedAtTime": "09:00:00", "YY1_Region_CCR": "EMEA" if company.country == "DE" else "AMER",
    }  # fmt: skip


def cost_center_text(number: str, end: str, start: str, language: str, name: str) -> Row:
    """The name of one interval in one language."""
    return {
        "ControllingArea": CONTROLLING_AREA, "CostCenter": number, "ValidityEndDate": end, "ValidityStartDate": start,
        "Language": language, "CostCenterName": name[:20], "CostCenterDescription": f"{name}, {language}"[:40],
    }  # fmt: skip


def cost_centers_of(store: Store, company_code: str) -> list[str]:
    """Those that are valid now and were valid from the first seeded day on, in order."""
    found = store.connection.execute(
        'SELECT "CostCenter" FROM "CostCenter" WHERE "CompanyCode" = ? AND "ValidityEndDate" = ?'
        ' AND NOT "IsBlkdForPrimaryCostsPosting" ORDER BY "CostCenter"',
        (company_code, FOREVER),
    )
    return [row[0] for row in found]
