"""The streams: service, entity set, change capture and why.

Keys, columns and dates are those of the services' own `$metadata` (SAP Business Accelerator Hub). Most entities do not
know when they changed; where another set does, changes are found through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector_kit.errors import ConfigurationError
from connector_kit.odata.capture import Method
from connector_kit.odata.literals import Version
from tap_sap_s4hana import services as sap


@dataclass(frozen=True, slots=True)
class Through:
    """A set of the same service that tells which rows changed; `columns`: the stream's columns, and that set's."""

    entity_set: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    method: Method
    column: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The documents that a stream's rows are parts of; `path`: the navigation properties that lead to the parts."""

    entity_set: str
    key: tuple[str, ...]
    path: tuple[str, ...]
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Columns that come from the text in one language behind a navigation property."""

    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One stream.

    Args:
        service: the path of the service.
        method, column, others: how changes are found, and by which columns (of the header, where there is one).
        why: the reason for that choice, for the catalog and the README.
        limits: columns that the settings for company codes, years, ledgers and the like apply to.
        documents: whether `start_date` applies: to documents, never to what they refer to.
        overlap: whether `lookback_days` applies: where the date is the document's and later changes move nothing.
        ranges: whether it is read by company code and fiscal year, several at once.
        select: the only columns there are, when not empty.
        key_is_set: whether a setting gave the key, which then counts more than the tenant's metadata.
    """

    name: str
    service: str
    entity_set: str
    method: Method
    column: str | None
    why: str
    key: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    others_are_moments: bool = False
    limits: tuple[str, ...] = ()
    documents: bool = False
    overlap: bool = False
    ranges: bool = False
    through: tuple[Through, ...] = ()
    header: Header | None = None
    texts: Texts | None = None
    select: tuple[str, ...] = ()
    version: Version = "2.0"
    key_is_set: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by which changes are found."""
        return (self.column, *self.others) if self.column else ()

    @property
    def by(self) -> str:
        """The capture in a few words, for the README, the catalog and the check."""
        if self.method == "through":
            return "through: " + ", ".join(f"{each.entity_set}.{each.column}" for each in self.through)
        if self.column is None:
            return self.method
        where = f"{self.header.entity_set}." if self.header else ""
        return f"{self.method}: " + ", ".join(f"{where}{name}" for name in (self.column, *self.others))


def _whole(name: str, service: str, entity_set: str, *key: str, why: str, **more: Any) -> Declaration:  # noqa: ANN401 - the other members
    return Declaration(name, service, entity_set, "full_table", None, why, key, version=_version(service), **more)


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
        version=_version(service),
    )


def _version(service: str) -> Version:
    return "4.0" if "/odata4/" in service else "2.0"


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
    """The shipped streams and those of the setting `services`, with the settings `keys` and `change_capture` applied.

    Raises:
        ConfigurationError: for a name that no stream has, and for a method that a stream can't use.
    """
    chosen: dict[str, str] = dict(config.get("change_capture") or {})
    keys: dict[str, list[str]] = dict(config.get("keys") or {})
    for each in (*SHIPPED, *(_further(part) for part in config.get("services") or ())):
        own_key = keys.pop(each.name, None)
        method = chosen.pop(each.name, None)
        changed = replace(each, key=tuple(own_key), key_is_set=True) if own_key else each
        yield captured(changed, method) if method else changed
    for setting, rest in (("change_capture", chosen), ("keys", keys)):
        if rest:
            raise ConfigurationError(
                system="tap-sap-s4hana",
                subject=f"setting {setting}",
                expected="names of streams",
                got=", ".join(sorted(rest)),
                hint="`tap-sap-s4hana --discover` lists them.",
            )


def captured(each: Declaration, method: str, why: str = "as configured") -> Declaration:
    """The stream with another change capture: its own method, or the whole table.

    Raises:
        ConfigurationError: for a method that its columns do not allow.
    """
    if method == each.method:
        return each
    if method == "full_table":
        return replace(each, method="full_table", column=None, others=(), through=(), header=None, why=why)
    raise ConfigurationError(
        system="tap-sap-s4hana",
        subject=f"change capture of stream {each.name}",
        expected=f"{each.method} or full_table" if each.method != "full_table" else "full_table",
        got=method,
        hint="For another column, read the entity set as a further stream through `services`.",
    )


def _further(part: Mapping[str, Any]) -> Declaration:
    """A stream of the setting `services`."""
    path = "/" + str(part["path"]).strip("/")
    column = part.get("replication_key")
    method: Method = part.get("capture") or ("timestamp" if column else "full_table")
    if method != "full_table" and not column:
        raise ConfigurationError(
            system="tap-sap-s4hana",
            subject=f"setting services, {part['entity_set']}",
            expected="a replication_key for its capture",
            got=f"capture {method} without one",
        )
    return Declaration(
        name=part.get("stream") or _snake(str(part["entity_set"])),
        service=path,
        entity_set=str(part["entity_set"]),
        method=method,
        column=column if method != "full_table" else None,
        why="as configured",
        key=tuple(part.get("key") or ()),
        key_is_set=bool(part.get("key")),
        select=tuple(part.get("select") or ()),
        documents=True,
        overlap=True,
        version=part.get("version") or _version(path),
    )


def _snake(name: str) -> str:
    name = name.removeprefix("A_").removeprefix("I_")
    pairs = zip(" " + name, name, name[1:] + " ", strict=False)
    text = "".join(
        f"_{c.lower()}" if c.isupper() and (not before.isupper() or behind.islower()) else c.lower()
        for before, c, behind in pairs
        if c.isalnum() or c == "_"
    )
    return text.strip("_").replace("__", "_")
