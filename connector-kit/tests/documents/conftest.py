"""A fake ERP, and the target that posts into it, run as a user runs it: messages in, STATE out."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest

# Tests are imported by path, so their helpers beside them have to be found by hand.
sys.path.insert(0, str(Path(__file__).parent))

from fake_erp import FakeErp, FakeTarget
from plans import RECIPE, messages

from connector_kit.audit import Trail
from connector_kit.audit.database import Database
from connector_kit.audit.failures import Selection, groups
from connector_kit.audit.history import history
from connector_kit.audit.replay import replay


class Bench:
    """One ERP, one trail, and runs of the target."""

    def __init__(self, folder):
        self.erp = FakeErp(folder / "erp.db")
        self.audit_url = f"sqlite:///{folder / 'audit.db'}"
        self.config = {
            "erp": str(folder / "erp.db"),
            "audit_url": self.audit_url,
            "coordination_url": f"sqlite:///{folder / 'coordination.db'}",
            "spool_dir": str(folder),
            "settle_seconds": 0.3,
            "source_system": "Anaplan",
            "max_vanished_share": 1,
            "on_nothing_delivered": "continue",  # many tests look at refusals alone
            "documents": [RECIPE],
        }

    def run(self, rows_or_text, *, recipe=None, key=(), state="done", whole=True, **config):
        """Returns what went to standard output."""
        text = (
            rows_or_text if isinstance(rows_or_text, str) else messages(rows_or_text, key=key, state=state, whole=whole)
        )
        settings = {**self.config, **({"documents": [{**RECIPE, **recipe}]} if recipe else {}), **config}
        target_class = type("Target", (FakeTarget,), {"erp": self.erp})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            target_class(config=settings).listen(io.StringIO(text))
        return out.getvalue()

    def summary(self, run="last"):
        with Trail.open(self.audit_url) as trail:
            return trail.summary(run)

    def action(self):
        return self.summary().actions[0]

    def failures(self):
        with contextlib.closing(Database(self.audit_url)) as database, database.reading() as connection:
            return {(group.reason, group.records) for group in groups(connection, Selection(), samples=1)}

    def history(self, *key):
        with contextlib.closing(Database(self.audit_url)) as database, database.reading() as connection:
            return history(connection, "plan", key)

    def replayed(self):
        out = []
        with contextlib.closing(Database(self.audit_url)) as database, database.reading() as connection:
            self.replay_done = replay(connection, Selection(), out.append)
        return b"".join(out).decode()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
