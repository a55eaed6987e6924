"""tap-sap-s4hana reads SAP's own CAP, over V4 and through its V2 adapter: every row as SQLite has it.

CAP sorts texts without regard to case and compares them by code points, cuts pages at its own limit, repeats `$top` in
its links, and its adapter adds up what an aggregating set is not asked to tell apart: none of it written by us.
"""

from __future__ import annotations

import copy
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit import singer
from tests.strangers import cap_data, cap_model
from tests.strangers.cap_server import PASSWORD, USER, Cap
from tests.strangers.proxy import Proxy, foul
from tests.strangers.replica import Replica

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
STREAMS = {each.name: each for each in SHIPPED}
MIXED = ["cost_centers", "cost_center_texts", "cost_centers_v4", "cost_center_texts_v4"]
"""Streams whose keys are hostile texts, with large and small letters."""
SOME = [
    "business_partners",
    "suppliers",
    "supplier_companies",
    "purchase_order_items",
    "purchase_order_items_v4",
    "gl_account_texts",
    "gl_account_line_items",
]
"""Of V2 and V4, by date, by stamp, through another set, inside their documents, summed up; half with hostile keys."""


def read(url: str, *streams: str, state: Any = None, **settings: Any) -> singer.Output:
    config = {"api_url": url, "username": USER, "password": PASSWORD, "streams": list(streams), "ledgers": []}
    return singer.read(
        lambda: TapSapS4Hana(config=config | settings, state=copy.deepcopy(state)),
        lambda tap: tap.tenant.close(),
        singer.Output(),
    )


def read_well(url: str, *streams: str, **settings: Any) -> singer.Output:
    output = read(url, *streams, **settings)
    if output.error is not None:
        raise output.error
    return output


def entity(stream: str) -> str:
    declared = STREAMS[stream]
    return f"{cap_model.name_of(declared.service)}.{declared.entity_set}"


def differences(cap: Cap, stream: str, records: Iterable[Mapping[str, Any]]) -> list[str]:
    there, here = Counter(stored(cap, stream)), Counter(sent(cap, stream, records))
    missing = [f"{stream}, not read: {row}" for row in (there - here).elements()]
    return missing + [f"{stream}, not there: {row}" for row in (here - there).elements()]


def columns(cap: Cap, stream: str) -> set[str]:
    """What both sides have: not the generated key of an aggregating set, which the tap does not ask for."""
    elements = cap.definitions[entity(stream)]["elements"]
    return {name for name, each in elements.items() if "target" not in each} - {"ID"}


def stored(cap: Cap, stream: str) -> list[str]:
    return cap_data.canonical(cap.stored(entity(stream)), columns(cap, stream))


def sent(cap: Cap, stream: str, records: Iterable[Mapping[str, Any]]) -> list[str]:
    return cap_data.canonical(cap_data.sent(records, cap.definitions[entity(stream)]), columns(cap, stream))


@contextmanager
def serving(cap: Cap, **config: Any) -> Iterator[str]:
    cap.start(**config)
    try:
        yield f"http://127.0.0.1:{cap.port}"
    finally:
        cap.kill()


def limit(rows: int) -> dict[str, Any]:
    return {"query": {"limit": {"max": rows}}}


def test_every_stream_equals_its_table_with_names_of_accounts_and_centers(cap):
    served = [name for name in STREAMS if entity(name) in cap.definitions]
    assert len(served) >= 20
    assert cap.rows > 10_000
    with serving(cap) as url:
        output = read_well(url, *served)
    for stream in served:
        assert not differences(cap, stream, output.records[stream])[:3], stream
    names = {
        (row["GLAccount"]): row["GLAccountName"] for row in cap.stored(entity("gl_account_texts"), "Language = 'EN'")
    }
    assert {row["GLAccount"]: row["GLAccountName"] for row in output.records["gl_accounts"]} == names


def test_a_row_that_is_missing_or_other_is_seen(cap):
    with serving(cap) as url:
        records = read_well(url, "company_codes").records["company_codes"]
    assert not differences(cap, "company_codes", records)
    assert len(differences(cap, "company_codes", records[1:])) == 1
    assert len(differences(cap, "company_codes", [*records, records[0]])) == 1
    assert len(differences(cap, "company_codes", [{**records[0], "CompanyCodeName": "Another"}, *records[1:]])) == 2


@pytest.mark.parametrize("paging", ["keyset", "links"])
@pytest.mark.parametrize(("server", "size"), [(70, 5000), (1000, 33)])
def test_pages_of_any_size_lose_no_hostile_key(cap, paging, server, size):
    with serving(cap, **limit(server)) as url:
        output = read_well(url, *SOME, paging=paging, page_size=size)
    for stream in SOME:
        assert not differences(cap, stream, output.records[stream])[:3], stream


def test_keys_that_are_sorted_otherwise_than_compared_are_read_along_links_or_refused(cap, seed):
    rng = random.Random(seed)
    with serving(cap, **limit(rng.randrange(20, 600))) as url:
        size = rng.choice([5000, rng.randrange(5, 600)])
        along = read_well(url, *MIXED, paging="links", page_size=size)
        for stream in MIXED:
            assert not differences(cap, stream, along.records[stream])[:3], stream
            behind = read(url, stream, page_size=size)
            if behind.error is None:
                assert not differences(cap, stream, behind.records[stream])[:3], stream
            else:
                assert "set paging to links" in str(behind.error)
                assert not behind.versions(stream)


def test_rows_that_change_vanish_and_appear_between_runs_arrive(cap, seed):
    rng, replica, state = random.Random(seed), Replica(), None
    with serving(cap, **limit(200)) as url:
        for _ in range(3):
            output = read_well(url, *SOME, state=state)
            replica.take(output.messages)
            state = output.state
            for stream in SOME:
                found = differences(cap, stream, replica.records(stream))
                assert not [each for each in found if "not read" in each][:3], "all but what vanished"
            business(cap, rng)
        replica.take(read_well(url, *SOME, state=state, full_sweep=True).messages)
    assert replica.doubles == 0
    for stream in SOME:
        assert not differences(cap, stream, replica.records(stream))[:3], stream


def test_what_stands_while_rows_come_and_go_between_pages_is_read_once(cap, seed):
    rng, replica = random.Random(seed), Replica()
    moments = set(rng.sample(range(12, 120), 25))
    with serving(cap, **limit(200)) as url, Proxy(("127.0.0.1", cap.port), seed) as proxy:
        before = {stream: stored(cap, stream) for stream in SOME}
        proxy.on_request = lambda count: business(cap, rng) if count in moments else None
        outputs = {stream: read(f"http://127.0.0.1:{proxy.port}", stream, page_size=50) for stream in SOME}
        for stream, output in outputs.items():
            replica.take(output.messages)
            here, after = sent(cap, stream, output.records[stream]), stored(cap, stream)
            stood = set(before[stream]) & set(after)
            assert len(stood) > len(before[stream]) / 2
            assert output.error is not None or not stood - set(here), stream
        assert replica.doubles == 0
        assert all("changed meanwhile" in str(output.error) for output in outputs.values() if output.error)
        assert sum(output.error is None for output in outputs.values()) > len(SOME) / 2
        for stream in SOME:
            replica.take(read_well(url, stream, state=outputs[stream].state, full_sweep=True).messages)
            assert not differences(cap, stream, replica.records(stream))[:3], stream


@pytest.mark.usefixtures("impatient", "often_saved")
def test_a_server_that_dies_in_mid_read_is_read_on_when_it_is_back(cap, seed):
    rng, replica, state = random.Random(seed), Replica(), None
    with serving(cap, **limit(200)), Proxy(("127.0.0.1", cap.port), seed) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        for _ in range(3):
            dies = proxy.requests + rng.randrange(5, 60)
            proxy.on_request = lambda count, dies=dies: cap.kill() if count == dies else None
            stopped = read(url, *SOME, state=state, page_size=50, max_tries=2)
            assert stopped.error is not None
            assert "SAP S/4HANA" in str(stopped.error)
            replica.take(stopped.messages)
            state = stopped.state or state
            cap.start(**limit(200))
        proxy.on_request = lambda count: None
        replica.take(read_well(url, *SOME, state=state, page_size=50).messages)
    for stream in SOME:
        assert not differences(cap, stream, replica.records(stream))[:3], stream


@pytest.mark.usefixtures("impatient")
def test_cut_reset_and_slow_connections_lose_and_double_nothing(cap, seed):
    replica = Replica()
    with serving(cap, **limit(200)), Proxy(("127.0.0.1", cap.port), seed, foul) as proxy:
        output = read_well(f"http://127.0.0.1:{proxy.port}", *SOME, page_size=50, max_tries=30)
        assert proxy.cuts > 5
    replica.take(output.messages)
    assert replica.doubles == 0
    for stream in SOME:
        assert not differences(cap, stream, output.records[stream])[:3], stream


def test_a_tap_that_is_killed_again_and_again_delivers_all_in_the_end(cap, seed, tmp_path):
    rng, replica, kills = random.Random(seed), Replica(), 0
    with serving(cap, **limit(200)) as url:
        config = {
            "api_url": url,
            "username": USER,
            "password": PASSWORD,
            "streams": SOME,
            "ledgers": [],
            "page_size": 50,
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "state.json").write_text("{}")
        while True:
            how = rng.choice([signal.SIGKILL, signal.SIGTERM]) if kills < 4 else None
            code, messages = run_and_stop(tmp_path, rng.randrange(200, 3000), how)
            replica.take(messages)
            states = [each["value"] for each in messages if each["type"] == "STATE"]
            if states:
                (tmp_path / "state.json").write_text(json.dumps(states[-1]))
            if code == 0:
                break
            kills += 1
            assert code in {143, -signal.SIGKILL}
    assert kills
    for stream in SOME:
        assert not differences(cap, stream, replica.records(stream))[:3], stream


def run_and_stop(folder: Path, lines: int, how: signal.Signals | None) -> tuple[int, list[dict[str, Any]]]:
    """The tap as a process, which gets a signal behind so many lines: its exit code, and its whole messages."""
    command = [sys.executable, "-m", "tap_sap_s4hana", "--config", "config.json", "--state", "state.json"]
    read_lines: list[str] = []
    with (
        (folder / "tap.log").open("a") as log,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        for line in process.stdout:
            read_lines.append(line)
            if how and len(read_lines) == lines:
                process.send_signal(how)
    whole = [line for line in read_lines if line.endswith("\n")]
    return process.returncode, [json.loads(line, parse_float=Decimal) for line in whole]


PARTNER, LINE = "API_BUSINESS_PARTNER.A_", "API_GLACCOUNTLINEITEM.GLAccountLineItem"
ORDER_SETS = [
    ("API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrderItem", "API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrder"),
    ("CE_PURCHASEORDER_0001.PurchaseOrderItem", "CE_PURCHASEORDER_0001.PurchaseOrder"),
]


def business(cap: Cap, rng: random.Random) -> None:
    """Rows change, with the stamps and dates that SAP would set; some vanish, some appear."""
    now = datetime.now(timezone.utc)
    today, moment, text = now.date().isoformat(), now.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{rng.randrange(10**4):04}"
    with cap.changing() as rows:
        for partner in rng.sample(cap_data.PARTNERS, 5):
            rows.edit(PARTNER + "Supplier", text, Supplier=partner)
            rows.edit(PARTNER + "SupplierCompany", text, Supplier=partner)
            rows.edit(PARTNER + "BusinessPartner", text, BusinessPartner=partner)
            rows.put(PARTNER + "BusinessPartner", "LastChangeDate", today, BusinessPartner=partner)
        new = f"N{text}{rng.randrange(1000):03}"
        rows.insert(PARTNER + "BusinessPartner", rng, BusinessPartner=new)
        rows.put(PARTNER + "BusinessPartner", "CreationDate", today, BusinessPartner=new)
        rows.insert(PARTNER + "Supplier", rng, Supplier=new)
        gone = rng.choice(cap_data.PARTNERS)
        rows.delete(PARTNER + "BusinessPartner", BusinessPartner=gone)
        rows.delete(PARTNER + "Supplier", Supplier=gone)
        rows.delete(PARTNER + "SupplierCompany", Supplier=gone)
        for order in rng.sample(cap_data.ORDERS, 5):
            for items, headers in ORDER_SETS:
                rows.edit(items, text, PurchaseOrder=order)
                rows.put(headers, "LastChangeDateTime", moment, PurchaseOrder=order)
        for line in rng.sample(cap_data.LINES, 5):
            key = dict(zip(cap_data.LINE_KEY, line, strict=True))
            rows.edit(LINE, text, **key)
            rows.put(LINE, "LastChangeDateTime", moment, **key)
