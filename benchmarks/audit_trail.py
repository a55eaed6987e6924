"""What the audit trail costs: `python benchmarks/audit_trail.py [--rows N] [--url URL]`.

A producer thread stands for a target: it makes rows of 580 bytes, names and hashes them, and hands blocks to the trail.
Printed as one JSON object: rows per second of that loop with and without the trail, what the trail adds per row in wall
time and in CPU time of the producer's thread, the bytes per row, and the times of the look-ups.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import tempfile
import time
from pathlib import Path

from connector_kit.audit import Block, Rejected, Trail, key_hash, key_text, row_digest
from connector_kit.audit.history import history

BLOCK = 5_000
SCHEMA = b'{"type":"SCHEMA","stream":"ap_invoices","schema":{"type":"object"},"key_properties":["CompanyId","Invoice"]}'
SCOPE = "model/import AP invoices"


def make_rows(first: int, count: int, chance: random.Random) -> list[tuple[list[str], bytes, bytes]]:
    """Key values, raw record of 580 bytes, row as it would be sent; as varied as invoices are."""
    rows = []
    for number in range(first, first + count):
        amount = f"{chance.randrange(10**7) / 100:.2f}"
        record = {
            "CompanyId": "EDU1",
            "Supplier": f"{chance.randrange(20_000):015d}",
            "Invoice": f"{number:020d}",
            "Reference": f"PO {chance.randrange(10**6)}",
            "InvoiceDate": f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
            "OrigInvValue": amount,
            "MthInvBal1": amount,
            "ConvRate": "1.0",
            "Currency": chance.choice(["USD", "EUR", "GBP"]),
            "Notation": chance.choice(["freight", "raw material", "services", "rent"]) * 3,
        }
        raw = json.dumps(record).encode()
        raw = raw[:-1] + b', "Filler": "' + b" " * (580 - len(raw) - 14) + b'"}'
        rows.append(([record["CompanyId"], record["Invoice"]], raw, f"{number},{record['Supplier']},{amount}".encode()))
    return rows


def name_rows(rows: list[tuple[list[str], bytes, bytes]], first_seq: int) -> Block:
    """The part of the trail's work that a target does itself for every row."""
    keys, hashes, digests, payload = [], [], [], []
    for values, raw, line in rows:
        text = key_text(values)
        keys.append(text)
        hashes.append(key_hash(text))
        digests.append(row_digest(line))
        payload.append(raw)
    return Block(first_seq, keys, hashes, digests, payload)


def work(seconds: float) -> None:
    """Keep the thread (and the GIL) busy, as decoding and mapping a block would."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(2_000))


def fill(trail: Trail, rows: int, batch_rows: int, rate: int) -> dict[str, float]:
    """Batches of rows through the trail, and the same without it."""
    chance = random.Random(1)  # noqa: S311 - rows, not secrets
    run = trail.begin_run(plugin="benchmark", version="0", destination="none")
    sample = make_rows(0, BLOCK, chance)
    started = time.perf_counter()
    for _ in range(rows // BLOCK):
        work(BLOCK / rate)
    without = time.perf_counter() - started
    spent = cpu = sending = indexing = settling = 0.0
    for first in range(0, rows, batch_rows):
        batch = run.begin_batch(
            system="SYSPRO",
            stream="ap_invoices",
            scope=SCOPE,
            action="import AP invoices",
            schema=SCHEMA,
            key_properties=["CompanyId", "Invoice"],
        )
        count = min(batch_rows, rows - first)
        for seq in range(0, count, BLOCK):
            sample = make_rows(first + seq, BLOCK, chance)
            wall, thread = time.perf_counter(), time.thread_time()
            work(BLOCK / rate)
            batch.add(name_rows(sample, seq))
            spent += time.perf_counter() - wall
            cpu += time.thread_time() - thread
        wall = time.perf_counter()
        batch.sending(file="ap_invoices.csv")
        sending += time.perf_counter() - wall
        rejects = [Rejected(seq, "", "Invalid date", "Invalid date 2026-02-30") for seq in range(0, count, 1_000)]
        wall = time.perf_counter()
        trail.writer.flush()  # a target uploads and waits for the import meanwhile
        indexing += time.perf_counter() - wall
        wall = time.perf_counter()
        batch.settle(outcome="delivered", tasks=["T"], counts={"read": count}, rejects=rejects)
        settling += time.perf_counter() - wall
    run.finish("delivered")
    busy = rows / rate
    return {
        "target rows/s without trail": round(rows / without),
        "target rows/s with trail": round(rows / (spent + sending + settling)),
        "added wall us/row": round((spent + sending + settling - without) / rows * 1e6, 2),
        "of that naming and handing over, CPU us/row": round((cpu - busy) / rows * 1e6, 2),
        "of that sending() us/row": round(sending / rows * 1e6, 3),
        "besides, while the system imports: indexing us/row": round(indexing / rows * 1e6, 2),
        "of that settle() us/row": round(settling / rows * 1e6, 3),
    }


def look_up(trail: Trail, rows: int) -> dict[str, float]:
    """Times of the look-ups, in the middle of five."""
    chance = random.Random(2)  # noqa: S311 - rows, not secrets
    found, same = [], []
    for _ in range(5):
        key = ["EDU1", f"{chance.randrange(rows):020d}"]
        started = time.perf_counter()
        with trail.database.reading() as connection:
            if not history(connection, "ap_invoices", key):
                raise SystemExit("a record was lost")
        found.append(time.perf_counter() - started)
        names = [key_text(["EDU1", f"{chance.randrange(rows):020d}"]) for _ in range(BLOCK)]
        hashes, digests = [key_hash(name) for name in names], [bytes(16)] * BLOCK
        started = time.perf_counter()
        trail.unchanged(SCOPE, hashes, digests)
        same.append(time.perf_counter() - started)
    return {
        "history of one record ms": round(sorted(found)[2] * 1e3, 2),
        "unchanged() of 5,000 rows ms": round(sorted(same)[2] * 1e3, 2),
    }


def main() -> None:
    """Fill a trail and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--batch-rows", type=int, default=1_000_000)
    options.add_argument("--rate", type=int, default=60_000, help="rows per second of the target without trail")
    options.add_argument("--url", help="of an empty trail; default: a SQLite file that is thrown away")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="audit-"))
    try:
        started = time.perf_counter()
        with Trail.open(chosen.url or f"sqlite:///{folder / 'audit.db'}") as trail:
            opened = time.perf_counter() - started
            result = {"rows": chosen.rows, "open and create ms": round(opened * 1e3, 1)}
            result.update(fill(trail, chosen.rows, chosen.batch_rows, chosen.rate))
            result.update(look_up(trail, chosen.rows))
        if not chosen.url:
            result["bytes per row on disk"] = round((folder / "audit.db").stat().st_size / chosen.rows, 1)
        result["peak memory MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(json.dumps(result, indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
