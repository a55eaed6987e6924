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

    def business(self, path, code, items, user_id=None, root=None, large=False, **flags):
        """The reply of a setup or transaction object: ``items`` is the XML inside the document's root."""
        root = root or ROOTS[code]
        given = {
            "UserId": user_id or self.log_on(),
            "BusinessObject": code,
            "XmlParameters": f"<{root}><Parameters>{xml(flags)}</Parameters></{root}>",
            "XmlIn": f"<{root}>{items}</{root}>",
        }
        if not large:
            return self.enet(path, **given)
        inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in given.items())
        body = f'<TransactionPostLD xmlns="http://SYSPROWcfService">{inner}</TransactionPostLD>'
        answer = requests.post(f"{self.info['enet_url']}/Transaction/PostLD", body.encode())
        return answer.content.decode("cp1252")

    def post(self, code, items, **options):
        """A posting, parsed."""
        return parsed(self.business("Transaction/Post", code, items, **options))

    def setup(self, method, code, items, **options):
        """A change of a master, parsed."""
        return parsed(self.business(f"Setup/{method}", code, items, **options))

    def ledger(self, *more):
        """All rows of the general ledger's tables, and of ``more`` tables."""
        names = ("GenMaster", "GenHistory", "GenJournalCtl", "GenJournalDetail", "GenTransaction")
        return {name: self.control.rows("EDU1", name) for name in (*names, *more)}

    def row(self, table, **key):
        """The one row with this key, or None."""
        held = self.control.rows("EDU1", table)
        found = [row for row in held if all(row[name] == value for name, value in key.items())]
        assert len(found) < 2
        return found[0] if found else None


ROOTS = {
    "GENTJL": "PostGlJournal",
    "APSTIN": "PostApInvoice",
    "APSSSP": "SetupApSupplier",
    "ARSSCS": "SetupArCustomer",
}


def xml(values):
    """Elements from a dictionary; a list repeats its element, a dictionary nests."""
    pairs = [(name, each) for name, value in values.items() for each in (value if isinstance(value, list) else [value])]
    return "".join(f"<{name}>{xml(each) if isinstance(each, dict) else escape(each)}</{name}>" for name, each in pairs)


def all_texts(root, name):
    """The texts of every element of that name, in any letter case, wherever it is."""
    return [each.text or "" for each in root.iter() if each.tag.lower() == name.lower()]


def errors(root):
    """(offending element, words) of every error."""
    parents = {child: parent for parent in root.iter() for child in parent}
    found = [each for each in root.iter() if each.tag == "ErrorDescription"]
    return [(parents[each].tag, each.text) for each in found]


def posting_counts(root):
    """Items of a posting: processed, invalid, rejected with warnings, processed with warnings."""
    names = ("ItemsProcessed", "ItemsInvalid", "ItemsRejectedWithWarnings", "ItemsProcessedWithWarnings")
    return [int(root.findtext(f"StatusOfItems/{name}")) for name in names]


def parsed(reply):
    return ET.fromstring(reply.encode("cp1252"))


def expression(column, condition, value, joint="And", opening="", closing=""):
    return (
        f"<Expression><OpenBracket>{opening}</OpenBracket><AndOr>{joint}</AndOr><Column>{column}</Column>"
        f"<Condition>{condition}</Condition><Value>{escape(value)}</Value><CloseBracket>{closing}</CloseBracket></Expression>"
    )
