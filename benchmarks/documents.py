"""Journal entries per second into the local S/4HANA: `python -m benchmarks.documents`.

Contenders, all against the same server: target-sap-s4hana as a whole process with its trail and look-ups; a script that
a user would write with zeep, one document a call and no memory of what it posted; and the server's own ceiling, ready
requests of fifty documents sent one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import requests
import zeep
from rich.console import Console
from rich.table import Table
from zeep.transports import Transport

from benchmarks.measure import measure
from sandbox.testing import Running, running

FOLDER = Path("var/bench")
BIN = Path(sys.executable).parent
LINES = 10
PER_CALL = 50
ACCOUNT, OFFSET = "63000000", "21500000"
SERVICE = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
CREATED = "2026-11-22T10:00:00Z"
NAMESPACE = "http://sap.com/xi/SAPSCORE/SFIN"


def amounts(document: int) -> list[str]:
    """The cost lines of one document."""
    return [f"{(document * 7919 + line * 104_729) % 100_000 + 1}.25" for line in range(LINES - 1)]


def entry(document: int, cost_center: str) -> str:
    """One document as XML."""
    total = sum(int(amount[:-3]) * 100 + 25 for amount in amounts(document))
    costs = [(ACCOUNT, amount, "S", cost_center) for amount in amounts(document)]
    sides = [*costs, (OFFSET, f"-{total // 100}.{total % 100:02d}", "H", "")]
    items = "".join(
        f"<Item><ReferenceDocumentItem>{number}</ReferenceDocumentItem><GLAccount>{account}</GLAccount>"
        f'<AmountInTransactionCurrency currencyCode="EUR">{amount}</AmountInTransactionCurrency>'
        f"<DebitCreditCode>{side}</DebitCreditCode>"
        + (f"<AccountAssignment><CostCenter>{center}</CostCenter></AccountAssignment>" if center else "")
        + "</Item>"
        for number, (account, amount, side, center) in enumerate(sides, 1)
    )
    return (
        f"<JournalEntryCreateRequest><MessageHeader><ID>C{document}</ID><CreationDateTime>{CREATED}</CreationDateTime>"
        "</MessageHeader><JournalEntry><OriginalReferenceDocumentType>BKPFF</OriginalReferenceDocumentType>"
        "<BusinessTransactionType>RFBU</BusinessTransactionType><AccountingDocumentType>SA</AccountingDocumentType>"
        f"<DocumentReferenceID>{escape(f'CEILING{document}')}</DocumentReferenceID><CreatedByUser>BENCH</CreatedByUser>"
        "<CompanyCode>1010</CompanyCode><DocumentDate>2026-11-20</DocumentDate><PostingDate>2026-11-20</PostingDate>"
        f"{items}</JournalEntry></JournalEntryCreateRequest>"
    )


def envelopes(documents: int, cost_center: str) -> Iterator[bytes]:
    """Ready requests."""
    for start in range(0, documents, PER_CALL):
        body = "".join(entry(number, cost_center) for number in range(start, min(start + PER_CALL, documents)))
        yield (
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
            f'<s:JournalEntryBulkCreateRequest xmlns:s="{NAMESPACE}"><MessageHeader><ID>M{start}</ID>'
            f"<CreationDateTime>{CREATED}</CreationDateTime></MessageHeader>{body}"
            "</s:JournalEntryBulkCreateRequest></soapenv:Body></soapenv:Envelope>"
        ).encode()


def ceiling(sap: dict[str, str], documents: int, cost_center: str) -> float:
    """Seconds for ready requests."""
    ready = list(envelopes(documents, cost_center))
    session = requests.Session()
    session.auth = (sap["username"], sap["password"])
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    started = time.monotonic()
    posted = sum(
        session.post(sap["url"] + SERVICE, body, headers=headers, timeout=120).content.count(b"605(RW)")
        for body in ready
    )
    seconds = time.monotonic() - started
    if posted != documents:
        raise RuntimeError(f"{posted} of {documents} documents were posted")
    return seconds


def with_zeep(sap: dict[str, str], documents: int, cost_center: str) -> float:
    """Seconds for a plain SOAP client, one document a call."""
    session = requests.Session()
    session.auth = (sap["username"], sap["password"])
    client = zeep.Client(
        f"{sap['url']}{SERVICE}?wsdl", transport=Transport(session=session), settings=zeep.Settings(strict=False)
    )
    service = next(iter(next(iter(client.wsdl.services.values())).ports))
    call = client.bind(port_name=service).JournalEntryCreateRequestConfirmation_In
    started = time.monotonic()
    for number in range(documents):
        costs = [(ACCOUNT, amount, "S", cost_center) for amount in amounts(number)]
        total = sum(int(amount[:-3]) * 100 + 25 for amount in amounts(number))
        sides = [*costs, (OFFSET, f"-{total // 100}.{total % 100:02d}", "H", "")]
        items = [
            {
                "ReferenceDocumentItem": str(place),
                "GLAccount": account,
                "AmountInTransactionCurrency": {"_value_1": amount, "currencyCode": "EUR"},
                "DebitCreditCode": side,
                **({"AccountAssignment": {"CostCenter": center}} if center else {}),
            }
            for place, (account, amount, side, center) in enumerate(sides, 1)
        ]
        head = {"ID": f"Z{number}", "CreationDateTime": CREATED}
        journal = {
            "OriginalReferenceDocumentType": "BKPFF",
            "BusinessTransactionType": "RFBU",
            "AccountingDocumentType": "SA",
            "DocumentReferenceID": f"ZEEP{number}",
            "CreatedByUser": "BENCH",
            "CompanyCode": "1010",
            "DocumentDate": "2026-11-20",
            "PostingDate": "2026-11-20",
            "Item": items,
        }
        call(MessageHeader=head, JournalEntryCreateRequest=[{"MessageHeader": head, "JournalEntry": journal}])
    return time.monotonic() - started


def messages(documents: int, cost_center: str) -> Path:
    """The plan as a Singer stream, one document per key."""
    path = FOLDER / "plan.jsonl"
    text, number = {"type": ["string", "null"]}, {"type": ["number", "null"]}
    schema = {"type": "object", "properties": {"Key": text, "Line": text, "CostCenter": text, "Amount": number}}
    with path.open("w", encoding="utf-8") as file:
        head = {"type": "SCHEMA", "stream": "plan", "schema": schema, "key_properties": ["Key", "Line"]}
        file.write(json.dumps(head) + "\n")
        for document in range(documents):
            for line, amount in enumerate(amounts(document)):
                record = f'{{"Key":"{document}","Line":"{line}","CostCenter":"{cost_center}","Amount":{amount}}}'
                file.write(f'{{"type":"RECORD","stream":"plan","record":{record}}}\n')
        file.write('{"type":"STATE","value":{"done":true}}\n')
    return path


def ours(sap: dict[str, str], documents: int, cost_center: str) -> float:
    """Seconds for the target as a whole process, start-up included."""
    for old in FOLDER.glob("documents.db*"):
        old.unlink()
    recipe = {
        "stream": "plan",
        "object": "journal_entry",
        "document": ["Key"],
        "header": {"company_code": {"constant": "1010"}},
        "lines": {
            "account": {"constant": ACCOUNT},
            "cost_center": "CostCenter",
            "amount": "Amount",
            "currency": {"constant": "EUR"},
            "text": "Line",
        },
        "posting_date": {"constant": "2026-11-20"},
        "offset": {"account": OFFSET},
        "condense": False,
    }
    config = {
        "api_url": sap["url"],
        "username": sap["username"],
        "password": sap["password"],
        "documents": [recipe],
        "per_call": PER_CALL,
        "audit_url": f"sqlite:///{FOLDER.resolve() / 'documents.db'}",
        "coordination_url": f"sqlite:///{FOLDER.resolve() / 'coordination.db'}",
    }
    path = FOLDER / "target-sap.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    plan = messages(documents, cost_center)
    return measure([BIN / "target-sap-s4hana", "--config", path], stdin=plan).seconds


def show(sandbox: Running, documents: int) -> None:
    """Measure and print."""
    sap = sandbox.info["sap"]
    centers = sandbox.control.sap_rows("CostCenter")
    cost_center = next(
        row["CostCenter"].lstrip("0")
        for row in centers
        if row["CompanyCode"] == "1010" and row["ValidityEndDate"] == "9999-12-31"
    )
    table = Table(title=f"{documents:,} journal entries of {LINES} lines")
    for heading in ("contender", "documents/s", "of the ceiling"):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    top = ceiling(sap, documents, cost_center)
    before = len(sandbox.control.sap_rows("JournalHeader"))
    target = ours(sap, documents, cost_center)
    arrived = len(sandbox.control.sap_rows("JournalHeader")) - before
    if arrived != documents:
        raise RuntimeError(f"{arrived} of {documents} documents arrived")
    rows = {
        "zeep, one a call": with_zeep(sap, documents, cost_center),
        "target-sap-s4hana": target,
        "the server's ceiling": top,
    }
    for name, seconds in rows.items():
        table.add_row(name, f"{documents / seconds:,.0f}", f"{top / seconds:.2f}")
    Console(width=100).print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running(size="small", only="sap") as sandbox:
        show(sandbox, options.documents)


if __name__ == "__main__":
    main()
