"""The `documents` setting, read into typed parts: how a stream's rows become documents. All faults in one message.

    documents:
      - stream: plan_lines
        object: journal_entry                 # a name of the target's
        scope: [Version, Company Code]        # what one delivery replaces as a whole; without it, each document
        document: [Company Code, Period]      # rows with equal values (and scope) become one document
        header: {company_code: Company Code, document_type: {constant: SA}}
        lines: {account: Account, amount: Amount, currency: Currency, cost_center: Cost Center, text: Text}
        where: {Status: Approved}
        period: {field: Period, format: "%b %y"}        # or {year: Year, period: Month}, both fiscal
        posting_date: last_day                # | first_day | a column with a date
        document_date: posting_date           # | last_day | first_day | a column
        offset: {account: "21500000", fields: {text: Plan}, per: [cost_center]}
        rounding: {decimals: {CLF: 4}, rest: largest}   # | last | {account: "65900000"}
        split: {max_lines: 500, rule: balanced}         # | refuse
        condense: true                        # lines that differ in amount and text only become one
        on_change: difference                 # | reverse | refuse
        on_failure: continue                  # | stop
        complete_when: closed                 # | input_ends

Columns and conditions are written in the grammar of `connector_kit.mapping`. `amount` is a column, or
{debit: column, credit: column}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from connector_kit.documents.model import Rules
from connector_kit.documents.recipe import Amount, Day, Offset, OnChange, Period, Recipe, Rounding
from connector_kit.mapping.columns import Column, parse_column, parse_columns, parse_where

_KNOWN = (
    "stream",
    "object",
    "scope",
    "document",
    "header",
    "lines",
    "where",
    "period",
    "posting_date",
    "document_date",
    "offset",
    "rounding",
    "split",
    "condense",
    "on_change",
    "on_failure",
    "complete_when",
)


def parse(entries: Iterable[Mapping[str, Any]], objects: Mapping[str, Rules]) -> tuple[list[Recipe], list[str]]:
    """The recipes that can be read, and the faults of all of them, each with its place.

    objects: what the target can post, by the names that recipes use.
    """
    faults: list[str] = []
    found: list[Recipe] = []
    for position, entry in enumerate(entries):
        own: list[str] = []
        one = _recipe(position, entry, objects, own)
        faults += [f"documents[{position}] ({entry.get('stream', 'no stream')}): {fault}" for fault in own]
        if one is not None and not own:
            found.append(one)
    titles = [one.title for one in found]
    faults += [f"documents: {title} comes twice" for title in dict.fromkeys(titles) if titles.count(title) > 1]
    return found, faults


def _recipe(position: int, entry: Mapping[str, Any], objects: Mapping[str, Rules], faults: list[str]) -> Recipe | None:
    if unknown := sorted(set(entry) - set(_KNOWN)):
        faults.append(f"unknown {', '.join(unknown)} (there are {', '.join(_KNOWN)})")
    faults += [f"{name} is missing" for name in ("stream", "object", "document", "lines") if not entry.get(name)]
    rules = objects.get(str(entry.get("object")))
    if rules is None:
        faults.append(f"object {entry.get('object')} is not one of {', '.join(objects)}")
        return None
    lines = dict(entry.get("lines") or {})
    special = {name: lines.pop(name, None) for name in ("account", "amount", "currency")}
    header = parse_columns(entry.get("header") or {}, faults, of="header")
    fields = parse_columns(lines, faults, of="lines")
    _check_names("header", [one.name for one in header], rules.required_header, rules.header, faults)
    _check_names("lines", [one.name for one in fields], rules.required_line, rules.line, faults)
    account = _column("lines account", special["account"], faults)
    amount = _amount(special["amount"], faults)
    currency = _column("lines currency", special["currency"], faults) if special["currency"] else None
    if rules.currency and currency is None:
        faults.append("lines: currency is missing")
    where, where_fields = parse_where(entry.get("where") or {}, faults)
    posting, document = (
        _day("posting_date", entry, "last_day", faults),
        _day("document_date", entry, "posting_date", faults),
    )
    period = _period(entry.get("period"), faults)
    if rules.dated and period is None and not isinstance(posting, Column):
        faults.append("period is missing (or let posting_date be a column)")
    offset = _offset(entry.get("offset"), [one.name for one in fields], faults)
    rounding = _rounding(entry.get("rounding") or {}, faults)
    max_lines, split = _split(entry.get("split") or {}, rules, offset, faults)
    choices = {
        "on_change": _choice("on_change", entry, get_args(OnChange), faults),
        "on_failure": _choice("on_failure", entry, ("continue", "stop"), faults),
        "complete_when": _choice("complete_when", entry, ("closed", "input_ends"), faults),
    }
    if faults or account is None or amount is None:
        return None
    return Recipe(
        position=position,
        stream=str(entry["stream"]),
        rules=rules,
        scope=tuple(map(str, _listed(entry.get("scope")))),
        document=tuple(map(str, _listed(entry["document"]))),
        header=header,
        account=account,
        amount=amount,
        currency=currency,
        lines=fields,
        where=where,
        where_fields=where_fields,
        period=period,
        posting_date=posting,
        document_date=document,
        offset=offset,
        rounding=rounding,
        max_lines=max_lines,
        split=split,
        condense=bool(entry.get("condense", True)),
        on_change=cast("OnChange", choices["on_change"]),
        stop_on_failure=choices["on_failure"] == "stop",
        needs_closing=choices["complete_when"] == "closed",
    )


def _check_names(
    place: str, given: list[str], required: tuple[str, ...], optional: tuple[str, ...], faults: list[str]
) -> None:
    if missing := [name for name in required if name not in given]:
        faults.append(f"{place}: {', '.join(missing)} missing")
    if unknown := [name for name in given if name not in {*required, *optional}]:
        known = ", ".join((*required, *optional)) or "none"
        faults.append(f"{place}: unknown {', '.join(unknown)} (there are {known})")


def _column(place: str, entry: Any, faults: list[str]) -> Column | None:  # noqa: ANN401 - a setting's JSON value
    if entry is None:
        faults.append(f"{place} is missing")
        return None
    found = parse_columns({place.rsplit(maxsplit=1)[-1]: entry}, faults, of=place.split(maxsplit=1)[0])
    return found[0] if found else None


def _amount(entry: Any, faults: list[str]) -> Amount | None:  # noqa: ANN401 - a setting's JSON value
    if isinstance(entry, dict) and set(entry) & {"debit", "credit"}:
        if set(entry) != {"debit", "credit"}:
            faults.append("lines amount: debit and credit, and nothing else, belong together")
            return None
        debit, credit = (_number(f"amount {side}", entry[side], faults) for side in ("debit", "credit"))
        return Amount(debit, credit) if debit and credit else None
    if entry is None:
        faults.append("lines amount is missing")
        return None
    found = _number("amount", entry, faults)
    return Amount(found) if found else None


def _number(name: str, entry: Any, faults: list[str]) -> Column | None:  # noqa: ANN401 - a setting's JSON value
    """A column whose texts are exact numbers."""
    options = {"field": entry} if isinstance(entry, str) else entry
    if isinstance(options, dict) and not {"constant", "decimals"} & set(options):
        options = {**options, "decimals": None}
    return _column(f"lines {name}", options, faults)


def _day(name: str, entry: Mapping[str, Any], default: Day, faults: list[str]) -> Day | Column:
    given = entry.get(name, default)
    if given in get_args(Day) and (given != "posting_date" or name == "document_date"):
        return cast("Day", given)
    options = {"field": given} if isinstance(given, str) else given
    if isinstance(options, dict) and not {"constant", "date"} & set(options):
        options = {**options, "date": "%Y-%m-%d"}
    try:
        return parse_column(name, options)
    except ValueError as exc:
        faults.append(f"{name}: {exc}")
        return default


def _period(entry: Any, faults: list[str]) -> Period | None:  # noqa: ANN401 - a setting's JSON value
    if entry is None:
        return None
    if isinstance(entry, str):
        entry = {"field": entry}
    if isinstance(entry, dict) and set(entry) == {"year", "period"}:
        return Period(
            year=_column("period year", entry["year"], faults), number=_column("period period", entry["period"], faults)
        )
    if isinstance(entry, dict) and ("field" in entry or "template" in entry):
        options = dict(entry)
        form = str(options.pop("format", "%b %y"))
        return Period(month=_column("period month", options, faults), format=form)
    faults.append('period takes {field: ..., format: "%b %y"} or {year: ..., period: ...}')
    return None


def _offset(entry: Any, line_fields: list[str], faults: list[str]) -> Offset | None:  # noqa: ANN401 - a JSON value
    if not entry:
        return None
    given = entry.get("fields") or {} if isinstance(entry, dict) else {}
    known = isinstance(entry, dict) and entry.get("account") and not set(entry) - {"account", "fields", "per"}
    if not known or not isinstance(given, dict):
        faults.append("offset takes account, and beside it fields and per")
        return None
    per = [str(name) for name in _listed(entry.get("per")) if name != "document"]
    if wrong := [name for name in per if name not in line_fields]:
        faults.append(f"offset: per names {', '.join(wrong)}, which lines do not have")
    fields = {str(name): str(value) for name, value in given.items() if value != ""}
    return Offset(str(entry["account"]), tuple(sorted(fields.items())), tuple(per))


def _rounding(entry: Any, faults: list[str]) -> Rounding:  # noqa: ANN401 - a setting's JSON value
    decimals = entry.get("decimals") or {}
    if not isinstance(decimals, dict):
        faults.append("rounding takes decimals (currency: 0 to 9) and rest")
        decimals = {}
    rest = entry.get("rest", "largest")
    wrong = [name for name, digits in decimals.items() if not isinstance(digits, int) or not 0 <= digits <= 9]
    if set(entry) - {"decimals", "rest", "mode"} or wrong or entry.get("mode", "half_up") != "half_up":
        faults.append("rounding takes decimals (currency: 0 to 9) and rest; the mode is half_up")
    if isinstance(rest, dict) and set(rest) == {"account"}:
        return Rounding(dict(decimals), "account", str(rest["account"]))
    if rest not in ("largest", "last"):
        faults.append("rounding: rest is largest, last or {account: ...}")
        rest = "largest"
    return Rounding(dict(decimals), rest)


def _split(entry: Any, rules: Rules, offset: Offset | None, faults: list[str]) -> tuple[int, bool]:  # noqa: ANN401
    rule = entry.get("rule", "balanced" if offset or not rules.balanced else "refuse")
    most = entry.get("max_lines", rules.max_lines)
    if set(entry) - {"max_lines", "rule"} or rule not in ("balanced", "refuse"):
        faults.append("split takes max_lines and rule: balanced or refuse")
    if not isinstance(most, int) or not 2 <= most <= rules.max_lines:
        faults.append(f"split: max_lines is a number from 2 to {rules.max_lines}")
        most = rules.max_lines
    if rule == "balanced" and rules.balanced and offset is None:
        faults.append("split: parts can only be balanced through an offset account")
    return most, rule == "balanced"


def _choice(name: str, entry: Mapping[str, Any], among: tuple[str, ...], faults: list[str]) -> str:
    given = entry.get(name, among[0])
    if given not in among:
        faults.append(f"{name} is one of {', '.join(among)}")
    return str(given)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - a setting's JSON value
    return value if isinstance(value, list) else [] if value is None else [value]
