"""Any interleaving of plans, faults, deaths and reruns: the ERP has each document once, and the plan to the cent.

`DOCUMENT_INTERLEAVINGS=1000 pytest connector-kit/tests/documents/test_any_interleaving.py` tries more.
"""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from plans import expected, row
from world import SETTLE, World

from connector_kit.errors import RefusedError, UnavailableError

COMPANIES = ("1010", "2020")
PERIODS = ("Jan 26", "Feb 26")
ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(COMPANIES),
        st.sampled_from(PERIODS),
        st.sampled_from(("4000", "5000")),
        st.sampled_from(("A", "B", "C", "D", "E", "F")),
        st.decimals(-5, 5, places=2).map(str),
    ),
    min_size=1,
    max_size=10,
)
FAULTS = st.lists(
    st.sampled_from(("ok", "ok", "lost", "dropped", "late", "half", "unsent", "broken", "crash_before", "crash_after")),
    max_size=4,
)


class Interleavings(RuleBasedStateMachine):
    """Plans that come whole, of a stream without a key."""

    key: tuple[str, ...] = ()

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.plan = []
        self.stands = True
        self.refused = ""

    @initialize(change=st.sampled_from(("difference", "reverse")), per_call=st.integers(1, 4))
    def begin(self, change, per_call):
        self.world = World(self.folder.name, per_call=per_call, on_change=change)
        self.world.key = self.key

    def deliver(self, **how):
        self.refused = ""
        try:
            self.stands = self.world.run(how.pop("rows", self.plan), **how) and not self.world.refused
        except UnavailableError:
            self.stands = False
        except RefusedError as refused:
            self.stands, self.refused = False, str(refused)

    @rule(plan=ROWS, faults=FAULTS)
    def a_plan_comes_and_something_may_go_wrong(self, plan, faults):
        self.plan = self.latest(plan)
        self.deliver(faults=faults)

    @precondition(lambda self: self.plan)
    @rule(faults=FAULTS)
    def the_same_plan_comes_again(self, faults):
        self.deliver(faults=faults)

    @rule(plan=ROWS, step=st.integers(1, 30), after=st.booleans(), faults=FAULTS)
    def a_plan_comes_and_the_process_dies(self, plan, step, after, faults):
        self.plan = self.latest(plan)
        self.deliver(crash_at=step, after=after, faults=faults)

    @rule(seconds=st.sampled_from((1, 99, 601, 5000)))
    def time_passes(self, seconds):
        self.world.wait(seconds)

    @rule(fate=st.sampled_from(("lose", "back_up", "restore", "swap")))
    def the_trail_is_lost_backed_up_restored_or_another_one(self, fate):
        self.world.wait(SETTLE)  # no trail can tell of requests that are still on their way when it is lost
        getattr(self.world, f"{fate}_trail")()
        self.stands = False

    @rule(deaf=st.booleans())
    def look_ups_fail_or_work(self, deaf):
        self.world.erp.deaf = deaf

    @invariant()
    def no_document_is_there_twice(self):
        if hasattr(self, "world"):
            assert not self.world.erp.twice()

    @invariant()
    def a_run_that_ends_well_has_brought_the_plan(self):
        if self.plan and self.stands:
            assert self.world.erp.sums() == expected(self.plan)
            known = self.world.standing()
            assert set(known) <= set(self.world.posted())
            assert self.world.erp.sums(without=known) == {}  # what no trail knows took each other back

    def latest(self, rows):
        """Of rows with equal keys the last counts."""
        return list({tuple(one[name] for name in self.key): one for one in rows}.values()) if self.key else rows

    def teardown(self):
        with self.folder:
            if self.plan:
                self.the_plan_comes_once_more_and_nothing_goes_wrong()

    def the_plan_comes_once_more_and_nothing_goes_wrong(self):
        self.world.erp.deaf = False
        self.deliver()
        if self.refused:  # the way out that it names: what belongs to nothing is reversed in the ERP
            assert "belong to nothing in the plan or the audit trail" in self.refused
            self.world.reverse_all_but(self.plan)
            self.deliver()
        assert self.stands, self.refused
        self.a_run_that_ends_well_has_brought_the_plan()
        documents = len(self.world.erp.documents())
        self.deliver()
        assert len(self.world.erp.documents()) == documents


class ChangesAlone(Interleavings):
    """The same of a stream with keys, whose tap sends what has changed, checkpoints, and not a word on the rest."""

    key = ("Version", "Company", "Period", "Account", "Cost Center")

    def change(self, rows):
        self.plan = self.latest([*self.plan, *rows])
        return self.latest(rows)

    @precondition(lambda self: self.plan)
    @rule(rows=ROWS, faults=FAULTS)
    def some_rows_come_alone(self, rows, faults):
        if self.stands:  # after a failure, or without the trail that knows them, a tap brings them again
            self.deliver(rows=self.change(rows), whole=False, faults=faults)

    @precondition(lambda self: self.plan)
    @rule(rows=ROWS, step=st.integers(1, 30), after=st.booleans())
    def some_rows_come_alone_and_the_process_dies(self, rows, step, after):
        if self.stands:
            self.deliver(rows=self.change(rows), whole=False, crash_at=step, after=after)

    @precondition(lambda self: self.plan)
    @rule(rows=ROWS, fate=st.sampled_from(("lose", "restore", "swap")), step=st.sampled_from((None, 5, 9, 14, 20)))
    def some_rows_come_alone_to_another_trail(self, rows, fate, step):
        """They are posted as a part of what stands, or refused: nothing that stands is taken back for them."""
        if not self.stands:
            return
        self.world.wait(SETTLE)
        getattr(self.world, f"{fate}_trail")()
        rows = self.change(rows)
        self.deliver(rows=rows, whole=False, crash_at=step)
        self.deliver(rows=rows, whole=False)


_SETTINGS = settings(
    max_examples=int(os.environ.get("DOCUMENT_INTERLEAVINGS", "12")),
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestInterleavings = pytest.mark.timeout(300)(Interleavings.TestCase)
TestInterleavings.settings = _SETTINGS
TestChangesAlone = pytest.mark.timeout(300)(ChangesAlone.TestCase)
TestChangesAlone.settings = _SETTINGS
