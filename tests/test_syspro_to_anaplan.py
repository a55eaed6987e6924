"""The main job through `meltano run`: after every run Anaplan holds what SYSPRO holds, value by value."""

from __future__ import annotations

import time

import pytest

from tests.conftest import FromSyspro

pytestmark = [pytest.mark.meltano, pytest.mark.timeout(600)]


def test_the_first_load_and_a_day_of_business_arrive_to_the_cent(from_syspro: FromSyspro) -> None:
    from_syspro.run_well()
    assert from_syspro.differences() == []
    first = from_syspro.control.report()["anaplan"]["requests"]

    changes = from_syspro.control.business_day(1)
    assert all(sum(changes[kind].values()) for kind in ("new", "edited", "back_dated", "deleted")), changes
    from_syspro.run_well()
    assert from_syspro.differences() == []

    tasks = from_syspro.control.report()["anaplan"]["max_overlap"]
    assert max(tasks.values()) == 1, "two actions ran in one model at once"
    assert from_syspro.control.report()["anaplan"]["requests"] > first
    since = time.time()
    from_syspro.run_well()
    assert from_syspro.writes_since(since) == [], "nothing was new"


def test_a_run_that_stops_in_mid_stream_is_taken_up_again_without_loss(from_syspro: FromSyspro) -> None:
    small_pages = {"TAP_SYSPRO_PAGE_SIZE": "50"}
    from_syspro.control.fault("syspro", {"status": 500}, path=r"/ApInvoice\?", after=4, times=-1)
    broken = from_syspro.run(**small_pages, TAP_SYSPRO_MAX_TRIES="2")
    assert broken.code != 0
    from_syspro.control.clear_faults()
    from_syspro.run_well(**small_pages)
    assert from_syspro.differences() == []


@pytest.mark.slow
def test_rows_that_change_while_pages_are_read_are_neither_missed_nor_doubled(from_syspro: FromSyspro) -> None:
    rows = sorted(from_syspro.control.rows("EDU1", "ApInvoice"), key=lambda r: (r["Supplier"], r["Invoice"]))
    first, last = rows[0], rows[-1]
    operations = [
        {
            "company": "EDU1",
            "table": "ApInvoice",
            "op": "insert",
            "key": {"Supplier": first["Supplier"], "Invoice": "!EARLY"},
            "values": {**{k: v for k, v in first.items() if k not in {"Supplier", "Invoice", "TimeStamp"}}},
        },
        {
            "company": "EDU1",
            "table": "ApInvoice",
            "op": "update",
            "key": {"Supplier": last["Supplier"], "Invoice": last["Invoice"]},
            "values": {"MthInvBal1": "1.23"},
        },
    ]
    from_syspro.control.change(operations, after_pages={"table": "ApInvoice", "pages": 2})
    from_syspro.run_well(TAP_SYSPRO_PAGE_SIZE="50")
    from_syspro.run_well(TAP_SYSPRO_PAGE_SIZE="50")
    assert from_syspro.differences() == []


@pytest.mark.slow
def test_the_nightly_schedule_finds_deleted_documents(from_syspro: FromSyspro) -> None:
    from_syspro.run_well()
    first = from_syspro.control.rows("EDU1", "ArInvoice")[0]
    key = {name: first[name] for name in ("Customer", "Invoice", "DocumentType")}
    from_syspro.control.change([{"company": "EDU1", "table": "ArInvoice", "op": "delete", "key": key}])
    from_syspro.run_well()
    assert any("should not be there" in difference for difference in from_syspro.differences())
    nightly = from_syspro.run_schedule("syspro-to-anaplan-nightly")
    assert nightly.code == 0, nightly.output[-6000:]
    assert from_syspro.differences() == []


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["truncate", "nextlink", "error"])
def test_every_row_is_read_whatever_the_server_does_beyond_its_page_cap(
    from_syspro: FromSyspro, behaviour: str
) -> None:
    from_syspro.control.switch("syspro", "beyond_cap", behaviour)
    from_syspro.control.switch("syspro", "page_cap", 60)
    from_syspro.run_well()
    assert from_syspro.differences() == []
