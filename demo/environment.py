"""From the sandbox's addresses and sample credentials to the environment variables that Meltano's plugins read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"


def plugin_environment(info: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Settings of the plugins for a running sandbox.

    Args:
        info: the JSON line that the sandbox prints when it is ready.
        folder: where the audit trail, the coordination file and Meltano's state go.
    """
    syspro, anaplan = info["syspro"], info["anaplan"]
    return {
        "TAP_SYSPRO_API_URL": syspro["odata_url"],
        "TAP_SYSPRO_USERNAME": syspro["odata_username"],
        "TAP_SYSPRO_PASSWORD": syspro["odata_password"],
        "TAP_SYSPRO_COMPANIES": json.dumps(syspro["companies"]),
        "TARGET_ANAPLAN_API_URL": anaplan["api_url"],
        "TARGET_ANAPLAN_AUTH_URL": anaplan["auth_url"],
        "TARGET_ANAPLAN_OAUTH_URL": anaplan["oauth_url"],
        "TARGET_ANAPLAN_WORKSPACE_ID": anaplan["workspace_id"],
        "TARGET_ANAPLAN_MODEL_ID": anaplan["model_id"],
        "TARGET_ANAPLAN_USERNAME": anaplan["username"],
        "TARGET_ANAPLAN_PASSWORD": anaplan["password"],
        # The sandbox's tasks take tenths of a second; a tenant is asked less often.
        "TARGET_ANAPLAN_POLL_FIRST": "0.1",
        "TARGET_ANAPLAN_AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        "TARGET_ANAPLAN_COORDINATION_URL": f"sqlite:///{folder / 'coordination.db'}",
        "AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        "MELTANO_STATE_BACKEND_URI": f"file://{folder / 'state'}",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
    }


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without another virtual environment's traces, and with `extra`."""
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    return {k: v for k, v in os.environ.items() if k not in dropped} | {"NO_COLOR": "1"} | dict(extra)
