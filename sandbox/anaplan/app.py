"""The tenant's ASGI application: the three services on one port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route

from sandbox.anaplan import (
    actions_api,
    files_api,
    lists_api,
    modules_api,
    reads_api,
    status_api,
    tasks_api,
    tenant_api,
    views_api,
)
from sandbox.anaplan.call import Call, Gate, ModelCall, Spec, refusal
from sandbox.anaplan.envelope import ApiError, collection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.anaplan.auth import AuthService, Tokens
    from sandbox.anaplan.oauth import OAuthService
    from sandbox.anaplan.tenant import Tenant

API = "/2/0"
MODEL_ROOTS = ("/workspaces/{workspace_id}/models/{model_id}", "/models/{model_id}")
MODEL_SPECS: tuple[Spec, ...] = (
    *status_api.ROUTES,
    *files_api.ROUTES,
    *actions_api.ROUTES,
    *tasks_api.ROUTES,
    *lists_api.ROUTES,
    *modules_api.ROUTES,
    *views_api.ROUTES,
    *reads_api.ROUTES,
)


class _Limited:
    """Trailing slashes taken off, and the tenant's rate limit in front of the Integration API."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path.endswith("/") and len(path) > 1:
            scope = {**scope, "path": path.rstrip("/")}
        if path.startswith(f"{API}/") and not self._tenant.bucket.take():
            scope = {**scope, "path": "/limited", "state": {"path": path}}
        await self._app(scope, receive, send)


def build_app(tenant: Tenant, tokens: Tokens, auth: AuthService, oauth: OAuthService) -> ASGIApp:
    """The application over the tenant's services."""
    gate = Gate(tenant, tokens)

    def for_tenant(handler: Callable[[Call], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await handler(Call(request, tenant, gate.user(request)))

        return endpoint

    def for_model(spec: Spec) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            user = gate.user(request)
            if spec.masked and not user.access:
                return collection(request, "objects/task", "tasks", [], 1)
            call = ModelCall(request, tenant, user, gate.model(request, user))
            await gate.admit(call, spec)
            return await spec.handler(call)

        return endpoint

    async def limited(request: Request) -> Response:
        request.scope["path"] = request.state.path
        raise ApiError(429, headers=tenant.bucket.retry_after())

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            error = ApiError(error.status_code, headers=error.headers)
        if not isinstance(error, ApiError):
            raise error
        return refusal(tenant, request, error)

    model_routes = [Route(spec.path, for_model(spec), methods=[spec.method]) for spec in MODEL_SPECS]
    routes = [
        *auth.routes(),
        *oauth.routes(),
        Route("/limited", limited, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route(f"{API}/workspaces/{{workspace_id}}/models/{{model_id}}", _no_method, methods=["TRACE"]),
        *[Route(API + path, for_tenant(handler), methods=["GET"]) for path, handler in tenant_api.ROUTES],
        *[Mount(API + root, routes=model_routes) for root in MODEL_ROOTS],
    ]
    app = Starlette(routes=routes, exception_handlers={ApiError: refused, HTTPException: refused})
    return _Limited(app, tenant)


async def _no_method(_: Request) -> Response:
    """A model below its workspace exists as a path, but no method of it is allowed."""
    raise ApiError(405)
