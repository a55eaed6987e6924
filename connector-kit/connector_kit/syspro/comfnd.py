"""Reading tables through the business object COMFND: the way in where SYSPRO's OData is not licensed.

Facts: recorded traffic of SYSPRO 7.0.0.6 (syspro-ruby) for the document's shape, the condition EQ and the answer. The
other conditions are named by analogy and can be changed, see `Conditions`. Numbers come padded with blanks on the
left, a date that is not set as 0000-00-00.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from connector_kit.errors import ConfigurationError, RefusedError
from connector_kit.numerals import whole
from connector_kit.syspro.failures import SYSTEM
from connector_kit.syspro.xml import child, children, name_of, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

Row = dict[str, str]

# SYSPRO's custom form tables end in "+".
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?")


@dataclass(frozen=True, slots=True)
class Conditions:
    """COMFND's names for comparisons. EQ is seen in recorded traffic; the others are analogous."""

    equal: str = "EQ"
    greater: str = "GT"
    at_least: str = "GE"
    less: str = "LT"
    at_most: str = "LE"
    different: str = "NE"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: a column, a name out of `Conditions`, a value as text."""

    column: str
    comparison: str
    value: str


Where = Sequence[Sequence[Condition]]
"""Alternatives, each of which is a list of conditions that hold together."""


def build(table: str, columns: Sequence[str], where: Where, order: Sequence[str], rows: int) -> str:
    """The document that asks for the first `rows` rows.

    Alternatives are bracketed each on its own, never nested, so that the reading is the same with and without them:
    "and" binds closer than "or".

    Raises:
        ConfigurationError: a name that can't be one of a table or column.
    """
    for name in (table, *columns, *order, *(condition.column for group in where for condition in group)):
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                system=SYSTEM, subject=f"table {table}", expected="names of letters, digits and _", got=name
            )
    parts = [
        '<Query xmlns:xsd="http://www.w3.org/2001/XMLSchema-instance" xsd:noNamespaceSchemaLocation="COMFND.XSD">',
        f"<TableName>{table}</TableName><ReturnRows>{rows}</ReturnRows>",
        "<Columns>",
        *(f"<Column>{name}</Column>" for name in columns),
        "</Columns>",
        *(["<Where>", *_expressions(where), "</Where>"] if where else []),
        *(["<OrderBy>", *(f"<Column>{name}</Column>" for name in order), "</OrderBy>"] if order else []),
        "</Query>",
    ]
    return "".join(parts)


def _expressions(where: Where) -> Iterator[str]:
    for group in where:
        for place, condition in enumerate(group):
            first, last = place == 0, place == len(group) - 1
            joined = "Or" if first and group is not where[0] else "And"
            yield (
                f"<Expression><OpenBracket>{'(' if first else ''}</OpenBracket><AndOr>{joined}</AndOr>"
                f"<Column>{condition.column}</Column><Condition>{condition.comparison}</Condition>"
                f"<Value>{escape(condition.value)}</Value><CloseBracket>{')' if last else ''}</CloseBracket>"
                "</Expression>"
            )


def rows_of(root: Element, columns: Sequence[str]) -> list[Row]:
    """The rows of an answer, by the names that were asked for, whatever the answer's letter case.

    Raises:
        RefusedError: columns are missing, or the answer says that it holds another number of rows.
    """
    names = {name.lower(): name for name in columns}
    rows = [
        {names[name]: cell.text or "" for cell in row if (name := name_of(cell)) in names}
        for row in children(root, "Row")
    ]
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing:
        raise RefusedError(
            system=SYSTEM,
            subject=f"table {root.tag}",
            expected=f"the columns {', '.join(columns)}",
            got=f"rows without {', '.join(missing)}",
            hint="Check the columns' names, and that the operator may see them.",
        )
    told = whole(text_of(child(root, "RowsReturned")))
    if told is not None and told != len(rows):
        raise RefusedError(system=SYSTEM, subject=f"table {root.tag}", expected=f"{told} rows", got=str(len(rows)))
    return rows
