"""What the local S/4HANA exposes and stores, assembled from the text files of this folder.

Property names and types are those of the $metadata of SAP's own services; what SAP has and finance does not need is
left out of some sets. Fields that begin with ``YY1_`` are a customer's own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from sandbox.sap.catalogue import grammar
from sandbox.sap.catalogue.tables import Table, merged
from sandbox.sap.catalogue.views import SOURCES, VIRTUAL, view_of
from sandbox.sap.schema import ComplexType, EntitySet, FunctionImport, Service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.sap.schema import Property

_FILES = (
    "business_partners.txt",
    "cost_centers.txt",
    "general_ledger.txt",
    "journal.txt",
    "planning.txt",
    "purchase_orders.txt",
    "supplier_invoices.txt",
)


def _read() -> tuple[list[grammar.Declarations], list[grammar.Block]]:
    services: list[grammar.Declarations] = []
    tables: list[grammar.Block] = []
    for name in (*_FILES, "tables.txt"):
        lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
        more_services, more_tables = grammar.read(lines)
        services += more_services
        tables += more_tables
    return services, tables


def _tables(services: Iterable[grammar.Declarations], declared: Iterable[grammar.Block]) -> dict[str, Table]:
    tables = {block.words[0]: merged(block.words[0], block.key, [block.properties]) for block in declared}
    readers: dict[str, list[grammar.Block]] = {}
    for block in (block for service in services for block in service.sets):
        readers.setdefault(_base(block), []).append(block)
    for name, blocks in readers.items():
        if name not in tables and name not in VIRTUAL:
            derived = set(SOURCES[name].expressions) if name in SOURCES else set()
            shown = [[each for each in block.properties if each.stored_as not in derived] for block in blocks]
            tables[name] = merged(name, _stored_key(blocks[0]), shown)
    return tables


def _base(block: grammar.Block) -> str:
    return block.words[3]


def _stored_key(block: grammar.Block) -> tuple[str, ...]:
    columns = {each.name: each.stored_as for each in block.properties}
    return tuple(columns[name] for name in block.key)


def _set(service: str, block: grammar.Block) -> tuple[EntitySet, str | None]:
    """The set and, when it needs one, the SELECT of its view."""
    name, type_name, _, base, *flags = block.words
    made = EntitySet(
        name,
        type_name,
        base,
        block.key,
        tuple(block.properties),
        tuple(block.navigations),
        aggregate="aggregate" in flags,
        creatable="create" in flags,
        updatable="update" in flags,
        deletable="delete" in flags,
        grain=_grain(block, base) if "aggregate" in flags else (),
    )
    select = view_of(made, base, TABLES)
    if select is None:
        return made, None
    return replace(made, table=f"{name}__{service}"), select


def _grain(block: grammar.Block, base: str) -> tuple[str, ...]:
    """The key of the table below an aggregated set, where the set shows all of it."""
    key = TABLES[base].key
    return key if {each.stored_as for each in block.properties}.issuperset(key) else ()


def _service(declared: grammar.Declarations) -> Service:
    name, version, path, namespace, scenario = declared.words
    sets = []
    for block in declared.sets:
        made, select = _set(name, block)
        sets.append(made)
        if select is not None:
            VIEWS[made.table] = select
    functions = tuple(
        FunctionImport(block.words[0], tuple(block.properties), *block.words[1:2]) for block in declared.functions
    )
    complex_types = tuple(ComplexType(block.words[0], tuple(block.properties)) for block in declared.complex_types)
    protocol = cast('Literal["2.0", "4.0"]', version)
    return Service(name, path, protocol, namespace, tuple(sets), functions, scenario, complex_types)


_SERVICES, _TABLES = _read()
TABLES: dict[str, Table] = _tables(_SERVICES, _TABLES)
VIEWS: dict[str, str] = {}
SERVICES: tuple[Service, ...] = tuple(_service(each) for each in _SERVICES)


def column_of(table: str, name: str) -> Property:
    """How a column of a table is stored; KeyError when there is none."""
    return TABLES[table].columns[name]
