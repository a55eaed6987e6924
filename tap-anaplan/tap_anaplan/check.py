"""`--test`: for each stream, whether everything is there and is approved, and for what is not, what to do.

Nothing is run and no rows are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, UnavailableError
from tap_anaplan.columns import find
from tap_anaplan.gate import verdict
from tap_anaplan.metadata import Definition
from tap_anaplan.site import Site
from tap_anaplan.sources import source_of
from tap_anaplan.specs import Spec
from tap_anaplan.task_history import TASKS, actions_of

if TYPE_CHECKING:
    from tap_anaplan.tap import TapAnaplan


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: `result` in a word, `problem` in a sentence where there is one."""

    stream: str
    source: str
    columns: str
    key: str
    approval: str
    result: str
    problem: str = ""


_HEAD = ("stream", "source", "columns", "key", "approved", "result")


def run_check(tap: TapAnaplan, say: Callable[[str], None], streams: set[str]) -> int:
    """Check the streams (all when the set is empty), print the table and the problems; how many problems there are.

    Wrong credentials, a server or a model that is not there stop the check: nothing else would be learned. An answer
    that is an error of the server's own (500) is a problem of that stream.
    """
    site = tap.site
    say(f"{site.model.label}, workspace {site.model.workspace_id}")
    findings = [_finding(site, spec) for spec in tap.specs if not streams or spec.stream in streams]
    findings += [_listed(site, each) for each in tap.definitions if not streams or each.name in streams]
    for line in table_of(findings):
        say(line)
    problems = [finding.problem for finding in findings if finding.problem]
    say("")
    if not problems:
        say(f"Everything is there: {len(findings)} streams.")
    for problem in problems:
        say(f"- {problem}")
    return len(problems)


def _finding(site: Site, spec: Spec) -> Finding:
    source = f"{spec.kind} {spec.subject}" + (f", {spec.view}" if spec.view else "")
    approval = ""
    try:
        columns, natural = source_of(site, spec).describe()
        for name in (spec.replication_key, spec.approved_rows, *spec.key):
            if name:
                find(columns, name, "settings", spec.stream)
        if spec.approval is not None:
            asked = verdict(site, spec.approval)
            approval = ", ".join(sorted(asked.approved)) or "not yet"
    except ConnectorError as error:
        return Finding(spec.stream, source, "", "", approval, _result(error), str(error))
    key = ", ".join(spec.key or natural) or "none"
    return Finding(spec.stream, source, str(len(columns)), key, approval or "not asked for", "ok")


def _listed(site: Site, definition: Definition) -> Finding:
    """A stream of the model's definition is there when it can be listed; `tasks`, when its actions can."""
    source, key = "metadata", ", ".join(definition.key)
    try:
        if definition is TASKS:
            actions_of(site)
        else:
            definition.read(site)
    except ConnectorError as error:
        return Finding(definition.name, source, "", "", "", _result(error), str(error))
    return Finding(definition.name, source, str(len(definition.schema()["properties"])), key, "not asked for", "ok")


def _result(error: ConnectorError) -> str:
    """In a word. What stops the check is raised."""
    if isinstance(error, UnavailableError) and error.status is not None:
        return "no answer"
    if isinstance(error, (AuthenticationError, UnavailableError)):
        raise error
    return "not there" if isinstance(error, NotFoundError) else "refused"


def table_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    rows = [_HEAD] + [(f.stream, f.source, f.columns, f.key, f.approval, f.result) for f in findings]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
