"""Workspaces, models and users: what the API tells outside any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.anaplan.envelope import ApiError, collection, moment, strictly_sorted, success
from sandbox.anaplan.tenant import WORKSPACE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from sandbox.anaplan.call import Call
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.tenant import User

_GIGABYTE = 1 << 30
_STATES = {"OFFLINE": "MAINTENANCE"}
_USER_SORTS = ("firstName", "lastName", "email", "active", "lastLoginDate")


def _user(call: Call, user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "active": True,
        "email": user.email,
        "emailOptIn": False,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "lastLoginDate": moment(call.tenant.clock.now()),
        "customerId": call.tenant.customer_id,
    }


async def me(call: Call) -> Response:
    """The calling user."""
    return success("objects/user", user=_user(call, call.user))


async def users(call: Call) -> Response:
    """All users of the tenant."""
    rows = strictly_sorted(call.request, [_user(call, user) for user in call.tenant.users], _USER_SORTS)
    return collection(call.request, "objects/user", "users", rows, call.cap)


async def user(call: Call) -> Response:
    """One user."""
    for known in call.tenant.users:
        if known.id == call.request.path_params["user_id"]:
            return success("objects/user", user=_user(call, known))
    raise ApiError(404)


def _workspace(call: Call) -> dict[str, object]:
    row: dict[str, object] = {"id": call.tenant.workspace_id, "name": WORKSPACE_NAME, "active": True}
    row["sizeAllowance"] = 50 * _GIGABYTE
    if call.flag("tenantDetails"):
        row["currentSize"] = sum(_memory(model) for model in call.tenant.models.values())
    return row


async def workspaces(call: Call) -> Response:
    """The workspaces that the user has access to."""
    visible = [_workspace(call)] if call.user.access else []
    rows = strictly_sorted(call.request, visible, ("name", "sizeAllowance"))
    return collection(call.request, "objects/workspace", "workspaces", rows, call.cap)


def _check_workspace(call: Call) -> None:
    if call.request.path_params["workspace_id"] != call.tenant.workspace_id:
        raise ApiError(404)


async def workspace(call: Call) -> Response:
    """One workspace, for administrators."""
    _check_workspace(call)
    if not call.user.admin:
        raise ApiError(404)
    return success("objects/workspace", workspace=_workspace(call))


def _memory(model: Model) -> int:
    return 1_000_000 + 200 * (sum(map(len, model.lists.values())) + sum(len(m.rows) for m in model.modules.values()))


def _model(call: Call, model: Model, *, details: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "id": model.id,
        "name": model.definition.name,
        "activeState": _STATES.get(model.state, model.state),
        "currentWorkspaceId": model.home.workspace_id,
        "currentWorkspaceName": model.home.workspace_name,
        "modelUrl": f"{call.request.base_url}core3/workspaces/{model.home.workspace_id}/models/{model.id}",
        "categoryValues": [],
    }
    if details:
        serial: str | int = model.serial_number
        row |= {
            "lastSavedSerialNumber": str(serial) if call.switches.text("serial_number") == "string" else serial,
            "lastModifiedByUserGuid": model.modified_by or call.tenant.users[0].id,
            "memoryUsage": _memory(model),
            "isoCreationDate": "2021-11-02T09:15:00.000+0000",
            "lastModified": moment(model.modified),
        }
    return row


def _models(call: Call, visible: Iterable[Model]) -> Response:
    details = call.flag("modelDetails")
    found = [_model(call, model, details=details) for model in visible]
    rows = strictly_sorted(call.request, found, ("name", "activeState"))
    return collection(call.request, "objects/model", "models", rows, call.cap)


async def models(call: Call) -> Response:
    """The models that the user has access to."""
    return _models(call, call.tenant.models.values() if call.user.access else ())


async def workspace_models(call: Call) -> Response:
    """The models of one workspace, those that the user can't open among them (probed live)."""
    _check_workspace(call)
    return _models(call, call.tenant.models.values())


async def model(call: Call) -> Response:
    """One model, whatever its state and whether or not the user can open it (probed live)."""
    found = call.tenant.models.get(call.request.path_params["model_id"])
    if found is None:
        raise ApiError(404)
    row = _model(call, found, details=call.flag("modelDetails"))
    row["modelTransactionRunning"] = found.queue.busy
    return success("objects/model", model=row)


ROUTES = (
    ("/users", users),
    ("/users/me", me),
    ("/users/{user_id}", user),
    ("/workspaces", workspaces),
    ("/workspaces/{workspace_id}", workspace),
    ("/workspaces/{workspace_id}/models", workspace_models),
    ("/models", models),
    ("/models/{model_id}", model),
)
