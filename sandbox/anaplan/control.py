"""The tenant's routes of the control API: look into models, and play planners, administrators and other clients."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Literal

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from sandbox.anaplan.cells import CellError, code_of, members_by_code, put, text_of
from sandbox.anaplan.data import Item
from sandbox.anaplan.envelope import encoded
from sandbox.anaplan.filling import FillError, ListRow, ModuleRow, fill_list, fill_module
from sandbox.anaplan.grid import cell_text, value_text
from sandbox.anaplan.importing import Refusal
from sandbox.anaplan.model import STATES
from sandbox.anaplan.tasks import Task, foreign_work, milliseconds
from sandbox.core.control import decoded

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from sandbox.anaplan.data import ListData, ModuleData, Value
    from sandbox.anaplan.model import Model
    from sandbox.anaplan.oauth import OAuthService
    from sandbox.anaplan.schema import Format
    from sandbox.anaplan.tenant import Tenant


class _State(msgspec.Struct, forbid_unknown_fields=True):
    state: str
    model: str | None = None


class _Foreign(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float
    model: str | None = None


class _Tokens(msgspec.Struct, forbid_unknown_fields=True):
    tokens: int


class _Edit(msgspec.Struct, forbid_unknown_fields=True):
    module: str
    line_item: str
    dimensions: dict[str, str]
    value: msgspec.Raw
    model: str | None = None


class _Fill(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw
    list_name: str | None = msgspec.field(default=None, name="list")
    module: str | None = None
    model: str | None = None


class _Refuse(msgspec.Struct, forbid_unknown_fields=True):
    import_name: str = msgspec.field(name="import")
    pattern: str
    message: str
    model: str | None = None


class _Default(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    content: str
    audience: Literal["everyone", "admins"] = "everyone"
    model: str | None = None


class _Replacement(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    content: str
    model: str | None = None


class _Timescale(msgspec.Struct, forbid_unknown_fields=True):
    last_year: int
    model: str | None = None


class _ModelOnly(msgspec.Struct, forbid_unknown_fields=True):
    model: str | None = None


class _Approval(msgspec.Struct, forbid_unknown_fields=True):
    user_code: str


def _coded(value: Value, form: Format) -> str:
    """A value with list items by code, for comparison with what was sent."""
    if isinstance(value, Item):
        return code_of(value) if value.alive else ""
    return value_text(value, form.kind)


def _list_content(data: ListData) -> list[dict[str, object]]:
    fields = data.definition.properties
    return [
        {
            "code": item.code,
            "name": item.name,
            "parent": code_of(item.parent) if item.parent is not None and item.parent.alive else "",
            "properties": {
                field.name: _coded(value, field.format) for field, value in zip(fields, item.values, strict=True)
            },
        }
        for item in data
    ]


def _module_content(module: ModuleData) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    names = module.definition.dimensions
    inputs = [(item.name, item.format, module.position[item.name]) for item in module.inputs]
    formulas = [item for item in module.definition.line_items if item.formula is not None]
    for key, row in module.rows.items():
        values = {name: _coded(row[position], form) for name, form, position in inputs}
        for item in formulas:
            values[item.name] = cell_text(module, row, item)
        members = zip(names, module.members(key), strict=True)
        rows.append({"dimensions": {name: code_of(member) for name, member in members}, "values": values})
    return rows


def _content(model: Model, name: str, text: str) -> tuple[int, Path]:
    """The id of a file, and this text on disk."""
    ids = [file.id for file in model.files.definitions.values() if file.name == name]
    if not ids:
        raise HTTPException(404, f"no file {name!r}")
    path = model.files.new_path()
    path.write_bytes(text.encode())
    return ids[0], path


def _filled_list(model: Model, wanted: _Fill) -> int:
    data = model.lists.get(wanted.list_name or "")
    if data is None:
        raise HTTPException(404, f"no list {wanted.list_name!r}")
    rows = msgspec.json.decode(wanted.rows, type=list[ListRow])
    fill_list(model, data, rows)
    return len(rows)


def _filled_module(model: Model, wanted: _Fill) -> int:
    module = model.modules.get(wanted.module or "")
    if module is None:
        raise HTTPException(404, f"no module {wanted.module!r}")
    rows = msgspec.json.decode(wanted.rows, type=list[ModuleRow])
    fill_module(model, module, rows)
    return len(rows)


class TenantControl:
    """Handlers over one tenant. A model is named by id or name; the main one is meant when none is."""

    def __init__(self, tenant: Tenant, oauth: OAuthService) -> None:
        self._tenant = tenant
        self._oauth = oauth

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        return [
            Route("/lists/{name}", self._list, methods=["GET"]),
            Route("/modules/{name}", self._module, methods=["GET"]),
            Route("/users", self._users, methods=["GET"]),
            Route("/model-state", self._model_state, methods=["POST"]),
            Route("/timescale", self._timescale, methods=["POST"]),
            Route("/foreign-task", self._foreign_task, methods=["POST"]),
            Route("/cancel-tasks", self._cancel_tasks, methods=["POST"]),
            Route("/consume-rate", self._consume_rate, methods=["POST"]),
            Route("/edit-cell", self._edit_cell, methods=["POST"]),
            Route("/fill", self._fill, methods=["POST"]),
            Route("/refuse", self._refuse, methods=["POST"]),
            Route("/refuse", self._accept, methods=["DELETE"]),
            Route("/default-file", self._default_file, methods=["POST"]),
            Route("/replace-upload", self._replace_upload, methods=["POST"]),
            Route("/approve-device", self._approve_device, methods=["POST"]),
        ]

    def _model(self, wanted: str | None) -> Model:
        if not wanted:
            return self._tenant.main_model
        found = self._tenant.models.get(wanted) or self._tenant.models_by_name().get(wanted)
        if found is None:
            raise HTTPException(404, f"no model {wanted!r}")
        return found

    async def _list(self, request: Request) -> Response:
        data = self._model(request.query_params.get("model")).lists.get(request.path_params["name"])
        if data is None:
            raise HTTPException(404, f"no list {request.path_params['name']!r}")
        return await run_in_threadpool(lambda: encoded({"items": _list_content(data)}))

    async def _module(self, request: Request) -> Response:
        module = self._model(request.query_params.get("model")).modules.get(request.path_params["name"])
        if module is None:
            raise HTTPException(404, f"no module {request.path_params['name']!r}")
        return await run_in_threadpool(lambda: encoded({"rows": _module_content(module)}))

    async def _users(self, _: Request) -> Response:
        users = [
            {"email": user.email, "password": user.password, "admin": user.admin, "access": user.access}
            for user in self._tenant.users
        ]
        return encoded({"users": users})

    async def _model_state(self, request: Request) -> Response:
        change = await decoded(request, _State)
        if change.state not in STATES:
            raise HTTPException(400, f"state: expected one of {', '.join(STATES)}, got {change.state!r}")
        self._model(change.model).state = change.state
        return encoded({"state": change.state})

    async def _timescale(self, request: Request) -> Response:
        wanted = await decoded(request, _Timescale)
        models = self._tenant.models.values() if wanted.model is None else (self._model(wanted.model),)
        try:
            for model in models:
                model.calendar.extend(wanted.last_year)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return encoded({"last_year": wanted.last_year})

    async def _foreign_task(self, request: Request) -> Response:
        wanted = await decoded(request, _Foreign)
        model, created = self._model(wanted.model), milliseconds(self._tenant.clock.now())
        task = Task(secrets.token_hex(16).upper(), "imports", 0, "Import", self._tenant.foreigner.id, created)
        model.queue.submit(task, foreign_work(wanted.seconds))
        return encoded({"task": task.id})

    async def _cancel_tasks(self, request: Request) -> Response:
        model = self._model((await decoded(request, _ModelOnly)).model)
        pending = model.queue.pending()
        for task in pending:
            model.queue.cancel(task, self._tenant.foreigner.email)
        return encoded({"cancelled": [task.id for task in pending]})

    async def _consume_rate(self, request: Request) -> Response:
        return encoded({"left": self._tenant.bucket.drain((await decoded(request, _Tokens)).tokens)})

    async def _edit_cell(self, request: Request) -> Response:
        edit = await decoded(request, _Edit)
        model = self._model(edit.model)
        module = model.modules.get(edit.module)
        items = [item for item in module.definition.line_items if item.name == edit.line_item] if module else []
        if module is None or not items:
            raise HTTPException(404, f"no line item {edit.line_item!r} in module {edit.module!r}")
        try:
            put(model, module, items[0], members_by_code(model, module, edit.dimensions), text_of(bytes(edit.value)))
        except CellError as error:
            raise HTTPException(400, error.text) from None
        model.touch(self._tenant.clock.now(), self._tenant.users[1].id)
        return encoded({})

    async def _fill(self, request: Request) -> Response:
        wanted = await decoded(request, _Fill)
        if (wanted.list_name is None) == (wanted.module is None):
            raise HTTPException(400, "fill either a list or a module")
        model = self._model(wanted.model)
        try:
            count = _filled_list(model, wanted) if wanted.module is None else _filled_module(model, wanted)
        except (FillError, msgspec.ValidationError) as error:
            raise HTTPException(400, str(error)) from None
        model.touch(self._tenant.clock.now(), self._tenant.users[1].id)
        return encoded({"rows": count})

    async def _refuse(self, request: Request) -> Response:
        rule = await decoded(request, _Refuse)
        model = self._model(rule.model)
        if rule.import_name not in {action.name for action in model.definition.imports}:
            raise HTTPException(404, f"no import {rule.import_name!r}")
        try:
            pattern = re.compile(rule.pattern)
        except re.error as error:
            raise HTTPException(400, f"pattern: {error}") from None
        rules = model.refusals.get(rule.import_name, [])
        model.refusals[rule.import_name] = [*rules, Refusal(pattern, rule.message)]
        return encoded({})

    async def _accept(self, request: Request) -> Response:
        self._model(request.query_params.get("model")).refusals.clear()
        return encoded({})

    async def _default_file(self, request: Request) -> Response:
        given = await decoded(request, _Default)
        model = self._model(given.model)
        model.files.set_default(*_content(model, given.file, given.content), given.audience)
        return encoded({})

    async def _replace_upload(self, request: Request) -> Response:
        given = await decoded(request, _Replacement)
        model = self._model(given.model)
        model.files.plan_replacement(*_content(model, given.file, given.content))
        return encoded({})

    async def _approve_device(self, request: Request) -> Response:
        if not self._oauth.approve((await decoded(request, _Approval)).user_code):
            raise HTTPException(404, "no such user code")
        return encoded({})
