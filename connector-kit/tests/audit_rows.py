"""Rows for the tests of the audit trail, and the shortest way to put them through it."""

from __future__ import annotations

from connector_kit.audit import Block, key_hash, key_text, row_digest

SCHEMA = b'{"type":"SCHEMA","stream":"suppliers","schema":{"type":"object"},"key_properties":["Company","Supplier"]}\n'
SCOPE = "model M/import Suppliers"


def key(number):
    return key_text(["EDU1", f"{number:015d}"])


def block(numbers, *, first_seq=0, version="a"):
    keys = [key(number) for number in numbers]
    return Block(
        first_seq,
        keys,
        [key_hash(text) for text in keys],
        [row_digest(f"{text}{version}".encode()) for text in keys],
        [f'{{"Company":"EDU1","Supplier":"{number:015d}","Name":"{version}"}}'.encode() for number in numbers],
    )


def begin_run(trail):
    return trail.begin_run(plugin="target-anaplan", version="1.0", destination="model M", details={"jobs": 1})


def begin_batch(run, *, stream="suppliers", scope=SCOPE, schema=SCHEMA, **options):
    return run.begin_batch(
        system="SYSPRO",
        stream=stream,
        scope=scope,
        action="import Suppliers",
        schema=schema,
        key_properties=["Company", "Supplier"],
        **options,
    )


def deliver(run, numbers, *, version="a", rejects=(), outcome="delivered", **options):
    batch = begin_batch(run, **options)
    batch.add(block(numbers, version=version))
    batch.sending(file="suppliers.csv")
    return batch.settle(outcome=outcome, tasks=["TASK1"], counts={"read": len(numbers)}, rejects=rejects)


def unchanged(trail, numbers, *, version="a", scope=SCOPE):
    rows = block(numbers, version=version)
    return {numbers[place] for place in trail.unchanged(scope, rows.hashes, rows.digests)}
