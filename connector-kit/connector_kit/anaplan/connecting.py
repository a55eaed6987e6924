"""From a plugin's settings to a tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from connector_kit.anaplan.client import PER_MINUTE, SHORTEST_QUEUE, Anaplan
from connector_kit.anaplan.login import from_settings
from connector_kit.anaplan.regions import hosts
from connector_kit.anaplan.tasks import Polling
from connector_kit.anaplan.token_service import auth_session
from connector_kit.coordination import Coordinator
from connector_kit.http import Retry

_TOKEN_WAIT = 120.0


def connect(
    settings: Mapping[str, Any],
    *,
    coordinator: Coordinator,
    load_refresh_token: Callable[[], str] | None = None,
    store_refresh_token: Callable[[str], None] | None = None,
    retry: Retry | None = None,
) -> Anaplan:
    """The tenant that resolved settings describe. Logs in with the first request.

    Settings, all optional but the credentials (see `connector_kit.anaplan.login`): region, api_url, auth_url,
    oauth_url; ca_bundle; wait_seconds, poll_first and poll_max in seconds; rate_per_minute; upload_parallel.
    The rate is shared by all that use the same API host, so that it is never more than a tenant has.

    Args:
        settings: of the plugin, references to secrets resolved.
        coordinator: carries the shared rate and the models' locks.
        load_refresh_token: gives the present OAuth refresh token, see `from_settings`.
        store_refresh_token: keeps a rotated one.
        retry: how often, and how patiently, single requests are repeated.

    Raises:
        ConfigurationError: an unknown region, an address that is none, incomplete or unusable credentials.
    """
    places = hosts(
        settings.get("region"),
        api_url=settings.get("api_url"),
        auth_url=settings.get("auth_url"),
        oauth_url=settings.get("oauth_url"),
    )
    tenant_key = places.api_url.partition("://")[2].rpartition("@")[2]
    per_minute = int(_or(settings.get("rate_per_minute"), PER_MINUTE))
    verify: Any = settings.get("ca_bundle") or True
    wait_seconds = float(_or(settings.get("wait_seconds"), 3600))

    def one_at_a_time() -> AbstractContextManager[object]:
        name = f"anaplan:oauth:{settings.get('oauth_client_id')}"
        return coordinator.lock(name, purpose="refresh the OAuth token", wait_seconds=_TOKEN_WAIT)

    auth = from_settings(
        settings,
        hosts=places,
        http=auth_session(
            coordinator.limiter(f"anaplan:{tenant_key}", per_minute=per_minute), retry=retry, verify=verify
        ),
        load=load_refresh_token,
        store=store_refresh_token,
        guard=one_at_a_time,
    )
    return Anaplan(
        places.api_url,
        auth,
        coordinator=coordinator,
        tenant_key=tenant_key,
        per_minute=per_minute,
        pool_size=int(_or(settings.get("upload_parallel"), 4)) + 4,
        wait_seconds=wait_seconds,
        polling=Polling(
            first=float(_or(settings.get("poll_first"), Polling().first)),
            longest=float(_or(settings.get("poll_max"), Polling().longest)),
            queue=max(wait_seconds, SHORTEST_QUEUE),
        ),
        retry=retry,
        verify=verify,
    )


def _or(value: Any, default: float) -> Any:  # noqa: ANN401 - a setting's value
    return default if value is None else value
