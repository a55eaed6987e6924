"""`--test`: for each stream, whether everything is there, and for what is not, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector_kit.errors import AuthenticationError, ConnectorError, NotFoundError, UnavailableError
from connector_kit.odata.fetch import Query
from connector_kit.odata.rows import RowReader
from connector_kit.odata.stream import TableSource
from tap_sap_s4hana.declarations import Declaration
from tap_sap_s4hana.shipped import declarations
from tap_sap_s4hana.streams import DocumentParts, SapStream, stream_of
from tap_sap_s4hana.tenant import settled, table_of

if TYPE_CHECKING:
    from tap_sap_s4hana.tap import TapSapS4Hana


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


def run_check(tap: TapSapS4Hana, say: Callable[[str], None], streams: set[str]) -> int:
    """Check the streams (all when the set is empty), print the table and the problems; how many problems there are.

    Wrong credentials and a tenant that is not there stop the check: nothing else would be learned. A service that
    answers with an error of its own (500) is a problem of that service.
    """
    chosen = [each for each in declarations(tap.config) if not streams or each.name in streams]
    findings = [_finding(tap, each) for each in chosen]
    for line in table_lines(findings):
        say(line)
    problems = list(dict.fromkeys(finding.problem for finding in findings if finding.problem))
    say("")
    if not problems:
        say(f"Everything is there: {len(findings)} streams.")
    for problem in problems:
        say(f"- {problem}")
    return len(problems)


def _finding(tap: TapSapS4Hana, declaration: Declaration) -> Finding:
    name, entity_set, tenant, config = declaration.name, declaration.entity_set, tap.tenant, tap.config
    try:
        entity = tenant.entity(declaration)
        table = table_of(declaration, entity)
        found = settled(declaration, table, entity)
        total = _total(stream_of(tap, found, table))
    except AuthenticationError:
        raise
    except ConnectorError as error:
        if isinstance(error, UnavailableError) and error.status is None:
            raise
        missing = isinstance(error, NotFoundError) or error.status in {403, 404}
        result = "no answer" if isinstance(error, UnavailableError) else "not there" if missing else "refused"
        return Finding(name, entity_set, "", declaration.by, result, str(error))
    codes = {str(code) for code in config.get("company_codes") or ()}
    if name == "company_codes" and total is not None and total < len(codes):
        listed = ", ".join(sorted(codes))
        problem = f"setting company_codes: expected {listed}, got {total} that this user sees."
        return Finding(name, entity_set, f"{total:,}", found.by, "code missing", problem)
    result = "ok" if found.method == declaration.method else "read whole"
    return Finding(name, entity_set, "?" if total is None else f"{total:,}", found.by, result)


def _total(stream: SapStream) -> int | None:
    """The rows that the settings leave of it; their filters are tried where the server does not count, too.

    A part's filter is its header's.
    """
    if isinstance(stream, DocumentParts) and stream.header_restriction is not None:
        query = Query(tuple(stream.header_keys), stream.header_restriction)
        reader = RowReader(stream.header_fields, stream.header_keys, **stream.reader_options)
        _tried(stream.header_source(None), reader, query)
    query = Query(tuple(stream.primary_keys), stream.whole_restriction)
    return _tried(stream.own_source(None), stream.reader(None), query)


def _tried(source: TableSource, reader: RowReader, query: Query) -> int | None:
    total = source.count(query)
    if total is None:
        next(iter(source.pages(reader, replace(query, page_size=1))), None)
    return total


def table_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings in columns."""
    rows = [_HEAD] + [(f.stream, f.entity_set, f.rows, f.capture, f.result) for f in findings]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        cells = (
            text.rjust(w) if i == 2 else text.ljust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
