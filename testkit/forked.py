"""Processes that are forked from a server which has imported the plugins: one takes hundredths of a second to start."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PRODUCT = (
    "connector_kit",
    "tap_anaplan",
    "tap_sap_s4hana",
    "tap_syspro",
    "target_anaplan",
    "target_sap_s4hana",
    "target_syspro",
)
"""The packages that ship. Where one is not installed, it is not imported."""

# Imported by libraries in the middle of a run, which is every run here.
_LATE = (
    "_strptime",
    "alembic.command",
    "email.policy",
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
    "filelock",
    "importlib_metadata._adapters",
    "jsonschema_rs",
    "psycopg",
    "sqlalchemy.dialects.sqlite",
)


def _modules() -> Iterator[str]:
    yield "chaos.preload"  # before the modules whose clocks it reaches
    yield from _LATE
    for package in PRODUCT:
        spec = find_spec(package)
        for folder in map(Path, (spec.submodule_search_locations or ()) if spec else ()):
            for file in sorted(folder.rglob("*.py")):
                parts = file.relative_to(folder).with_suffix("").parts
                if not {"migrations", "__init__", "__main__"} & set(parts):
                    yield ".".join((package, *parts))
    yield "chaos.world"  # what runs in the processes of a world, and all that it imports
    yield "testkit.frozen"


FORKING = multiprocessing.get_context("forkserver")
"""Its `Process` forks; the server starts with the first of them and ends with this process."""
FORKING.set_forkserver_preload(list(_modules()))
