"""The chart of accounts: what it holds and which accounts business runs over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.views import CHART

if TYPE_CHECKING:
    from random import Random

    from sandbox.sap.store import Row, Store

BANK, PETTY_CASH = "0011001000", "0010010000"
RECEIVABLES, PAYABLES = "0012100000", "0021100000"
INPUT_TAX, OUTPUT_TAX = "0012600000", "0022000000"
GOODS_RECEIVED = "0021120000"
INVENTORY = "0013600000"
ACCRUALS, PROVISIONS = "0021500000", "0023000000"
PAYROLL_CLEARING = "0021530000"
MACHINES, MACHINES_DEPRECIATED = "0015000000", "0017000000"
REVENUE, REVENUE_EXPORT = "0041000000", "0041001000"
COST_OF_SALES, DEPRECIATION, PENSIONS = "0051000000", "0064000000", "0061250000"
UNUSED = "0099999000"
"""A technical account that nothing is posted to."""


@dataclass(frozen=True, slots=True)
class _Family:
    """Accounts that follow each other: the first number, the distance, names in English and German."""

    group: str
    first: int
    step: int
    names: tuple[tuple[str, str], ...]
    profit_and_loss: bool = False


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((english, german) for english, _, german in (each.strip().partition("|") for each in text.split(";")))


_AREAS = _pairs(
    "Germany|Deutschland; United States|USA; France|Frankreich; Switzerland|Schweiz; Great Britain|Großbritannien; "
    "Nordics|Nordische Länder; Benelux|Benelux; Asia|Asien; Other|Übrige; Affiliates|Verb. Unternehmen"
)
_KINDS = _pairs(
    "Domestic|Inland; Foreign|Ausland; Affiliated|Verbunden; One-time|CpD; Adjustment|Korrektur; Clearing|Verrechnung"
)
_BANKS = _pairs(
    "Main|Haupt; Transfer out|Überweisung; Transfer in|Eingang; Cheques|Schecks; Cash pool|Cash-Pool; Cards|Karten"
)
_PEOPLE = _pairs(
    "Salaries|Gehälter; Wages|Löhne; Overtime|Überstunden; Bonus|Prämien; Social security|Sozialabgaben; "
    "Pensions|Altersversorgung; Training|Fortbildung; Canteen|Kantine & Café; Travel|Reisekosten; Recruiting|Werbung"
)
_COSTS = _pairs(
    "Office supplies|Büromaterial; Purchased services|Fremdleistungen; Consulting|Beratung; Audit|Prüfung, Recht; "
    "Rent|Miete; Energy|Energie; Repairs|Instandhaltung; Insurance|Versicherung; Software|Software; Telephone|Telefon; "
    "Freight out|Ausgangsfrachten; Advertising|Werbung; Trade fairs|Messen; R&D materials|F&E-Material; "
    "Bank charges|Bankgebühren; Cleaning|Reinigung; Car fleet|Fuhrpark; Donations|Spenden; Waste|Entsorgung; "
    "Other expenses|Übriger Aufwand"
)
_ASSETS = _pairs(
    "Machinery|Maschinen; Buildings|Gebäude; Vehicles|Fahrzeuge; Office|Büroausstattung; IT hardware|IT-Hardware; "
    "Intangibles|Immaterielle; Land|Grundstücke; Under construction|Anlagen im Bau"
)
_STOCKS = _pairs(
    "Trading goods|Handelsware; Raw materials|Rohstoffe; Semi-finished|Halbfabrikate; Finished|Fertigerzeugnisse; "
    "Packaging|Verpackung; Spare parts|Ersatzteile"
)
_FAMILIES = (
    _Family("FIN.", 10_010_000, 10_000, _pairs("Petty cash|Kasse; Petty cash USD|Kasse USD; Petty cash CHF|Kasse CHF")),
    _Family("FIN.", 11_001_000, 10, _BANKS),
    _Family("FIN.", 11_002_000, 10, _BANKS),
    _Family("RECN", 12_100_000, 10_000, _KINDS),
    _Family(
        "SAKO", 12_500_000, 10_000, _pairs("Prepaid rent|Vorausz. Miete; Prepaid|Akt. Rechnungsabgr.; Loans|Darlehen")
    ),
    _Family("SAKO", 12_600_000, 10_000, _pairs("Input tax|Vorsteuer; Input tax red.|Vorsteuer erm.; Import tax|EUSt")),
    _Family("MAT.", 13_600_000, 10_000, _STOCKS),
    _Family("ANL.", 15_000_000, 100_000, _ASSETS),
    _Family("ANL.", 17_000_000, 100_000, _ASSETS),
    _Family("RECN", 21_100_000, 1_000, _KINDS),
    _Family("SAKO", 21_120_000, 10_000, _pairs("GR/IR clearing|WE/RE-Verrechnung; Freight clearing|Frachtverrechnung")),
    _Family(
        "SAKO", 21_500_000, 10_000, _pairs("Accruals|Abgrenzungen; Bonus|Bonus; Vacation|Urlaub; Payroll|Lohn & Gehalt")
    ),
    _Family(
        "SAKO",
        22_000_000,
        10_000,
        _pairs("Output tax|Umsatzsteuer; Output tax red.|USt ermäßigt; VAT due|USt-Zahllast"),
    ),
    _Family(
        "SAKO",
        23_000_000,
        10_000,
        _pairs("Warranty|Gewährleistung; Lawsuits|Prozesse; Pensions|Pensionen; Tax|Steuern"),
    ),
    _Family(
        "SAKO", 31_000_000, 100_000, _pairs("Share capital|Gez. Kapital; Reserves|Rücklagen; Retained|Gewinnvortrag")
    ),
    _Family("ERL.", 41_000_000, 1_000, _AREAS, profit_and_loss=True),
    _Family("ERL.", 41_100_000, 1_000, _AREAS, profit_and_loss=True),
    _Family(
        "ERL.", 44_000_000, 10_000, _pairs("Sales deductions|Erlösschmälerungen; Rebates|Boni; Discounts|Skonti"), True
    ),
    _Family("AUFW", 51_000_000, 10_000, _AREAS, profit_and_loss=True),
    _Family("AUFW", 54_000_000, 10_000, _STOCKS, profit_and_loss=True),
    _Family("PERS", 61_200_000, 10_000, _PEOPLE, profit_and_loss=True),
    _Family("AUFW", 63_000_000, 5_000, _COSTS, profit_and_loss=True),
    _Family("AUFW", 64_000_000, 100_000, _ASSETS, profit_and_loss=True),
    _Family("AUFW", 65_000_000, 5_000, _COSTS, profit_and_loss=True),
    _Family(
        "FIN.",
        70_000_000,
        10_000,
        _pairs("Interest income|Zinsertrag; Interest|Zinsaufwand; FX gain|Kursgewinn; FX loss|Kursverlust"),
        True,
    ),
    _Family("SECC", 94_000_000, 10_000, _AREAS, profit_and_loss=True),
    _Family("SAKO", 99_999_000, 10, _pairs("Initial balances|Übernahme; Technical|Technisch")),
)
_PREFIXES = {
    12_100_000: ("Receivables", "Forderungen"), 17_000_000: ("Acc. depr.", "WB"), 21_100_000: ("Payables", "Verbindl."),
    11_001_000: ("Bank 1", "Bank 1"), 11_002_000: ("Bank 2", "Bank 2"), 41_000_000: ("Revenue", "Erlöse"),
    41_100_000: ("Services", "Dienste"), 51_000_000: ("COGS", "Umsatzkosten"), 54_000_000: ("Used", "Verbrauch"),
    64_000_000: ("Depr.", "AfA"), 65_000_000: ("IC", "IC"), 94_000_000: ("Allocation", "Umlage"),
}  # fmt: skip
_LONG = {
    "COGS": "Cost of goods sold",
    "Depr.": "Depreciation",
    "IC": "Intercompany",
    "Acc. depr.": "Accumulated depreciation",
}


def _account(family: _Family, number: int) -> Row:
    grouped = family.group in {"FIN.", "RECN"} and not family.profit_and_loss
    kind = ("S" if family.group == "SECC" else "P") if family.profit_and_loss else ("C" if number < 12_000_000 else "X")
    return {
        "ChartOfAccounts": CHART, "GLAccount": f"{number:010d}", "GLAccountExternal": str(number),
        "IsBalanceSheetAccount": int(not family.profit_and_loss), "IsProfitLossAccount": int(family.profit_and_loss),
        "ProfitLossAccountType": "X" if family.profit_and_loss else "", "GLAccountGroup": family.group,
        "GLAccountType": kind, "CorporateGroupAccount": f"{number // 1000 * 1000:010d}" if grouped else "",
        "CreatedByUser": "SAP_SYSTEM", "CreationDate": "2024-07-01",
        "LastChangeDateTime": "2024-07-01T08:15:00.0000000Z", "YY1_PlanGroup_GLA": f"PG{number // 1_000_000:02d}",
    }  # fmt: skip


def fill_chart(store: Store, rng: Random) -> None:
    """Accounts and their texts, some without an English one."""
    accounts: list[Row] = []
    texts: list[Row] = []
    for family in _FAMILIES:
        for index, (english, german) in enumerate(family.names):
            number = family.first + index * family.step
            accounts.append(_account(family, number))
            prefix, praefix = _PREFIXES.get(family.first, ("", ""))
            names = {"EN": (f"{prefix} {english}", f"{_LONG.get(prefix, prefix)} {english}"),
                     "DE": (f"{praefix} {german}", f"{praefix} {german}")}  # fmt: skip
            if rng.random() < 0.04 and number not in {11_001_000, 41_000_000}:
                del names["EN"]
            texts += [account_text(f"{number:010d}", language, *pair) for language, pair in names.items()]
    blocked = next(each for each in accounts if each["GLAccount"] == UNUSED)
    blocked["AccountIsBlockedForPosting"] = 1
    store.insert("GLAccount", accounts)
    store.insert("GLAccountText", texts)


def account_text(account: str, language: str, name: str, long_name: str, changed: str = "2024-07-01T08:15:00") -> Row:
    """One text of an account."""
    return {
        "ChartOfAccounts": CHART, "GLAccount": account, "Language": language, "GLAccountName": name.strip()[:20],
        "GLAccountLongName": long_name.strip()[:50], "LastChangeDateTime": f"{changed}.0000000Z",
    }  # fmt: skip


def expense_accounts(store: Store) -> list[str]:
    """Accounts that cost centers are charged with."""
    found = store.connection.execute(
        'SELECT "GLAccount" FROM "GLAccount" WHERE "GLAccountGroup" IN (\'AUFW\', \'PERS\') AND "GLAccount" > \'006\''
        ' AND NOT "AccountIsBlockedForPosting" ORDER BY "GLAccount"'
    )
    return [row[0] for row in found]
