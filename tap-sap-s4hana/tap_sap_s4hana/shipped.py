"""The shipped streams.

Keys, columns and dates are those of the services' own `$metadata` (SAP Business Accelerator Hub). Most entities do not
know when they changed; where another set does, changes are found through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap_sap_s4hana import services as sap
from tap_sap_s4hana.declarations import Declaration, Header, Texts, Through, configured, version_of


def _whole(name: str, service: str, entity_set: str, *key: str, why: str, **more: Any) -> Declaration:  # noqa: ANN401 - the other members
    return Declaration(name, service, entity_set, "full_table", None, why, key, version=version_of(service), **more)


def _by_partner(name: str, entity_set: str, *key: str, column: str, **more: Any) -> Declaration:  # noqa: ANN401 - the other members
    route = Through(
        "A_BusinessPartner",
        ("BusinessPartner",),
        {column: column},
        "date",
        "LastChangeDate",
        ("CreationDate",),
    )
    why = "no date of its own; the business partner has one"
    return Declaration(name, sap.BUSINESS_PARTNER, entity_set, "through", None, why, key, through=(route,), **more)


def _invoice_part(name: str, entity_set: str, *key: str, path: tuple[str, ...]) -> Declaration:
    header = Header("A_SupplierInvoice", ("SupplierInvoice", "FiscalYear"), path, ("CompanyCode", "FiscalYear"))
    why = "parts come with their invoice"
    return Declaration(
        name,
        sap.SUPPLIER_INVOICE,
        entity_set,
        "date",
        "CreationDate",
        why,
        ("SupplierInvoice", "FiscalYear", *key),
        header=header,
        documents=True,
        overlap=True,
    )


def _order_part(name: str, service: str, entity_set: str, *key: str, header: str, path: tuple[str, ...]) -> Declaration:
    return Declaration(
        name,
        service,
        entity_set,
        "timestamp",
        "LastChangeDateTime",
        "parts come with their order, which is stamped",
        key,
        header=Header(header, ("PurchaseOrder",), path, ("CompanyCode",)),
        documents=True,
        version=version_of(service),
    )


_NO_DATE = "no column tells when a row changed"
_ITEM = ("PurchaseOrder", "PurchaseOrderItem")
_PO_ITEM = "to_PurchaseOrderItem"
_ACCOUNT_TEXT = Texts("to_Text", ("GLAccountName", "GLAccountLongName"))
_CENTER_TEXT = Texts("to_Text", ("CostCenterName", "CostCenterDescription"))
_CENTER = ("ControllingArea", "CostCenter", "ValidityEndDate")
_ACCOUNT = {"ChartOfAccounts": "ChartOfAccounts", "GLAccount": "GLAccount"}

# In the order in which they are read: what others refer to comes first, so that a run that breaks off has not brought
# line items without their accounts, nor invoices without their suppliers.
SHIPPED: tuple[Declaration, ...] = (
    _whole("company_codes", sap.COMPANY_CODE, "A_CompanyCode", "CompanyCode", why=_NO_DATE, limits=("CompanyCode",)),
    _whole("ledgers", sap.LEDGER, "A_Ledger", "Ledger", why=_NO_DATE),
    _whole("ledger_texts", sap.LEDGER, "A_LedgerText", "Ledger", "Language", why=_NO_DATE),
    Declaration(
        "gl_accounts",
        sap.GL_ACCOUNT,
        "A_GLAccountInChartOfAccounts",
        "through",
        None,
        "a renamed account moves only its text's time stamp",
        ("ChartOfAccounts", "GLAccount"),
        limits=("ChartOfAccounts",),
        texts=_ACCOUNT_TEXT,
        through=(
            Through(
                "A_GLAccountInChartOfAccounts",
                ("ChartOfAccounts", "GLAccount"),
                _ACCOUNT,
                "timestamp",
                "LastChangeDateTime",
                ("CreationDate",),
            ),
            Through(
                "A_GLAccountText",
                ("ChartOfAccounts", "GLAccount", "Language"),
                _ACCOUNT,
                "timestamp",
                "LastChangeDateTime",
            ),
        ),
    ),
    Declaration(
        "gl_account_texts",
        sap.GL_ACCOUNT,
        "A_GLAccountText",
        "timestamp",
        "LastChangeDateTime",
        "stamped with each change",
        ("ChartOfAccounts", "GLAccount", "Language"),
        limits=("ChartOfAccounts",),
    ),
    _whole(
        "cost_centers",
        sap.COST_CENTER,
        "A_CostCenter",
        *_CENTER,
        why=_NO_DATE,
        limits=("ControllingArea",),
        texts=_CENTER_TEXT,
    ),
    _whole(
        "cost_center_texts",
        sap.COST_CENTER,
        "A_CostCenterText",
        "CostCenter",
        "ControllingArea",
        "Language",
        "ValidityEndDate",
        why=_NO_DATE,
        limits=("ControllingArea",),
    ),
    Declaration(
        "cost_centers_v4",
        sap.COST_CENTER_V4,
        "A_CostCenter_2",
        "date",
        "CostCenterLastChangedOnDate",
        "dated with each change, names included",
        _CENTER,
        others=("CostCenterCreationDate",),
        limits=("ControllingArea",),
        version="4.0",
    ),
    _whole(
        "cost_center_texts_v4",
        sap.COST_CENTER_V4,
        "A_CostCenterText_2",
        "Language",
        *_CENTER,
        why=_NO_DATE,
        limits=("ControllingArea",),
    ),
    Declaration(
        "business_partners",
        sap.BUSINESS_PARTNER,
        "A_BusinessPartner",
        "date",
        "LastChangeDate",
        "dated with each change; until the first one only the creation is",
        ("BusinessPartner",),
        others=("CreationDate",),
    ),
    _by_partner(
        "business_partner_addresses",
        "A_BusinessPartnerAddress",
        "BusinessPartner",
        "AddressID",
        column="BusinessPartner",
    ),
    _by_partner("suppliers", "A_Supplier", "Supplier", column="Supplier"),
    _by_partner(
        "supplier_companies", "A_SupplierCompany", "Supplier", "CompanyCode", column="Supplier", limits=("CompanyCode",)
    ),
    _by_partner(
        "supplier_purchasing_organizations",
        "A_SupplierPurchasingOrg",
        "Supplier",
        "PurchasingOrganization",
        column="Supplier",
    ),
    _by_partner("customers", "A_Customer", "Customer", column="Customer"),
    _by_partner(
        "customer_companies", "A_CustomerCompany", "Customer", "CompanyCode", column="Customer", limits=("CompanyCode",)
    ),
    Declaration(
        "purchase_orders",
        sap.PURCHASE_ORDER,
        "A_PurchaseOrder",
        "timestamp",
        "LastChangeDateTime",
        "stamped with each change",
        ("PurchaseOrder",),
        limits=("CompanyCode",),
        documents=True,
    ),
    _order_part(
        "purchase_order_items",
        sap.PURCHASE_ORDER,
        "A_PurchaseOrderItem",
        *_ITEM,
        header="A_PurchaseOrder",
        path=(_PO_ITEM,),
    ),
    _order_part(
        "purchase_order_account_assignments",
        sap.PURCHASE_ORDER,
        "A_PurOrdAccountAssignment",
        *_ITEM,
        "AccountAssignmentNumber",
        header="A_PurchaseOrder",
        path=(_PO_ITEM, "to_AccountAssignment"),
    ),
    _order_part(
        "purchase_order_schedule_lines",
        sap.PURCHASE_ORDER,
        "A_PurchaseOrderScheduleLine",
        "PurchasingDocument",
        "PurchasingDocumentItem",
        "ScheduleLine",
        header="A_PurchaseOrder",
        path=(_PO_ITEM, "to_ScheduleLine"),
    ),
    Declaration(
        "purchase_orders_v4",
        sap.PURCHASE_ORDER_V4,
        "PurchaseOrder",
        "timestamp",
        "LastChangeDateTime",
        "stamped with each change",
        ("PurchaseOrder",),
        limits=("CompanyCode",),
        documents=True,
        version="4.0",
    ),
    _order_part(
        "purchase_order_items_v4",
        sap.PURCHASE_ORDER_V4,
        "PurchaseOrderItem",
        *_ITEM,
        header="PurchaseOrder",
        path=("_PurchaseOrderItem",),
    ),
    _order_part(
        "purchase_order_account_assignments_v4",
        sap.PURCHASE_ORDER_V4,
        "PurchaseOrderAccountAssignment",
        *_ITEM,
        "AccountAssignmentNumber",
        header="PurchaseOrder",
        path=("_PurchaseOrderItem", "_PurOrdAccountAssignment"),
    ),
    Declaration(
        "supplier_invoices",
        sap.SUPPLIER_INVOICE,
        "A_SupplierInvoice",
        "date",
        "CreationDate",
        "no date moves when an invoice is released or cancelled: the overlap reads young ones again, a sweep all",
        ("SupplierInvoice", "FiscalYear"),
        limits=("CompanyCode", "FiscalYear"),
        documents=True,
        overlap=True,
    ),
    _invoice_part(
        "supplier_invoice_po_items",
        "A_SuplrInvcItemPurOrdRef",
        "SupplierInvoiceItem",
        path=("to_SuplrInvcItemPurOrdRef",),
    ),
    _invoice_part(
        "supplier_invoice_gl_items",
        "A_SupplierInvoiceItemGLAcct",
        "SupplierInvoiceItem",
        path=("to_SupplierInvoiceItemGLAcct",),
    ),
    _invoice_part(
        "supplier_invoice_account_assignments",
        "A_SuplrInvcItemAcctAssgmt",
        "SupplierInvoiceItem",
        "OrdinalNumber",
        path=("to_SuplrInvcItemPurOrdRef", "to_SupplierInvoiceItmAcctAssgmt"),
    ),
    _invoice_part(
        "supplier_invoice_taxes",
        "A_SupplierInvoiceTax",
        "TaxCode",
        "SupplierInvoiceTaxCounter",
        path=("to_SupplierInvoiceTax",),
    ),
    Declaration(
        "gl_account_line_items",
        sap.GL_LINE_ITEM,
        "GLAccountLineItem",
        "timestamp",
        "LastChangeDateTime",
        "stamped with each change, reversal and clearing included; a back-dated posting is stamped when it is made",
        ("SourceLedger", "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem"),
        others=("CreationDateTime",),
        others_are_moments=True,
        limits=("CompanyCode", "FiscalYear", "Ledger"),
        documents=True,
        ranges=True,
    ),
    Declaration(
        "operational_accounting_items",
        sap.OPERATIONAL_ITEM,
        "A_OperationalAcctgDocItemCube",
        "date",
        "LastChangeDate",
        "dated with each change of the document; entry and clearing have dates of their own",
        ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem"),
        others=("AccountingDocumentCreationDate", "ClearingCreationDate"),
        limits=("CompanyCode", "FiscalYear"),
        documents=True,
        ranges=True,
    ),
)


def declarations(config: Mapping[str, Any]) -> Iterator[Declaration]:
    """The streams of a configuration, in the order in which they are read.

    Raises:
        ConfigurationError: as `configured`.
    """
    return configured(SHIPPED, config)
