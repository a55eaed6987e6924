"""Asked for and not to be had is a failure with one line that says which: never a smaller catalog, or an empty run."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from connector_kit.errors import ConfigurationError, ConnectorError, NotFoundError, RefusedError
from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit.odata import Reply, behind, metadata, page, serving

ROWS = metadata('K Edm.String Nullable="false"', "V Edm.String")
LOGIN = b"<!DOCTYPE html><html><head><title>Log on</title></head><body><form action='/saml2'>User</form></body></html>"
SERVICE = {"path": "/sap/opu/odata/sap/Z", "entity_set": "Rows", "stream": "rows"}


def settings(service, **more):
    return {"api_url": service.url, "username": "u", "password": "p", "max_tries": 1} | more


def discover(config):
    return TapSapS4Hana(config=config).catalog_dict


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(status=302, headers={"Location": "https://idp.example/saml2?SAMLRequest=secret"}), "redirect to https"),
        (Reply(status=403), "HTTP 403"),
        (Reply(status=404), r"HTTP 404.*Paths look like /sap/opu/odata/sap/"),
        (Reply(LOGIN, headers={"Content-Type": "text/html"}), "a web page.*how the user logs on"),
        (Reply(LOGIN, headers={"Content-Type": "application/xml"}), r"\$metadata of /sap/.*a web page"),
        (Reply(b"<a/>", headers={"Content-Type": "application/xml"}), r"\$metadata of /sap/.*EDMX"),
        (Reply(status=500), "HTTP 500"),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"services": [SERVICE], "streams": ["rows"]}])
def test_a_tenant_that_can_not_be_read_fails_discovery(answer, said, asked):
    with serving(answer) as service, pytest.raises(ConnectorError, match=said) as caught:
        discover(settings(service, **asked))
    assert "secret" not in str(caught.value)


def test_a_tenant_without_a_trusted_connection_fails_discovery():
    with serving(ROWS) as service, pytest.raises(RefusedError, match="trusted connection"):
        discover(settings(service, api_url=service.url.replace("http:", "https:")))


def test_a_token_endpoint_that_redirects_fails_discovery():
    with serving(ROWS, lambda path, query: Reply(status=302, headers={"Location": "/login?x=secret"})) as service:
        config = {"api_url": service.url, "client_id": "c", "client_secret": "s", "max_tries": 1}
        with pytest.raises(RefusedError, match="redirect to /login") as caught:
            discover(config)
    assert "secret" not in str(caught.value)


def test_a_service_that_nobody_asked_for_may_be_missing_as_long_as_another_is_there(caplog):
    def described(path):
        return ROWS if path.startswith(SERVICE["path"] + "/") else Reply(status=404)

    with serving(described) as service:
        catalog = discover(settings(service, services=[SERVICE]))
        assert [entry["tap_stream_id"] for entry in catalog["streams"]] == ["rows"]
        asked = [path for path in service.asked if path.endswith("$metadata")]
        assert len(asked) == len(set(asked)), "a 404 is asked once"
    assert "No stream company_codes" in caplog.text


@pytest.mark.parametrize("setting", ["filters", "change_capture", "keys"])
def test_a_stream_that_a_setting_is_about_was_asked_for(setting):
    value = {"filters": "K eq '1'", "change_capture": "full_table", "keys": ["CompanyCode"]}[setting]

    def described(path):
        return ROWS if path.startswith(SERVICE["path"] + "/") else Reply(status=404)

    with serving(described) as service, pytest.raises(NotFoundError, match="API_COMPANYCODE_SRV"):
        discover(settings(service, services=[SERVICE], **{setting: {"company_codes": value}}))


@pytest.mark.parametrize(
    ("misspelt", "said"),
    [
        ({"filters": {"row": "K eq '1'"}}, r"setting filters.*got row. Did you mean rows\?"),
        ({"change_capture": {"row": "full_table"}}, r"setting change_capture.*got row. Did you mean rows\?"),
        ({"keys": {"row": ["K"]}}, r"setting keys.*got row. Did you mean rows\?"),
        ({"streams": ["row"]}, r"setting streams.*got row. Did you mean rows\?"),
        ({"services": [{**SERVICE, "select": ["v"]}]}, "setting services, Rows: .*got v"),
        ({"services": [{**SERVICE, "replication_key": "At"}]}, "setting services, Rows: .*got At"),
    ],
)
def test_a_misspelt_name_in_any_setting_is_said_which(misspelt, said):
    with serving(ROWS) as service, pytest.raises(ConfigurationError, match=said):
        discover(settings(service, **({"services": [SERVICE], "streams": ["rows"]} | misspelt)))


def test_a_catalog_that_selects_what_is_not_there_or_nothing_is_no_run(run):
    with serving(ROWS) as service:
        config = settings(service, services=[SERVICE], streams=["rows"])
        catalog = discover(config)
        (entry,) = catalog["streams"]
        renamed = {"streams": [entry | {"tap_stream_id": "row", "stream": "row"}]}
        for each in renamed["streams"][0]["metadata"]:
            each["metadata"]["selected"] = True
        assert "got row" in str(run(config, renamed).error)
        for each in entry["metadata"]:
            each["metadata"]["selected"] = False
        assert "expected a stream that is selected, got none of 1" in str(run(config, catalog).error)


def check(service, tmp_path, **more):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(settings(service, **more)))
    return CliRunner().invoke(TapSapS4Hana.cli, ["--config", str(path), "--test"])


@pytest.mark.parametrize("counts", [True, False])
def test_the_check_tries_filters_and_counts_with_them(tmp_path, counts):
    def answer(path, query):
        if query.get("$filter") == "(V eq 1)":
            return Reply(b'{"error":{"message":{"value":"V is a text"}}}', status=400)
        return page(behind([{"K": "1"}], query), __count="1" if query.get("$filter") == "(V eq 'a')" else "2")

    with serving(ROWS, answer) as service:
        asked = {"services": [SERVICE], "streams": ["rows"], "reconcile_counts": counts}
        good = check(service, tmp_path, filters={"rows": "V eq 'a'"}, **asked)
        bad = check(service, tmp_path, filters={"rows": "V eq 1"}, **asked)
    assert good.exit_code == 0, good.output
    assert (" 1 " if counts else " ? ") in next(line for line in good.output.splitlines() if line.startswith("rows"))
    assert bad.exit_code == 1
    assert "V is a text" in bad.output


def test_the_check_goes_on_behind_a_service_that_answers_500(tmp_path):
    def described(path):
        return Reply(status=500) if "API_LEDGER_SRV" in path else ROWS if "/Z/" in path else Reply(status=404)

    with serving(described, lambda path, query: page([], __count="0")) as service:
        result = check(service, tmp_path, services=[SERVICE])
    assert result.exit_code == 1
    lines = {line.split()[0]: line for line in result.output.splitlines() if line.strip()}
    assert lines["ledgers"].endswith("no answer")
    assert lines["rows"].endswith("ok")
    assert len([line for line in lines if line in {each.name for each in SHIPPED}]) == len(SHIPPED)
