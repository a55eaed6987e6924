"""HTTP as every client here uses it: one session per system, retries with jitter, errors for people."""

from connector_kit.http.failures import NotSentError, common_error, excerpt
from connector_kit.http.retry import Retry, wanted_pause
from connector_kit.http.session import (
    Classify,
    HttpSession,
    Limiter,
    Renewable,
    Unreadable,
)

__all__ = [
    "Classify",
    "HttpSession",
    "Limiter",
    "NotSentError",
    "Renewable",
    "Retry",
    "Unreadable",
    "common_error",
    "excerpt",
    "wanted_pause",
]
