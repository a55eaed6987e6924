"""What the audit trail says of a target's last run, asked as a user asks: by its command."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from connector_kit.audit.command import cli


class TrailReader:
    """Reads the trail at ``audit_url``."""

    @property
    def audit_url(self) -> str:
        """The trail's database."""
        raise NotImplementedError

    def audit(self, *arguments: str) -> str:
        """What the command prints."""
        result = CliRunner().invoke(cli, ["--url", self.audit_url, *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def documents(self) -> list[dict[str, Any]]:
        """The documents of the last run."""
        shown = json.loads(self.audit("show", "--json"))
        return [one for action in shown["actions"] for one in action["documents"]]

    def rejected(self) -> dict[str, str]:
        """The rows that the last run rejected: key to message."""
        found = map(json.loads, self.audit("export", "--run", "last").splitlines())
        return {line["key"]: line["message"] for line in found if line["outcome"] == "rejected"}
