"""Processes that are forked from a server which has imported the plugins: one takes hundredths of a second to start."""

from __future__ import annotations

import multiprocessing
from importlib.util import find_spec

_PRELOADED = (
    "chaos.preload",  # before the modules whose clocks it reaches
    "tap_anaplan.tap",
    "tap_sap_s4hana.tap",
    "tap_syspro.tap",
    "target_anaplan.target",
    "target_sap_s4hana.target",
    "target_syspro.target",
    "connector_kit.documents.order",
    "connector_kit.audit",
)

FORKING = multiprocessing.get_context("forkserver")
"""Its `Process` forks; the server starts with the first of them and ends with this process."""
FORKING.set_forkserver_preload([name for name in _PRELOADED if find_spec(name.partition(".")[0])])
