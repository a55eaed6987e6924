"""The grammar of settings: columns, templates, conditions, conversions, documents, periods, master data."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from fuzz.target import fuzzed

from connector_kit.documents.model import Rules
from connector_kit.documents.periods import parse_month, read_settings
from connector_kit.documents.reading import parse as parse_documents
from connector_kit.documents.rows import RowMapper
from connector_kit.mapping import template, values
from connector_kit.mapping.block import RowsBlock
from connector_kit.mapping.columns import Dialect, parse_columns, parse_where
from connector_kit.mapping.values import Unmappable, iso_day
from target_anaplan.target import TargetAnaplan
from target_sap_s4hana.objects import Objects as SapObjects
from target_sap_s4hana.target import TargetSapS4hana
from target_syspro.objects import Objects as SysproObjects
from target_syspro.target import TargetSyspro

COLUMNS = {
    "Code": {"template": "{CompanyId}-{Supplier|strip_zeros}"},
    "Name": "Name",
    "Hold": {"field": "Hold", "boolean": {"true": ["Y"]}},
    "Balance": {"field": "Balance", "decimals": 2, "negate": True},
    "Day": {"field": "Day", "date": "%d/%m/%Y", "default": "01/01/2000"},
    "Month": {"period": ["Year", "Period"], "format": "%b %y", "blank_if": "Year"},
    "Kind": {"field": "Kind", "values": {"1": "One", "2": "Two"}, "default": "None", "truncate": 3},
    "Fixed": {"constant": 5},
    "Part": {"field": "Supplier", "part": "-:0", "upper": True, "blank_as": "?"},
}
ROWS = [
    {
        "CompanyId": "E1",
        "Supplier": "007",
        "Name": "A",
        "Hold": "Y",
        "Balance": Decimal("1.005"),
        "Day": "2026-11-30",
        "Year": 2026,
        "Period": 11,
        "Kind": "1",
    },
    {
        "CompanyId": None,
        "Supplier": "a-b",
        "Name": 5,
        "Hold": True,
        "Balance": "x",
        "Day": "2026-11-30T10:00:00Z",
        "Year": "2026.0",
        "Period": "13",
        "Kind": [],
    },
]


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


@fuzzed(
    "mapping/columns",
    json.dumps(COLUMNS),
    *(json.dumps({name: entry}) for name, entry in COLUMNS.items()),
    tokens=[b'"%"', b'"%\\u0000"', b"{{", b"|truncate:9"],
)
def columns(data: bytes) -> None:
    entries = _json(data)
    if not isinstance(entries, dict):
        return
    faults: list[str] = []
    made = parse_columns(entries, faults)
    assert len(made) + len(faults) == len(entries)
    for column in made:
        for dialect in (Dialect(), Dialect(",", 4, "start", frozenset({"Balance"}))):
            cells = column.build(dialect)
            for row in ROWS:
                try:
                    [cell] = cells(RowsBlock([row]))
                except Unmappable:
                    continue
                assert isinstance(cell, str)


@fuzzed(
    "mapping/template",
    "{CompanyId}-{Supplier|part:-:0|truncate:3}",
    "{{x}} {A\\|b}",
    tokens=[b"{", b"}", b"|", b"\\", b"truncate:", b"part:-:", b"strip_zeros", b"\xc2\xb2", b"%s"],
)
def templates(data: bytes) -> None:
    try:
        made = template.parse(data.decode("utf-8", "surrogateescape"))
    except template.TemplateError as error:
        assert str(error)
        return
    cells = made.build()
    try:
        cells(RowsBlock([dict.fromkeys(made.fields, "a-b")]))
    except Unmappable:
        return


@fuzzed("mapping/where", json.dumps({"A": ["x", 1], "B": {"not": [True, None]}, "C": "y"}))
def where(data: bytes) -> None:
    entry = _json(data)
    if not isinstance(entry, dict):
        return
    faults: list[str] = []
    keep, _ = parse_where(entry, faults)
    assert all(faults)
    if keep is not None:
        try:
            keep(RowsBlock([{"A": "x", "B": 1}, {}]))
        except Unmappable:
            return


@fuzzed(
    "mapping/values",
    "1.50",
    "-0",
    "1e5",
    "2026-11-30",
    "true",
    "2026-11-30T10:00:00.123+01:00",
    tokens=[b"1e999999999", b"NaN", b"sNaN", b"Infinity", b"24:00", b"_", b"\xd9\xa3"],
)
def conversions(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for convert in (
        values.number("."),
        values.number(",", decimals=2, negate=True),
        values.plain(",", numeric_texts=True),
        values.day("%d/%m/%Y"),
        values.boolean(None, None),
        values.boolean(["Y"], ["N"]),
        values.lookup({"1": "x"}, None),
    ):
        try:
            [made] = convert([text])
        except Unmappable as error:
            assert error.reason
            continue
        assert isinstance(made, str)
    for read in (
        iso_day,
        lambda one: parse_month(one, "%b %y"),
        lambda one: parse_month(one, "%Y-%m-%d"),
        lambda one: parse_month("Nov 26", one),
    ):
        try:
            read(text)
        except Unmappable:
            continue
    try:
        values.checked_format(text)
    except ValueError as error:
        assert str(error)
    try:
        values.month("%b %y", start_month=4, named_by="end")([text], [text])
    except Unmappable:
        return


LOGIN = {"username": "u", "password": "Kanarie-4711-geheim"}
RECIPE = {
    "stream": "plan",
    "object": "journal_entry",
    "scope": ["Version"],
    "document": ["Company", "Period"],
    "header": {"company_code": "Company", "header_text": {"template": "{Version} {Period}"}},
    "lines": {
        "account": "Account",
        "amount": {"debit": "D", "credit": "C"},
        "currency": "Currency",
        "text": {"field": "T", "default": ""},
    },
    "where": {"Status": {"not": ["x"]}},
    "period": {"field": "Period", "format": "%b %y"},
    "posting_date": "last_day",
    "document_date": {"field": "Day"},
    "offset": {"account": "31000000", "fields": {"text": "Plan"}, "per": ["text"]},
    "rounding": {"decimals": {"CLF": 4}, "rest": "largest"},
    "split": {"max_lines": 500, "rule": "balanced"},
    "condense": True,
    "on_change": "difference",
    "on_failure": "stop",
    "complete_when": "closed",
}
_RECIPE_TOKENS = [b'"period": ', b'"split": ', b'"rounding": ', b'"offset": ', b'"format": "%"']
_OBJECTS = {
    "journal_entry": Rules("journal_entry", header=("company_code", "header_text"), line=("text", "cost_center"))
}
_YEARS = {"fiscal_year_start_month": 4, "fiscal_year_named_by": "end", "fiscal_years": {"1": {"start_month": 1}}}


@fuzzed("mapping/documents", json.dumps([RECIPE]), tokens=_RECIPE_TOKENS)
def documents(data: bytes) -> None:
    entries = _json(data)
    TargetSapS4hana(config={"api_url": "https://x", **LOGIN, "documents": entries})
    recipes, faults = parse_documents(entries, _OBJECTS)
    assert all(map(str, faults))
    years = read_settings(_YEARS, plugin="target")
    for recipe in recipes:
        mapper = RowMapper(recipe, years)
        for row in (
            {
                "Version": "V",
                "Company": "1010",
                "Period": "Nov 26",
                "Account": "1",
                "D": Decimal(5),
                "Day": "2026-01-01",
                "Currency": "EUR",
            },
            {},
        ):
            mapper.map(RowsBlock([row]))


@fuzzed("mapping/fiscal-years", json.dumps(_YEARS))
def fiscal_years(data: bytes) -> None:
    config = {
        "api_url": "https://x",
        **LOGIN,
        "documents": [RECIPE],
        **(_json(data) if isinstance(_json(data), dict) else {}),
    }
    read_settings(TargetSapS4hana(config=config).config, plugin="target")


SAP = {
    "created_by": "PLAN",
    "plan_fields": ["X"],
    "reversal_header": {"document_type": "SB"},
    "reversal_lines": {},
    "per_call": 5,
    "parallel": 2,
}
SAP["further_elements"] = [
    {"name": "ledger_group", "level": "header", "path": "LedgerGroup", "after": "CreatedByUser", "length": 4}
]


@fuzzed("mapping/sap-objects", json.dumps(SAP))
def sap_objects(data: bytes) -> None:
    more = _json(data)
    config = {"api_url": "https://x", **LOGIN, "documents": [], **(more if isinstance(more, dict) else {})}
    assert SapObjects(TargetSapS4hana(config=config).config).rules


MAPPING = {
    "stream": "s",
    "import": "I",
    "key": ["Code"],
    "sum": ["Balance"],
    "where": {"A": 1},
    "columns": COLUMNS,
    "missing_columns": "blank",
}
MAPPING |= {"delete": {"import": "D", "columns": {"Code": "Supplier"}}, "on_reject": "fail", "max_reject_share": 0.5}
ANAPLAN = {"workspace_id": "a" * 32, "model_id": "A" * 32, **LOGIN}


@fuzzed(
    "mapping/mappings",
    json.dumps([MAPPING]),
    json.dumps([{"stream": "s", "list": "L", "columns": {"code": "A"}, "delete": {"action": "X"}}]),
)
def mappings(data: bytes) -> None:
    entries = _json(data)
    TargetAnaplan(config={**ANAPLAN, "mappings": entries})


KEEPING = {
    "stream": "suppliers",
    "object": "supplier",
    "key": {"Supplier": "Code"},
    "columns": {"SupplierName": "Name", "Branch": {"constant": "10"}},
}
KEEPING |= {
    "owns": ["SupplierName"],
    "mode": "upsert",
    "deletes": "never",
    "on_conflict": "keep",
    "blanks": "clear",
    "where": {"S": "A"},
}
OTHER = {
    "stream": "s",
    "business_object": "INVSST",
    "root": "SetupX",
    "table": "InvMaster",
    "parameters": {"A": True},
    "key": {"StockCode": "C"},
}
OTHER |= {"elements": {"StockCode": {"length": 30}, "Description": "s50"}, "columns": {"Description": "D"}}
SYSPRO = {"enet_url": "http://x", "operator": "O", "operator_password": "Kanarie-4711-geheim", "company": "E"}
SHAPES = {
    "transactions": [],
    "further_elements": [{"object": "gl_journal", "level": "line", "name": "x", "element": "X", "length": 5}],
}
SHAPES |= {"comfnd_conditions": {"equal": "EQ"}, "parameters": {"GENTJL": {"A": True}}}


@fuzzed("mapping/keepings", json.dumps([KEEPING]), json.dumps([OTHER]))
def keepings(data: bytes) -> None:
    entries = _json(data)
    TargetSyspro(config={**SYSPRO, "documents": [], "objects": entries})


@fuzzed("mapping/syspro-objects", json.dumps(SHAPES))
def syspro_objects(data: bytes) -> None:
    more = _json(data)
    config = {**SYSPRO, "documents": [], **(more if isinstance(more, dict) else {})}
    objects = SysproObjects(TargetSyspro(config=config).config)
    for name in objects.rules:
        objects.poster(name, None)  # type: ignore[arg-type] # no session is asked for anything here
