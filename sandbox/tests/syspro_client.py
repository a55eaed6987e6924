"""A plain caller of the sandbox's SYSPRO: requests, json, ElementTree and nothing of connector-kit."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import requests


class Syspro:
    """OData and e.net of a running sandbox, company EDU1 unless said otherwise."""

    def __init__(self, sandbox):
        self.info = sandbox.info["syspro"]
        self.control = sandbox.control
        self.http = requests.Session()
        self.http.auth = (self.info["odata_username"], self.info["odata_password"])

    def switch(self, name, value):
        self.control.switch("syspro", name, value)

    def raw(self, path, headers=None, **options):
        query = {f"${name}": str(value) for name, value in options.items()}
        return self.http.get(f"{self.info['odata_url']}/{path}", params=query, headers=headers)

    def get(self, table, headers=None, **options):
        answer = self.raw(f"EDU1/{table}", headers, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, table, **options):
        return self.get(table, **options)["value"]

    def refusal(self, table, **options):
        answer = self.raw(f"EDU1/{table}", **options)
        return answer.status_code, answer.json()["error"]["message"]

    def count(self, table, condition):
        answer = self.raw(f"EDU1/{table}/$count", filter=condition)
        assert answer.status_code == 200, answer.text
        return int(answer.text)

    def follow(self, table, **options):
        """All rows over next links, and the number of pages."""
        page = self.get(table, **options)
        rows, pages = page["value"], 1
        while "@odata.nextLink" in page:
            page = self.http.get(page["@odata.nextLink"]).json()
            rows, pages = rows + page["value"], pages + 1
        return rows, pages

    def enet_raw(self, path, **parameters):
        return requests.get(f"{self.info['enet_url']}/{path}", params=parameters)

    def enet(self, path, **parameters):
        answer = self.enet_raw(path, **parameters)
        assert answer.status_code == 200
        return answer.content.decode("cp1252")

    def log_on(self, **changed):
        given = {
            "Operator": self.info["operator"],
            "OperatorPassword": self.info["operator_password"],
            "CompanyId": "EDU1",
            "CompanyPassword": "",
        }
        return self.enet("Logon", **{**given, **changed})

    def find(self, user_id, table, columns=(), where="", order=(), rows=None):
        """COMFND: the texts of the rows' elements."""
        listed = "".join(f"<Column>{name}</Column>" for name in columns)
        ordered = "".join(f"<Column>{name}</Column>" for name in order)
        number = "" if rows is None else f"<ReturnRows>{rows}</ReturnRows>"
        document = (
            f"<Query><TableName>{table}</TableName>{number}<Columns>{listed}</Columns>"
            f"<Where>{where}</Where><OrderBy>{ordered}</OrderBy></Query>"
        )
        reply = self.enet("Query/Query", UserId=user_id, BusinessObject="COMFND", XmlIn=document)
        root = parsed(reply)
        return [{cell.tag: cell.text or "" for cell in row} for row in root.findall("Row")]


def parsed(reply):
    return ET.fromstring(reply.encode("cp1252"))


def expression(column, condition, value, joint="And", opening="", closing=""):
    return (
        f"<Expression><OpenBracket>{opening}</OpenBracket><AndOr>{joint}</AndOr><Column>{column}</Column>"
        f"<Condition>{condition}</Condition><Value>{escape(value)}</Value><CloseBracket>{closing}</CloseBracket></Expression>"
    )
