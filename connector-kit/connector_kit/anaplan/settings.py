"""The settings of every Anaplan plugin: where the tenant is, how to log on, which model, and how patiently.

They are what `connector_kit.anaplan.connect` reads.
"""

from __future__ import annotations

from singer_sdk import typing as th

LOGIN: tuple[th.Property[str], ...] = (
    th.Property(
        "region",
        th.StringType,
        title="Region",
        description="Anaplan region, e.g. us1, eu3, au1: chooses the three hosts. Default: us1.",
    ),
    th.Property("api_url", th.StringType, description="Host of the integration API, instead of the region's."),
    th.Property("auth_url", th.StringType, description="Host of the token service, instead of the region's."),
    th.Property("oauth_url", th.StringType, description="Host of OAuth, instead of the region's."),
    th.Property(
        "ca_bundle",
        th.StringType,
        description="File with the certificates to trust, for a company's own authority, as of a proxy that looks into "
        "TLS.",
    ),
    th.Property(
        "auth_method",
        th.StringType,
        allowed_values=["basic", "certificate", "oauth"],
        description="How to log on. Default: what is configured.",
    ),
    th.Property("username", th.StringType, description="Basic: the user's e-mail address."),
    th.Property("password", th.StringType, secret=True, description="Basic: the password."),
    th.Property("certificate", th.StringType, description="Certificate: path of the PEM file, or its text."),
    th.Property(
        "private_key", th.StringType, secret=True, description="Certificate: path of the PEM file, or its text."
    ),
    th.Property("private_key_password", th.StringType, secret=True, description="Certificate: password of the key."),
    th.Property(
        "certificate_version",
        th.StringType,
        allowed_values=["v1", "v2"],
        default="v2",
        description="Certificate: the form of the signed statement.",
    ),
    th.Property("oauth_client_id", th.StringType, description="OAuth: id of the client."),
    th.Property("oauth_client_secret", th.StringType, secret=True, description="OAuth: secret of the client."),
    th.Property("oauth_refresh_token", th.StringType, secret=True, description="OAuth: refresh token."),
)

MODEL: tuple[th.Property[str], ...] = (
    th.Property("workspace_id", th.StringType, required=True, description="Workspace, by id or unique name."),
    th.Property("model_id", th.StringType, required=True, description="Model, by id or unique name."),
)

PATIENCE: tuple[th.Property[float] | th.Property[int] | th.Property[str], ...] = (
    th.Property(
        "wait_seconds",
        th.NumberType(minimum=0),
        default=3600,
        description="How long to wait for a model that is busy, locked, or in another job's hands.",
    ),
    th.Property(
        "poll_first",
        th.NumberType(exclusive_minimum=0),
        default=1.0,
        description="Seconds before a task is first looked at.",
    ),
    th.Property(
        "poll_max",
        th.NumberType(exclusive_minimum=0),
        default=5.0,
        description="Longest pause between two looks, in seconds.",
    ),
    th.Property(
        "rate_per_minute",
        th.IntegerType(minimum=1),
        default=600,
        description="Requests per minute, shared by all jobs.",
    ),
    th.Property("locale_name", th.StringType, default="en_US", description="Locale that tasks are started with."),
)

COORDINATION: th.Property[str] = th.Property(
    "coordination_url",
    th.StringType,
    description="Database of shared rates and locks. Default: a SQLite file of this user.",
)
