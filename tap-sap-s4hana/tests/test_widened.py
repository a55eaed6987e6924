"""Settings that let in more rows than before: what is new brings its history."""

from __future__ import annotations

import copy
import json

import pytest
from click.testing import CliRunner

from connector_kit.errors import ConfigurationError
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit.odata import behind, metadata, page, serving

ROWS = metadata('K Edm.String Nullable="false"', "T Edm.DateTimeOffset", "V Edm.String")
SERVICE = {"path": "/sap/opu/odata/sap/Z", "entity_set": "Rows", "stream": "rows", "replication_key": "T"}
DATA = [
    {"K": "1", "T": "/Date(1769817600000+0000)/", "V": "a"},
    {"K": "2", "T": "/Date(1769904000000+0000)/", "V": "b"},
]


@pytest.fixture
def service():
    def answer(path, query):
        where = query.get("$filter", "")
        return page(behind([row for row in DATA if "V eq" not in where or f"V eq '{row['V']}'" in where], query))

    with serving(ROWS, answer) as running:
        yield running


def settings(service, **more):
    config = {"api_url": service.url, "username": "u", "password": "p", "max_tries": 1}
    return config | {"services": [SERVICE], "streams": ["rows"]} | more


def since(service):
    """Whether the last run asked only for what changed since the bookmark."""
    return any("T ge" in query.get("$filter", "") for query in service.rows_asked())


def test_a_filter_that_lets_in_more_brings_the_history_once(service, run, caplog):
    state = run(settings(service, filters={"rows": "V eq 'a'"})).state
    service.asked.clear()
    state = run(settings(service, filters={"rows": "V eq 'a'"}), state=state).state
    assert since(service)
    for wider in ({"filters": {"rows": "V eq 'a' or V eq 'b'"}}, {}):
        service.asked.clear()
        output = run(settings(service, **wider), state=state)
        assert not since(service)
        assert len(output.records["rows"]) == 2
        assert "history" in caplog.text
        service.asked.clear()
        run(settings(service, **wider), state=output.state)
        assert since(service)


def test_a_stream_that_gets_its_first_limit_keeps_its_bookmark(service, run):
    state = run(settings(service)).state
    service.asked.clear()
    run(settings(service, filters={"rows": "V eq 'a'"}), state=state)
    assert since(service)


def test_full_table_works_with_an_older_catalog(service, run):
    catalog = TapSapS4Hana(config=settings(service)).catalog_dict
    state = run(settings(service), catalog).state
    service.asked.clear()
    output = run(settings(service, change_capture={"rows": "full_table"}), catalog, state)
    assert output.error is None
    assert not since(service)
    assert len(output.records["rows"]) == 2


def test_a_stream_that_the_catalog_does_not_know_yet_is_said_not_to_be_read(service, run, caplog):
    catalog = TapSapS4Hana(config=settings(service)).catalog_dict
    more = settings(service, services=[SERVICE, SERVICE | {"stream": "others"}], streams=[])
    output = run(more, catalog)
    assert output.error is None
    assert "Stream others is in the settings and not in the catalog of this run" in caplog.text


def test_a_company_code_that_is_added_brings_its_history(tenant):
    first, second = sorted({row["CompanyCode"] for row in tenant.rows("SupplierInvoice")})[:2]
    before = tenant.read("supplier_invoices", company_codes=[first])
    after = tenant.read("supplier_invoices", state=before.state, company_codes=[first, second])
    came = {row["SupplierInvoice"] for row in after.records["supplier_invoices"] if row["CompanyCode"] == second}
    assert came == {row["SupplierInvoice"] for row in tenant.rows("SupplierInvoice") if row["CompanyCode"] == second}


@pytest.mark.parametrize("code", [1, 8, "company_codes"])
def test_a_code_that_lost_its_zeros_is_refused_with_what_to_write(service, code):
    with pytest.raises(ConfigurationError, match=r"company_codes.*quotes, '0001'"):
        TapSapS4Hana(config=settings(service, company_codes=[code] if isinstance(code, int) else [0o10]))
    assert TapSapS4Hana(config=settings(service, company_codes=[1710])).config["company_codes"] == [1710]


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_size": "many"},
        {"page_size": 0},
        {"parallel": -1},
        {"max_tries": 0},
        {"timeout": 0},
        {"lookback_days": -1},
        {"start_date": "2026-01-31Tsoon"},
        {"ca_bundle": "/no/such/bundle.pem"},
        {"api_url": "https://user:secret-word@sap.example.com"},
    ],
)
def test_a_setting_that_can_not_be_is_named_in_one_line(service, wrong):
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=name) as caught:
        TapSapS4Hana(config=settings(service, **wrong))
    assert "secret-word" not in str(caught.value)


def test_numbers_may_come_as_texts(service):
    assert TapSapS4Hana(config=settings(service, page_size="500", timeout="1.5")).config["page_size"] == 500


def test_a_certificate_file_that_is_not_there_is_named(service, run):
    config = {"api_url": service.url, "certificate": "/no/such/client.pem", "services": [SERVICE], "streams": ["rows"]}
    assert "setting certificate" in str(run(config).error)
    assert "/no/such/client.pem" in str(run(config).error)


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_state_file_is_an_empty_state(service, tmp_path, text):
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    config.write_text(json.dumps(settings(service)))
    state.write_text(text)
    result = CliRunner().invoke(TapSapS4Hana.cli, ["--config", str(config), "--state", str(state)])
    assert result.exit_code == 0, result.output
    assert result.stdout.count('"RECORD"') == 2


@pytest.mark.parametrize(
    "part",
    [{"T": "2026-02-01"}, {"replication_key": "T", "replication_key_value": "yesterday"}, None],
)
def test_a_bookmark_that_is_none_ends_the_run_before_a_record(service, run, part):
    output = run(settings(service), state=copy.deepcopy({"bookmarks": {"rows": part}}))
    assert isinstance(output.error, ConfigurationError)
    assert "stream rows" in str(output.error)
    assert not output.records
