"""A customer's SYSPRO through OData: addresses, what it exposes, and its tables as sources of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import requests
from requests.auth import HTTPBasicAuth

from connector_kit.errors import ConfigurationError, ConnectorError, NotFoundError, RefusedError, UnavailableError
from connector_kit.http import Retry, Unreadable
from connector_kit.http.bodies import decoded
from connector_kit.odata.client import Dialect, ODataClient, ODataSession, address
from connector_kit.odata.errors import classify
from connector_kit.odata.metadata import EntityType, Metadata
from connector_kit.odata.pages import EntitySet
from connector_kit.odata.schema import Field, Kind, fields_of
from connector_kit.odata.stream import TableSource
from connector_kit.tls import warn_of_open
from tap_syspro.declarations import Declaration
from tap_syspro.tables import Table, known_tables

if TYPE_CHECKING:
    from connector_kit.coordination import Coordinator
    from connector_kit.http import Limiter

SYSTEM = "SYSPRO OData"
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?")


class _Rows(msgspec.Struct):
    value: list[dict[str, Any]]
    total: int | None = msgspec.field(name="@odata.count", default=None)


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a table (empty when there is none) and how many there are (None when the server does not say)."""

    row: Mapping[str, Any]
    total: int | None


class Site(Protocol):
    """What the streams need of a site, whichever way leads to it."""

    companies: list[str]

    @property
    def metadata(self) -> Metadata | None:
        """The site's own description of its tables, where it has one."""

    def describe(self, declaration: Declaration) -> Table | None:
        """A table as the site has it, or None when the site does not expose it."""

    def source(self, company: str, table: str, fields: Sequence[Field], what: str) -> TableSource:
        """A company's table, to be read."""

    def sample(self, company: str, table: str, *, count: bool = False, where: str = "") -> Sample:
        """One row of a table that a filter leaves, and the number of all when asked for."""

    def close(self) -> None:
        """Leave the site."""


class ODataSite:
    """The site that the settings describe."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._coordinator: Coordinator | None = None
        self.companies: list[str] = list(config["companies"])

    @cached_property
    def client(self) -> ODataClient:
        """One client, and so one pool and one learned dialect, for all streams."""
        config = self._config
        missing = [name for name in ("api_url", "username", "password") if not config.get(name)]
        if missing:
            raise ConfigurationError(
                system="tap-syspro",
                subject="settings",
                expected=", ".join(missing),
                got="nothing",
                hint="With interface: odata they are needed; interface: enet reads through e.net instead.",
            )
        base = str(config["api_url"]).rstrip("/")
        warn_of_open(SYSTEM, "setting api_url", base)
        session = ODataSession(
            SYSTEM,
            limiter=self._limiter(base),
            auth=HTTPBasicAuth(config["username"].encode(), config["password"].encode()),
            classify=_classify,
            retry=Retry(tries=int(config.get("max_tries", 8))),
            timeout=(15.0, float(config.get("timeout", 300))),
            verify=config.get("ca_bundle") or True,
        )
        dialect = Dialect(
            page_size=int(config.get("page_size", 5000)),
            count=bool(config.get("reconcile_counts", True)),
            dates=config.get("date_literal", "offset"),
        )
        return ODataClient(session, base, dialect=dialect, exact=config.get("decimals") == "string")

    def _limiter(self, base: str) -> Limiter | None:
        per_minute = int(self._config.get("rate_per_minute", 0))
        if per_minute <= 0:
            return None
        from connector_kit.coordination import connect  # noqa: PLC0415 - most sites have no limit

        self._coordinator = connect(self._config.get("coordination_url"))
        host = urlsplit(base).netloc.rpartition("@")[2].lower()
        return self._coordinator.limiter(f"syspro:{host}", per_minute=per_minute)

    def close(self) -> None:
        """Close the connections."""
        if "client" in self.__dict__:
            self.client.session.close()
        if self._coordinator is not None:
            self._coordinator.close()

    def url(self, company: str, table: str) -> str:
        """The address of a company's table."""
        return self._address(self._config.get("url_template", "{api_url}/{company}/{table}"), company, table)

    def source(self, company: str, table: str, fields: Sequence[Field], what: str) -> EntitySet:
        """A company's table, to be read."""
        return EntitySet(
            self.client,
            self.url(company, table),
            what=what,
            types={field.name: field.edm for field in fields if field.edm},
            follow_links=self._config.get("paging") == "links",
            reconcile=bool(self._config.get("reconcile_counts", True)),
        )

    def describe(self, declaration: Declaration) -> Table | None:
        """A table as the site has it, or None when the site does not expose it.

        From `$metadata`; without it from a row of the table, typed by what is known of the table.
        """
        if self.metadata is not None:
            entity = self.metadata.entity_sets.get(declaration.table)
            return self._from_metadata(declaration, entity) if entity else None
        try:
            sample = self.sample(self.companies[0], declaration.table)
        except (NotFoundError, RefusedError) as error:
            if not _is_missing(error):
                raise
            return None
        return self._from_row(declaration, sample.row)

    def sample(self, company: str, table: str, *, count: bool = False, where: str = "") -> Sample:
        """One row of a table that a filter leaves, and the number of all when asked for."""
        options = {"$filter": where, "$top": "1", **({"$count": "true"} if count else {})}

        def read(body: bytes) -> Sample:
            try:
                rows = decoded(body, _Rows)
            except ValueError as error:
                raise Unreadable(str(error)) from error
            return Sample(rows.value[0] if rows.value else {}, rows.total)

        what = f"table {table} of company {company}"
        try:
            return self.client.get(address(self.url(company, table), options), read, what=what)
        except (RefusedError, UnavailableError) as error:
            if not count or (isinstance(error, UnavailableError) and error.status != 500):
                raise
            return self.sample(company, table, where=where)

    @cached_property
    def metadata(self) -> Metadata | None:
        """The site's `$metadata`, where it is or at the service's root; None without one."""
        location = str(self._config.get("metadata_location", "{api_url}/{company}/$metadata"))
        if location == "none":
            return None
        places = dict.fromkeys(
            self._address(template, self.companies[0], "") for template in (location, "{api_url}/$metadata")
        )
        for place in places:
            try:
                found = self.client.metadata(place)
            except (NotFoundError, RefusedError) as error:
                if not _is_missing(error):
                    raise
                continue
            if found.entity_sets:
                return found
        return None

    def _address(self, template: str, company: str, table: str) -> str:
        parts = {"company": quote(company, safe=""), "table": quote(table, safe="")}
        return template.format(api_url=self.client.base_url, **parts)

    def _from_metadata(self, declaration: Declaration, entity: EntityType) -> Table:
        known = known_tables().get(declaration.table)
        kinds = {field.name: field.kind for field in known.fields} if known else {}
        fields = tuple(self._typed(field, kinds) for field in fields_of(entity))
        return Table(declaration.key or entity.keys or declaration.keys, fields)

    def _typed(self, field: Field, known: Mapping[str, Kind]) -> Field:
        """What is known of a column completes its Edm type: whole numbers, and dates without a time of day."""
        kind = field.kind
        if kind == "timestamp" and self._config.get("datetime_as", "date") == "date":
            kind = "date"
        elif kind == "decimal" and known.get(field.name) == "integer":
            kind = "integer"
        return Field(field.name, kind, field.edm, field.label)

    def _from_row(self, declaration: Declaration, row: Mapping[str, Any]) -> Table:
        known = known_tables().get(declaration.table)
        shipped = {field.name: field for field in known.fields} if known else {}
        as_timestamp = self._config.get("datetime_as") == "timestamp"
        if not row:
            fields = list(shipped.values())
        else:
            fields = [shipped.get(name) or Field(name, _guess(value)) for name, value in row.items() if "@" not in name]
        if as_timestamp:
            fields = [Field(f.name, "timestamp") if f.kind == "date" else f for f in fields]
        return Table(declaration.keys, tuple(fields))


def _is_missing(error: ConnectorError) -> bool:
    """Whether it speaks of one table. A redirect or a certificate that is not trusted speaks of the whole site."""
    return error.status is not None and 400 <= error.status < 500


def _guess(value: object) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "decimal"
    if isinstance(value, (dict, list)):
        return "json"
    return "date" if isinstance(value, str) and _DAY.fullmatch(value) else "string"


def _classify(response: requests.Response, what: str) -> ConnectorError | None:
    """The error in words for SYSPRO: its OData service knows the operators that were there when it started (help)."""
    if response.status_code == 404 and b"<html" in response.content[:500].lower():
        return NotFoundError(
            system=SYSTEM,
            subject=what,
            got="HTTP 404 and a web page",
            hint="Check api_url and url_template: the web server knows no service at this address.",
            status=404,
        )
    return classify(
        SYSTEM,
        response,
        what,
        found="Check the company id, and that the operator's SQL login may see the table.",
        unknown="The service reads its operators when it starts: a new one needs a restart.",
    )
