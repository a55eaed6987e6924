"""A local SAP S/4HANA: OData V2 and V4 services and the SOAP service for journal entries, over one set of books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.sap.system import Sap

if TYPE_CHECKING:
    from sandbox.core.clock import Clock
    from sandbox.core.system import Options, System


def build(options: Options, clock: Clock) -> System:
    """Open the books in ``options.data``, or seed them. ValueError when the size is none."""
    return Sap(options, clock)
