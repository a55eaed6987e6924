from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from connector_kit.errors import AuthenticationError
from tap_syspro.tap import TapSyspro


def check(site, tmp_path, **settings):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(site.config | settings))
    return CliRunner().invoke(TapSyspro.cli, ["--config", str(path), "--test"])


def test_a_site_where_all_is_well_is_said_to_be_so_with_row_counts(site, tmp_path):
    result = check(site, tmp_path, companies=["EDU1", "EDU2"])
    assert result.exit_code == 0, result.output
    assert "Everything is there: 48 checks in 2 companies." in result.output
    line = next(x for x in result.output.splitlines() if x.split()[:2] == ["EDU1", "ap_invoices"])
    assert f"{len(site.rows('ApInvoice')):,}" in line
    assert "date by JournalDate" in line


def test_each_problem_is_one_line_with_what_to_do(site, tmp_path):
    site.sandbox.control.switch("syspro", "hidden_tables", "GenHistory")
    site.sandbox.control.switch("syspro", "timestamp_exposed", False)
    result = check(site, tmp_path, keys={"stock": ["NoSuchColumn"]}, change_capture={"suppliers": "row_version"})
    assert result.exit_code == 1
    problems = [line for line in result.output.splitlines() if line.startswith("- ")]
    assert len(problems) == 3
    assert any("GenHistory" in p and "SQL login" in p for p in problems)
    assert any("NoSuchColumn" in p and "`keys`" in p for p in problems)
    assert any("row versions" in p and "change_capture" in p for p in problems)


def test_tables_without_rows_and_metadata_are_no_problem(site, tmp_path):
    site.sandbox.control.switch("syspro", "metadata_place", "none")
    for row in site.rows("SorMaster", "EDU2"):
        site.change("delete", "SorMaster", {"SalesOrder": row["SalesOrder"]}, company="EDU2")
    result = check(site, tmp_path, companies=["EDU2"])
    assert result.exit_code == 0, result.output


def test_a_wrong_company_is_named(site, tmp_path):
    result = check(site, tmp_path, companies=["NOPE"])
    assert result.exit_code == 1
    assert "NOPE" in result.output


def test_a_wrong_password_stops_the_check(site, tmp_path):
    result = check(site, tmp_path, password="wrong-one")
    assert isinstance(result.exception, AuthenticationError)


@pytest.mark.parametrize("kind", ["schema", "records"])
def test_the_sdks_own_tests_are_still_there(site, tmp_path, kind):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(site.config | {"companies": ["EDU2"]}))
    result = CliRunner().invoke(TapSyspro.cli, ["--config", str(path), f"--test={kind}"])
    kinds = [json.loads(line)["type"] for line in result.stdout.splitlines()]
    assert result.exit_code == 0, result.output
    assert kinds.count("SCHEMA") == 24
    assert kinds.count("RECORD") == (24 if kind == "records" else 0)
