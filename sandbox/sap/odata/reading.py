"""Entities out of the tables: SQL filters, sorts, sums and writes; columns become structs; expands come in bulk."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import repeat, starmap
from typing import TYPE_CHECKING

from sandbox.core.odata.errors import bad_request
from sandbox.core.odata.seek import Sql, Term, ordered_by
from sandbox.sap.odata import columns, shapes
from sandbox.sap.odata.translate import Dialect, translate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from sandbox.sap.odata.columns import Form
    from sandbox.sap.odata.options import Node
    from sandbox.sap.schema import EntitySet, Navigation, Property, Service, Stored

EVERYTHING = Sql("1")


def both(one: Sql, other: Sql) -> Sql:
    """Both conditions."""
    if EVERYTHING in (one, other):
        return other if one == EVERYTHING else one
    return Sql(f"({one.text}) AND ({other.text})", (*one.parameters, *other.parameters))


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows in which order; ``size`` None for all."""

    terms: tuple[Term, ...]
    size: int | None = None
    offset: int = 0


class Reader:
    """Reads one answer. ``aggregation`` off: sets with aggregate semantics show their lines as they are."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        service: Service,
        form: Form,
        *,
        dialect: Dialect | None = None,
        aggregation: bool = True,
    ) -> None:
        self.connection = connection
        self._service = service
        self._form = form
        self.dialect = dialect or Dialect()
        self._aggregation = aggregation

    def condition(self, node: Node, scanned: frozenset[str] = frozenset()) -> Sql:
        """The node's filter in SQL; ``scanned`` columns are not looked up by an index."""
        if node.filter is None:
            return EVERYTHING
        return translate(node.filter, node.entity_set, replace(self.dialect, scanned=scanned))

    def sums(self, node: Node) -> bool:
        """Whether several lines may become one: unless every dimension that tells lines apart is selected."""
        entity_set = node.entity_set
        if not (entity_set.aggregate and self._aggregation):
            return False
        selected = {each.stored_as for each in node.properties}
        return not entity_set.grain or not selected.issuperset(entity_set.grain)

    def default_terms(self, node: Node, prefix: str = "") -> tuple[Term, ...]:
        """The order that makes rows distinct: the key's, or the selected dimensions'."""
        if self.sums(node):
            names = [each.stored_as for each in _dimensions(node)]
        elif node.entity_set.aggregate:
            names = list(node.entity_set.grain)
        else:
            names = _stored_names(node.entity_set, node.entity_set.key)
        return tuple(Term(f'{prefix}"{name}"', descending=False) for name in names)

    def count(self, node: Node, where: Sql) -> int:
        """How many entities the answer has without its pages."""
        table = node.entity_set.table
        if not self.sums(node):
            sql = f'SELECT count(*) FROM "{table}" WHERE {where.text}'
        else:
            sql = f"SELECT count(*) FROM ({self._sums(node, where)})"
        return int(self.connection.execute(sql, where.parameters).fetchone()[0])

    def _sums(self, node: Node, where: Sql) -> str:
        """The table's rows summed over the selected dimensions."""
        table = node.entity_set.table
        dimensions = [f'"{each.stored_as}"' for each in _dimensions(node)]
        sums = [f'SUM("{each.stored_as}") AS "{each.stored_as}"' for each in node.properties if each.measure]
        shown = ", ".join([*dimensions, *sums]) or "1"
        grouped = f" GROUP BY {', '.join(dimensions)}" if dimensions else " HAVING count(*) > 0"
        return f'SELECT {shown} FROM "{table}" WHERE {where.text}{grouped}'

    def read(
        self, node: Node, where: Sql, part: Slice, extra: Sequence[str] = ()
    ) -> tuple[list[object], Callable[[int], tuple[Stored, ...]]]:
        """The entities, and how to get the raw ``extra`` columns of the one at a place."""
        shown = [each for each in node.properties if not _made_up(node.entity_set, each)]
        form = self._form
        addressed = form.version == "2.0" and not node.entity_set.aggregate
        joins = [_join(node.entity_set, navigation) for navigation, _ in node.expands]
        wanted = [columns.written(each, form) for each in shown]
        wanted += [columns.key_sql(node.entity_set)] if addressed else []
        wanted += [f'"{name}"' for names in joins for name in names]
        wanted += extra
        needed = {each.stored_as for each in (*shown, *(each for each, _ in node.order))}
        needed.update(_stored_names(node.entity_set, node.entity_set.key) if addressed else (), *joins)
        raw = [*sorted(f'"{name}"' for name in needed), *(name.lstrip("+") for name in extra)]
        rows = self._fetch(node, where, part, wanted, raw)
        if not rows:
            return [], lambda _: ()
        found: list[Sequence[object]] = list(zip(*rows, strict=True)) if wanted else []
        keys = found[len(shown)] if addressed else ()
        start = len(shown) + addressed
        values = self._values(node, shown, found, len(rows))
        addresses = self._addresses(node, keys, values)
        named: list[tuple[str, Sequence[object]]] = [*self._identities(node, addresses), *values.items()]
        named += [(each.name, shapes.links(addresses, each.name)) for each in node.deferred]
        if self._form.version == "4.0" and not node.selected:
            named.append(("SAP__Messages", [[]] * len(rows)))
        for (navigation, below), names in zip(node.expands, joins, strict=True):
            parents = list(zip(*found[start : start + len(names)], strict=True))
            named.append((navigation.name, self._expanded(navigation, below, parents)))
            start += len(names)
        row = shapes.row_type(tuple(name for name, _ in named))
        entities: list[object] = list(starmap(row, zip(*(column for _, column in named), strict=True)))
        return entities, lambda place: rows[place][start:]

    def _fetch(
        self, node: Node, where: Sql, part: Slice, wanted: list[str], raw: list[str]
    ) -> list[tuple[Stored, ...]]:
        order = f" ORDER BY {ordered_by(part.terms)}" if part.terms else ""
        limit = "" if part.size is None and not part.offset else " LIMIT ? OFFSET ?"
        parameters: tuple[Stored, ...] = where.parameters
        if limit:
            parameters = (*parameters, -1 if part.size is None else part.size, part.offset)
        shown = ", ".join(wanted) or "1"
        table = f'"{node.entity_set.table}" WHERE {where.text}'
        if self.sums(node):
            sql = f"SELECT {shown} FROM (SELECT * FROM ({self._sums(node, where)}){order}{limit}) WHERE 1"
        elif node.order:
            # values are written after the sort has thrown away what the page does not show
            sql = f"SELECT {shown} FROM (SELECT {', '.join(dict.fromkeys(raw))} FROM {table}{order}{limit}) WHERE 1"
        else:
            sql = f"SELECT {shown} FROM {table}{order}{limit}"
        return self.connection.execute(sql, parameters).fetchall()

    def _values(
        self, node: Node, shown: Sequence[Property], found: list[Sequence[object]], count: int
    ) -> dict[str, Sequence[object]]:
        """The properties' columns by name, in the order of the metadata."""
        values: dict[str, Sequence[object]] = {}
        for each, column in zip(shown, found, strict=False):
            finish = columns.finish(each, self._form)
            values[each.name] = column if finish is None else finish(column)  # type: ignore[arg-type]  # as it was stored
        for each in node.properties:
            if _made_up(node.entity_set, each):
                values[each.name] = _unstable_ids(count)
        return {each.name: values[each.name] for each in node.properties}

    def _addresses(self, node: Node, keys: Sequence[object], values: dict[str, Sequence[object]]) -> list[str]:
        """Where each entity of V2 lives."""
        entity_set, base = node.entity_set, self._form.base
        if self._form.version == "4.0":
            return []
        if entity_set.aggregate:
            known = values.get(entity_set.key[0]) or _unstable_ids(len(next(iter(values.values()), ())))
            return [f"{base}/{entity_set.name}('{each}')" for each in known]
        return [f"{base}/{columns.encoded(str(key))}" for key in keys]

    def _identities(self, node: Node, addresses: list[str]) -> list[tuple[str, Sequence[object]]]:
        """V2's ``__metadata``."""
        if self._form.version == "4.0":
            return []
        name = repeat(f"{self._service.namespace}.{node.entity_set.type_name}")
        if self._form.with_id:
            return [("__metadata", list(map(shapes.Identity, addresses, addresses, name)))]
        return [("__metadata", list(map(shapes.Named, addresses, name)))]

    def _expanded(self, navigation: Navigation, below: Node, keys: list[tuple[object, ...]]) -> list[object]:
        """The column of an expanded navigation: for each parent's key its children."""
        children = self.related(navigation, below, set(keys))
        if not navigation.many:
            return [children[key][0] if key in children else None for key in keys]
        if self._form.version == "2.0":
            return [shapes.Results(children.get(key, [])) for key in keys]
        return [children.get(key, []) for key in keys]

    def related(
        self, navigation: Navigation, below: Node, keys: set[tuple[object, ...]]
    ) -> dict[tuple[object, ...], list[object]]:
        """All entities behind a navigation of parents with these keys, by key; one query."""
        names = _stored_names(below.entity_set, [other for _, other in navigation.on])
        left = ", ".join(f'"{name}"' for name in names)
        right = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(names)))
        among = Sql(f"({left}) IN (SELECT {right} FROM json_each(?))", (json.dumps(sorted(map(list, keys), key=str)),))
        part = Slice((*terms_of(below), *self.default_terms(below)))
        entities, raw = self.read(below, both(self.condition(below), among), part, [f'"{name}"' for name in names])
        grouped: dict[tuple[object, ...], list[object]] = defaultdict(list)
        for place, entity in enumerate(entities):
            grouped[raw(place)].append(entity)
        if below.top is None and not below.skip:
            return grouped
        end = None if below.top is None else below.skip + below.top
        return {key: found[below.skip : end] for key, found in grouped.items()}


def terms_of(node: Node, prefix: str = "", collation: str = "") -> tuple[Term, ...]:
    """The order that was asked for."""
    if node.entity_set.aggregate:
        selected = {each.name for each in node.properties}
        for each, _ in node.order:
            if each.name not in selected:
                raise bad_request(f"Property {each.name} must be selected to be sorted by")
    return tuple(
        Term(f'{prefix}"{each.stored_as}"{collation if each.kind == "string" else ""}', descending)
        for each, descending in node.order
    )


def _dimensions(node: Node) -> list[Property]:
    return [each for each in node.properties if not each.measure and not _made_up(node.entity_set, each)]


def _made_up(entity_set: EntitySet, each: Property) -> bool:
    """The key of an aggregated set: no column, another value in each answer."""
    return entity_set.aggregate and each.name in entity_set.key


def _unstable_ids(count: int) -> list[object]:
    answer = secrets.token_hex(8)
    return [f"{answer}.{number}" for number in range(1, count + 1)]


def _stored_names(entity_set: EntitySet, names: Sequence[str]) -> list[str]:
    found = ((name, entity_set.property_called(name)) for name in names)
    return [name if each is None else each.stored_as for name, each in found]


def _join(entity_set: EntitySet, navigation: Navigation) -> list[str]:
    return _stored_names(entity_set, [own for own, _ in navigation.on])
