"""Secrets: references in settings, the encrypted file, key files, and ways to log on."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from unittest import mock

from cryptography.fernet import Fernet
from fuzz.target import fuzzed

from connector_kit.http.credentials import chosen_method
from connector_kit.redaction import register_secret, register_url
from connector_kit.sap.auth import tls_of
from connector_kit.secrets.keys import Keys
from connector_kit.secrets.references import resolve
from connector_kit.secrets.rotating import rotating
from connector_kit.secrets.store import SecretStore
from sandbox.core.certificate import make

KEY = Fernet(b"a" * 43 + b"=")
STORE = json.dumps(
    {"version": 1, "secrets": {"a": KEY.encrypt(b"value").decode(), "b/c": KEY.encrypt("\u00e4".encode()).decode()}}
)
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-secrets-"))
_PLACES = {"CONNECTOR_SECRETS_FILE": str(_FOLDER / "store"), "CONNECTOR_SECRETS_KEY_FILE": str(_FOLDER / "key")}


@fuzzed("secrets/store", STORE, "{}", tokens=[b'"version": 2', b'"secrets": {', b"gAAAAA"])
def store(data: bytes) -> None:
    path = _FOLDER / "store"
    path.write_bytes(data)
    with mock.patch.dict(os.environ, {"CONNECTOR_SECRETS_KEY": "a" * 43 + "="}):
        secrets = SecretStore(path)
        for name in secrets.names():
            secrets.get(name)


@fuzzed(
    "secrets/keys",
    "a" * 43 + "=\n",
    "a" * 43 + "=,  " + "b" * 43 + "=",
    tokens=[b"=", b"\n", b",", b"-", b"_", b"\x0c", b"\x85"],
)
def keys(data: bytes) -> None:
    path = _FOLDER / "key"
    path.write_bytes(data)
    with mock.patch("connector_kit.secrets.keys.key_path", return_value=path), mock.patch.dict(os.environ):
        os.environ.pop("CONNECTOR_SECRETS_KEY", None)
        Keys.load()


CONFIG = {
    "password": "raw:env:x",
    "url": "postgresql://u:p%40x@h/d",
    "list": [{"token": "env:NO_SUCH"}],
    "n": 5,
    "other": "file:///data",
}


@fuzzed(
    "secrets/references",
    json.dumps(CONFIG),
    json.dumps({"a": "env:HOME"}),
    json.dumps({"p": "file:a"}),
    tokens=[b"env:", b"raw:", b"file:", b"keyring:a/", b"://u:p@"],
)
def references(data: bytes) -> None:
    try:
        config = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(config, dict):
        with (
            mock.patch.dict(os.environ, _PLACES),
            mock.patch("connector_kit.secrets.references._from_keyring", return_value=None),
        ):
            (_FOLDER / "store").write_text(STORE)
            resolve(config, {"password", "token"})
        rotating(next(iter(config.values()), None))


@fuzzed(
    "secrets/urls",
    "postgresql://user:p@ss/w#rd@host:5432/db",
    "//a:b@c",
    "user:x@y",
    tokens=[b"@", b":", b"/", b"#", b"[", b"]", b"%40"],
)
def urls(data: bytes) -> None:
    register_url(data.decode("utf-8", "surrogateescape"))
    register_secret(data.decode("utf-8", "surrogateescape"))


@fuzzed(
    "secrets/method",
    json.dumps({"auth_method": "basic", "username": "u", "password": "p"}),
    json.dumps({"client_id": "x"}),
)
def method(data: bytes) -> None:
    try:
        settings = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(settings, dict):
        chosen_method(
            settings, {"basic": ("username", "password"), "oauth": ("client_id", "client_secret")}, system="SAP"
        )


_, _CERTIFICATE, _KEY = make("fuzz")


@fuzzed(
    "secrets/tls", _CERTIFICATE + _KEY, tokens=[b"-----BEGIN", b"-----END", b"ENCRYPTED", b"\\n", b"\x00"], share=0.2
)
def tls(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    tls_of({"certificate": text})
