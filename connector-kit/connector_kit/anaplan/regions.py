"""The hosts of Anaplan's regions.

Source: the server lists of the community OpenAPI specification, probed live. One set of hosts serves US1, US2,
US5, US7, EU1, EU2, EU4 and AP1; the other regions have a prefix, AU1 a spelling of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.errors import ConfigurationError
from connector_kit.redaction import shortened
from connector_kit.tls import refuse_open


@dataclass(frozen=True, slots=True)
class Hosts:
    """Base addresses without a trailing slash: the integration API (without /2/0), tokens, OAuth."""

    api_url: str
    auth_url: str
    oauth_url: str


_SHARED = Hosts("https://api.anaplan.com", "https://auth.anaplan.com", "https://us1a.app.anaplan.com")
_SHARED_REGIONS = ("us1", "us2", "us5", "us7", "eu1", "eu2", "eu4", "ap1")
_PREFIXES = {
    "us9": "us9",
    "eu3": "eu3",
    "eu5": "eu5",
    "gb1": "gb1",
    "ca1": "ca1a",
    "sg1": "sg1",
    "ae1": "ae1",
    "in1": "in1",
    "id1": "id1",
    "me1": "me1",
}
REGIONS: dict[str, Hosts] = {
    **dict.fromkeys(_SHARED_REGIONS, _SHARED),
    **{
        region: Hosts(
            f"https://{prefix}.api.anaplan.com",
            f"https://{prefix}.auth.anaplan.com",
            f"https://{prefix}.app.anaplan.com",
        )
        for region, prefix in _PREFIXES.items()
    },
    "au1": Hosts("https://au1a.api2.anaplan.com", "https://au1a.app2.anaplan.com", "https://au1a.app2.anaplan.com"),
}


def hosts(
    region: str | None = None, *, api_url: str | None = None, auth_url: str | None = None, oauth_url: str | None = None
) -> Hosts:
    """The three hosts of a region (default: the shared ones), each replaced by the address given for it.

    Raises:
        ConfigurationError: no such region, or an address that is none.
    """
    name = (region or "us1").strip().lower()
    base = REGIONS.get(name) or REGIONS.get(name.removesuffix("a"))
    if base is None:
        close = get_close_matches(name, REGIONS, n=3, cutoff=0.3)
        raise ConfigurationError(
            system=SYSTEM,
            subject="region",
            expected=f"one of {', '.join(sorted(REGIONS))}",
            got=repr(region),
            hint=f"Nearest: {', '.join(close)}." if close else "Or give api_url, auth_url and oauth_url instead.",
        )
    return Hosts(
        _base("api_url", api_url).removesuffix("/2/0") if api_url else base.api_url,
        _base("auth_url", auth_url) if auth_url else base.auth_url,
        _base("oauth_url", oauth_url) if oauth_url else base.oauth_url,
    )


def _base(setting: str, url: str) -> str:
    plain = url.strip().rstrip("/")
    if not plain.lower().startswith(("https://", "http://")):
        raise ConfigurationError(
            system=SYSTEM, subject=setting, expected="an address with https://", got=repr(shortened(url, 80))
        )
    refuse_open(SYSTEM, f"setting {setting}", plain)
    return plain
