from __future__ import annotations

import json
import subprocess
import sys

import pytest

from connector_kit.errors import AuthenticationError, ConfigurationError, NotFoundError, RefusedError
from tap_syspro.check import run_check
from tap_syspro.tap import TapSyspro


def test_a_wrong_password_is_one_clear_error_without_the_password(site):
    output = site.attempt("suppliers", password="not-the-password")
    assert isinstance(output.error, AuthenticationError)
    assert "OData" in str(output.error)
    assert "not-the-password" not in str(output.error)


def test_an_operator_that_the_service_does_not_know_yet_needs_its_restart(site):
    site.sandbox.control.switch("syspro", "operator_known", False)
    output = site.attempt("suppliers")
    assert isinstance(output.error, AuthenticationError)
    assert "restart" in str(output.error)


def test_a_wrong_company_names_the_company(site):
    output = site.attempt("suppliers", companies=["NOPE"])
    assert isinstance(output.error, NotFoundError)
    assert "NOPE" in str(output.error)
    assert "company id" in str(output.error)


@pytest.mark.parametrize("interface", ["odata", "enet"])
def test_no_company_at_all_is_told_by_its_setting(site, interface):
    output = site.attempt("suppliers", companies=[], interface=interface)
    assert isinstance(output.error, ConfigurationError)
    assert "setting companies" in str(output.error)


def test_a_site_without_a_single_table_is_an_error_and_no_empty_catalog(site):
    with pytest.raises(NotFoundError, match=r"companies NOPE: expected tables, got none of 24"):
        TapSyspro(config=site.config | {"companies": ["NOPE"]}).catalog_dict  # noqa: B018 - it reads the site


def test_an_address_without_its_scheme_is_told_once_by_the_test(site):
    tap = TapSyspro(config=site.config | {"api_url": "erp.example.com/SYSPRO8Odata"}, setup_mapper=False)
    with pytest.raises(ConfigurationError, match="Check the address"):
        run_check(tap.config, tap.site, print, {"suppliers", "customers"})


def test_a_table_that_the_login_may_not_see_is_left_out_of_the_catalog(site, caplog):
    site.sandbox.control.switch("syspro", "hidden_tables", "GenTransaction")
    names = {e["stream"] for e in TapSyspro(config=site.config).catalog_dict["streams"]}
    assert "gl_transactions" not in names
    assert "suppliers" in names
    assert "GenTransaction" in caplog.text


def test_a_table_that_is_gone_is_an_error_in_a_run(site):
    site.sandbox.control.switch("syspro", "hidden_tables", "ApSupplier")
    output = site.attempt("suppliers")
    assert isinstance(output.error, NotFoundError)
    assert "ApSupplier" in str(output.error)


def test_a_wrong_filter_shows_the_servers_words(site):
    output = site.attempt("suppliers", filters={"suppliers": "Nonsense eq 1"})
    assert isinstance(output.error, RefusedError)
    assert "Nonsense" in str(output.error)


@pytest.mark.parametrize("setting", [{"change_capture": {"suplliers": "date"}}, {"keys": {"suplliers": ["X"]}}])
def test_a_stream_that_does_not_exist_is_refused_by_name(site, setting):
    output = site.attempt("suppliers", **setting)
    assert isinstance(output.error, ConfigurationError)
    assert "suplliers" in str(output.error)


def test_a_method_that_a_table_has_no_column_for_is_refused(site):
    output = site.attempt("suppliers", change_capture={"suppliers": "date"})
    assert isinstance(output.error, ConfigurationError)


def test_missing_connection_settings_are_named(site):
    output = site.attempt("suppliers", api_url="", username="")
    assert "api_url, username" in str(output.error)


def test_a_key_that_is_not_unique_is_refused_before_rows_are_lost(site):
    output = site.attempt("ap_invoices", keys={"ap_invoices": ["Supplier"]})
    assert isinstance(output.error, RefusedError)
    assert "key" in str(output.error)


def test_the_command_ends_with_one_line_and_no_traceback(site, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(site.config | {"password": "not-the-password"}))
    done = subprocess.run(
        [sys.executable, "-m", "tap_syspro", "--config", "config.json", "--discover"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert done.returncode == 1
    assert len(errors) == 1
    assert "HTTP 401" in errors[0]
    assert "Traceback" not in done.stderr
    assert "not-the-password" not in done.stderr
