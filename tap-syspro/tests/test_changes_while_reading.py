from __future__ import annotations

import pytest


def keys(rows):
    return [(r["Supplier"], r["Invoice"]) for r in rows]


@pytest.mark.parametrize("beyond_cap", ["truncate", "nextlink", "error"])
def test_nothing_is_missed_or_doubled_while_rows_come_and_go(site, beyond_cap):
    control = site.sandbox.control
    control.switch("syspro", "page_cap", 50)
    control.switch("syspro", "beyond_cap", beyond_cap)
    rows = site.rows("ApInvoice")
    ordered = sorted(rows, key=lambda r: (r["Supplier"], r["Invoice"]))
    gone = [ordered[0], ordered[10], ordered[60]]
    operations = [
        {"company": "EDU1", "table": "ApInvoice", "op": "delete", "key": {k: r[k] for k in ("Supplier", "Invoice")}}
        for r in gone
    ]
    for number in range(40):
        key = {"Supplier": ordered[0]["Supplier"], "Invoice": f"!{number:05d}"}
        values = {name: value for name, value in (ordered[0] | key).items() if name != "TimeStamp"}
        operations.append({"company": "EDU1", "table": "ApInvoice", "op": "insert", "key": key, "values": values})
    control.change(operations, after_pages={"table": "ApInvoice", "pages": 2})
    records = site.read("ap_invoices", page_size=50, reconcile_counts=False).records["ap_invoices"]
    found = keys(records)
    assert len(found) == len(set(found)), "doubled"
    stayed = set(keys(rows)) - set(keys(gone))
    assert stayed <= set(found), "missed"
    assert control.report()["syspro"]["changes_waiting"] == 0, "the change was never applied"


def test_what_changed_behind_the_reader_arrives_with_the_next_run(site):
    control = site.sandbox.control
    row = min(site.rows("ApInvoice"), key=lambda r: (r["Supplier"], r["Invoice"]))
    del row["TimeStamp"]
    today = max(r["JournalDate"] for r in site.rows("ApInvoice"))
    key = {"Supplier": row["Supplier"], "Invoice": "!LATE"}
    operation = {"company": "EDU1", "table": "ApInvoice", "op": "insert", "key": key}
    control.change(
        [{**operation, "values": {**row, **key, "JournalDate": today}}], after_pages={"table": "ApInvoice", "pages": 2}
    )
    first = site.read("ap_invoices", page_size=50)
    second = site.read("ap_invoices", page_size=50, state=first.state, lookback_days=0)
    assert (row["Supplier"], "!LATE") not in keys(first.records["ap_invoices"])
    assert (row["Supplier"], "!LATE") in keys(second.records["ap_invoices"])
