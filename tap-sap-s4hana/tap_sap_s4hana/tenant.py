"""A customer's tenant: its services, what they expose, and their entity sets as sources of rows."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from connector_kit.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
)
from connector_kit.odata.client import Dialect, ODataClient
from connector_kit.odata.literals import Version
from connector_kit.odata.metadata import EntityType, Metadata
from connector_kit.odata.pages import EntitySet
from connector_kit.odata.schema import Field, Kind, fields_of
from connector_kit.sap.connecting import SapConnection, connect
from connector_kit.sap.errors import SYSTEM
from tap_sap_s4hana.declarations import Declaration, captured

log = logging.getLogger(__name__)

_EDM: Mapping[Version, Mapping[Kind, str]] = {
    "2.0": {"date": "Edm.DateTime", "timestamp": "Edm.DateTimeOffset", "guid": "Edm.Guid", "decimal": "Edm.Decimal"},
    "4.0": {"date": "Edm.Date", "timestamp": "Edm.DateTimeOffset", "guid": "Edm.Guid"},
}


@dataclass(frozen=True, slots=True)
class Table:
    """An entity set as the tenant has it; `sortable`: whether it can be filtered and sorted by its key."""

    key: tuple[str, ...]
    fields: tuple[Field, ...]
    sortable: bool = True


class Tenant:
    """The tenant that the settings describe."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._clients: dict[str, ODataClient] = {}
        self._metadata: dict[str, Metadata] = {}
        self._refused: dict[str, ConnectorError] = {}
        self.missing: ConnectorError | None = None
        """Why a shipped stream is left out; the last reason."""

    @cached_property
    def connection(self) -> SapConnection:
        """One session for all services."""
        return connect(self._config)

    def close(self) -> None:
        """Close the connections."""
        if "connection" in self.__dict__:
            self.connection.close()

    def client(self, service: str, version: Version) -> ODataClient:
        """A service's client: what is learned about one service says nothing of another."""
        if service not in self._clients:
            dialect = Dialect(
                page_size=int(self._config.get("page_size", 5000)),
                count=bool(self._config.get("reconcile_counts", True)),
                dates="date",
            )
            self._clients[service] = ODataClient(
                self.connection.session,
                self.connection.url(service),
                version=version,
                dialect=dialect,
                headers=self.connection.headers,
            )
        return self._clients[service]

    def metadata(self, service: str, version: Version) -> Metadata:
        """A service's `$metadata`, asked for once, whatever the answer.

        Raises:
            ConfigurationError: no communication arrangement of the user covers the service. Some tenants say so with
                401, like they do to a wrong password: it means the service when another one let the user in.
            AuthenticationError: neither of two services lets the user in. More are not tried: users get locked.
        """
        if service in self._refused:
            raise self._refused[service]
        if service not in self._metadata:
            client = self.client(service, version)
            what = f"$metadata of {service}"
            try:
                self._metadata[service] = client.metadata(f"{client.base_url}/$metadata", what=what)
            except AuthenticationError as error:
                doubtful = [each for each in self._refused.values() if each.status == 401]
                if error.status != 401 or (doubtful and not self._metadata):
                    raise
                self._refused[service] = _not_arranged(error, what)
                raise self._refused[service] from error
            except ConnectorError as error:
                self._refused[service] = _not_found(error) if error.status == 404 else error
                raise self._refused[service] from error
        return self._metadata[service]

    def describe(self, declaration: Declaration) -> Table | None:
        """An entity set as the tenant has it; None, with a warning, when the user can't see one that nobody asked for.

        What a setting names, and what says something of the whole tenant (a redirect, a certificate, a log-on), is an
        error.

        Raises:
            ConnectorError: the settings do not hold, the tenant can't be read, or a stream that was asked for is not
                there.
        """
        # Outside the net: settings that do not hold are no service that is missing.
        self.client(declaration.service, declaration.version)
        try:
            return table_of(declaration, self.entity(declaration))
        except (ConfigurationError, NotFoundError) as error:
            if declaration.asked_for:
                raise
            self.missing = error
            log.warning("No stream %s. %s", declaration.name, error)
            return None

    def entity(self, declaration: Declaration) -> EntityType:
        """The stream's entity set, as the service describes it.

        Raises:
            NotFoundError: there is none of that name.
        """
        sets = self.metadata(declaration.service, declaration.version).entity_sets
        found = sets.get(declaration.entity_set)
        if found is None:
            close = difflib.get_close_matches(declaration.entity_set, sets, 1)
            raise NotFoundError(
                system=SYSTEM,
                subject=f"stream {declaration.name}, service {declaration.service}",
                expected=f"entity set {declaration.entity_set}",
                got=f"{len(sets)} others",
                hint=f"Did you mean {close[0]}?" if close else "Its $metadata lists them, in upper and lower case.",
            )
        return found

    def source(
        self,
        declaration: Declaration,
        entity_set: str,
        fields: Sequence[Field],
        *,
        sortable: bool = True,
        what: str = "",
    ) -> EntitySet:
        """An entity set of a stream's service, to be read."""
        client = self.client(declaration.service, declaration.version)
        return EntitySet(
            client,
            f"{client.base_url}/{entity_set}",
            what=what or f"{declaration.name} ({entity_set})",
            types={each.name: each.edm for each in typed(fields, declaration.version)},
            follow_links=self._config.get("paging") == "links",
            sortable=sortable,
            reconcile=bool(self._config.get("reconcile_counts", True)),
        )


def table_of(declaration: Declaration, entity: EntityType) -> Table:
    """The stream's columns and key.

    Values that are structures (SAP__Messages) are left out, and so is the generated key of an aggregating set: its
    rows are told apart by all columns of the logical key, which the declaration gives.
    """
    key = declaration.key if entity.aggregate or not set(entity.keys) else entity.keys
    if declaration.key_is_set:
        key = declaration.key
    generated = set(entity.keys) - set(key) if entity.aggregate else set()
    wanted = {*declaration.select, *key, *declaration.columns} if declaration.select else None
    plain = {each.name for each in entity.properties if not each.collection and not each.fields}
    unknown = [name for name in declaration.select if entity.property(name) is None]
    if declaration.further and declaration.column and entity.property(declaration.column) is None:
        unknown.append(declaration.column)
    if unknown:
        raise ConfigurationError(
            system="tap-sap-s4hana",
            subject=f"setting services, {declaration.entity_set}",
            expected="columns of the entity set in select and replication_key",
            got=", ".join(unknown),
            hint="Names are written as in $metadata, in upper and lower case.",
        )
    fields = tuple(
        each
        for each in fields_of(entity)
        if each.name in plain and each.name not in generated and (wanted is None or each.name in wanted)
    )
    of_key = [each for each in entity.properties if each.name in key]
    return Table(key, fields, all(each.filterable and each.sortable for each in of_key))


def settled(declaration: Declaration, table: Table, entity: EntityType | None) -> Declaration:
    """The declaration with a capture that this tenant's columns allow: the whole table where they don't.

    Raises:
        ConfigurationError: the key is unknown, or not there.
    """
    present = {each.name for each in table.fields}
    missing = [name for name in table.key if name not in present]
    if missing or not table.key:
        raise ConfigurationError(
            system="tap-sap-s4hana",
            subject=f"stream {declaration.name}, {declaration.entity_set}",
            expected=", ".join(missing) or "a key",
            got="an entity set without it" if missing else "none",
            hint="Set the columns that identify a row in `keys`.",
        )
    if declaration.header is not None or declaration.through:
        return declaration
    unusable = [name for name in declaration.columns if name not in present or _unfilterable(entity, name)]
    if not unusable:
        return declaration
    if declaration.column in unusable:
        log.warning("%s: no filter by %s here: read whole", declaration.name, ", ".join(unusable))
        return captured(declaration, "full_table", why=f"{declaration.column} can't be filtered by at this tenant")
    return replace(declaration, others=tuple(name for name in declaration.others if name not in unusable))


def typed(fields: Sequence[Field], version: Version) -> Iterator[Field]:
    """Fields with the Edm type that literals need, where a catalog told only the kind."""
    for each in fields:
        yield each if each.edm else replace(each, edm=_EDM[version].get(each.kind, ""))


def _not_arranged(error: AuthenticationError, what: str) -> ConfigurationError:
    return ConfigurationError(
        system=error.system,
        subject=what,
        expected="a service that is arranged for this user",
        got=error.got,
        hint="Check that a communication arrangement of the user covers this service.",
        status=error.status,
    )


def _not_found(error: ConnectorError) -> NotFoundError:
    return NotFoundError(
        system=error.system,
        subject=error.subject,
        expected="a service at this path that this user may see",
        got=error.got,
        hint="Paths look like /sap/opu/odata/sap/API_COMPANYCODE_SRV (V2) or "
        "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001 (V4); the communication arrangement "
        "lists them.",
        status=404,
    )


def _unfilterable(entity: EntityType | None, name: str) -> bool:
    found = entity.property(name) if entity else None
    return found is not None and not found.filterable
