"""A caller of the Anaplan API for the sandbox's own tests: bare requests, no client library."""

from __future__ import annotations

import gzip
import time

import requests

JSON = {"localeName": "en_US"}
SUPPLIERS = "Suppliers from suppliers.csv"
SUPPLIER_HEADER = "Code,Name,Company,Supplier,Class,Currency,Terms,Branch,On Hold,Balance"
INVOICE_LIST = "AP Invoices list from ap_invoices.csv"
INVOICES = "AP Invoices from ap_invoices.csv"
INVOICE_HEADER = "Invoice Key,Supplier,Reference,Invoice Date,Due Date,Period,Currency,Original Value,Balance,Status"


def supplier(code, name=None, balance="1.00", hold="no"):
    return f"{code},{name or 'Name of ' + code},EDU1,{code},A,EUR,30,HQ,{hold},{balance}"


def invoice(key, supplier_code="S1", period="Mar 24", value="10.00", balance="4.00", day="05/03/2024"):
    return f"{key},{supplier_code},Ref,{day},{day},{period},EUR,{value},{balance},Open"


def table(header, *rows):
    return "\n".join((header, *rows)) + "\n"


class Anaplan:
    """One user's session with one model. ``ids`` maps names of files and actions to their ids."""

    def __init__(self, running, email=None, password=None, model=None):
        self.info = running.info["anaplan"]
        self.control = running.control
        self.http = requests.Session()
        self.root = self.info["api_url"] + "/2/0"
        self.model_id = model or self.info["model_id"]
        self.model = f"{self.root}/workspaces/{self.info['workspace_id']}/models/{self.model_id}"
        credentials = (email or self.info["username"], password or self.info["password"])
        answer = self.http.post(self.info["auth_url"] + "/token/authenticate", auth=credentials)
        self.token = answer.json()["tokenInfo"]["tokenValue"]
        self.http.headers["Authorization"] = f"AnaplanAuthToken {self.token}"
        self._ids = {}

    def call(self, method, path, **options):
        return self.http.request(method, path if path.startswith("http") else self.model + path, timeout=30, **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def id(self, kind, name):
        if kind not in self._ids:
            self._ids[kind] = {row["name"]: row["id"] for row in self.get(f"/{kind}").json()[kind]}
        return self._ids[kind][name]

    def upload(self, name, *chunks, packed=True):
        path = f"/files/{self.id('files', name)}"
        assert self.call("POST", path, json={"chunkCount": len(chunks)}).status_code == 200
        for number, chunk in enumerate(chunks):
            assert self.put_chunk(name, number, chunk, packed=packed).status_code == 204
        return path

    def put_chunk(self, name, number, chunk, packed=True):
        body = chunk.encode() if isinstance(chunk, str) else chunk
        kind = "application/x-gzip" if packed else "application/octet-stream"
        path = f"/files/{self.id('files', name)}/chunks/{number}"
        return self.call("PUT", path, data=gzip.compress(body) if packed else body, headers={"Content-Type": kind})

    def start(self, kind, name):
        path = f"/{kind}/{self.id(kind, name)}/tasks"
        answer = self.call("POST", path, json=JSON)
        assert answer.status_code == 200, answer.text
        return f"{path}/{answer.json()['task']['taskId']}"

    def task(self, path, **query):
        return self.get(path, params=query).json()["task"]

    def finish(self, path, **query):
        deadline = time.monotonic() + 60
        while (task := self.task(path, **query))["taskState"] not in {"COMPLETE", "CANCELLED"}:
            assert time.monotonic() < deadline, task
            time.sleep(0.01)
        return task

    def run(self, kind, name, **query):
        return self.finish(self.start(kind, name), **query)

    def load(self, name, text):
        """Upload a text as the import's file and run the import; the task and its path."""
        self.upload(name.split(" from ")[1], text)
        path = self.start("imports", name)
        return self.finish(path), path

    def counts(self, task, position=0):
        """The numbers in a detail's flat values."""
        values = task["result"]["details"][position]["values"]
        pairs = dict(zip(values[::2], values[1::2], strict=True))
        return {key: int(value) for key, value in pairs.items() if value.isdigit()}

    def items(self, name):
        return {item["code"]: item for item in self.control.list_items(name, self.model_id)}

    def cells(self, module):
        rows = self.control.module_rows(module, self.model_id)
        return {tuple(row["dimensions"].values()): row["values"] for row in rows}
