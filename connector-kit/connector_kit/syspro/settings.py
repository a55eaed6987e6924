"""The settings with which a target reaches e.net."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th


def connection_properties() -> tuple[th.Property[Any], ...]:
    """Address, operator, company, and how requests are made."""
    return (
        th.Property(
            "enet_url",
            th.StringType,
            required=True,
            description="Address of e.net REST, such as http://HOST:PORT/SYSPROWCFService/Rest; "
            "behind a load balancer with its path.",
        ),
        th.Property(
            "operator", th.StringType, required=True, description="Operator for e.net: one that nobody else uses."
        ),
        th.Property(
            "operator_password", th.StringType, secret=True, default="", description="The operator's e.net password."
        ),
        th.Property("company", th.StringType, required=True, description="Company id."),
        th.Property(
            "company_password", th.StringType, secret=True, default="", description="The company's password, if any."
        ),
        th.Property(
            "timeout",
            th.NumberType,
            default=300,
            description="Seconds without an answer after which a request counts as lost.",
        ),
        th.Property(
            "max_tries",
            th.IntegerType,
            default=8,
            description="How often a request that may be repeated is sent, with growing pauses, before an outage "
            "ends the run.",
        ),
        th.Property(
            "rate_per_minute",
            th.IntegerType,
            default=0,
            description="Requests per minute that all processes together may send; 0: as many as it takes.",
        ),
        th.Property(
            "longest_url",
            th.IntegerType,
            default=15_000,
            description="Characters that the site accepts in an address. Queries and setup objects travel in it.",
        ),
        th.Property(
            "longest_get",
            th.IntegerType,
            default=2_000,
            description="Characters from which on a transaction travels in a body (PostLD) instead.",
        ),
        th.Property(
            "ca_bundle",
            th.StringType,
            description="File with the certificates to trust, for a company's own authority.",
        ),
    )
