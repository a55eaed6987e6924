"""The rate that all processes at one site share."""

from __future__ import annotations

from connector_kit.coordination import connect


def used(url):
    with connect(url) as coordinator:
        return {rate.name: (rate.used, rate.per_minute) for rate in coordinator.status().rates}


def test_odata_and_enet_each_take_turns_at_their_own_server(site, tmp_path):
    url = f"sqlite:///{tmp_path}/shared.db"
    before = len(site.sandbox.control.requests("syspro"))
    site.read("suppliers", rate_per_minute=3000, coordination_url=url)
    asked = len(site.sandbox.control.requests("syspro")) - before
    ((name, turns),) = used(url).items()
    assert name == "syspro:" + site.config["api_url"].split("/")[2]
    assert turns == (asked, 3000)
    site.read("suppliers", interface="enet", rate_per_minute=3000, coordination_url=url)
    assert used(url)["syspro:" + site.enet_config["enet_url"].split("/")[2]][0] > 3


def test_without_a_rate_odata_shares_nothing(site, tmp_path):
    site.read("suppliers", coordination_url=f"sqlite:///{tmp_path}/never.db")
    assert not (tmp_path / "never.db").exists()
