"""From a plugin's settings to a tenant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

from connector_kit.coordination import Coordinator
from connector_kit.coordination import connect as coordinate
from connector_kit.errors import ConfigurationError
from connector_kit.http import HttpSession, Limiter, Retry
from connector_kit.http.tokens import TokenAuth
from connector_kit.odata.client import ODataSession
from connector_kit.sap.auth import auth_of, tls_of, token_error
from connector_kit.sap.errors import SYSTEM, classify
from connector_kit.tls import refuse_open


class SapSession(ODataSession):
    """A session whose token is there before a request is tried.

    A login that fails is then neither repeated by the request's own tries nor leaves the request's outcome in doubt.
    """

    @override
    def request(self, *arguments: Any, **options: Any) -> Any:
        if isinstance(self.auth, TokenAuth):
            self.auth.ensure()
        return super().request(*arguments, **options)


class SapConnection:
    """A tenant: its address, the session that signs and limits requests, and the headers that every request carries."""

    system = SYSTEM

    def __init__(
        self,
        base_url: str,
        session: ODataSession,
        headers: Mapping[str, str],
        *,
        closing: Collection[Callable[[], None]] = (),
    ) -> None:
        self.base_url = base_url
        self.session = session
        self.headers = dict(headers)
        self._closing = closing

    def url(self, path: str) -> str:
        """The address of a path such as /sap/opu/odata/sap/API_COMPANYCODE_SRV."""
        return f"{self.base_url}/{path.lstrip('/')}"

    def close(self) -> None:
        """Close the connections."""
        self.session.close()
        for close in self._closing:
            close()


def connect(config: Mapping[str, Any], *, coordinator: Coordinator | None = None) -> SapConnection:
    """The tenant that resolved settings describe (see `connection_properties`). Logs on with the first request.

    Args:
        config: of the plugin, references to secrets resolved.
        coordinator: carries the shared rate; by default the one of `coordination_url`, where there is a rate.

    Raises:
        ConfigurationError: no address, incomplete or unusable credentials.
    """
    base_url = str(config.get("api_url") or "").rstrip("/")
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ConfigurationError(
            system=SYSTEM, subject="setting api_url", expected="an address with https://", got=base_url or "nothing"
        )
    for name in ("api_url", "token_url"):
        refuse_open(SYSTEM, f"setting {name}", str(config.get(name) or ""))
    limiter, closing = _limiter(config, base_url, coordinator)
    common: dict[str, Any] = {
        "limiter": limiter,
        "retry": Retry(tries=int(_or(config, "max_tries", 8))),
        "timeout": (15.0, float(_or(config, "timeout", 300))),
        "verify": config.get("ca_bundle") or True,
    }
    tokens = HttpSession(SYSTEM, classify=token_error, **common)
    session = SapSession(
        SYSTEM,
        auth=auth_of(config, base_url=base_url, http=tokens),
        classify=classify,
        ssl_context=tls_of(config),
        pool_size=max(8, 2 * int(_or(config, "parallel", 1))),
        **common,
    )
    return SapConnection(base_url, session, _headers(config), closing=[tokens.close, *closing])


def _limiter(
    config: Mapping[str, Any], base_url: str, coordinator: Coordinator | None
) -> tuple[Limiter | None, list[Callable[[], None]]]:
    per_minute = int(_or(config, "rate_per_minute", 0))
    if per_minute <= 0:
        return None, []
    closing: list[Callable[[], None]] = []
    if coordinator is None:
        coordinator = coordinate(config.get("coordination_url"))
        closing.append(coordinator.close)
    return coordinator.limiter(f"sap:{urlsplit(base_url).netloc.rpartition('@')[2]}", per_minute=per_minute), closing


def _headers(config: Mapping[str, Any]) -> dict[str, str]:
    language = str(_or(config, "language", "EN"))
    headers = {"Accept-Language": language.lower(), "sap-language": language.upper()} if language else {}
    if config.get("sap_client"):
        headers["sap-client"] = str(config["sap_client"])
    return headers


def _or(config: Mapping[str, Any], name: str, default: float | str) -> Any:  # noqa: ANN401 - a setting's value
    value = config.get(name)
    return default if value is None else value
