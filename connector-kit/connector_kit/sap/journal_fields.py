"""What a journal entry can carry: the names that recipes use, and the elements of SAP's request in their order.

Order, lengths and types: the schema in SAP's WSDL of the service "Journal Entry - Post (Synchronous)". Newer tenants
know more elements (LedgerGroup, IsNegativePosting, ...) whose places that WSDL doesn't show: they are added by
configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from connector_kit.sap.fields import Field, fields

Level = Literal["header", "line"]


@dataclass(frozen=True, slots=True)
class FurtherElement:
    """An element that the tenant knows beyond the WSDL of 2020, e.g. LedgerGroup.

    `path`: as in a dotted path, "LedgerGroup" or "AccountAssignment.Order". `after`: the element of the same level that
    it follows, dotted too; at the end by default.
    """

    name: str
    level: Level
    path: str
    after: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a header and of the four kinds of lines, each in the order of the schema."""

    header: tuple[Field, ...]
    account: tuple[Field, ...]
    customer: tuple[Field, ...]
    supplier: tuple[Field, ...]
    tax: tuple[Field, ...]

    @property
    def header_names(self) -> frozenset[str]:
        """What a recipe may map in the header."""
        return frozenset(field.name for field in self.header) - _COMPUTED

    @property
    def line_names(self) -> frozenset[str]:
        """What a recipe may map in the lines, beyond account, amount and currency."""
        kinds = (self.account, self.customer, self.supplier, self.tax)
        return frozenset(field.name for kind in kinds for field in kind) - _COMPUTED - {"account", "amount"}


_COMPUTED = frozenset({"document_date", "posting_date", "reference", "item", "side", "base"})


def layout(further: Sequence[FurtherElement] = ()) -> Layout:
    """The layout of the service, with a tenant's further elements.

    Raises:
        ValueError: an element's `after` is not there, or its name is taken.
    """
    known = _LAYOUT
    for one in further:
        known = _with(known, one)
    return known


def _with(known: Layout, one: FurtherElement) -> Layout:
    if one.name in known.header_names | known.line_names | _COMPUTED | {"account", "amount", "currency"}:
        raise ValueError(f"{one.name} is the name of another field")
    field = Field(one.name, tuple(one.path.split(".")), one.length)
    if one.level == "header":
        return replace(known, header=_inserted(known.header, field, one.after))
    kinds = {name: getattr(known, name) for name in ("account", "customer", "supplier", "tax")}
    places = {name: fields for name, fields in kinds.items() if _place(fields, one.after) is not None}
    if not places:
        raise ValueError(f"{one.name}: no element {one.after} to follow")
    wanted = places if one.after else {"account": known.account}
    return replace(known, **{name: _inserted(fields, field, one.after) for name, fields in wanted.items()})


def _inserted(fields: tuple[Field, ...], field: Field, after: str) -> tuple[Field, ...]:
    place = _place(fields, after)
    if place is None:
        raise ValueError(f"{field.name}: no element {after} to follow")
    return (*fields[:place], field, *fields[place:])


def _place(fields: tuple[Field, ...], after: str) -> int | None:
    if not after:
        return len(fields)
    found = [at for at, field in enumerate(fields) if ".".join(field.path) == after or field.path[0] == after]
    return found[-1] + 1 if found else None


_HEADER = fields("""
reference_document_type OriginalReferenceDocumentType 5
reference_document OriginalReferenceDocument 20
logical_system OriginalReferenceDocumentLogicalSystem 10
transaction_type BusinessTransactionType 4
document_type AccountingDocumentType 5
reference DocumentReferenceID 16
predecessor OriginalPredecessorRefDocument 20
header_text DocumentHeaderText 25
created_by CreatedByUser 12
company_code CompanyCode 4
document_date DocumentDate date
posting_date PostingDate date
tax_reporting_date TaxReportingDate date
tax_determination_date TaxDeterminationDate date
invoice_receipt_date InvoiceReceiptDate date
exchange_rate_date ExchangeRateDate date
exchange_rate ExchangeRate decimal
indirect_exchange_rate IndirectQuotedExchangeRate decimal
source_company_code SourceSystemCompanyCode 20
source_document SourceSystemAccountingDocument 35
reference_1 Reference1InDocumentHeader 20
reference_2 Reference2InDocumentHeader 20
""")
_ACCOUNT = fields("""
item ReferenceDocumentItem 10
item_group ItemGroup 6
company_code CompanyCode 4
account GLAccount 10
amount AmountInTransactionCurrency amount
side DebitCreditCode 1
text DocumentItemText 50
reason_code ReasonCode 3
country_reference OplAcctgDocItmCntrySpcfcRef1 50
assignment_reference AssignmentReference 18
transaction_type FinancialTransactionType 3
tax_code Tax.TaxCode 4
tax_jurisdiction Tax.TaxJurisdiction 15
tax_group Tax.TaxItemGroup digits:6
tax_country Tax.TaxCountry country
plant Plant 4
material Material 60
trading_partner TradingPartner 6
value_date ValueDate date
assignment_type AccountAssignment.AccountAssignmentType 2
profit_center AccountAssignment.ProfitCenter 10
partner_profit_center AccountAssignment.PartnerProfitCenter 10
segment AccountAssignment.Segment 10
partner_segment AccountAssignment.PartnerSegment 10
cost_center AccountAssignment.CostCenter 10
activity_type AccountAssignment.CostCtrActivityType 6
wbs_element AccountAssignment.WBSElement 24
main_asset AccountAssignment.MasterFixedAsset 12
asset AccountAssignment.FixedAsset 4
sales_order AccountAssignment.SalesOrder 10
sales_order_item AccountAssignment.SalesOrderItem digits:6
functional_area AccountAssignment.FunctionalArea 16
sold_to ProfitabilitySupplement.Customer 10
customer_group ProfitabilitySupplement.CustomerGroup 2
customer_industry ProfitabilitySupplement.CustomerIndustry 10
customer_country ProfitabilitySupplement.CustomerCountry country
sales_district ProfitabilitySupplement.SalesDistrict 6
sold_material ProfitabilitySupplement.SoldMaterial 18
sold_material_group ProfitabilitySupplement.SoldMaterialGroup 9
sales_organization ProfitabilitySupplement.SalesOrganization 4
distribution_channel ProfitabilitySupplement.DistributionChannel 2
division ProfitabilitySupplement.Division 2
personnel_number AdditionalAttributes.PersonnelNumber digits:8
""")
_CUSTOMER = fields("""
item ReferenceDocumentItem 10
customer Debtor 10
amount AmountInTransactionCurrency amount
side DebitCreditCode 1
reconciliation_account AltvRecnclnAccts 10
text DocumentItemText 50
assignment_reference AssignmentReference 18
payment_date CashDiscountTerms.DueCalculationBaseDate date
net_days CashDiscountTerms.NetPaymentDays days
payment_method PaymentDetails.PaymentMethod 1
payment_reference PaymentDetails.PaymentReference 30
payment_block PaymentDetails.PaymentBlockingReason 2
business_place BusinessPlace 4
""")
_SUPPLIER = tuple(
    replace(field, name="supplier", path=("Creditor",)) if field.name == "customer" else field for field in _CUSTOMER
)
_TAX = fields("""
item ReferenceDocumentItem 10
tax_code TaxCode 4
tax_classification TaxItemClassification 3
condition_type ConditionType 4
tax_jurisdiction TaxJurisdiction 15
tax_group TaxItemGroup digits:6
amount AmountInTransactionCurrency amount
side DebitCreditCode 1
text ProductiveTaxText 50
base TaxBaseAmountInTransCrcy base
""")
_LAYOUT = Layout(_HEADER, _ACCOUNT, _CUSTOMER, _SUPPLIER, _TAX)
