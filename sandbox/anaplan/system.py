"""The tenant as a system of the sandbox."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from sandbox.anaplan.app import build_app
from sandbox.anaplan.auth import AuthService, Tokens
from sandbox.anaplan.control import TenantControl
from sandbox.anaplan.oauth import OAuthService
from sandbox.anaplan.switches import switches
from sandbox.anaplan.tenant import Tenant
from sandbox.core.certificate import Certificate

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches
    from sandbox.core.system import Options


class AnaplanSystem:
    """One tenant with its services."""

    name = "anaplan"

    def __init__(self, options: Options, clock: Clock) -> None:
        self.switches: Switches = switches()
        self._tenant = Tenant(options, clock, self.switches)
        self._tokens = Tokens(self._tenant)
        self._certificate = Certificate(options.data / "anaplan", self._tenant.users[0].email)
        auth = AuthService(self._tenant, self._tokens, self._certificate.certificate)
        self._oauth = OAuthService(self._tenant, self._tokens)
        self.app: ASGIApp = build_app(self._tenant, self._tokens, auth, self._oauth)
        # Millions of items and cells make full collections slow; there is little garbage in cycles here.
        gc.set_threshold(100_000, 50, 100)

    def control_routes(self) -> list[BaseRoute]:
        """Its part of the control API."""
        return TenantControl(self._tenant, self._oauth).routes()

    def reset(self) -> None:
        """Empty models, no tokens, a full bucket, switches as at the start."""
        self.switches.reset()
        self._tokens.clear()
        self._oauth.reset()
        self._tenant.reset()

    def revoke(self) -> None:
        """No token is good any more; OAuth's refresh tokens stay."""
        self._tokens.revoke_all()

    def describe(self, base_url: str) -> dict[str, object]:
        """Addresses and sample credentials."""
        user = self._tenant.users[0]
        return {
            "api_url": base_url,
            "auth_url": base_url,
            "oauth_url": base_url,
            "workspace_id": self._tenant.workspace_id,
            "model_id": self._tenant.main_model.id,
            "models": {name: model.id for name, model in self._tenant.models_by_name().items()},
            "username": user.email,
            "password": user.password,
            "oauth_client_id": self._oauth.client_id,
            "oauth_refresh_token": self._oauth.first_refresh_token,
            "certificate": str(self._certificate.path),
            "private_key": str(self._certificate.key_path),
        }

    def report(self) -> dict[str, object]:
        """Per model: most actions at once, most that were pending at once, uploads that came while an action ran,
        finished tasks by state. For the tenant: requests refused by the rate limit, tokens issued.
        """
        models = self._tenant.models.items()
        return {
            "max_overlap": {key: model.queue.most_in_progress for key, model in models},
            "max_pending": {key: model.queue.most_pending for key, model in models},
            "uploads_during_tasks": {key: model.uploads_during_tasks for key, model in models},
            "tasks": {key: dict(model.queue.finished) for key, model in models},
            "rate_limited": self._tenant.bucket.refused,
            "tokens_issued": self._tokens.logons,
        }


def build(options: Options, clock: Clock) -> AnaplanSystem:
    """The system, its models empty."""
    return AnaplanSystem(options, clock)
