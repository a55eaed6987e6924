"""The Where block of COMFND: expressions with brackets, joined by And and Or, to a condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.core.odata.syntax import Comparison, Condition, Field, Value, junction
from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.xml import text_of

if TYPE_CHECKING:
    from lxml import etree

    from sandbox.syspro.tables import Column, Table

_CONDITIONS = {"EQ", "NE", "GT", "GE", "LT", "LE"}
_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
_Token = str | Comparison


def where_condition(where: etree._Element | None, table: Table) -> Condition | None:
    """The condition, or None for no block; EnetError when it names no column or does not nest."""
    tokens: list[_Token] = []
    for expression in where.findall("Expression") if where is not None else ():
        if tokens:
            joint = text_of(expression, "AndOr", "And").lower()
            if joint not in {"and", "or"}:
                raise EnetError(f"Invalid AndOr '{joint}' in Where")
            tokens.append(joint)
        tokens += "(" * text_of(expression, "OpenBracket").count("(")
        tokens.append(_comparison(expression, table))
        tokens += ")" * text_of(expression, "CloseBracket").count(")")
    if not tokens:
        return None
    condition, rest = _disjunction(tokens)
    if rest:
        raise EnetError("Brackets do not match in Where")
    return condition


def _comparison(expression: etree._Element, table: Table) -> Comparison:
    name, condition = text_of(expression, "Column"), text_of(expression, "Condition").upper()
    column = table.columns.get(name)
    if column is None:
        raise EnetError(f"Column '{name}' not found in table '{table.name}'")
    if condition not in _CONDITIONS:
        raise EnetError(f"Invalid condition '{condition}' in Where")
    return Comparison(condition.lower(), Field(name), _value(column, text_of(expression, "Value")))


def _value(column: Column, text: str) -> Value:
    if column.kind == "decimal":
        if not _NUMBER.match(text):
            raise EnetError(f"Value '{text}' of column '{column.name}' is not numeric")
        return Value("number", text)
    if column.kind == "datetime":
        if not _DATE.match(text):
            raise EnetError(f"Value '{text}' of column '{column.name}' is not a date")
        return Value("date", text)
    return Value("string", text)


def _disjunction(tokens: list[_Token]) -> tuple[Condition, list[_Token]]:
    part, rest = _conjunction(tokens)
    parts = [part]
    while rest and rest[0] == "or":
        part, rest = _conjunction(rest[1:])
        parts.append(part)
    return junction("or", parts), rest


def _conjunction(tokens: list[_Token]) -> tuple[Condition, list[_Token]]:
    part, rest = _unit(tokens)
    parts = [part]
    while rest and rest[0] == "and":
        part, rest = _unit(rest[1:])
        parts.append(part)
    return junction("and", parts), rest


def _unit(tokens: list[_Token]) -> tuple[Condition, list[_Token]]:
    head = tokens[0] if tokens else ")"
    if isinstance(head, Comparison):
        return head, tokens[1:]
    if head != "(":
        raise EnetError("Brackets do not match in Where")
    inner, rest = _disjunction(tokens[1:])
    if not rest or rest[0] != ")":
        raise EnetError("Brackets do not match in Where")
    return inner, rest[1:]
