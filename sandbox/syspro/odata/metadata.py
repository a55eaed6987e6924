"""``$metadata`` (EDMX, CSDL 4.0) and the service document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from sandbox.syspro.odata.site import Site
    from sandbox.syspro.tables import Column, Table

NAMESPACE = "Syspro"


def edmx(site: Site) -> str:
    """The document for the visible tables."""
    types = "".join(_entity_type(name, table, site) for name, table in site.tables.items())
    sets = "".join(
        f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(f'{NAMESPACE}.{name}')}/>" for name in site.tables
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
        f'<EntityContainer Name="Container">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _entity_type(name: str, table: Table, site: Site) -> str:
    key = "".join(f'<PropertyRef Name="{column}"/>' for column in table.key)
    told = "" if name in site.keyless else f"<Key>{key}</Key>"
    columns = (column for column in table.columns.values() if column.name not in site.dialect.hidden)
    properties = "".join(_property(column, table, site) for column in columns)
    return f"<EntityType Name={quoteattr(name)}>{told}{properties}</EntityType>"


def _property(column: Column, table: Table, site: Site) -> str:
    date = "Edm.Date" if site.datetime_format == "date" else "Edm.DateTimeOffset"
    described = {
        "varchar": f'Type="Edm.String" MaxLength="{column.size}"',
        "decimal": f'Type="Edm.Decimal" Precision="{column.size}" Scale="{column.scale}"',
        "datetime": f'Type="{date}"',
        "bit": 'Type="Edm.Boolean"',
        "rowversion": 'Type="Edm.Binary" MaxLength="8"',
    }[column.kind]
    required = "" if column.nullable and column.name not in table.key else ' Nullable="false"'
    return f'<Property Name="{column.name}" {described}{required}/>'


def service_document(site: Site, context: str) -> str:
    """The list of entity sets."""
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in site.tables]
    return json.dumps({"@odata.context": context, "value": sets})
