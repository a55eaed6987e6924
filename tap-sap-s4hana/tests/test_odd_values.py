"""Values that services really send, and that are none: through HTTP, as a user has them."""

from __future__ import annotations

import codecs

import pytest

from connector_kit.errors import RefusedError
from tap_sap_s4hana.tap import TapSapS4Hana
from testkit.odata import Reply, behind, metadata, page, serving

KEY = 'K Edm.String Nullable="false"'


def settings(service, **more):
    entry = {"path": "/sap/opu/odata/sap/Z", "entity_set": "Rows", "stream": "rows", **more}
    return {"api_url": service.url, "username": "u", "password": "p", "streams": ["rows"], "services": [entry]}


def read(run, described, rows, **more):
    with serving(described, lambda path, query: page(behind(rows, query))) as service:
        return run(settings(service, **more))


def test_numbers_that_are_none_are_null_and_only_json_leaves_the_tap(run):
    rows = [{"K": "1", "V": "1.5"}, {"K": "2", "V": "NaN"}, {"K": "3", "V": "-INF"}]
    output = read(run, metadata(KEY, "V Edm.Double"), rows)
    assert output.error is None
    assert [record["V"] and float(record["V"]) for record in output.records["rows"]] == [1.5, None, None]


@pytest.mark.parametrize("none", ["0000-00-00T00:00:00", "/Date(NaN)/", "/Date(-99999999999999999)/", ""])
@pytest.mark.parametrize("others", [[], [{"K": "1", "T": "/Date(1769817600000+0000)/"}]])
def test_a_date_that_is_none_is_null_as_a_replication_key_too(run, none, others):
    output = read(run, metadata(KEY, "T Edm.DateTimeOffset"), [*others, {"K": "2", "T": none}], replication_key="T")
    assert output.error is None
    assert output.records["rows"][-1]["T"] is None
    assert output.bookmark("rows").get("replication_key_value") == ("2026-01-31T00:00:00Z" if others else None)


def test_a_date_that_is_none_is_refused_in_a_key_before_a_record_is_written(run):
    rows = [{"K": "1", "D": "0000-00-00T00:00:00"}, {"K": "2", "D": "/Date(0)/"}]
    output = read(run, metadata(KEY, "D Edm.DateTime", keys=("K", "D")), rows)
    assert isinstance(output.error, RefusedError)
    assert "D" in str(output.error)
    assert not output.records["rows"]


def test_a_byte_order_mark_is_no_part_of_an_answer(run):
    described = metadata(KEY)
    described.body = codecs.BOM_UTF8 + described.body

    def answer(path, query):
        return Reply(codecs.BOM_UTF8 + page(behind([{"K": "1"}], query)).body)

    with serving(described, answer) as service:
        output = run(settings(service))
    assert (output.error, len(output.records["rows"])) == (None, 1)


def test_a_byte_order_mark_is_no_part_of_a_token(run):
    def answer(path, query):
        if path.startswith("/token"):
            return Reply(codecs.BOM_UTF8 + b'{"access_token":"t","expires_in":"60"}')
        return page(behind([{"K": "1"}], query))

    with serving(metadata(KEY), answer) as service:
        config = settings(service) | {"token_url": f"{service.url}/token", "client_id": "c", "client_secret": "s"}
        output = run({name: value for name, value in config.items() if name not in {"username", "password"}})
    assert (output.error, len(output.records["rows"])) == (None, 1)


def test_a_decimal_beyond_its_scale_is_refused_until_the_catalog_says_number(run):
    rows = [{"K": "1", "N": "12.5"}]
    with serving(
        metadata(KEY, 'N Edm.Decimal Precision="5" Scale="0"'), lambda path, query: page(behind(rows, query))
    ) as service:
        config = settings(service)
        refused = run(config)
        assert "column N" in str(refused.error)
        assert "number takes decimals" in str(refused.error)
        catalog = TapSapS4Hana(config=config).catalog_dict
        (entry,) = catalog["streams"]
        entry["schema"]["properties"]["N"]["type"] = ["number", "null"]
        output = run(config, catalog)
    assert str(output.records["rows"][0]["N"]) == "12.5"
