"""What the audit trail says of all runs, asked as a user asks, and where it does not agree with the books."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from testkit.trail import TrailReader


class Trail(TrailReader):
    """The trail at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    @override
    def audit_url(self) -> str:
        return self._url

    def shown(self) -> list[dict[str, Any]]:
        """Every run, the latest first, with its actions and their documents."""
        return [json.loads(self.audit("show", one["run"], "--json")) for one in self._runs()]

    def disagreements(self, standing: dict[str, str] | None, undone: Callable[[], set[str]] = set) -> list[str]:
        """What is open, and documents that only the books or only the trail have.

        standing: reference to number. undone: references that the trail need not know.
        """
        found = []
        posted: dict[str, str] = {}
        for run in self.shown():
            if run["outcome"] == "running":
                found.append(f"trail: run {run['run']} is running for ever")
            for action in run["actions"]:
                if action["outcome"] in {"open", "sending"}:
                    found.append(f"trail: {action['stream']} of run {run['run']} has the outcome {action['outcome']}")
                for document in action["documents"]:
                    reference, state = document["reference"], document["state"]
                    if state == "posted":
                        posted[reference] = document["number"]
                    elif state != "absent":
                        found.append(f"trail: document {reference} of run {run['run']} is {state}")
        if standing is not None:
            found += [
                f"trail: {one} is said to be posted, and does not stand" for one in sorted(posted.keys() - standing)
            ]
            if unknown := standing.keys() - posted:
                unknown -= undone()
            found += [f"trail: {one} stands, and is not known" for one in sorted(unknown)]
            found += [
                f"trail: {one} is said to be {posted[one]}, and is {standing[one]}"
                for one in sorted(posted.keys() & standing)
                if posted[one].lstrip("0") != standing[one].lstrip("0")
            ]
        failures = json.loads(self.audit("failures", "--json"))
        return found + [f"trail: open failure {one}" for one in (*failures["failures"], *failures["batches"])]

    def _runs(self) -> list[dict[str, Any]]:
        return list(json.loads(self.audit("runs", "--json", "--limit", "10000")))
