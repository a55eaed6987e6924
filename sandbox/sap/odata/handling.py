"""One call on a service: documents, reads, creates, functions."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import msgspec

from sandbox.core.odata import habits
from sandbox.core.odata.errors import ODataError, bad_request
from sandbox.sap.odata import atom, bodies, echo, envelopes, metadata_v2, metadata_v4
from sandbox.sap.odata.call import CHANGES, Answer, Call
from sandbox.sap.odata.columns import Form, key_text
from sandbox.sap.odata.errors import not_found, sap_message
from sandbox.sap.odata.options import Node, Query, read_query
from sandbox.sap.odata.paging import Limits, Page, read_page
from sandbox.sap.odata.reading import Reader, Slice, both
from sandbox.sap.odata.resource import Resource, resolve, where_key
from sandbox.sap.odata.shapes import ENCODER
from sandbox.sap.odata.translate import Dialect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from sandbox.core.switches import Switches
    from sandbox.sap.odata.writes import Create, Created, Function, Message, Values
    from sandbox.sap.schema import EntitySet, FunctionImport, Property, Stored

_CONDITION_ON_CREATE = "/IWFND/CM_MGW/537"


class Books(Protocol):
    """The database as the services need it. Transactions nest."""

    @property
    def connection(self) -> sqlite3.Connection:
        """To read with."""

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """All or nothing."""


class Handler:
    """Answers calls; ODataError and BusinessError leave it for the one who knows how errors are written."""

    def __init__(
        self,
        store: Books,
        switches: Switches,
        on_page: Callable[[str], None],
        creates: Mapping[str, Create],
        functions: Mapping[str, Function],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._switches = switches
        self._on_page = on_page
        self._creates = creates
        self._functions = functions
        self._now = now

    def answer(self, call: Call) -> Answer:
        """The answer to a call that may be made."""
        function = next((each for each in call.service.functions if each.name == call.path.partition("(")[0]), None)
        if function is not None:
            return self._called(call, function)
        if call.verb in CHANGES:
            return self._changed(call)
        if call.verb not in {"GET", "HEAD"}:
            raise ODataError(405, f"Method {call.verb} is not allowed")
        if call.path == "":
            return self._service_document(call)
        if call.path == "$metadata":
            if call.service.version == "2.0":
                return Answer(200, metadata_v2.edmx(call.service, call.base).encode(), "application/xml")
            return Answer(200, metadata_v4.edmx(call.service).encode(), "application/xml")
        return self._read(call)

    def _form(self, call: Call) -> Form:
        return Form(
            call.service.version,
            call.base,
            bare=self._switches.text("datetimeoffset_form") == "bare",
            strings=call.strings,
            with_id=self._switches.flag("metadata_id"),
            atom=not self._json(call),
        )

    def _json(self, call: Call) -> bool:
        return call.verb in CHANGES or call.wants_json(self._switches.text("default_format"))

    def _reader(self, call: Call) -> Reader:
        dialect = Dialect(self._switches.flag("alpha_conversion"), self._switches.flag("filter_upper_case"))
        aggregation = self._switches.flag("aggregation")
        return Reader(self._store.connection, call.service, self._form(call), dialect=dialect, aggregation=aggregation)

    def _limits(self, call: Call) -> Limits:
        switches = self._switches
        return replace(
            self._sizes(call),
            shuffle=switches.flag("shuffle"),
            endless=switches.flag("endless_links"),
            collation=habits.collation(switches),
        )

    def _sizes(self, call: Call) -> Limits:
        switches = self._switches
        numeric = switches.text("skiptoken") == "numeric"
        if call.service.name in {name.strip() for name in switches.text("unpaged").split(",")}:
            return Limits(None, None)
        if call.service.version == "2.0":
            default, cap = switches.number("page_default") or None, switches.number("page_cap") or None
            return Limits(default, cap, None, numeric)
        wish = call.page_size if switches.flag("maxpagesize") else None
        default = switches.number("page_default_v4") if wish is None else switches.number("page_cap_v4")
        return Limits(default, switches.number("page_cap_v4"), wish, numeric)

    def _read(self, call: Call) -> Answer:
        resource = resolve(self._store.connection, call.service, call.path)
        query = read_query(habits.kept(call.options, self._switches), resource.entity_set, call.service)
        reader = self._reader(call)
        if resource.tail == "$count":
            where = both(resource.where, reader.condition(query.node))
            return Answer(200, str(reader.count(query.node, where)).encode(), "text/plain")
        if resource.single:
            return self._read_one(call, resource, query, reader)
        limits = self._limits(call)
        page = read_page(reader, query, resource.where, limits)
        page = replace(page, count=habits.told(page.count, len(page.rows), self._switches))
        self._on_page(resource.entity_set.name)
        return self._collection(call, resource, query, page, limits)

    def _collection(self, call: Call, resource: Resource, query: Query, page: Page, limits: Limits) -> Answer:
        link = None
        if page.token is not None:
            absolute = call.service.version == "2.0" or self._switches.text("next_link_v4") == "absolute"
            link = envelopes.next_link(call, query, page.token, absolute=absolute)
        if not self._json(call):
            return Answer(200, atom.feed(page, query.node, call.base, link, self._now()), atom.FEED)
        if call.service.version == "2.0":
            return Answer(200, envelopes.collection_v2(page, link))
        headers = {} if limits.wish is None else {"Preference-Applied": f"odata.maxpagesize={limits.wish}"}
        return Answer(200, envelopes.collection_v4(resource, query, page, link), headers=headers)

    def _read_one(self, call: Call, resource: Resource, query: Query, reader: Reader) -> Answer:
        node = query.node
        if resource.shown is not None:
            node = Node(node.entity_set, (resource.shown,), selected=True)
        found, _ = reader.read(node, resource.where, Slice((), 1))
        if not found:
            raise ODataError(404, f"Resource not found for segment '{resource.entity_set.type_name}'")
        if resource.shown is not None:
            return self._property(call, resource.shown, resource.tail, found[0])
        if not self._json(call):
            return Answer(200, atom.entry(found[0], node, self._now()), atom.ENTRY)
        if call.service.version == "2.0":
            return Answer(200, envelopes.single_v2(found[0]))
        return Answer(200, envelopes.single_v4(resource, found[0]))

    def _property(self, call: Call, shown: Property, tail: str, entity: object) -> Answer:
        value = msgspec.json.decode(ENCODER.encode(entity))[shown.name]
        if tail == "$value":
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return Answer(204) if value is None else Answer(200, text.encode(), "text/plain")
        if not self._json(call):
            return Answer(200, atom.one_property(value, shown), atom.XML)
        if call.service.version == "2.0":
            return Answer(200, envelopes.single_v2({shown.name: value}))
        return Answer(200, ENCODER.encode({"@odata.context": "$metadata", "value": value}))

    def _service_document(self, call: Call) -> Answer:
        names = [each.name for each in call.service.sets]
        if not self._json(call):
            return Answer(200, atom.service_document(call.base, names), "application/atomsvc+xml")
        if call.service.version == "2.0":
            return Answer(200, ENCODER.encode({"d": {"EntitySets": names}}))
        sets = [{"name": name, "url": name} for name in names]
        return Answer(200, ENCODER.encode({"@odata.context": "$metadata", "value": sets}))

    def _changed(self, call: Call) -> Answer:
        segment = call.path.partition("(")[0].partition("/")[0]
        entity_set = call.service.set_called(segment)
        if entity_set is None:
            raise not_found(segment)
        create = self._creates.get(entity_set.name)
        if call.verb != "POST" or call.path != entity_set.name or create is None or not entity_set.creatable:
            raise ODataError(405, f"Method {call.verb} is not allowed on entity set '{entity_set.name}'")
        if "if-match" in call.headers:
            raise ODataError(400, "If-Match is not possible when an entity is created", _CONDITION_ON_CREATE)
        if "json" not in call.headers.get("content-type", ""):
            raise ODataError(415, "The content type of the body must be application/json")
        body = bodies.decoded(bodies.read_body(call.body), entity_set, call.service, strings=call.sent_strings)
        with self._store.transaction():
            created = create(body)
        return self._created(call, entity_set, body, created)

    def _created(self, call: Call, entity_set: EntitySet, body: Values, created: Created) -> Answer:
        key = key_text(entity_set, created.key, call.service.version)
        resource = Resource(entity_set, where_key(entity_set, created.key), single=True, segment=entity_set.name)
        entity = self._entity(call, entity_set, created.key, body)
        if entity is None:
            entity = echo.entity(created.echo or {**body, **created.key}, entity_set, call.service, self._form(call))
            if call.service.version == "2.0":
                name = f"{call.service.namespace}.{entity_set.type_name}"
                address = f"{call.base}/{entity_set.name}{key}"
                entity = {"__metadata": {"id": address, "uri": address, "type": name}, **entity}
        version2 = call.service.version == "2.0"
        answer = envelopes.single_v2(entity) if version2 else envelopes.single_v4(resource, entity)
        headers = {"Location": f"{call.base}/{entity_set.name}{key}", **_messages(created.messages)}
        return Answer(201, answer, headers=headers)

    def _entity(self, call: Call, entity_set: EntitySet, key: Mapping[str, Stored], body: Values) -> object | None:
        """The entity as it now is, with the navigations that the body had."""
        expands = []
        for each in entity_set.navigations:
            target = call.service.set_called(each.target)
            if each.name in body and target is not None:
                expands.append((each, Node(target, target.properties)))
        names = {each.name for each, _ in expands}
        version2 = call.service.version == "2.0"
        deferred = tuple(each for each in entity_set.navigations if version2 and each.name not in names)
        node = Node(entity_set, entity_set.properties, deferred=deferred, expands=tuple(expands))
        found, _ = self._reader(call).read(node, where_key(entity_set, key), Slice((), 1))
        return found[0] if found else None

    def _called(self, call: Call, function: FunctionImport) -> Answer:
        run = self._functions.get(function.name)
        if call.verb != "POST" or run is None:
            raise ODataError(405, f"Method {call.verb} is not allowed for function import '{function.name}'")
        given = dict(call.options)
        missing = [each.name for each in function.parameters if not each.nullable and each.name not in given]
        if missing:
            raise bad_request(f"Missing parameter '{missing[0]}' of function import '{function.name}'")
        version = call.service.version
        parameters = {
            each.name: bodies.parameter(given[each.name], each, version)
            for each in function.parameters
            if each.name in given
        }
        with self._store.transaction():
            called = run(parameters)
        headers = _messages(called.messages)
        returned = call.service.set_called(function.returns)
        if returned is not None and called.key is not None:
            return Answer(200, envelopes.single_v2(self._entity(call, returned, called.key, {})), headers=headers)
        complex_type = next((each for each in call.service.complex_types if each.name == function.returns), None)
        if complex_type is None:
            return Answer(204, headers=headers)
        values = echo.properties(called.values or {}, complex_type.properties, self._form(call))
        typed = echo.message_type(values, f"{call.service.namespace}.{complex_type.name}")
        return Answer(200, envelopes.single_v2({function.name: typed}), headers=headers)


def _messages(messages: tuple[Message, ...]) -> dict[str, str]:
    return {"sap-message": sap_message(messages)} if messages else {}
