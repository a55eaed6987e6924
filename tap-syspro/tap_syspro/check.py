"""`--test`: for each company and stream, whether everything is there, and for what is not, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector_kit.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    UnavailableError,
)
from tap_syspro.declarations import Declaration, declarations
from tap_syspro.site import Sample, Site
from tap_syspro.tables import ROW_VERSION


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: `result` in a word, `problem` in a sentence where there is one."""

    company: str
    stream: str
    table: str
    rows: str
    capture: str
    versions: str
    result: str
    problem: str = ""


_HEAD = ("company", "stream", "table", "rows", "change capture", "row versions", "result")


def run_check(config: Mapping[str, Any], site: Site, say: Callable[[str], None], streams: set[str]) -> int:
    """Check the streams (all when the set is empty), print the table and the problems; how many problems there are.

    Wrong credentials, an address that is none and a server that is not there stop the check: nothing else would be
    learned. An answer that is an error of the server's own (500) is a problem of that table.
    """
    findings = list(findings_of(config, site, streams))
    for line in table_of(findings):
        say(line)
    problems = list(dict.fromkeys(finding.problem for finding in findings if finding.problem))
    say("")
    if not problems:
        say(f"Everything is there: {len(findings)} checks in {len(site.companies)} companies.")
    for problem in problems:
        say(f"- {problem}")
    return len(problems)


def findings_of(config: Mapping[str, Any], site: Site, streams: set[str]) -> Iterator[Finding]:
    """One finding per company and stream."""
    chosen = [each for each in declarations(config) if not streams or each.name in streams]
    for company in site.companies:
        for declaration in chosen:
            yield _finding(site, company, declaration, (config.get("filters") or {}).get(declaration.name, ""))


def _finding(site: Site, company: str, declaration: Declaration, where: str) -> Finding:
    capture = declaration.method + (f" by {declaration.column}" if declaration.column else "")
    try:
        sample = site.sample(company, declaration.table, count=True, where=where)
    except (AuthenticationError, ConfigurationError):
        raise
    except ConnectorError as error:
        if isinstance(error, UnavailableError) and error.status is None:
            raise
        missing = isinstance(error, NotFoundError)
        result = "no answer" if isinstance(error, UnavailableError) else "not there" if missing else "refused"
        return Finding(company, declaration.name, declaration.table, "", capture, "", result, str(error))
    columns = _columns(site, declaration, sample)
    rows = "?" if sample.total is None else f"{sample.total:,}"
    versions = "?" if columns is None else ("yes" if ROW_VERSION in columns else "no")
    problem = "" if columns is None else _missing(declaration, columns)
    result = "column missing" if problem else "ok"
    return Finding(company, declaration.name, declaration.table, rows, capture, versions, result, problem)


def _columns(site: Site, declaration: Declaration, sample: Sample) -> set[str] | None:
    """The table's columns, or None when there is neither a row nor metadata to tell."""
    if sample.row:
        return set(sample.row)
    entity = site.metadata.entity_sets.get(declaration.table) if site.metadata else None
    return {each.name for each in entity.properties} if entity else None


def _missing(declaration: Declaration, columns: set[str]) -> str:
    where = f"stream {declaration.name}, table {declaration.table}"
    if not declaration.keys:
        return f"{where}: no key is known. Give the columns that identify a row in `keys` or `tables`."
    keys = [name for name in declaration.keys if name not in columns]
    if keys:
        return f"{where}: key column {', '.join(keys)} is not there. Give the site's key in `keys`."
    column = declaration.column
    if declaration.method == "row_version" and column not in columns:
        return f"{where}: the site does not expose row versions ({column}). Choose another method in `change_capture`."
    followed = [declaration.year, declaration.period] if declaration.method == "period" else [column]
    gone = [name for name in followed if name and name not in columns]
    if gone:
        return (
            f"{where}: column {', '.join(gone)} is not there. Set `change_capture: {{{declaration.name}: full_table}}`."
        )
    return ""


def table_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    rows = [_HEAD] + [(f.company, f.stream, f.table, f.rows, f.capture, f.versions, f.result) for f in findings]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        cells = (
            text.rjust(w) if i == 3 else text.ljust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
