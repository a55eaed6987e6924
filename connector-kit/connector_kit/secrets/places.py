"""Where the encrypted file and its key are."""

from __future__ import annotations

import os
from pathlib import Path

STORE = "CONNECTOR_SECRETS_FILE"
KEY = "CONNECTOR_SECRETS_KEY"
KEY_FILE = "CONNECTOR_SECRETS_KEY_FILE"


def store_path() -> Path:
    """The encrypted file: CONNECTOR_SECRETS_FILE, or a per-user default."""
    return _from(STORE) or _folder() / "secrets.json"


def key_path() -> Path:
    """The file with the keys: CONNECTOR_SECRETS_KEY_FILE, or a per-user default beside the encrypted file's own."""
    return _from(KEY_FILE) or _folder() / "secrets.key"


def _from(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else None


def _folder() -> Path:
    """The user's configuration folder (XDG Base Directory Specification; APPDATA on Windows)."""
    base = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "connector-kit"
