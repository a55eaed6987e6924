from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from connector_kit.errors import AuthenticationError
from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tap import TapSapS4Hana


def check(tenant, tmp_path, **settings):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tenant.config | settings))
    return CliRunner().invoke(TapSapS4Hana.cli, ["--config", str(path), "--test"])


def test_a_tenant_where_all_is_well_is_said_to_be_so_with_row_counts(tenant, tmp_path):
    result = check(tenant, tmp_path)
    assert result.exit_code == 0, result.output
    assert f"Everything is there: {len(SHIPPED)} streams." in result.output
    lines = {line.split()[0]: line for line in result.output.splitlines() if line}
    assert f" {len(tenant.rows('Supplier'))} " in lines["suppliers"]
    assert "through: A_BusinessPartner.LastChangeDate" in lines["suppliers"]
    leading = sum(row["Ledger"] == "0L" for row in tenant.rows("JournalLine"))
    assert f"{leading:,}" in lines["gl_account_line_items"]


def test_each_problem_is_one_line_with_what_to_do(tenant, tmp_path):
    tenant.sandbox.control.switch("sap", "not_arranged", "API_LEDGER_SRV,API_GLACCOUNTLINEITEM")
    wrong = {"path": "/sap/opu/odata/sap/API_COMPANYCODE_SRV", "entity_set": "A_Nothing"}
    result = check(tenant, tmp_path, services=[wrong], keys={"company_codes": ["NoSuchColumn"]})
    assert result.exit_code == 1
    problems = [line for line in result.output.splitlines() if line.startswith("- ")]
    assert sum("communication arrangement" in p for p in problems) == 2
    assert any("A_Nothing" in p for p in problems)
    assert any("NoSuchColumn" in p and "`keys`" in p for p in problems)
    assert len(problems) == 4


def test_a_company_code_that_is_not_there_is_a_problem_and_not_an_empty_table(tenant, tmp_path):
    known = tenant.rows("CompanyCode")[0]["CompanyCode"]
    result = check(tenant, tmp_path, company_codes=[known, "ZZZZ"], streams=["company_codes"])
    assert result.exit_code == 1
    assert f"- setting company_codes: expected {known}, ZZZZ, got 1 that this user sees." in result.output


def test_a_wrong_password_stops_the_check(tenant, tmp_path):
    result = check(tenant, tmp_path, password="wrong-one")
    assert isinstance(result.exception, AuthenticationError)
    assert "communication user" in str(result.exception)


@pytest.mark.parametrize("kind", ["schema", "records"])
def test_the_sdks_own_tests_are_still_there(tenant, tmp_path, kind):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tenant.config))
    result = CliRunner().invoke(TapSapS4Hana.cli, ["--config", str(path), f"--test={kind}"])
    kinds = [json.loads(line)["type"] for line in result.stdout.splitlines()]
    assert result.exit_code == 0, result.output
    assert kinds.count("SCHEMA") == len(SHIPPED)
    assert kinds.count("RECORD") == (len(SHIPPED) if kind == "records" else 0)
