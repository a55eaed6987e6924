"""Plans as Singer messages, and what they come to."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from decimal import Decimal

FIELDS = ("Version", "Company", "Period", "Account", "Cost Center", "Amount", "Currency", "Text", "Type")
SCHEMA = {
    "type": "object",
    "properties": {name: {"type": ["string", "null"]} for name in FIELDS} | {"Amount": {"type": ["number", "null"]}},
}
RECIPE = {
    "stream": "plan",
    "object": "journal",
    "scope": ["Version"],
    "document": ["Company", "Period"],
    "header": {"company_code": "Company", "document_type": {"constant": "SA"}},
    "lines": {
        "account": "Account",
        "amount": "Amount",
        "currency": "Currency",
        "cost_center": "Cost Center",
        "text": "Text",
    },
    "period": {"field": "Period", "format": "%b %y"},
    "offset": {"account": "OFFSET"},
}


def row(company="1010", period="Jan 26", account="4000", cost_center="A", amount="100.00", **more):
    values = {"Version": "V1", "Company": company, "Period": period, "Account": account, "Cost Center": cost_center}
    return {**values, "Amount": Decimal(amount), "Currency": "EUR", "Text": "x", **more}


def expected(rows, offset="OFFSET"):
    """What has to stand when exactly these rows are the plan: amounts with two digits, periods of the calendar year."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    found = Counter()
    for one in rows:
        month, year = one["Period"].split()
        place = (one["Company"], f"20{year}", str(months.index(month) + 1))
        found[(*place, one["Account"], one["Cost Center"] or "")] += one["Amount"]
        if offset:
            found[(*place, offset, "")] -= one["Amount"]
    return {place: amount for place, amount in found.items() if amount}


class _Exact(json.JSONEncoder):
    def default(self, o):
        return float(o) if isinstance(o, Decimal) else super().default(o)


_versions = itertools.count(1)


def messages(rows, *, stream="plan", key=(), state="done", schema=SCHEMA, whole=True):
    """whole: as a tap writes it that has read everything: ACTIVATE_VERSION behind the records of a new version."""
    version = next(_versions)
    more = {"version": version} if whole else {}
    lines = [{"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}]
    lines += [{"type": "RECORD", "stream": stream, "record": one, **more} for one in rows]
    if whole and state:
        lines.append({"type": "ACTIVATE_VERSION", "stream": stream, "version": version})
    if state:
        lines.append({"type": "STATE", "value": {"at": state}})
    return "".join(json.dumps(line, cls=_Exact) + "\n" for line in lines)
