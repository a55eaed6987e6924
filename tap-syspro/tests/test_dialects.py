"""Each unsure fact of the OData service, as the sandbox's switches offer it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_syspro.tap import TapSyspro


def comparable(records):
    return sorted(str(sorted((k, str(v)) for k, v in r.items() if k != "TimeStamp")) for r in records)


@pytest.mark.parametrize(
    ("switches", "settings"),
    [
        ({"datetime_format": "naive"}, {}),
        ({"datetime_format": "offset"}, {}),
        ({"datetime_format": "date"}, {}),
        ({"decimal_format": "string"}, {}),
        ({}, {"decimals": "string"}),
        ({"trailing_blanks": True}, {}),
        ({"compression": True}, {}),
        ({"null_dates": "1900"}, {"empty_date": "1900-01-01"}),
    ],
)
def test_records_are_the_same_however_the_site_writes_them(site, switches, settings):
    expected = comparable(site.read("ap_invoices").records["ap_invoices"])
    for name, value in switches.items():
        site.sandbox.control.switch("syspro", name, value)
    assert comparable(site.read("ap_invoices", page_size=100, **settings).records["ap_invoices"]) == expected


@pytest.mark.parametrize("style", ["offset", "date", "quoted"])
@pytest.mark.parametrize("configured", ["offset", "date", "quoted"])
def test_the_date_literal_is_learned_when_the_setting_is_wrong(site, style, configured):
    first = site.read("ap_invoices")
    site.sandbox.control.switch("syspro", "date_literal", style)
    second = site.read("ap_invoices", state=first.state, date_literal=configured)
    assert 0 < len(second.records["ap_invoices"]) < len(first.records["ap_invoices"])


def test_keys_with_dates_page_under_every_literal(site):
    site.sandbox.control.switch("syspro", "date_literal", "quoted")
    records = site.read("stock_movements", page_size=100).records["stock_movements"]
    assert len(records) == len(site.rows("InvMovements"))


@pytest.mark.parametrize("place", ["company", "root", "none"])
def test_discovery_works_wherever_the_metadata_is(site, place):
    site.sandbox.control.switch("syspro", "metadata_place", place)
    catalog = {e["stream"]: e for e in TapSyspro(config=site.config).catalog_dict["streams"]}
    assert len(catalog) == 24
    columns = catalog["ap_invoices"]["schema"]["properties"]
    assert columns["OrigInvValue"]["type"] == ["number", "null"]
    assert columns["Journal"]["type"] == ["integer", "null"]
    assert columns["InvoiceDate"] == {"type": ["string", "null"], "format": "date"}


def test_columns_that_only_the_site_has_appear(site):
    for location in ("{api_url}/{company}/$metadata", "none"):
        tap = TapSyspro(config=site.config | {"metadata_location": location})
        assert "TrustPilotReview" in tap.streams["customers"].schema["properties"]


def test_a_site_that_hides_row_versions_can_still_be_read(site):
    site.sandbox.control.switch("syspro", "timestamp_exposed", False)
    output = site.attempt(discover=True, companies=["EDU2"])
    assert output.error is None
    assert len(output.records["ap_invoices"]) == len(site.rows("ApInvoice", "EDU2"))


def test_dates_can_stay_timestamps(site):
    tap = TapSyspro(config=site.config | {"datetime_as": "timestamp"})
    assert tap.streams["ap_invoices"].schema["properties"]["DueDate"]["format"] == "date-time"


def test_names_with_every_troublesome_character_survive(site):
    rows = {r["Supplier"]: r for r in site.rows("ApSupplier")}
    records = {r["Supplier"]: r for r in site.read("suppliers", page_size=1).records["suppliers"]}
    assert records.keys() == rows.keys()
    assert all(records[k]["SupplierName"] == rows[k]["SupplierName"].rstrip() for k in rows)
    assert any(set(k) & set("'&%+/ü") for k in rows), "the sandbox has no such key"


def test_decimals_in_texts_and_numbers_have_the_same_digits(site):
    site.sandbox.control.switch("syspro", "decimal_format", "string")
    record = site.read("stock_warehouses").records["stock_warehouses"][0]
    assert isinstance(record["UnitCost"], (int, Decimal))
    row = next(
        r
        for r in site.rows("InvWarehouse")
        if (r["StockCode"], r["Warehouse"]) == (record["StockCode"], record["Warehouse"])
    )
    assert record["UnitCost"] == Decimal(row["UnitCost"])
