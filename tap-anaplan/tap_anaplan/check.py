"""`--test`: for each stream, whether everything is there and is approved, and for what is not, what to do.

Nothing is run and no rows are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, UnavailableError
from tap_anaplan.columns import find
from tap_anaplan.gate import verdict
from tap_anaplan.site import Site
from tap_anaplan.sources import source_of
from tap_anaplan.specs import Spec


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


def run_check(site: Site, specs: Sequence[Spec], say: Callable[[str], None]) -> int:
    """Check the streams, print the table and the problems; how many problems there are.

    Wrong credentials, a server or a model that is not there stop the check: nothing else would be learned.
    """
    say(f"{site.model.label}, workspace {site.model.workspace_id}")
    findings = [_finding(site, spec) for spec in specs]
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
    except (AuthenticationError, UnavailableError):
        raise
    except ConnectorError as error:
        result = "not there" if isinstance(error, NotFoundError) else "refused"
        return Finding(spec.stream, source, "", "", approval, result, str(error))
    key = ", ".join(spec.key or natural) or "none"
    return Finding(spec.stream, source, str(len(columns)), key, approval or "not asked for", "ok")


def table_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    rows = [_HEAD] + [(f.stream, f.source, f.columns, f.key, f.approval, f.result) for f in findings]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
