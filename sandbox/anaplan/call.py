"""One call of the Integration API on its way to a handler: who calls, which model, may it pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.responses import Response

from sandbox.anaplan.envelope import ApiError, encoded, error_body, phrase, timestamp

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.anaplan.auth import Tokens
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.tenant import Tenant, User
    from sandbox.core.switches import Switches

T = TypeVar("T")
MAX_BODY_BYTES = 15 * 1024 * 1024
_POLL_SECONDS = 0.005
_REFUSING = {
    "ARCHIVED": (422, "Model is archived"),
    "MAINTENANCE": (424, "Model is offline"),
    "PRODUCTION_MAINTENANCE": (424, "Model is offline"),
    "OFFLINE": (424, "Model is offline"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its user."""

    request: Request
    tenant: Tenant
    user: User

    @property
    def switches(self) -> Switches:
        """The tenant's switches."""
        return self.tenant.switches

    @property
    def cap(self) -> int:
        """The largest page."""
        return self.switches.number("page_cap")

    def number(self, name: str) -> int:
        """A numeric id in the path; 404 when it is none."""
        text = str(self.request.path_params[name])
        if not (text.isascii() and text.isdigit()):
            raise ApiError(404)
        return int(text)

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.request.query_params.get(name, "").lower() == "true"

    async def json(self, kind: type[T]) -> T:
        """The body as JSON; 400 when it is none or of another shape."""
        body = await self.request.body()
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(int(self.switches.text("limit_status")), "The request body exceeds 15 MB")
        try:
            return msgspec.json.decode(body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiError(400, f"Malformed request body: {error}") from None


@dataclass(frozen=True, slots=True)
class ModelCall(Call):
    """A request about a model."""

    model: Model

    def schema(self, kind: str) -> str:
        """The path of meta.schema for a model-scoped kind of object."""
        return f"models/{self.model.id}/objects/{kind}"


Handler = Callable[[ModelCall], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Spec:
    """A model-scoped route.

    ``while_busy``: answers while an action holds the model; ``writes``: changes the model; ``structural``: adds or
    removes list items; ``any_state``: answers whatever the model's state; ``upload``: brings file content;
    ``transactional``: by Anaplan's help for workspace administrators alone;
    ``masked``: users who cannot see the model get an empty collection, where other routes answer 404.
    """

    method: str
    path: str
    handler: Handler
    while_busy: bool = False
    writes: bool = False
    structural: bool = False
    any_state: bool = False
    upload: bool = False
    transactional: bool = False
    masked: bool = False


class Gate:
    """Checks that precede every handler."""

    def __init__(self, tenant: Tenant, tokens: Tokens) -> None:
        self._tenant = tenant
        self._tokens = tokens

    def user(self, request: Request) -> User:
        """The caller; 401 without a token in force."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._tokens.find(value) if scheme.lower() in {"anaplanauthtoken", "bearer"} else None
        if token is None:
            raise ApiError(401)
        return token.user

    def model(self, request: Request, user: User) -> Model:
        """The model of the path; 404 when it does not exist in the workspace of the path or the user cannot see it."""
        model = self._tenant.models.get(request.path_params["model_id"])
        workspace = request.path_params.get("workspace_id", self._tenant.workspace_id)
        if model is None or not user.access or workspace != model.home.workspace_id:
            raise ApiError(404)
        return model

    async def admit(self, call: ModelCall, spec: Spec) -> None:
        """Hold the call while the model is busy or loads; refuse what the model's state forbids."""
        model, switches = call.model, call.switches
        if spec.transactional and switches.text("transactional_role") == "admin" and not call.user.admin:
            raise ApiError(403)
        if not spec.any_state:
            check_state(model, switches, writes=spec.writes, structural=spec.structural)
            await self._wake(model)
        if spec.upload and model.queue.busy:
            model.uploads_during_tasks += 1
        if switches.flag("busy_blocks") and not (spec.while_busy or spec.any_state):
            while model.queue.busy:
                await asyncio.sleep(_POLL_SECONDS)

    async def _wake(self, model: Model) -> None:
        if not model.open:
            await self._tenant.clock.sleep(self._tenant.switches.seconds("cold_start_seconds"))
            model.open = True


def check_state(model: Model, switches: Switches, *, writes: bool, structural: bool) -> None:
    """422, 423, 424 or 425 when the model's state forbids the call."""
    if model.state in _REFUSING:
        raise ApiError(*_REFUSING[model.state])
    if model.state == "LOCKED" and (writes or switches.text("locked_refuses") == "everything"):
        raise ApiError(423, "Model is locked")
    if model.state == "PRODUCTION" and (structural or (writes and switches.text("deployed_refuses") == "writes")):
        raise ApiError(425, "Model is deployed")


def refusal(tenant: Tenant, request: Request, error: ApiError) -> Response:
    """The response for a refused call."""
    message = error.message
    if error.status in {422, 423, 424, 425}:
        form = tenant.switches.text("refusal_body")
        if form == "empty":
            return Response(status_code=error.status)
        if form == "message":
            return encoded({"message": message}, error.status)
        if form == "html":
            page = f"<html><head><title>{error.status} {phrase(error.status)}</title></head></html>"
            return Response(page, error.status, media_type="text/html")
    when = timestamp(tenant.clock.now(), tenant.switches.text("timestamp_suffix"))
    return encoded(error_body(error.status, message, request.url.path, when), error.status, error.headers)
