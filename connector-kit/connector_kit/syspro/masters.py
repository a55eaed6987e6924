"""Master data that setup objects keep: which elements they have, and in which tables these are found again.

Facts: Codewell's class generated from APSSSP's schema for the supplier's elements, the e.net class library for ARSSCS;
inspectdb of a company's database for the columns' widths. Elements are called like the columns that they fill. Columns
that SYSPRO works out itself, such as balances and dates of the last sale, are not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connector_kit.syspro.fields import Field, Kind


@dataclass(frozen=True, slots=True)
class SetupObject:
    """A setup business object. key: the elements of Key. fields: by element. tables: by element, where it is found.

    table: the one that says whether a record exists; "" when none is known: then nothing can be read back.
    parameters: beside the flags.
    """

    name: str
    business_object: str
    root: str
    key: tuple[str, ...]
    table: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def field_of(self, element: str) -> Field:
        """What is known of an element."""
        return self.fields.get(element) or Field(element, element)

    def table_of(self, element: str) -> str:
        """Where an element is found again."""
        return self.tables.get(element, self.table)


def column(name: str, form: str) -> Field:
    """A field by its column: s50 text of 50, n14.2 number of 14 digits with 2 decimals, d date."""
    kind: Kind = "text" if form[0] == "s" else "number" if form[0] == "n" else "date"
    if kind == "number":
        digits, _, decimals = form[1:].partition(".")
        return Field(name, name, kind=kind, digits=int(digits) - int(decimals or 0), decimals=int(decimals or 0))
    return Field(name, name, int(form[1:] or 0), kind)


def _columns(text: str) -> dict[str, Field]:
    return {name: column(name, form) for name, form in (one.split(":") for one in text.split())}


_SUPPLIER = _columns(
    """
    Supplier:s15 SupplierName:s50 SupShortName:s20 SupplierChName:s50 SupplierType:s1 SupplierClass:s10 Branch:s10
    Bank:s15 TermsCode:s2 Currency:s3 Telephone:s20 Fax:s20 Contact:s50 FaxContact:s50 Email:s255 Area:s10
    UserField1:s15 UserField2:s1 LineDiscCode:s10 InvDiscCode:s10 DateSuppAdded:d DefTaxCode:s3 TaxRegnNum:s20
    WithTaxId:s15 WithTaxCode:s DefaultChequeDay:n2 PoDefaultDoc:s2 OnHold:s1 FaxRemitFlag:s1 FaxRemitNum:s20
    NumMthsBeforDel:n2 MerchGlCode:s35 FreightGlCode:s35 PayByEft:s1 BankBranch:s50 BankAccount:s20 EftBankAccType:s2
    ChLanguage:s2 Required1099:s1 PurchOrdAllowed:s1 MinPoVal:n14.2 MinPoMass:n18.6 MinPoVolume:n18.6 Contracts:s1
    GrnMatchReqd:s1 LctRequired:s1 EdiTypeFlag:s1 EdiReceiverCode:s40 EdiFax:s20 Nationality:s3 RemitEmail:s255
    LanguageCode:s2 AutoVoucherReqd:s1 FaxVoucherFlag:s1 FaxVoucherNum:s20 VoucherEmail:s255
    """
)
_SUPPLIER_ADDRESS = _columns(
    """
    SupAddr1:s40 SupAddr2:s40 SupAddr3:s40 SupAddr3Loc:s40 SupAddr4:s40 SupAddr5:s40 SupPostalCode:s10 RemitName:s50
    RemitAddr1:s40 RemitAddr2:s40 RemitAddr3:s40 RemitAddr3Loc:s40 RemitAddr4:s40 RemitAddr5:s40 RemitPostalCode:s10
    FaxRemitContact:s50 ShippingInstrs:s50
    """
)
_CUSTOMER = _columns(
    """
    Customer:s15 Name:s50 ShortName:s20 ExemptFinChg:s1 MaintHistory:s1 CustomerType:s1 MasterAccount:s15
    StoreNumber:s20 PrtMasterAdd:s1 CreditStatus:s1 CreditLimit:n12 Salesperson:s20 PriceCode:s CustomerClass:s10
    Branch:s10 TermsCode:s2 InvDiscCode:s10 BalanceType:s1 Area:s10 LineDiscCode:s10 TaxStatus:s1 TaxExemptNumber:s30
    SpecialInstrs:s30 Telephone:s20 Contact:s50 AddTelephone:s20 Fax:s20 Telex:s10 TelephoneExtn:s5 Currency:s3
    UserField1:s10 UserField2:n14.2 GstExemptFlag:s1 GstExemptNum:s15 GstLevel:s1 DetailMoveReqd:s1 ContractPrcReqd:s1
    StatementReqd:s1 BackOrdReqd:s1 ShippingInstrs:s50 ShippingInstrsCod:s6 StateCode:s3 DateCustAdded:d
    StockInterchange:s1 MaintLastPrcPaid:s1 IbtCustomer:s1 SoDefaultDoc:s2 CounterSlsOnly:s1 Nationality:s3
    CustomerOnHold:s1 InvCommentCode:s10 EdiSenderCode:s40 EdiFlag:s1 SoDefaultType:s2 Email:s255 ApplyOrdDisc:s1
    ApplyLineDisc:s1 FaxInvoices:s1 FaxStatements:s1 DocFax:s20 DocFaxContact:s50 SoldToAddr1:s40 SoldToAddr2:s40
    SoldToAddr3:s40 SoldToAddr3Loc:s40 SoldToAddr4:s40 SoldToAddr5:s40 SoldPostalCode:s10 ShipToAddr1:s40
    ShipToAddr2:s40 ShipToAddr3:s40 ShipToAddr3Loc:s40 ShipToAddr4:s40 ShipToAddr5:s40 ShipPostalCode:s10
    DefaultOrdType:s2 PoNumberMandatory:s1 CreditCheckFlag:s1 CompanyTaxNumber:s15 DeliveryTermsC:s3 FaxQuotes:s1
    LanguageCode:s2 SalesAllowed:s1 UnappPayAllowed:s1 PaymentsAllowed:s1 QuotesAllowed:s1 CrNotesAllowed:s1
    DrNotesAllowed:s1 QueryAllowed:s1
    """
)

SUPPLIER = SetupObject(
    name="supplier",
    business_object="APSSSP",
    root="SetupApSupplier",
    key=("Supplier",),
    table="ApSupplier",
    fields=MappingProxyType({**_SUPPLIER_ADDRESS, **_SUPPLIER}),
    tables=MappingProxyType(dict.fromkeys(_SUPPLIER_ADDRESS, "ApSupplierAddr")),
)
CUSTOMER = SetupObject(
    name="customer",
    business_object="ARSSCS",
    root="SetupArCustomer",
    key=("Customer",),
    table="ArCustomer",
    fields=MappingProxyType(_CUSTOMER),
)
MASTERS: Mapping[str, SetupObject] = MappingProxyType({one.name: one for one in (SUPPLIER, CUSTOMER)})
