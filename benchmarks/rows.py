"""The rows that all contenders move: AP invoices of twenty columns, as SYSPRO's OData service would send them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PAGE_ROWS = 5000
COMPANY = "EDU1"
COLUMNS: dict[str, str] = {
    "Supplier": "string",
    "Invoice": "string",
    "JournalDate": "date",
    "Journal": "integer",
    "Branch": "string",
    "InvoiceDate": "date",
    "DueDate": "date",
    "Reference": "string",
    "OrigInvValue": "number",
    "OrigDiscValue": "number",
    "MthInvBal1": "number",
    "InvoiceStatus": "string",
    "Currency": "string",
    "Bank": "string",
    "InvoiceYear": "integer",
    "InvoiceMonth": "integer",
    "ExchangeRate": "number",
    "FirstTaxCode": "string",
    "CurrencyValue": "number",
    "EntryNumber": "integer",
}


def row(number: int) -> str:
    """One row as JSON text, keys ascending with `number`."""
    cents = number * 7919 % 10_000_000
    value, half, cent = cents // 100, cents // 200, cents % 100
    month, day = number % 12 + 1, number % 28 + 1
    entered = f"2026-{month:02d}-{day:02d}T00:00:00Z"
    return (
        f'{{"Supplier":"{number // 50:015d}","Invoice":"{number:015d}","JournalDate":"{entered}",'
        f'"Journal":{number // 40},"Branch":"10","InvoiceDate":"{entered}","DueDate":"2026-12-{day:02d}T00:00:00Z",'
        f'"Reference":"Delivery {number * 31 % 100_000:05d}, müller & söhne","OrigInvValue":{value}.{cent:02d},'
        f'"OrigDiscValue":0.00,"MthInvBal1":{half}.{cent:02d},"InvoiceStatus":"","Currency":"EUR","Bank":"FN",'
        f'"InvoiceYear":2026,"InvoiceMonth":{month},"ExchangeRate":1.000000,"FirstTaxCode":"A",'
        f'"CurrencyValue":{value}.{cent:02d},"EntryNumber":{number % 40}}}'
    )


def pages(rows: int) -> Iterator[bytes]:
    """OData bodies of up to `PAGE_ROWS` rows."""
    for start in range(0, rows, PAGE_ROWS):
        body = ",".join(row(n) for n in range(start, min(start + PAGE_ROWS, rows)))
        yield f'{{"@odata.context":"$metadata#ApInvoice","value":[{body}]}}'.encode()


def page_files(rows: int, folder: Path) -> Path:
    """A folder with one file per page, made once and kept."""
    target = folder / f"pages-{rows}"
    if not (target / "complete").exists():
        target.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(pages(rows)):
            (target / f"{number}.json").write_bytes(page)
        (target / "complete").touch()
    return target
