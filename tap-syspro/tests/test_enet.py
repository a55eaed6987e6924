"""The way in without the OData licence: e.net's COMFND over a logon session."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from connector_kit.errors import AuthenticationError, ConfigurationError, NotFoundError
from connector_kit.odata.filters import AllOf, AnyOf, Compare, Written
from tap_syspro.enet import EnetSite, alternatives_of


@pytest.fixture
def coordination(tmp_path):
    return {"coordination_url": f"sqlite:///{tmp_path / 'coordination.db'}"}


def values(records, columns):
    return sorted([str(r[c]) for c in columns] for r in records)


@pytest.mark.parametrize(
    ("stream", "columns"),
    [
        ("suppliers", ["Supplier", "SupplierName", "CurrentBalance", "LastPurchDate", "OnHold"]),
        ("ap_invoices", ["Supplier", "Invoice", "JournalDate", "OrigInvValue", "Journal"]),
        ("gl_balances", ["GlCode", "GlYear", "GlPeriod", "ClosingBalance"]),
    ],
)
def test_records_are_the_same_as_through_odata(site, coordination, stream, columns):
    both = {"companies": ["EDU1", "EDU2"], "page_size": 150}
    odata = site.read(stream, **both)
    enet = site.read(stream, interface="enet", **both, **coordination)
    assert len(odata.records[stream]) > 0
    assert values(enet.records[stream], columns) == values(odata.records[stream], columns)


def test_changes_are_followed_by_date_with_undated_rows(site, coordination):
    first = site.read("ap_invoices", interface="enet", **coordination)
    like = site.rows("ApInvoice")[0]
    key = {"Supplier": like["Supplier"], "Invoice": "UNDATED"}
    site.change("insert", "ApInvoice", key, {**like, **key, "JournalDate": None})
    second = site.read("ap_invoices", interface="enet", state=first.state, lookback_days=3, **coordination)
    assert 0 < len(second.records["ap_invoices"]) < len(first.records["ap_invoices"])
    undated = [r for r in second.records["ap_invoices"] if r["Invoice"] == "UNDATED"]
    assert [r["JournalDate"] for r in undated] == [None]


def test_one_session_is_used_and_logged_off(site, coordination):
    place = EnetSite(site.enet_config | coordination)
    assert place.sample("EDU1", "ApSupplier").row["Supplier"]
    assert len(site.sandbox.control.sessions()) == 1
    place.close()
    assert site.sandbox.control.sessions() == []


def test_a_tap_that_is_told_to_stop_logs_off(site, coordination, tmp_path):
    control = site.sandbox.control
    control.fault("syspro", {"delay": 2.0}, path="COMFND", times=-1)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(site.enet_config | coordination))
    command = [sys.executable, "-m", "tap_syspro", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as tap:
        deadline = time.monotonic() + 30
        while not control.sessions() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(control.sessions()) == 1
        tap.send_signal(signal.SIGTERM)
        tap.communicate(timeout=30)
    assert tap.returncode == 143
    control.clear_faults()
    assert control.sessions() == []


@pytest.mark.parametrize("arguments", [[], ["--test"]])
def test_a_command_logs_off_and_ends(site, coordination, tmp_path, arguments):
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps(site.enet_config | coordination))
    catalog.write_text(json.dumps(site.catalog("suppliers")))
    command = [sys.executable, "-m", "tap_syspro", "--config", str(config), *(arguments or ["--catalog", str(catalog)])]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert site.sandbox.control.sessions() == []


def test_behind_a_load_balancer_its_path_is_part_of_the_address(site, coordination):
    site.sandbox.control.switch("syspro", "rest_path", "/LoadBalancer/Rest")
    address = site.enet_config["enet_url"].replace("/SYSPROWCFService/Rest", "/LoadBalancer/Rest")
    output = site.read("suppliers", interface="enet", enet_url=address, **coordination)
    assert len(output.records["suppliers"]) == len(site.rows("ApSupplier"))


def test_a_wrong_password_is_one_clear_error(site, coordination):
    output = site.attempt("suppliers", interface="enet", operator_password="wrong-one", **coordination)
    assert isinstance(output.error, AuthenticationError)
    assert "wrong-one" not in str(output.error)


def test_a_business_object_without_licence_is_one_clear_error(site, coordination):
    site.sandbox.control.switch("syspro", "unlicensed", "COMFND")
    output = site.attempt("suppliers", interface="enet", **coordination)
    assert isinstance(output.error, NotFoundError)
    assert "licen" in str(output.error)


def test_row_versions_are_refused_with_the_reason(site, coordination):
    output = site.attempt(
        "suppliers", interface="enet", change_capture={"suppliers": "row_version"}, discover=True, **coordination
    )
    assert isinstance(output.error, ConfigurationError)


def test_nested_conditions_become_flat_alternatives():
    a, b, c = (Compare(name, "eq", Decimal(1)) for name in "ABC")
    flat = alternatives_of(AllOf((a, AnyOf((b, AllOf((c, a)))))))
    assert [[x.column for x in group] for group in flat] == [["A", "B"], ["A", "C", "A"]]


def test_an_odata_filter_is_refused():
    with pytest.raises(ConfigurationError, match="filters"):
        alternatives_of(Written("Supplier eq '1'"))
