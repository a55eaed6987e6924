"""A replay of suppliers beside their own flow: what the flow brought meanwhile stays."""

from __future__ import annotations

import json

ENTRY = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {
        "SupplierName": "Name",
        "TermsCode": "Terms",
        "Branch": {"constant": "00"},
        "Bank": {"constant": "MAIN"},
        "Currency": {"constant": "USD"},
    },
}
STRICT = {**ENTRY, "mode": "update_only"}
SCHEMA = {name: {"type": ["string", "null"]} for name in ("Code", "Name", "Terms")}


def sent(bench, *names):
    rows = [{"Code": code, "Name": name, "Terms": "14"} for code, name in names]
    return bench.messages("suppliers", SCHEMA, ["Code"], rows, 1)


def read_failures(bench):
    return [line for line in bench.audit("replay").splitlines() if line.startswith('{"type"')]


def names(bench):
    found = {code.lstrip("0"): row["SupplierName"] for code, row in bench.suppliers().items()}
    return {code: name for code, name in found.items() if code in {"7000", "7001"}}


def still_open(bench):
    return sum(group["records"] for group in json.loads(bench.audit("failures", "--json"))["failures"])


def test_a_supplier_that_the_flow_brought_after_the_replay_had_read_keeps_its_newer_name(bench):
    bench.deliver(sent(bench, ("7000", "old"), ("7001", "old")), objects=[STRICT])
    old = read_failures(bench)
    bench.deliver(sent(bench, ("7000", "new")), objects=[ENTRY])
    bench.deliver(old, objects=[ENTRY])
    assert names(bench) == {"7000": "new", "7001": "old"}
    assert still_open(bench) == 0
    assert read_failures(bench) == []


def test_an_old_record_that_still_does_not_fit_opens_no_failure_behind_a_newer_one(bench):
    bench.deliver(sent(bench, ("7000", "x" * 200), ("7001", "x" * 200)), objects=[ENTRY])
    old = read_failures(bench)
    bench.deliver(sent(bench, ("7000", "new")), objects=[ENTRY])
    bench.deliver(old, objects=[ENTRY])
    assert still_open(bench) == 1
    assert names(bench) == {"7000": "new"}
