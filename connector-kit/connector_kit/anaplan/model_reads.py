"""What can be read of a model without preparing anything in it: its definition, views, lists, cells, task history."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.ids import find
from connector_kit.anaplan.line_items import LineItem, line_item
from connector_kit.anaplan.objects import Model
from connector_kit.anaplan.read_requests import ExpiredReadError, ReadRequest
from connector_kit.anaplan.reading import mapping, rows, struct, structs, text
from connector_kit.anaplan.results import Kind, Task, read_task
from connector_kit.anaplan.spool import Spool
from connector_kit.anaplan.tasks import COLLECTIONS, Polling
from connector_kit.anaplan.transport import Transport, WholeLines
from connector_kit.anaplan.views import Axes, Item, ListMetadata, View, axes, list_metadata
from connector_kit.errors import UnavailableError

log = logging.getLogger(__name__)

_READS = 3
"""How often a read request that expires is made."""


class ModelReads:
    """Reads of one model; `ModelClient.reads` has one.

    Args:
        transport: to the API.
        model_id: in the API's spelling.
        label: the model in messages.
        polling: how read requests are followed.
    """

    def __init__(self, transport: Transport, *, model_id: str, label: str, polling: Polling) -> None:
        self._transport = transport
        self._label = label
        self._polling = polling
        # A model below its workspace answers 405 to a read of itself; the transactional API is documented without.
        self._path = f"/models/{model_id}"
        self._views: Sequence[View] | None = None

    def details(self) -> Model:
        """The model now: `last_modified` and `last_saved_serial_number` move when it changes."""
        body = self._transport.json(
            "GET", self._path, what=self._label, holds=["model"], params={"modelDetails": "true"}
        )
        return struct(Model, mapping(body["model"]))

    def processing(self) -> str:
        """What the model is processing now, in Anaplan's words; empty when it is nothing.

        Source: the community OpenAPI specification (live): an answer without the envelope of the others.
        """
        body = self._transport.json(
            "GET", f"{self._path}/status", what=f"{self._label}, status", holds=["requestStatus"]
        )
        status = mapping(body["requestStatus"])
        if not status.get("taskId"):
            return ""
        return " ".join(text(status.get("tooltip")).split()) or text(status.get("currentStep")) or "a task"

    def line_items(self, module_id: str | None = None) -> list[LineItem]:
        """The line items of a module, or of all modules, with their formats."""
        place = f"/modules/{module_id}" if module_id else ""
        what = f"{self._label}, line items" + (f" of module {module_id}" if module_id else "")
        body = self._transport.listed(
            f"{self._path}{place}/lineItems", "items", what=what, params={"includeAll": "true"}
        )
        return [line_item(each) for each in rows(body.get("items"))]

    def views(self) -> Sequence[View]:
        """All views, each module's default one included. Read once."""
        if self._views is None:
            found = self._transport.all(
                f"{self._path}/views",
                "views",
                what=f"{self._label}, views",
                params={"includesubsidiaryviews": "true"},
            )
            self._views = structs(View, found)
        return self._views

    def find_view(self, module_id: str, name_or_id: str) -> View:
        """A view of a module by id or name; raises NotFoundError naming what comes close."""
        own = [view for view in self.views() if view.module_id == module_id]
        return find(own, name_or_id, kind="view", where=f"{self._label}, module {module_id}")

    def axes(self, view_id: str) -> Axes:
        """What stands on a view's axes."""
        what = f"{self._label}, view {view_id}"
        body = self._transport.json(
            "GET", f"{self._path}/views/{view_id}", what=what, holds=["rows", "columns", "pages"]
        )
        return axes(body)

    def view_text(self, view_id: str, module_id: str, what: str, *, most: int | None = None) -> bytes:
        """A small view in one answer, as CSV with one column per line item; at most `most` rows when it is given.

        Raises:
            RefusedError: the view has more than a million cells.
        """
        params = {"exportType": "TABULAR_MULTI_COLUMN", "moduleId": module_id}
        if most is not None:
            params["maxRows"] = str(most)
        return self._transport.request(
            "GET",
            f"{self._path}/views/{view_id}/data",
            what=what,
            read=WholeLines(),
            params=params,
            headers={"Accept": "text/csv"},
        )

    def list_metadata(self, list_id: str) -> ListMetadata:
        """Properties and subsets of a list."""
        what = f"{self._label}, list {list_id}"
        body = self._transport.json("GET", f"{self._path}/lists/{list_id}", what=what, holds=["metadata"])
        return list_metadata(mapping(body["metadata"]))

    def items(self, dimension_id: str, what: str) -> list[Item]:
        """The items of a list, of Time, or of another dimension: names, and codes where they have one."""
        path = f"{self._path}/dimensions/{dimension_id}/items"
        body = self._transport.listed(path, "items", what=f"{what}, items")
        return structs(Item, rows(body.get("items")))

    def tasks(self, kind: Kind, object_id: str, what: str) -> list[Task]:
        """The history of an action, as far as Anaplan keeps it, without results."""
        path = f"{self._path}/{COLLECTIONS[kind]}/{object_id}/tasks"
        return [read_task(row) for row in self._transport.all(path, "tasks", what=f"{what}, tasks")]

    def task(self, kind: Kind, object_id: str, task_id: str, what: str) -> Task:
        """One task with its result."""
        path = f"{self._path}/{COLLECTIONS[kind]}/{object_id}/tasks/{task_id}"
        body = self._transport.json("GET", path, what=f"{what}, task {task_id}", holds=["task"])
        return read_task({"taskId": task_id, **mapping(body["task"])})

    # Large reads, into a spool.

    def read_view(self, view_id: str, spool: Spool, what: str) -> None:
        """A whole view, as CSV with one column per line item."""
        path = f"{self._path}/views/{view_id}/readRequests"
        body = {"exportType": "TABULAR_MULTI_COLUMN"}
        request = ReadRequest(self._transport, path, "viewReadRequest", what, body, self._polling)
        self._all_pages(request.pages, spool, what)

    def read_list(self, list_id: str, spool: Spool, what: str) -> None:
        """A whole list, as CSV: name, parent, code, properties, subsets."""
        path = f"{self._path}/lists/{list_id}/readRequests/"
        request = ReadRequest(self._transport, path, "listReadRequest", what, None, self._polling)
        self._all_pages(request.pages, spool, what)

    def _all_pages(self, pages: Callable[[], Iterator[bytes]], spool: Spool, what: str) -> None:
        for left in reversed(range(_READS)):
            spool.clear()
            try:
                for page in pages():
                    spool.add_page(page)
            except ExpiredReadError as error:
                if not left:
                    raise UnavailableError(
                        system=SYSTEM, subject=what, expected=error.expected, got=error.got, hint=error.hint
                    ) from error
                log.warning("%s. Making it again.", error)
            else:
                return
