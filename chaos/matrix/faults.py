"""The columns of the matrix: what happens to a request or its answer, as the sandbox's actions."""

from __future__ import annotations

from collections.abc import Mapping

Fault = Mapping[str, object]
_JSON = {"Content-Type": "application/json"}
_PAGE = {"Content-Type": "text/html; charset=utf-8"}
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Log on</title></head><body><form>Password</form></body></html>"


def _busy(retry_after: str) -> Fault:
    return {"status": 429, "headers": {"Retry-After": retry_after, **_JSON}, "body": '{"error": "too many"}'}


FAULTS: dict[str, Fault] = {
    # Answers in place of the system's.
    "400": {"status": 400, "headers": _JSON, "body": "{}"},
    "401": {"status": 401},
    "403": {"status": 403, "headers": _JSON, "body": "{}"},
    "404": {"status": 404},
    "408": {"status": 408},
    "409": {"status": 409, "headers": _JSON, "body": "{}"},
    "429": {"status": 429},
    "429 in 1 s": _busy("1"),
    "429 at a date": _busy("Wed, 21 Oct 2015 07:28:00 GMT"),
    "429 in -5 s": _busy("-5"),
    "429 in years": _busy("99999999999"),
    "429 soon": _busy("a moment, please"),
    "500": {"html": 500},
    "502": {"html": 502},
    "503": {"html": 503},
    "504": {"html": 504},
    "empty 200": {"status": 200, "headers": _JSON},
    "204": {"status": 204},
    "{}": {"status": 200, "headers": _JSON, "body": "{}"},
    "[]": {"status": 200, "headers": _JSON, "body": "[]"},
    "login page": {"status": 200, "headers": _PAGE, "body": _LOGIN_PAGE},
    "redirect to itself": {"redirect": "loop"},
    "redirect": {"redirect": "same_host"},
    "redirect elsewhere": {"redirect": "other_host"},
    "redirect to http": {"redirect": "plain_http"},
    # Around the work.
    "reset before": {"reset": "before_request"},
    "answer lost": {"reset": "before_response"},
    "reset in body": {"reset": "mid_body"},
    "reset behind": {"reset": "after_body"},
    "work done late": {"reset": "late", "delay": 0.2},
    "gateway gave up": {"gave_up": 504, "delay": 0.2},
    # The true answer, spoilt.
    **{
        name.replace("_", " "): {"damage": name}
        for name in (
            "half", "garbled", "empty", "no_content", "wrong_type",
            "gzip", "gzip_half", "gzip_garbled", "gzip_bomb", "gzip_lie",
            "long_length", "short_length", "double_length", "half_chunk",
            "repeated_headers", "broken_headers", "no_http",
        )
    },
    "slow headers": {"damage": "slow_headers", "pace": 100.0},
    "slow body": {"damage": "slow_body", "pace": 100.0},
    "no answer": {"delay": 2000.0},
    # Tokens.
    "revoked": {"revoke": True},
    "expired": {"lapse": 36_000.0},
}  # fmt: skip
