"""Asked for and not to be had is a failure with one line that says which."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from connector_kit.errors import ConfigurationError, ConnectorError, NotFoundError, RefusedError
from tap_syspro.tap import TapSyspro
from testkit.odata import Reply, metadata, page, serving

ROWS = metadata('K Edm.String Nullable="false"', "V Edm.String", version="4.0")


def settings(service, **more):
    config = {"api_url": service.url, "username": "u", "password": "p", "companies": ["EDU1"], "max_tries": 1}
    return config | more


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(status=302, headers={"Location": "/logon?ReturnUrl=secret"}), "redirect to /logon"),
        (Reply(status=500), "HTTP 500"),
        (Reply(b"<html>Log on</html>", headers={"Content-Type": "text/html"}), "a web page.*how the user logs on"),
    ],
)
def test_a_site_that_can_not_be_read_fails_discovery(answer, said):
    with serving(answer, lambda path, query: answer) as service, pytest.raises(ConnectorError, match=said) as caught:
        TapSyspro(config=settings(service)).catalog_dict  # noqa: B018 - it asks the site
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("place", ["{api_url}/{company}/$metadata", "none"])
@pytest.mark.parametrize(
    "asked",
    [{"tables": [{"table": "Rowz"}]}, {"filters": {"suppliers": "V eq 'a'"}}, {"keys": {"suppliers": ["Supplier"]}}],
)
def test_a_table_that_a_setting_names_must_be_there(place, asked):
    def answer(path, query):
        return page([{"K": "1"}], "4.0") if "/Rows" in path else Reply(status=404)

    with serving(ROWS, answer) as service:
        tables = [*asked.get("tables", []), {"table": "Rows", "key": ["K"]}]
        config = settings(service, metadata_location=place, **{**asked, "tables": tables})
        with pytest.raises(NotFoundError, match=r"table (Rowz|ApSupplier)"):
            TapSyspro(config=config).catalog_dict  # noqa: B018 - it asks the site


@pytest.mark.parametrize("setting", ["filters", "change_capture", "keys"])
def test_a_stream_that_no_table_has_is_named(setting):
    value = {"filters": "K eq 'a'", "change_capture": "full_table", "keys": ["K"]}[setting]
    with (
        serving(ROWS) as service,
        pytest.raises(ConfigurationError, match=f"setting {setting}.*Did you mean suppliers"),
    ):
        TapSyspro(config=settings(service, **{setting: {"supliers": value}})).catalog_dict  # noqa: B018


def test_the_check_tries_filters_and_goes_on_behind_an_error(tmp_path):
    def answer(path, query):
        if "/ApInvoice?" in path:
            return Reply(status=500)
        if query.get("$filter") == "V eq 1":
            return Reply(b'{"error":{"message":"V is a text"}}', status=400)
        return page([], "4.0", **{"@odata.count": 0})

    path = tmp_path / "config.json"
    with serving(Reply(status=404), answer) as service:
        path.write_text(json.dumps(settings(service, filters={"suppliers": "V eq 1"})))
        result = CliRunner().invoke(TapSyspro.cli, ["--config", str(path), "--test"])
    assert result.exit_code == 1
    problems = [line for line in result.output.splitlines() if line.startswith("- ")]
    assert len(problems) == 2, result.output
    assert "HTTP 500" in problems[1]
    assert "V is a text" in problems[0]


@pytest.mark.parametrize("empty", ["TrnYear", "TrnMonth"])
def test_a_row_without_its_fiscal_period_is_refused_in_one_line(empty, run):
    key = ["TrnYear", "TrnMonth", "Journal", "EntryNumber", "SubEntry"]
    columns = (f'{name} Edm.Decimal Scale="0"' for name in key)
    described = metadata("K Edm.String", *columns, version="4.0")
    described.body = described.body.replace(b'"Rows"', b'"ApJnlDistrib"')
    row = dict.fromkeys(key, 1) | {"K": "1", empty: None}

    def answer(path, query):
        return page([row] if "/ApJnlDistrib" in path and " gt " not in query.get("$filter", "") else [], "4.0")

    with serving(described, answer) as service:
        config = settings(service, keys={"ap_distributions": ["K"]})
        catalog = TapSyspro(config=config).catalog_dict
        for each in catalog["streams"][0]["metadata"]:
            each["metadata"]["selected"] = each["breadcrumb"][-1:] not in (["Supplier"], ["Invoice"], ["TrnDate"])
        output = run(config, catalog)
        assert isinstance(output.error, RefusedError)
        assert "change_capture: {ap_distributions: full_table}" in str(output.error)
        assert isinstance(run(config).error, ConfigurationError), "the postings can't be found by this key"
