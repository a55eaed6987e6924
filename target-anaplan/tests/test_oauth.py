from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from connector_kit.secrets.store import SecretStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretStore:
    monkeypatch.setenv("CONNECTOR_SECRETS_FILE", str(tmp_path / "secrets.json"))
    monkeypatch.setenv("CONNECTOR_SECRETS_KEY", Fernet.generate_key().decode())
    return SecretStore.open()


def test_a_refresh_token_that_anaplan_rotates_is_kept_for_the_next_run(bench, store):
    info = bench.sandbox.info["anaplan"]
    store.set("anaplan/refresh-token", info["oauth_refresh_token"])
    oauth = {
        "auth_method": "oauth",
        "oauth_client_id": info["oauth_client_id"],
        "oauth_refresh_token": "file:anaplan/refresh-token",
    }
    bench.deliver(bench.suppliers(bench.supplier(1)), **oauth)
    rotated = SecretStore.open().get("anaplan/refresh-token")
    assert rotated != info["oauth_refresh_token"]

    bench.deliver(bench.suppliers(bench.supplier(2)), **oauth)
    assert SecretStore.open().get("anaplan/refresh-token") not in {rotated, info["oauth_refresh_token"]}
    assert {"EDU1-1", "EDU1-2"} <= set(bench.items())
