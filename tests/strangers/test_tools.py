"""The strangers' own tools do what they say: a proxy that breaks connections, and what a faithful target holds."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.strangers import cap_model
from tests.strangers.proxy import Fate, Proxy, foul
from tests.strangers.replica import Replica

BODY = b"x" * 300_000


@pytest.fixture
def upstream() -> Iterator[tuple[str, int]]:
    """Answers each connection with the same bytes and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener,), daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


def _answer(listener):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.recv(10)
            try:
                client.sendall(BODY)
            except OSError:
                continue


def _ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"hello")
        found = b""
        while piece := client.recv(65536):
            found += piece
        return found


def test_it_passes_on_what_it_does_not_break(upstream):
    with Proxy(upstream) as proxy:
        assert _ask(proxy.port) == BODY
        assert (proxy.connections, proxy.requests, proxy.cuts) == (1, 1, 0)


@pytest.mark.parametrize("after", [0, 1, 100_000])
def test_it_cuts_an_answer_where_it_is_told(upstream, after):
    with Proxy(upstream, fate=lambda rng: Fate(after)) as proxy:
        assert _ask(proxy.port) == BODY[:after]
        assert proxy.cuts == 1


def test_it_resets(upstream):
    with Proxy(upstream, fate=lambda rng: Fate(0, reset=True)) as proxy, pytest.raises(ConnectionResetError):
        _ask(proxy.port)


def test_nobody_behind_it_is_a_closed_connection():
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    with Proxy(address) as proxy:
        try:
            found = _ask(proxy.port)
        except ConnectionError:
            found = b""
        assert found == b""


def test_the_same_seed_has_the_same_weather():
    first, second = random.Random(7), random.Random(7)
    assert [foul(first) for _ in range(50)] == [foul(second) for _ in range(50)]


def _record(key, value, version=None, **more):
    return {"type": "RECORD", "stream": "s", "record": {"key": key, "value": value, **more}, "version": version}


def test_a_replica_upserts_deletes_and_counts_what_comes_twice():
    replica = Replica()
    schema = {"type": "SCHEMA", "stream": "s", "key_properties": ["key"]}
    replica.take([schema, _record(1, "a"), _record(2, "b"), _record(1, "c")])
    assert {row["key"]: row["value"] for row in replica.records("s")} == {1: "c", 2: "b"}
    assert replica.doubles == 1
    replica.take([schema, _record(2, "b", _sdc_deleted_at="2026-01-01T00:00:00Z"), _record(1, "d")])
    assert {row["key"]: row["value"] for row in replica.records("s")} == {1: "d"}
    assert replica.doubles == 1


def test_a_version_ends_what_came_under_others():
    replica = Replica()
    schema = {"type": "SCHEMA", "stream": "s", "key_properties": ["key"]}
    replica.take([schema, _record(1, "a", 1), _record(2, "b", 1)])
    replica.take([schema, _record(2, "b", 2), {"type": "ACTIVATE_VERSION", "stream": "s", "version": 2}])
    assert [row["key"] for row in replica.records("s")] == [2]


def test_a_service_of_the_model_has_the_sets_and_paths_that_streams_read():
    path = "/sap/opu/odata/sap/API_COSTCENTER_SRV"
    key = {"CostCenter": {"key": True, "type": "cds.String"}}
    text = {"type": "cds.Association", "target": "S.A_CostCenterText", "cardinality": {"max": "*"}, "keys": []}
    imported = {
        "S": {"kind": "service"},
        "S.A_CostCenter": {"kind": "entity", "elements": {**key, "to_Text": text}},
        "S.A_CostCenterText": {"kind": "entity", "elements": {**key, "to_CostCenter": {**text, "cardinality": {}}}},
        "S.Other": {"kind": "entity", "elements": key},
    }
    served = cap_model.served(imported, path, cap_model.services()[path])
    assert set(served) == {"S", "S.A_CostCenter", "S.A_CostCenterText"}
    joined = [{"ref": ["to_Text", "CostCenter"]}, "=", {"ref": ["CostCenter"]}]
    assert served["S.A_CostCenter"]["elements"]["to_Text"]["on"] == joined
    assert "to_CostCenter" not in served["S.A_CostCenterText"]["elements"]
