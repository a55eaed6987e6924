"""The settings with which a plugin reaches a tenant, the same for tap and target."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th


def connection_properties() -> tuple[th.Property[Any], ...]:
    """Address, credentials, and how requests are made."""
    return (
        th.Property(
            "api_url",
            th.StringType,
            required=True,
            description="The tenant's API address, such as https://my000000-api.s4hana.cloud.sap.",
        ),
        th.Property(
            "auth_method",
            th.StringType,
            allowed_values=["basic", "oauth", "certificate"],
            description="How to log on. Default: what is configured.",
        ),
        th.Property("username", th.StringType, description="Basic: the communication user."),
        th.Property("password", th.StringType, secret=True, description="Basic: the communication user's password."),
        th.Property(
            "token_url",
            th.StringType,
            description="OAuth: the token endpoint; /sap/bc/sec/oauth2/token of the API address by default.",
        ),
        th.Property("client_id", th.StringType, description="OAuth: the client."),
        th.Property("client_secret", th.StringType, secret=True, description="OAuth: the client's secret."),
        th.Property("scope", th.StringType, description="OAuth: the scope to ask for, if any."),
        th.Property("certificate", th.StringType, description="Certificate: path of the PEM file, or its text."),
        th.Property(
            "private_key",
            th.StringType,
            secret=True,
            description="Certificate: path of the key's PEM file, or its text.",
        ),
        th.Property(
            "private_key_password", th.StringType, secret=True, description="Certificate: password of the key."
        ),
        th.Property("sap_client", th.StringType, description="SAP client, where the system has several (on-premise)."),
        th.Property(
            "language", th.StringType, default="EN", description="Language of messages and texts (sap-language)."
        ),
        th.Property(
            "timeout",
            th.NumberType(exclusive_minimum=0),
            default=300,
            description="Seconds without an answer after which a try has failed.",
        ),
        th.Property(
            "max_tries",
            th.IntegerType(minimum=1),
            default=8,
            description="How often a request is sent, with growing pauses, before an outage ends the run.",
        ),
        th.Property(
            "rate_per_minute",
            th.IntegerType(minimum=0),
            default=0,
            description="Requests per minute that all processes together may send; 0: as many as it takes.",
        ),
        th.Property(
            "coordination_url",
            th.StringType,
            description="Where processes share the rate; a file of this user by default.",
        ),
        th.Property(
            "ca_bundle",
            th.StringType,
            description="File with the certificates to trust, for a company's own authority.",
        ),
    )
