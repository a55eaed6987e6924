"""The settings that every target has for its audit trail; `Trail.of` opens what they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from singer_sdk.typing import Property


def properties() -> list[Property[Any]]:
    """For a target's own list."""
    from singer_sdk import typing as th  # noqa: PLC0415 - the trail itself does without the SDK

    return [
        th.Property(
            "audit_url", th.StringType, description="Database of the audit trail. Default: a SQLite file of this user."
        ),
        th.Property(
            "audit_payloads",
            th.StringType,
            allowed_values=["all", "failed", "none"],
            default="all",
            description="Which records the audit trail keeps: all, what a replay of failures needs, none.",
        ),
        th.Property(
            "audit_key",
            th.StringType,
            secret=True,
            description="Key that encrypts records and messages in the audit trail, e.g. file:audit/key. "
            "`audit new-key` makes one; older keys, still needed to read, follow it after commas. "
            "Default: records are not encrypted.",
        ),
        th.Property(
            "audit_retention_days",
            th.NumberType(exclusive_minimum=0),
            description="Days after which the audit trail forgets what was settled. Open failures, and what the "
            "systems hold, stay. Default: it forgets nothing.",
        ),
    ]
