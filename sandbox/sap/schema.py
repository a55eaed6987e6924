"""What a service of the local S/4HANA exposes: the model that metadata, reads and writes are all made from.

Values in SQLite, one column per property: strings, keys and NUMC as TEXT as stored (leading zeros kept, "" for
initial); a decimal as INTEGER, the amount times ten to its scale, so that sums are exact; a date as TEXT
``YYYY-MM-DD`` or NULL; a point in time as TEXT ``YYYY-MM-DDThh:mm:ss.fffffffZ`` or NULL; a time of day as TEXT
``hh:mm:ss`` or NULL; a boolean as INTEGER 0 or 1; an integer as INTEGER; a GUID as TEXT in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["string", "decimal", "date", "datetimeoffset", "time", "boolean", "int16", "int32", "int64", "guid"]
Stored = str | int | None


@dataclass(frozen=True, slots=True)
class Property:
    """One property.

    Args:
        kind: what it is; V2 and V4 write the same kind under different EDM names (a date is Edm.DateTime with the
            display format Date in V2, Edm.Date in V4).
        length: most characters of a string.
        precision: digits of a decimal, or of a point in time's seconds.
        scale: digits after the point of a decimal.
        variable: V4 metadata say Scale="variable" (amounts); stored with ``scale`` digits all the same.
        numc: digits only; the initial value is zeros.
        measure: summed over the selected dimensions of an aggregated set.
        filterable, sortable, creatable: as SAP's annotations say.
        column: where it is stored, its own name when empty.
    """

    name: str
    kind: Kind = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    nullable: bool = True
    numc: bool = False
    upper: bool = False
    measure: bool = False
    filterable: bool = True
    sortable: bool = True
    creatable: bool = True
    label: str = ""
    unit: str = ""
    column: str = ""
    variable: bool = False

    @property
    def stored_as(self) -> str:
        """The column's name."""
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from one entity to others: ``on`` pairs properties of this one with properties of the target set."""

    name: str
    target: str
    on: tuple[tuple[str, str], ...]
    many: bool = True


@dataclass(frozen=True, slots=True)
class EntitySet:
    """One entity set over one SQLite table or view.

    Args:
        aggregate: amounts are summed over the selected dimensions, and the key ``ID`` is made for each answer.
        grain: of an aggregated set, the dimensions that identify one row of the table; when all of them are selected
            nothing is left to sum, and pages follow them. The table needs an index in this order.
        creatable, updatable, deletable: as SAP's annotations say; a deep insert is a create of the parent.
    """

    name: str
    type_name: str
    table: str
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    aggregate: bool = False
    creatable: bool = False
    updatable: bool = False
    deletable: bool = False
    label: str = ""
    grain: tuple[str, ...] = ()

    def property_called(self, name: str) -> Property | None:
        """The property of that name."""
        return next((each for each in self.properties if each.name == name), None)

    def navigation_called(self, name: str) -> Navigation | None:
        """The navigation of that name."""
        return next((each for each in self.navigations if each.name == name), None)


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A structure without a key, for what functions return."""

    name: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class FunctionImport:
    """A V2 function import or V4 action that is called by POST; ``parameters`` in the order of the metadata.

    ``returns`` names a complex type of the service, or an entity set of which one entity comes back.
    """

    name: str
    parameters: tuple[Property, ...]
    returns: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One OData service.

    Args:
        name: as in errors and in metadata, e.g. API_SUPPLIERINVOICE_PROCESS_SRV.
        path: below the host, e.g. /sap/opu/odata/sap/API_SUPPLIERINVOICE_PROCESS_SRV.
        version: of the protocol.
        scenario: the communication scenario that permits it.
    """

    name: str
    path: str
    version: Literal["2.0", "4.0"]
    namespace: str
    sets: tuple[EntitySet, ...]
    functions: tuple[FunctionImport, ...] = field(default=())
    scenario: str = ""
    complex_types: tuple[ComplexType, ...] = field(default=())

    def set_called(self, name: str) -> EntitySet | None:
        """The entity set of that name."""
        return next((each for each in self.sets if each.name == name), None)
