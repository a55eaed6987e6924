"""A day's changes of master data: each shows where SAP shows it, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import second
from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.seed import chart, names
from sandbox.sap.seed.calendar import FOREVER
from sandbox.sap.seed.lookup import some_supplier
from sandbox.sap.seed.organisation import cost_center, cost_center_text
from sandbox.sap.seed.partners import Partner, write_partners

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from sandbox.sap.schema import Stored
    from sandbox.sap.seed.organisation import Company
    from sandbox.sap.store import Row, Store

Counts = dict[str, dict[str, int]]
_NEW_SUPPLIERS = 390_000
_NEW_ACCOUNTS = 65_500_000


class Changes:
    """Rows that change on one day, drawn by chance and counted; ``moment`` is what SAP stamps them with."""

    def __init__(self, store: Store, rng: Random, number: int, moment: datetime, counts: Counts) -> None:
        self.store = store
        self.rng = rng
        self.number = number
        self.moment = moment
        self._counts = counts

    def count(self, kind: str, table: str, rows: int = 1) -> None:
        """So many rows of a table more under this kind of change."""
        self._counts[kind][table] = self._counts[kind].get(table, 0) + rows

    def insert(self, table: str, *rows: Row) -> None:
        """New rows, counted."""
        self.store.insert(table, rows)
        self.count("new", table, len(rows))

    def update(self, table: str, key: Row, values: Row) -> None:
        """A changed row, counted."""
        self.store.update(table, key, values)
        self.count("edited", table)

    def one(self, sql: str, *parameters: Stored) -> tuple[str, ...] | None:
        """A row drawn from the query's result, always the same for the same day and data."""
        rows = self.store.connection.execute(f"{sql} LIMIT 500", parameters).fetchall()
        return self.rng.choice(rows) if rows else None


class MasterChanges:
    """New, renamed and moved masters of one company code."""

    def __init__(self, changes: Changes, company: Company) -> None:
        self._day = changes
        self._company = company

    def new_cost_center(self) -> str:
        """Its number; valid since January, so that back-dated postings find it."""
        company, start = self._company, "2026-01-01"
        number = f"{int(company.digits) * 1_000_000 + 190_000 + self._day.number:010d}"
        row = cost_center(
            company, number, start, FOREVER, f"{company.code}-SLS", "YB103", "YB15", "V", f"{self._day.moment:%Y-%m-%d}"
        )
        clock = f"{self._day.moment:%H:%M:%S}"
        self._day.insert("CostCenter", {**row, "CostCenterCreationTime": clock, "CostCenterLastChangedAtTime": clock})
        text = cost_center_text(number, FOREVER, start, "EN", f"Project {self._day.number}")
        self._day.insert("CostCenterText", text)
        return number

    def new_account(self) -> str:
        """Its number; an expense account with texts in two languages."""
        account, changed = f"{_NEW_ACCOUNTS + self._day.number:010d}", second(self._day.moment)
        template = self._day.store.get("GLAccount", {"ChartOfAccounts": CHART, "GLAccount": "0065000000"}) or {}
        self._day.insert("GLAccount", {
            **template, "GLAccount": account, "GLAccountExternal": account.lstrip("0"), "LastChangeDateTime": changed,
            "CreationDate": f"{self._day.moment:%Y-%m-%d}", "CreatedByUser": "GL_ACCT",
        })  # fmt: skip
        for language, name in (
            ("EN", f"Project costs {self._day.number}"),
            ("DE", f"Projektkosten {self._day.number}"),
        ):
            self._day.insert("GLAccountText", chart.account_text(account, language, name, name, changed[:19]))
        return account

    def _touch_cost_center(self, key: Row, values: Row) -> None:
        self._day.update("CostCenter", key, {
            **values, "CostCenterLastChangedOnDate": f"{self._day.moment:%Y-%m-%d}",
            "CostCenterLastChangedAtTime": f"{self._day.moment:%H:%M:%S}", "CostCenterLastChangedByUser": "CONTROLLER",
        })  # fmt: skip

    def _some_cost_center(self, but: str) -> Row:
        found = self._day.one(
            'SELECT "CostCenter" FROM "CostCenterText" WHERE "Language" = \'EN\' AND "ValidityEndDate" = ?'
            ' AND "CostCenter" <> ? ORDER BY "CostCenter"',
            FOREVER, but,
        )  # fmt: skip
        number = found[0] if found else but
        return {"ControllingArea": CONTROLLING_AREA, "CostCenter": number, "ValidityEndDate": FOREVER}

    def rename_cost_center(self) -> None:
        """The name is in the text, the date of change at the cost center."""
        key = self._some_cost_center("")
        name = f"Renamed {self._day.number}"
        text = {"CostCenterName": name, "CostCenterDescription": f"{name}: «neu» & more"}
        self._day.update("CostCenterText", {**key, "Language": "EN"}, {**text})
        self._touch_cost_center(key, {})

    def move_cost_center(self, but: str) -> None:
        """Another area of the hierarchy, for any cost center but this one."""
        key = self._some_cost_center(but)
        row = self._day.store.get("CostCenter", key) or {}
        area = "ADM" if not str(row["CostCenterStandardHierArea"]).endswith("ADM") else "FIN"
        self._touch_cost_center(key, {"CostCenterStandardHierArea": f"{row['CompanyCode']}-{area}"})

    def rename_account(self) -> None:
        """Only the text's own time stamp moves."""
        found = self._day.one('SELECT "GLAccount" FROM "GLAccountText" WHERE "Language" = \'EN\' ORDER BY "GLAccount"')
        if found:
            key: Row = {"ChartOfAccounts": CHART, "GLAccount": found[0], "Language": "EN"}
            name = f"Renamed {self._day.number}"
            changed = second(self._day.moment)
            values: Row = {"GLAccountName": name, "GLAccountLongName": name, "LastChangeDateTime": changed}
            self._day.update("GLAccountText", key, values)

    def rename_supplier(self) -> None:
        """Its business partner tells that it changed; the supplier has no date of its own."""
        supplier = some_supplier(self._day.store, self._day.rng)
        name = f"{supplier.name.partition(' (since day')[0][:30]} (since day {self._day.number})"
        self._day.update("Supplier", {"Supplier": supplier.number}, {"SupplierName": name, "SupplierFullName": name})
        self._day.update("BusinessPartner", {"BusinessPartner": supplier.number}, {
            "BusinessPartnerName": name, "BusinessPartnerFullName": name, "OrganizationBPName1": name[:40],
            "SearchTerm1": names.search_term(name), "LastChangedByUser": "BUYER", **self._stamps(),
        })  # fmt: skip

    def _stamps(self) -> Row:
        return {
            "LastChangeDate": f"{self._day.moment:%Y-%m-%d}", "LastChangeTime": f"{self._day.moment:%H:%M:%S}",
            "ETag": f"BUYER{self._day.moment:%Y%m%d%H%M%S}",
        }  # fmt: skip

    def new_supplier(self) -> Partner:
        """With its business partner, in this company code."""
        company = self._company
        number = f"{int(company.digits) * 1_000_000 + _NEW_SUPPLIERS + self._day.number:010d}"
        name = f"{names.company_name(self._day.rng)} {self._day.number}"
        place = self._day.rng.choice(names.CITIES)
        partner = Partner(number, name, company, place, True, False, f"{self._day.moment:%Y-%m-%d}")
        write_partners(self._day.store, self._day.rng, [partner])
        self._day.store.update("BusinessPartner", {"BusinessPartner": number}, self._stamps())
        for table in ("BusinessPartner", "Supplier", "SupplierCompany"):
            self._day.count("new", table)
        return partner
