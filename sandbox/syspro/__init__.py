"""SYSPRO 8 as a local server: the OData service and the e.net REST service over the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.syspro.system import Syspro

if TYPE_CHECKING:
    from sandbox.core.clock import Clock
    from sandbox.core.system import Options, System


def build(options: Options, clock: Clock) -> System:
    """Open the companies' databases in ``options.data``, or seed them. ValueError when the size is none."""
    return Syspro(options, clock)
