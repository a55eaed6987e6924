"""Any other service and entity set, by configuration."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector_kit.errors import AuthenticationError, ConfigurationError, NotFoundError
from tap_sap_s4hana.shipped import SHIPPED, declarations
from tap_sap_s4hana.tap import TapSapS4Hana

BP = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"
LINES = "/sap/opu/odata/sap/API_GLACCOUNTLINEITEM"
CENTERS = "/sap/opu/odata4/sap/api_cost_center/srvd_a2x/sap/costcenter/0001"


def read(tenant, *services, state=None, **settings):
    """A run over these services only, the catalog of their own making."""
    config = tenant.config | {"services": list(services), **settings}
    catalog = TapSapS4Hana(config=config).catalog_dict
    names = {each.name for each in declarations(config) if each.further}
    for entry in catalog["streams"]:
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["selected"] = entry["tap_stream_id"] in names
    tenant.full_catalog = catalog
    output = tenant.attempt(*names, state=state, services=list(services), **settings)
    if output.error:
        raise output.error
    return output


def test_an_entity_set_becomes_a_stream_with_its_own_key(tenant):
    output = read(tenant, {"path": BP, "entity_set": "A_BusinessPartnerRole"})
    records = output.records["business_partner_role"]
    assert len(records) == len(tenant.rows("BusinessPartnerRole"))
    (schema,) = [m for m in output.messages if m["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["BusinessPartner", "BusinessPartnerRole"]


def test_a_stream_can_have_a_name_columns_and_a_capture_of_its_own(tenant):
    service = {
        "path": CENTERS,
        "entity_set": "A_CostCenter_2",
        "stream": "centers",
        "replication_key": "CostCenterLastChangedOnDate",
        "capture": "date",
        "select": ["CostCenterName"],
    }
    tenant.sandbox.control.sap_business_day(1)
    first = read(tenant, service, lookback_days=1)
    assert set(first.records["centers"][0]) == {
        "ControllingArea",
        "CostCenter",
        "ValidityEndDate",
        "CostCenterName",
        "CostCenterLastChangedOnDate",
    }
    tenant.sandbox.control.sap_business_day(2)
    second = read(tenant, service, state=first.state, lookback_days=1)
    assert 0 < len(second.records["centers"]) < len(first.records["centers"]) / 2


def test_an_aggregating_set_sums_over_the_key_that_is_asked_for(tenant):
    service = {
        "path": LINES,
        "entity_set": "GLAccountLineItem",
        "stream": "balances",
        "key": ["Ledger", "CompanyCode", "GLAccount", "FiscalYear", "FiscalPeriod", "CompanyCodeCurrency"],
        "select": ["AmountInCompanyCodeCurrency"],
    }
    records = read(tenant, service).records["balances"]
    found = {
        (r["Ledger"], r["CompanyCode"], r["GLAccount"], r["FiscalYear"], r["FiscalPeriod"]): Decimal(
            r["AmountInCompanyCodeCurrency"]
        )
        for r in records
    }
    stored = {
        (r["ledger"], r["company_code"], r["account"], r["fiscal_year"], r["period"]): Decimal(r["amount"])
        for r in tenant.sandbox.control.sap_balances()
    }
    assert found == stored


def test_an_aggregating_set_without_a_key_is_refused_with_what_to_do(tenant):
    with pytest.raises(ConfigurationError, match="`keys`"):
        read(tenant, {"path": LINES, "entity_set": "GLAccountLineItem", "stream": "lines"})


def test_a_set_that_was_asked_for_and_is_not_there_is_an_error_and_no_smaller_catalog(tenant):
    with pytest.raises(NotFoundError, match=r"entity set A_Supplyer.* Did you mean A_Supplier\?"):
        read(tenant, {"path": BP, "entity_set": "A_Supplyer"})


@pytest.mark.parametrize("status", ["401", "403"])
@pytest.mark.parametrize("service", ["API_LEDGER_SRV", "API_COMPANYCODE_SRV"])
def test_a_service_that_is_not_arranged_is_no_stream_and_says_why(tenant, caplog, service, status):
    tenant.sandbox.control.switch("sap", "not_arranged", service)
    tenant.sandbox.control.switch("sap", "not_arranged_status", status)
    catalog = TapSapS4Hana(config=tenant.config).catalog_dict
    missing = {each.name for each in SHIPPED} - {entry["tap_stream_id"] for entry in catalog["streams"]}
    assert missing == {each.name for each in SHIPPED if each.service.endswith(service)}
    assert "communication arrangement" in caplog.text


def test_a_wrong_password_is_tried_at_two_services_and_no_more(tenant):
    with pytest.raises(AuthenticationError, match="communication user"):
        _ = TapSapS4Hana(config=tenant.config | {"password": "wrong-one"}).catalog_dict
    assert len(tenant.sandbox.control.requests("sap")) == 2


def test_settings_without_credentials_are_an_error_and_not_a_tenant_without_streams(tenant):
    config = {"api_url": tenant.config["api_url"], "username": "COMM_USER"}
    with pytest.raises(ConfigurationError, match="credentials"):
        _ = TapSapS4Hana(config=config).catalog_dict


def test_a_catalog_of_some_streams_asks_their_services_alone(tenant):
    catalog = TapSapS4Hana(config=tenant.config | {"streams": ["suppliers", "gl_accounts"]}).catalog_dict
    assert [entry["tap_stream_id"] for entry in catalog["streams"]] == ["gl_accounts", "suppliers"]
    asked = {r["path"].rpartition("/")[0] for r in tenant.sandbox.control.requests("sap") if "metadata" in r["path"]}
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"change_capture": {"nothing": "full_table"}}, "names of streams"),
        ({"keys": {"nothing": ["A"]}}, "names of streams"),
        ({"streams": ["suppliers", "nothing"]}, "names of streams"),
        ({"change_capture": {"suppliers": "timestamp"}}, "through or full_table"),
        ({"services": [{"path": BP, "entity_set": "A_X", "capture": "date"}]}, "replication_key"),
    ],
)
def test_settings_that_fit_no_stream_are_refused(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        list(declarations(settings))


@pytest.mark.parametrize(
    ("entity_set", "stream"),
    [
        ("A_BusinessPartnerRole", "business_partner_role"),
        ("A_BPContactToFuncAndDept", "bp_contact_to_func_and_dept"),
        ("GLAccountLineItem", "gl_account_line_item"),
        ("A_CostCenter_2", "cost_center_2"),
        ("YY1_Plan", "yy1_plan"),
    ],
)
def test_names_of_streams_are_made_of_names_of_sets(entity_set, stream):
    (*_, last) = declarations({"services": [{"path": "/x", "entity_set": entity_set}]})
    assert last.name == stream
