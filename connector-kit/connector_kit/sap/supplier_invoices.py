"""Documents as supplier invoices: the body of a deep insert, and what SAP would refuse in it.

Facts: the metadata of API_SUPPLIERINVOICE_PROCESS_SRV (lengths; items only by deep insert; decimals are texts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from connector_kit.documents.model import Document, Line, Message, Rules
from connector_kit.sap import fields as sap_fields
from connector_kit.sap.fields import Field, fields

NAME = "supplier_invoice"
MemoItems = Literal["credit", "debit"]
SERVICE = "/sap/opu/odata/sap/API_SUPPLIERINVOICE_PROCESS_SRV"
SET = "A_SupplierInvoice"
HEADER = fields("""
company_code CompanyCode 4
supplier InvoicingParty 10
invoice_reference SupplierInvoiceIDByInvcgParty 16
gross_amount InvoiceGrossAmount decimal
header_text DocumentHeaderText 25
document_type AccountingDocumentType 2
status SupplierInvoiceStatus 1
payment_terms PaymentTerms 4
payment_date DueCalculationBaseDate date
discount_1_percent CashDiscount1Percent decimal
discount_1_days CashDiscount1Days decimal
discount_2_percent CashDiscount2Percent decimal
discount_2_days CashDiscount2Days decimal
net_days NetPaymentDays decimal
payment_block PaymentBlockingReason 1
payment_method PaymentMethod 1
payment_reference PaymentReference 30
assignment_reference AssignmentReference 18
supplier_text SupplierPostingLineItemText 50
tax_is_calculated TaxIsCalculatedAutomatically boolean
tax_determination_date TaxDeterminationDate date
tax_reporting_date TaxReportingDate date
invoice_receipt_date InvoiceReceiptDate date
business_place BusinessPlace 4
house_bank HouseBank 5
exchange_rate DirectQuotedExchangeRate decimal
""")
ACCOUNT_ITEM = fields("""
account GLAccount 10
company_code CompanyCode 4
cost_center CostCenter 10
controlling_area ControllingArea 4
business_area BusinessArea 4
profit_center ProfitCenter 10
functional_area FunctionalArea 16
wbs_element WBSElement 24
internal_order InternalOrder 12
sales_order SalesOrder 10
sales_order_item SalesOrderItem digits:6
tax_code TaxCode 2
tax_jurisdiction TaxJurisdiction 15
text SupplierInvoiceItemText 50
assignment_reference AssignmentReference 18
""")
ORDER_ITEM = fields("""
purchase_order PurchaseOrder 10
purchase_order_item PurchaseOrderItem digits:5
quantity QuantityInPurchaseOrderUnit decimal
unit PurchaseOrderQuantityUnit 3
plant Plant 4
tax_code TaxCode 2
tax_jurisdiction TaxJurisdiction 15
text SupplierInvoiceItemText 50
""")

RULES = Rules(
    name=NAME,
    required_header=("company_code", "supplier"),
    header=tuple(sorted({field.name for field in HEADER} - {"company_code", "supplier"})),
    line=tuple(sorted({field.name for field in (*ACCOUNT_ITEM, *ORDER_ITEM)} - {"account"})),
    identity=("company_code", "supplier", "invoice_reference"),
    balanced=False,
    max_lines=9999,
)


def reference_of(document: Document) -> str:
    """The invoice's number at the supplier: the document's own reference where none is mapped."""
    return document.header.get("invoice_reference") or document.reference


def faults(document: Document) -> list[Message]:
    """What SAP would refuse for certain."""
    found = [Message("", text) for text in sap_fields.faults(HEADER, document.header)]
    if found:
        return found
    if document.kind != "plan":
        found.append(Message("", "a posted invoice can't be changed by another one: cancel it in SAP"))
    if document.parts > 1:
        found.append(Message("", f"an invoice has at most {RULES.max_lines} lines"))
    if len(currencies := sorted({line.currency for line in document.lines})) > 1:
        found.append(Message("", f"an invoice has one currency, got {', '.join(currencies)}"))
    total = signed_gross(document)
    for at, line in enumerate(document.lines):
        known = ORDER_ITEM if line.get("purchase_order") else ACCOUNT_ITEM
        texts = sap_fields.faults(known, dict(line.fields))
        if known is ACCOUNT_ITEM and not line.account:
            texts.append("account or purchase_order is missing")
        if line.amount != round(line.amount, 3):
            texts.append(f"amount {line.amount}: SAP takes at most 3 decimals")
        if known is ORDER_ITEM and line.amount * total < 0:
            texts.append(
                f"amount {line.amount}: lines of purchase orders have no sign of their own, and the sum is {total}"
            )
        found += [Message("", text, at) for text in texts]
    return found


def signed_gross(document: Document) -> Decimal:
    """With its sign; negative for a credit memo."""
    return Decimal(document.header.get("gross_amount") or sum((line.amount for line in document.lines), Decimal(0)))


def payload(document: Document, memo_items: MemoItems = "credit") -> dict[str, Any]:
    """The body of the deep insert. A negative sum makes a credit memo, whose amounts are positive.

    memo_items: the side of an account item that makes up a credit memo. By the books it is a credit; whether the
    service turns the sides of credit memos by itself is not documented.
    """
    gross = signed_gross(document)
    currency = document.lines[0].currency if document.lines else ""
    values = {"assignment_reference": document.reference, **document.header}
    values["invoice_reference"] = reference_of(document)
    values["gross_amount"] = format(abs(gross), "f")
    body: dict[str, Any] = {
        "DocumentDate": f"{document.document_date}T00:00:00",
        "PostingDate": f"{document.posting_date}T00:00:00",
        "DocumentCurrency": currency,
        **_properties(HEADER, values),
    }
    if gross < 0:
        body["SupplierInvoiceIsCreditMemo"] = "X"
    orders = [line for line in document.lines if line.get("purchase_order")]
    accounts = [line for line in document.lines if not line.get("purchase_order")]
    if accounts:
        items = [
            _account_item(at, line, document.company, turned=gross < 0 and memo_items == "debit")
            for at, line in enumerate(accounts, 1)
        ]
        body["to_SupplierInvoiceItemGLAcct"] = {"results": items}
    if orders:
        body["to_SuplrInvcItemPurOrdRef"] = {"results": [_order_item(at, line) for at, line in enumerate(orders, 1)]}
    return body


def _account_item(number: int, line: Line, company: str, *, turned: bool) -> dict[str, Any]:
    return {
        "SupplierInvoiceItem": f"{number:04d}",
        **_properties(ACCOUNT_ITEM, {"company_code": company, "account": line.account, **dict(line.fields)}),
        "DocumentCurrency": line.currency,
        "SupplierInvoiceItemAmount": format(abs(line.amount), "f"),
        "DebitCreditCode": "S" if (line.amount >= 0) != turned else "H",
    }


def _order_item(number: int, line: Line) -> dict[str, Any]:
    return {
        "SupplierInvoiceItem": f"{number:06d}",
        **_properties(ORDER_ITEM, dict(line.fields)),
        "DocumentCurrency": line.currency,
        "SupplierInvoiceItemAmount": format(abs(line.amount), "f"),
    }


def _properties(known: Sequence[Field], values: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in known:
        value = values.get(field.name, "")
        if value != "":
            found[field.path[0]] = (
                value == "true" if field.kind == "boolean" else f"{value}T00:00:00" if field.kind == "date" else value
            )
    return found
