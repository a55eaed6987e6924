"""What Anaplan counted of a file's rows, import by import, held against the rows that were sent.

A file that another client of the same user has replaced, or of which a part was lost, shows here: processed, ignored
and refused rows add up to what was sent, or it is unknown what arrived, and the file is sent again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connector_kit.anaplan import Account, account
from connector_kit.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_kit.anaplan.results import ActionResult, TaskResult
    from target_anaplan.destination import Destination

log = logging.getLogger("target-anaplan")

CheckCounts = Literal["when_told", "always", "never"]
_NOTHING = Account()


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account of each import that read the file, by its id. `names`: of all imports that read it."""

    result: TaskResult
    sent: int
    names: Mapping[str, str]
    found: Mapping[str, Account]

    def of(self, action: ActionResult) -> Account | None:
        """What an action's counts say of our rows; None when it read something else."""
        if not self.result.nested:
            return next(iter(self.found.values()), _NOTHING)
        if action.object_id and action.object_id not in self.names:
            return None
        return self.found.get(action.object_id, _NOTHING)

    def check(self, rule: CheckCounts) -> None:
        """Refuse counts that can't be of the rows that were sent.

        Raises:
            UnavailableError: with both; what Anaplan holds of the rows is unknown then.
        """
        if rule == "never":
            return
        problems = [f"{self.names[one]}: {each.problem}" for one, each in self.found.items() if each.problem]
        untold = [name for one, name in self.names.items() if not self.found.get(one, _NOTHING).told]
        if untold and rule == "always":
            problems += [f"{name}: no counts" for name in untold]
        elif untold:
            log.warning("%s: Anaplan tells no counts of %s.", self.result.what, ", ".join(untold))
        if problems:
            raise UnavailableError(
                system="Anaplan",
                subject=f"{self.result.what}, task {self.result.task_id}",
                expected=f"counts of the {self.sent} rows that were sent",
                got="; ".join(problems),
                hint="Which of them arrived is unknown, so all are sent again: run again. Look for another client of "
                "this user that writes into the same file. Where this import counts otherwise: check_counts.",
            )


def accounts_of(result: TaskResult, destination: Destination, sent: int) -> Accounts:
    """The accounts of a task that has ended. sent: rows of the file."""
    loaders = {loader.id: loader for loader in destination.loaders}
    names = {loader.id: loader.name for loader in destination.loaders}
    if not result.nested:
        own = account(result.outcome.counts, sent, in_module=any(one.in_module for one in destination.loaders))
        first = next(iter(names), destination.id)
        return Accounts(result, sent, names or {first: destination.name}, {first: own})
    found = {
        action.object_id: account(action.counts, sent, in_module=loaders[action.object_id].in_module)
        for action in result.nested
        if action.object_id in loaders
    }
    return Accounts(result, sent, names, found)
