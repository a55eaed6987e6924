"""A tenant: its workspaces and models."""

from __future__ import annotations

from types import TracebackType
from typing import Literal

from typing_extensions import Self

from connector_kit.anaplan import ids
from connector_kit.anaplan.auth import AnaplanAuth
from connector_kit.anaplan.errors import RETRY_STATUSES, SYSTEM, classify
from connector_kit.anaplan.model import ModelClient
from connector_kit.anaplan.objects import Model, User, Workspace
from connector_kit.anaplan.reading import mapping, struct, structs
from connector_kit.anaplan.tasks import Polling
from connector_kit.anaplan.transport import Transport
from connector_kit.coordination import Coordinator
from connector_kit.http import HttpSession, Retry

PER_MINUTE = 600
"""Requests that Anaplan allows a tenant: a bucket of 600 that gets one more every 0.1 s
(Anaplan help, "Model busy behavior and retry strategy")."""

SHORTEST_QUEUE = 60.0
"""Seconds that a task may wait for its turn in any case."""


class Anaplan:
    """The integration API of one tenant. A context manager; safe to use from several threads.

    Args:
        api_url: base address without /2/0.
        auth: signs the requests.
        coordinator: carries the shared rate and the models' locks.
        tenant_key: names the tenant whose rate is shared.
        per_minute: the tenant's share that all connectors together may use.
        pool_size: connections, at least as many as parallel uploads.
        wait_seconds: how long to wait for a model that is locked, offline or busy.
        polling: how tasks are followed; its `queue` follows `wait_seconds` unless given here.
        retry: how often, and how patiently, single requests are repeated.
    """

    def __init__(
        self,
        api_url: str,
        auth: AnaplanAuth,
        *,
        coordinator: Coordinator,
        tenant_key: str,
        per_minute: int = PER_MINUTE,
        pool_size: int = 8,
        wait_seconds: float = 0.0,
        polling: Polling | None = None,
        retry: Retry | None = None,
        verify: Literal[True] | str = True,
    ) -> None:
        self._coordinator = coordinator
        self._polling = polling or Polling(queue=max(wait_seconds, SHORTEST_QUEUE))
        self._http = HttpSession(
            SYSTEM,
            auth=auth,
            limiter=coordinator.limiter(f"anaplan:{tenant_key}", per_minute=per_minute),
            classify=classify,
            retry=retry,
            retry_statuses=RETRY_STATUSES,
            pool_size=pool_size,
            verify=verify,
        )
        self._transport = Transport(self._http, api_url, auth, wait_seconds=wait_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The token is left to expire: another process may have been given the same."""
        self._http.close()

    def me(self) -> User:
        """The user that the token belongs to: the cheapest question that shows that the login works."""
        return struct(
            User, mapping(self._transport.json("GET", "/users/me", what="the token's user", holds=["user"])["user"])
        )

    def workspaces(self) -> list[Workspace]:
        """All workspaces that the user sees."""
        return structs(Workspace, self._transport.all("/workspaces", "workspaces", what="workspaces"))

    def models(self, workspace_id: str | None = None) -> list[Model]:
        """All models that the user sees, of one workspace or of all."""
        if workspace_id is None:
            path, what = "/models", "models"
        else:
            own_id = ids.workspace_id(workspace_id)
            path, what = f"/workspaces/{own_id}/models", f"workspace {own_id}, models"
        return structs(Model, self._transport.all(path, "models", what=what, params={"modelDetails": "true"}))

    def model(self, workspace_id: str, model_id: str, *, name: str = "") -> ModelClient:
        """The client of a model by its ids; asks the server nothing.

        Raises:
            ConfigurationError: an id that can't be one; says why.
        """
        return ModelClient(
            self._transport,
            self._coordinator,
            workspace_id=ids.workspace_id(workspace_id),
            model_id=ids.model_id(model_id),
            name=name,
            polling=self._polling,
        )

    def find_model(self, workspace: str, model: str) -> ModelClient:
        """The client of a model by ids or by unique names.

        Raises:
            ConfigurationError: an id that can't be one, or a name that several have.
            NotFoundError: none; names what comes close.
        """
        if ids.looks_like_guid(workspace):
            workspace_id, place = ids.workspace_id(workspace), f"workspace {workspace}"
        else:
            found = ids.find(self.workspaces(), workspace, kind="workspace", where="this tenant")
            workspace_id, place = found.id, f"workspace {found.name}"
        wanted = ids.model_id(model) if ids.looks_like_guid(model) else model
        known = ids.find(self.models(workspace_id), wanted, kind="model", where=place)
        return self.model(workspace_id, known.id, name=known.name)
