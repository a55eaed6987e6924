"""A few words of e.net: enough for the client's own tests. The sandbox has the whole service."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from local_server import Answer
from lxml import etree

ROOT = "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='7.0.026'"


@dataclass
class FakeEnet:
    """Operators with their one session each, and tables as lists of rows in key order."""

    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    lower_case: bool = False
    ignores_where: bool = False
    cap: int = 10**9
    sessions: dict[str, str] = field(default_factory=dict)
    logons: list[dict[str, str]] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    script: list[bytes | Answer] = field(default_factory=list)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def __call__(self, asked):
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        method = parts.path.lower().removeprefix("/sysprowcfservice/rest/")
        self.calls.append(method)
        if self.script and method not in {"logon", "logoff"}:
            reply = self.script.pop(0)
            return reply if isinstance(reply, Answer) else self.say(reply)
        return self.say(self.reply(method, query).encode("cp1252"))

    def say(self, body):
        return Answer(body=body, headers={"Content-Type": "application/octet-stream"})

    def reply(self, method, query):
        if method == "getversion":
            return "7.0.0.6"
        if method == "logon":
            return self.log_on(query)
        if query["UserId"] not in self.sessions.values():
            return "ERROR: The supplied UserID is invalid"
        if method == "logoff":
            self.sessions = {name: user for name, user in self.sessions.items() if user != query["UserId"]}
            return "0"
        if method == "getlogonprofile":
            return self.xml("UserInfo", "<CompanyName>Écrou &amp; Fils</CompanyName><OperatorCode>ADMIN</OperatorCode>")
        self.documents.append(query["XmlIn"])
        if query.get("BusinessObject") != "COMFND":
            return "ERROR: e.net exception raised: 100000"
        return self.comfnd(etree.fromstring(query["XmlIn"]))

    def log_on(self, query):
        self.logons.append(query)
        if not {"Operator", "OperatorPassword", "CompanyId", "CompanyPassword"} <= set(query):
            return "ERROR: Missing parameter"
        if query["OperatorPassword"] != "secret/&pass":
            return "ERROR: Invalid operator password"
        if query["CompanyId"] not in {"EDU1", "EDU2"}:
            return "ERROR: Invalid company id"
        user = f"3EA613166FE4BF47925DF1CEA14E{next(self.numbers):04d}00"
        self.sessions[query["Operator"]] = user
        return f"{user}  "

    def xml(self, root, inner):
        name = root.lower() if self.lower_case else root
        return f'<?xml version="1.0" encoding="Windows-1252"?>\n<{name} {ROOT}>\n{inner}\n</{name}>\n '

    def comfnd(self, query):
        table = query.findtext("TableName")
        columns = [column.text for column in query.find("Columns")]
        rows = [row for row in self.tables[table] if self.ignores_where or self.selected(row, query.find("Where"))]
        rows = rows[: min(int(query.findtext("ReturnRows")), self.cap)]
        case = str.lower if self.lower_case else str
        body = "".join(
            f"<{case('Row')}>"
            + "".join(f"<{case(name)}>{row[name].replace('&', '&amp;')}</{case(name)}>" for name in columns)
            + f"</{case('Row')}>"
            for row in rows
        )
        return self.xml(table, f"{body}<RowsReturned>{len(rows):8d}</RowsReturned>")

    def selected(self, row, where):
        if where is None:
            return True
        words = []
        for expression in where:
            left, right = row[expression.findtext("Column")].strip(), expression.findtext("Value").strip()
            truth = {"EQ": left == right, "GT": left > right, "GE": left >= right}[expression.findtext("Condition")]
            words += [
                expression.findtext("AndOr").lower() if words else "",
                expression.findtext("OpenBracket") or "",
                str(truth),
                expression.findtext("CloseBracket") or "",
            ]
        text = " ".join(words)
        assert re.fullmatch(r"[() a-zTF]*", text)
        return eval(text)
