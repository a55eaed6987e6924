"""Pages of SAP's OData as it writes them: line items of twenty-one columns in V2, purchase orders in V4."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

PAGE_ROWS = 5000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Pages:
    """One stream: which columns are read, and how SAP writes rows and pages of it."""

    stream: str
    version: str
    columns: Mapping[str, str]
    row: Callable[[int], str]
    key: tuple[str, ...]
    path: str


def _v2_row(number: int) -> str:
    cents = number * 7919 % 10_000_000
    amount = f"{cents // 100}.{cents % 100:02d}0"
    day = _EPOCH + timedelta(days=20_000 + number % 700)
    ticks = (day - _EPOCH).days * 86_400_000
    return (
        f'{{"__metadata":{{"id":"http://sap/GLAccountLineItem(\'{number}\')","uri":"http://sap/GLAccountLineItem(\'{number}\')",'
        f'"type":"cds_api_glaccountlineitem.GLAccountLineItemType"}},"SourceLedger":"0L","Ledger":"0L","CompanyCode":"1010",'
        f'"FiscalYear":"2026","AccountingDocument":"{number // 10:010d}","LedgerGLLineItem":"{number % 10 + 1:06d}",'
        f'"GLAccount":"00{61_000_000 + number % 997:08d}","CostCenter":"00{10_101_101 + number % 61:08d}",'
        f'"ProfitCenter":"YB110","ChartOfAccounts":"YCOA","ControllingArea":"A000",'
        f'"FiscalPeriod":"{number % 12 + 1:03d}","PostingDate":"/Date({ticks})/",'
        f'"DocumentDate":"/Date({ticks})/","AccountingDocumentType":"SA","AmountInCompanyCodeCurrency":"{amount}",'
        f'"CompanyCodeCurrency":"EUR","AmountInTransactionCurrency":"{amount}","TransactionCurrency":"EUR",'
        f'"DocumentItemText":"Lieferung {number * 31 % 100_000:05d}, Müller & Söhne",'
        f'"LastChangeDateTime":"/Date({ticks + number % 86_400_000}+0000)/"}}'
    )


def _v4_row(number: int) -> str:
    day = (_EPOCH + timedelta(days=20_000 + number % 700)).isoformat()
    changed = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number)
    return (
        f'{{"PurchaseOrder":"{4_500_000_000 + number}","PurchaseOrderType":"NB","PurchaseOrderSubtype":"",'
        f'"PurchasingDocumentOrigin":"9","CreatedByUser":"BUYER{number % 97:02d}",'
        f'"CreationDate":"{day}","PurchaseOrderDate":"{day}","Language":"EN","CompanyCode":"1010",'
        f'"PurchasingOrganization":"1010","PurchasingGroup":"{number % 9 + 1:03d}",'
        f'"Supplier":"{10_300_000 + number % 997:010d}","PaymentTerms":"NT30","CashDiscount1Days":{number % 30},'
        f'"CashDiscount1Percent":{number % 4}.000,"NetPaymentDays":{number % 60},"DocumentCurrency":"EUR",'
        f'"ExchangeRate":"1.00000","IncotermsClassification":"EXW","IncotermsLocation1":"Werk {number % 1000}, Köln",'
        f'"LastChangeDateTime":"{changed:%Y-%m-%dT%H:%M:%S}.1234567Z"}}'
    )


V2 = Pages(
    "gl_account_line_items",
    "2.0",
    dict.fromkeys(
        (
            "SourceLedger",
            "Ledger",
            "CompanyCode",
            "FiscalYear",
            "AccountingDocument",
            "LedgerGLLineItem",
            "GLAccount",
            "CostCenter",
            "ProfitCenter",
            "ChartOfAccounts",
            "ControllingArea",
            "FiscalPeriod",
            "AccountingDocumentType",
            "CompanyCodeCurrency",
            "TransactionCurrency",
            "DocumentItemText",
        ),
        "string",
    )
    | {
        "PostingDate": "date",
        "DocumentDate": "date",
        "AmountInCompanyCodeCurrency": "number",
        "AmountInTransactionCurrency": "number",
        "LastChangeDateTime": "timestamp",
    },
    _v2_row,
    ("SourceLedger", "Ledger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem"),
    "/sap/opu/odata/sap/API_GLACCOUNTLINEITEM/GLAccountLineItem",
)
V4 = Pages(
    "purchase_orders_v4",
    "4.0",
    dict.fromkeys(
        (
            "PurchaseOrder",
            "PurchaseOrderType",
            "PurchaseOrderSubtype",
            "PurchasingDocumentOrigin",
            "CreatedByUser",
            "Language",
            "CompanyCode",
            "PurchasingOrganization",
            "PurchasingGroup",
            "Supplier",
            "PaymentTerms",
            "DocumentCurrency",
            "ExchangeRate",
            "IncotermsClassification",
            "IncotermsLocation1",
        ),
        "string",
    )
    | {
        "CreationDate": "date",
        "PurchaseOrderDate": "date",
        "CashDiscount1Days": "number",
        "CashDiscount1Percent": "number",
        "NetPaymentDays": "number",
        "LastChangeDateTime": "timestamp",
    },
    _v4_row,
    ("PurchaseOrder",),
    "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001/PurchaseOrder",
)


def _bodies(pages: Pages, rows: int) -> Iterator[bytes]:
    for start in range(0, rows, PAGE_ROWS):
        body = ",".join(pages.row(n) for n in range(start, min(start + PAGE_ROWS, rows)))
        more = start + PAGE_ROWS < rows
        link = f"{pages.path.rpartition('/')[2]}?$skiptoken={start // PAGE_ROWS + 1}"
        if pages.version == "2.0":
            following = f',"__next":"{pages.path}?$skiptoken={start // PAGE_ROWS + 1}"' if more else ""
            yield f'{{"d":{{"results":[{body}]{following}}}}}'.encode()
        else:
            following = f',"@odata.nextLink":"{link}"' if more else ""
            yield f'{{"@odata.context":"$metadata#PurchaseOrder","value":[{body}]{following}}}'.encode()


def page_files(pages: Pages, rows: int, folder: Path) -> Path:
    """A folder with one file per page, made once and kept."""
    target = folder / f"sap-{pages.version}-{rows}"
    if not (target / "complete").exists():
        target.mkdir(parents=True, exist_ok=True)
        for number, body in enumerate(_bodies(pages, rows)):
            (target / f"{number}.json").write_bytes(body)
        (target / "complete").touch()
    return target
