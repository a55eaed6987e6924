"""Business partners: suppliers, customers, and a few that are both."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sap.seed import names
from sandbox.sap.seed.chart import PAYABLES, RECEIVABLES
from sandbox.sap.seed.organisation import COMPANIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from sandbox.sap.schema import Stored
    from sandbox.sap.seed.organisation import Company
    from sandbox.sap.store import Row, Store

_SUPPLIER_NUMBERS, _CUSTOMER_NUMBERS = 300_001, 100_001
_ROLES = {"supplier": ("000000", "FLVN00", "FLVN01"), "customer": ("000000", "FLCU00", "FLCU01")}
_FIRST_VALID, _LAST_VALID = "2024-07-01T00:00:00.0000000Z", "9999-12-31T23:59:59.0000000Z"
_CURRENCIES = {"CH": "CHF", "GB": "GBP"}


@dataclass(frozen=True, slots=True)
class Partner:
    """A business partner to be; ``changed`` is a date, or a date and time of day."""

    number: str
    name: str
    company: Company
    place: tuple[str, str, str, str]
    supplier: bool
    customer: bool
    created: str
    check_duplicates: bool = True

    @property
    def currency(self) -> str:
        """What it invoices in."""
        return _CURRENCIES.get(self.place[0], self.company.currency)


def fill_partners(store: Store, rng: Random, suppliers: int, customers: int) -> tuple[list[Partner], list[Partner]]:
    """Suppliers and customers of both company codes."""
    made_suppliers = [
        _drawn(rng, index, COMPANIES[index % 2], supplier=True, customer=index % 25 == 7) for index in range(suppliers)
    ]
    made_customers = [
        _drawn(rng, index, COMPANIES[index % 2], supplier=False, customer=True) for index in range(customers)
    ]
    write_partners(store, rng, [*made_suppliers, *made_customers])
    return made_suppliers, made_customers


def _drawn(rng: Random, index: int, company: Company, *, supplier: bool, customer: bool) -> Partner:
    first = _SUPPLIER_NUMBERS if supplier else _CUSTOMER_NUMBERS
    number = f"{int(company.digits) * 1_000_000 + first + index // 2:010d}"
    hard = supplier and index // 2 < len(names.HARD) and index % 2 == 0
    name = names.HARD[index // 2] if hard else names.company_name(rng)
    created = f"2024-{rng.randint(7, 11):02d}-{rng.randint(1, 28):02d}"
    return Partner(number, name, company, rng.choice(names.CITIES), supplier, customer, created, rng.random() < 0.8)


def write_partners(store: Store, rng: Random, partners: Iterable[Partner]) -> None:
    """The rows of all tables that a business partner has."""
    rows: dict[str, list[Row]] = {
        "BusinessPartner": [], "BusinessPartnerAddress": [], "BusinessPartnerRole": [], "BusinessPartnerTaxNumber": [],
        "BusinessPartnerBank": [], "Supplier": [], "SupplierCompany": [], "SupplierPurchasingOrg": [], "Customer": [],
        "CustomerCompany": [],
    }  # fmt: skip
    for partner in partners:
        vat = f"{partner.place[0]}{rng.randint(100_000_000, 999_999_999)}"
        rows["BusinessPartner"].append(_business_partner(partner, rng))
        rows["BusinessPartnerAddress"].append(_address(partner, rng))
        rows["BusinessPartnerTaxNumber"].append(
            {"BusinessPartner": partner.number, "BPTaxType": f"{partner.place[0]}0", "BPTaxNumber": vat}
        )
        kinds = [kind for kind in ("supplier", "customer") if getattr(partner, kind)]
        for role in dict.fromkeys(role for kind in kinds for role in _ROLES[kind]):
            valid: Row = {"ValidFrom": _FIRST_VALID, "ValidTo": _LAST_VALID}
            rows["BusinessPartnerRole"].append(
                {"BusinessPartner": partner.number, "BusinessPartnerRole": role, **valid}
            )
        if partner.supplier:
            rows["BusinessPartnerBank"].append(_bank(partner, rng))
            rows["Supplier"].append(_supplier(partner, vat, rng))
            rows["SupplierCompany"].append(_supplier_company(partner))
            rows["SupplierPurchasingOrg"].append(_purchasing(partner))
        if partner.customer:
            rows["Customer"].append(_customer(partner, vat))
            rows["CustomerCompany"].append(_customer_company(partner))
    for table, made in rows.items():
        store.insert(table, made)


def _business_partner(partner: Partner, rng: Random) -> Row:
    return {
        "BusinessPartner": partner.number, "Supplier": partner.number if partner.supplier else "",
        "Customer": partner.number if partner.customer else "", "BusinessPartnerCategory": "2",
        "BusinessPartnerGrouping": "BP02", "BusinessPartnerFullName": partner.name, "BusinessPartnerName": partner.name,
        "OrganizationBPName1": partner.name[:40], "SearchTerm1": names.search_term(partner.name),
        "BusinessPartnerUUID": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "Language": "EN",
        "CreatedByUser": "SAP_SYSTEM", "CreationDate": partner.created, "CreationTime": "08:30:00",
        "LastChangeDate": partner.created, "LastChangeTime": "08:30:00", "LastChangedByUser": "SAP_SYSTEM",
        "ETag": f"SAP_SYSTEM{partner.created.replace('-', '')}083000", "BusinessPartnerIDByExtSystem": "",
        "YY1_Rating_bus": rng.choice(("A", "B", "C", "")),
    }  # fmt: skip


def _address(partner: Partner, rng: Random) -> Row:
    country, city, postal_code, region = partner.place
    street, house = names.street(rng)
    return {
        "BusinessPartner": partner.number, "AddressID": f"{int(partner.number) % 10_000_000:010d}",
        "ValidityStartDate": _FIRST_VALID, "ValidityEndDate": _LAST_VALID, "CityName": city, "Country": country,
        "PostalCode": postal_code, "Region": region, "StreetName": street, "HouseNumber": house, "Language": "EN",
        "FullName": partner.name, "AddressUUID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    }  # fmt: skip


def _bank(partner: Partner, rng: Random) -> Row:
    return {
        "BusinessPartner": partner.number, "BankIdentification": "0001", "BankCountryKey": partner.place[0],
        "BankName": "Commercial Bank", "BankNumber": f"{rng.randint(10_000_000, 99_999_999)}",
        "BankAccount": f"{rng.randint(1_000_000, 9_999_999)}", "BankAccountHolderName": partner.name[:60],
        "ValidityStartDate": _FIRST_VALID, "ValidityEndDate": _LAST_VALID,
    }  # fmt: skip


def _supplier(partner: Partner, vat: str, rng: Random) -> Row:
    return {
        "Supplier": partner.number, "SupplierName": partner.name, "SupplierFullName": f"Company {partner.name}",
        "SupplierAccountGroup": "SUPL", "CreatedByUser": "SAP_SYSTEM", "CreationDate": partner.created,
        "Customer": partner.number if partner.customer else "", "VATRegistration": vat,
        "YY1_Sustainable_sup": int(rng.random() < 0.4),
    }  # fmt: skip


def _supplier_company(partner: Partner) -> Row:
    return {
        "Supplier": partner.number, "CompanyCode": partner.company.code, "CompanyCodeName": partner.company.name,
        "ReconciliationAccount": PAYABLES, "PaymentTerms": "0001", "PaymentMethodsList": "TU",
        "IsToBeCheckedForDuplicates": int(partner.check_duplicates), "LayoutSortingRule": "012",
        "SupplierAccountGroup": "SUPL", "CashPlanningGroup": "A1",
    }  # fmt: skip


def _purchasing(partner: Partner) -> Row:
    return {
        "Supplier": partner.number, "PurchasingOrganization": partner.company.code, "PaymentTerms": "0001",
        "PurchaseOrderCurrency": partner.currency, "PurchasingGroup": "001", "SupplierAccountGroup": "SUPL",
        "InvoiceIsGoodsReceiptBased": 1, "IncotermsClassification": "EXW", "IncotermsLocation1": partner.place[1],
    }  # fmt: skip


def _customer(partner: Partner, vat: str) -> Row:
    return {
        "Customer": partner.number, "CustomerName": partner.name, "BPCustomerName": partner.name,
        "CustomerFullName": f"Company {partner.name}", "BPCustomerFullName": f"Company {partner.name}",
        "CustomerAccountGroup": "CUST", "CreatedByUser": "SAP_SYSTEM", "CreationDate": partner.created,
        "Supplier": partner.number if partner.supplier else "", "VATRegistration": vat, "CustomerClassification": "A",
    }  # fmt: skip


def _customer_company(partner: Partner) -> Row:
    values: dict[str, Stored] = {
        "Customer": partner.number, "CompanyCode": partner.company.code, "ReconciliationAccount": RECEIVABLES,
        "PaymentTerms": "0001", "LayoutSortingRule": "031", "CustomerAccountGroup": "CUST", "CashPlanningGroup": "E1",
    }  # fmt: skip
    return values
