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
    syspro, sap = info["syspro"], info["sap"]
    return {
        "TAP_SYSPRO_API_URL": syspro["odata_url"],
        "TAP_SYSPRO_USERNAME": syspro["odata_username"],
        "TAP_SYSPRO_PASSWORD": syspro["odata_password"],
        "TAP_SYSPRO_COMPANIES": json.dumps(syspro["companies"]),
        **{
            f"{plugin}_SAP_S4HANA_{name}": value
            for plugin in ("TAP", "TARGET")
            for name, value in {
                "API_URL": sap["url"],
                "USERNAME": sap["username"],
                "PASSWORD": sap["password"],
                "COORDINATION_URL": f"sqlite:///{folder / 'coordination.db'}",
            }.items()
        },
        "TARGET_SYSPRO_ENET_URL": syspro["enet_url"],
        "TARGET_SYSPRO_OPERATOR": syspro["operator"],
        "TARGET_SYSPRO_OPERATOR_PASSWORD": syspro["operator_password"],
        "TARGET_SYSPRO_COMPANY": syspro["companies"][0],
        "TARGET_SYSPRO_COORDINATION_URL": f"sqlite:///{folder / 'coordination.db'}",
        "TARGET_SYSPRO_AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        **_anaplan("TAP_ANAPLAN", info["anaplan"], folder),
        **_anaplan("TARGET_ANAPLAN", info["anaplan"], folder),
        "TAP_ANAPLAN__PLAN_FOR_SAP_MODEL_ID": info["anaplan"]["models"]["S4 Finance"],
        "TARGET_ANAPLAN__SAP_MODEL_ID": info["anaplan"]["models"]["S4 Finance"],
        "TARGET_ANAPLAN_AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        "TARGET_SAP_S4HANA_AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        "AUDIT_URL": f"sqlite:///{folder / 'audit.db'}",
        "MELTANO_STATE_BACKEND_URI": f"file://{folder / 'state'}",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
    }


def _anaplan(prefix: str, anaplan: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The tenant's settings of a plugin whose variables begin with `prefix`."""
    names = ("api_url", "auth_url", "oauth_url", "workspace_id", "model_id", "username", "password")
    return {
        **{f"{prefix}_{name.upper()}": str(anaplan[name]) for name in names},
        # The sandbox's tasks take tenths of a second; a tenant is asked less often.
        f"{prefix}_POLL_FIRST": "0.1",
        f"{prefix}_COORDINATION_URL": f"sqlite:///{folder / 'coordination.db'}",
    }


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without another virtual environment's traces, and with `extra`."""
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    return {k: v for k, v in os.environ.items() if k not in dropped} | {"NO_COLOR": "1"} | dict(extra)
