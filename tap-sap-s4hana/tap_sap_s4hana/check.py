"""`--test`: for each stream, whether everything is there, and for what is not, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, UnavailableError
from connector_kit.odata.pages import Query
from tap_sap_s4hana.declarations import Declaration
from tap_sap_s4hana.shipped import declarations
from tap_sap_s4hana.streams import limited
from tap_sap_s4hana.tenant import Tenant, settled, table_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: `result` in a word, `problem` in a sentence where there is one."""

    stream: str
    entity_set: str
    rows: str
    capture: str
    result: str
    problem: str = ""


_HEAD = ("stream", "entity set", "rows", "changes by", "result")


def run_check(config: Mapping[str, Any], tenant: Tenant, say: Callable[[str], None], streams: set[str]) -> int:
    """Check the streams (all when the set is empty), print the table and the problems; how many problems there are.

    Wrong credentials and a tenant that is not there stop the check: nothing else would be learned.
    """
    chosen = [each for each in declarations(config) if not streams or each.name in streams]
    findings = [_finding(config, tenant, each) for each in chosen]
    for line in table_lines(findings):
        say(line)
    problems = list(dict.fromkeys(finding.problem for finding in findings if finding.problem))
    say("")
    if not problems:
        say(f"Everything is there: {len(findings)} streams.")
    for problem in problems:
        say(f"- {problem}")
    return len(problems)


def _finding(config: Mapping[str, Any], tenant: Tenant, declaration: Declaration) -> Finding:
    name, entity_set = declaration.name, declaration.entity_set
    try:
        metadata = tenant.metadata(declaration.service, declaration.version)
        entity = metadata.entity_sets.get(entity_set)
        if entity is None:
            problem = f"{declaration.service} has no entity set {entity_set}. Leave the stream {name} out."
            return Finding(name, entity_set, "", declaration.by, "not there", problem)
        table = table_of(declaration, entity)
        found = settled(declaration, table, entity)
        present = {field.name for field in table.fields}
        limits = limited([each for each in declaration.limits if each in present], config)
        source = tenant.source(found, entity_set, table.fields, sortable=table.sortable)
        total = source.count(Query(table.key, limits))
    except (AuthenticationError, UnavailableError):
        raise
    except ConnectorError as error:
        missing = isinstance(error, NotFoundError) or error.status in {403, 404}
        return Finding(name, entity_set, "", declaration.by, "not there" if missing else "refused", str(error))
    codes = {str(code) for code in config.get("company_codes") or ()}
    if name == "company_codes" and total is not None and total < len(codes):
        listed = ", ".join(sorted(codes))
        problem = f"setting company_codes: expected {listed}, got {total} that this user sees."
        return Finding(name, entity_set, f"{total:,}", found.by, "code missing", problem)
    result = "ok" if found.method == declaration.method else "read whole"
    return Finding(name, entity_set, "?" if total is None else f"{total:,}", found.by, result)


def table_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    rows = [_HEAD] + [(f.stream, f.entity_set, f.rows, f.capture, f.result) for f in findings]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        cells = (
            text.rjust(w) if i == 2 else text.ljust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
