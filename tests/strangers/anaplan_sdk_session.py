"""A session of anaplan-sdk with the sandbox. Runs in an interpreter of its own, which has anaplan-sdk and not us.

Reads the sandbox's JSON line from stdin and prints what it saw as one JSON object. The SDK has Anaplan's hosts built
in, so its requests are sent to the sandbox by a transport that rewrites them; its first logon uses a client without
transport, so a plain httpx2 authentication class makes it over ours.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from os import urandom
from pathlib import Path

import httpx2
from anaplan_sdk import Client
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

AP_HEADER = "Invoice Key,Supplier,Reference,Invoice Date,Due Date,Period,Currency,Original Value,Balance,Status\n"
SUPPLIER_HEADER = "Code,Name,Company,Supplier,Class,Currency,Terms,Branch,On Hold,Balance\n"


def supplier_row(number):
    held = "yes" if number % 7 == 0 else "no"
    return f"EDU1|{number:05},Supplier {number},EDU1,{number:05},A,EUR,30,HQ,{held},{number}.25\n"


def invoice_row(number):
    dates = "05/03/2024,04/04/2024,Mar 24"
    return f"INV-{number:04},EDU1|{number + 1:05},Ref {number},{dates},EUR,{number}.10,{number}.00,Open\n"


class Rewriting(httpx2.BaseTransport):
    """Sends what is meant for Anaplan's hosts to the sandbox."""

    def __init__(self, info):
        self._hosts = {
            "api.anaplan.com": httpx2.URL(info["api_url"]),
            "auth.anaplan.com": httpx2.URL(info["auth_url"]),
            "us1a.app.anaplan.com": httpx2.URL(info["oauth_url"]),
        }
        self._inner = httpx2.HTTPTransport()

    def handle_request(self, request):
        place = self._hosts[request.url.host]
        request.url = request.url.copy_with(scheme=place.scheme, host=place.host, port=place.port)
        request.headers["Host"] = f"{place.host}:{place.port}"
        return self._inner.handle_request(request)


def basic_token(http, info):
    answer = http.post("https://auth.anaplan.com/token/authenticate", auth=(info["username"], info["password"]))
    return answer.raise_for_status().json()["tokenInfo"]["tokenValue"]


def certificate_token(http, info):
    """The proof as the SDK builds it for its own certificate logon."""
    certificate, nonce = Path(info["certificate"]).read_bytes(), urandom(150)
    key = serialization.load_pem_private_key(Path(info["private_key"]).read_bytes(), None)
    answer = http.post(
        "https://auth.anaplan.com/token/authenticate",
        headers={"Authorization": f"CACertificate {b64encode(certificate).decode()}"},
        json={
            "encodedData": b64encode(nonce).decode(),
            "encodedSignedData": b64encode(key.sign(nonce, PKCS1v15(), hashes.SHA512())).decode(),
        },
    )
    return answer.raise_for_status().json()["tokenInfo"]["tokenValue"]


def named(objects):
    return {each.name: each.id for each in objects}


def session(info):
    transport = Rewriting(info)
    http = httpx2.Client(transport=transport)
    by_certificate = Client(token=certificate_token(http, info), transport=transport)
    client = Client(
        workspace_id=info["workspace_id"],
        model_id=info["model_id"],
        token=basic_token(http, info),
        transport=transport,
        status_poll_delay=0,
        upload_chunk_size=64,
    )
    seen = {
        "models_by_certificate": [model.name for model in by_certificate.get_models()],
        "workspaces": [workspace.name for workspace in client.get_workspaces()],
        "workspace": client.get_workspace().name,
        "models": {model.name: model.active_state for model in client.get_models(only_in_workspace=True)},
        "model": client.get_model().name,
        "status": client.tr.get_model_status().current_step,
        "calendar": client.tr.get_model_calendar().fiscal_year.year,
        "period": client.tr.get_current_period().period_text,
    }
    files, imports = named(client.get_files()), named(client.get_imports())
    processes, exports, actions = (
        named(client.get_processes()),
        named(client.get_exports()),
        named(client.get_actions()),
    )
    lists, modules = named(client.tr.get_lists()), named(client.tr.get_modules())
    seen |= {"files": len(files), "imports": len(imports), "processes": sorted(processes), "exports": sorted(exports)}
    seen |= {"actions": sorted(actions), "lists": sorted(lists), "modules": sorted(modules)}

    suppliers = SUPPLIER_HEADER + "".join(map(supplier_row, range(1, 201)))
    supplier_import = imports["Suppliers from suppliers.csv"]
    task = client.upload_and_import(files["suppliers.csv"], suppliers, supplier_import)
    seen["import"] = task.result.details[0].local_message_text
    seen["tasks"] = [summary.task_state for summary in client.get_task_summaries(supplier_import)]

    rows = [invoice_row(number) for number in range(1, 101)]
    client.upload_file_stream(files["ap_invoices.csv"], iter([AP_HEADER + "".join(rows[:50]), "".join(rows[50:])]), 2)
    process = client.run_action(processes["Load AP Invoices"])
    seen["process"] = [nested.details[0].local_message_text for nested in process.result.nested_results]

    exported = client.export_and_download(exports["AP Invoices.csv"]).decode()
    seen["exported"] = [*exported.splitlines()[:2], len(exported.splitlines())]

    items = client.tr.get_list_items(lists["Suppliers"])
    seen["items"] = {"count": len(items), "first": items[0].model_dump(mode="json")}
    seen["list"] = client.tr.get_list_metadata(lists["Suppliers"]).item_count
    seen["line_items"] = [item.name for item in client.tr.get_line_items(modules["AP Invoices"])]
    seen["all_line_items"] = len(client.tr.get_line_items())
    views = named(client.tr.get_views())
    seen["views"] = sorted(views)
    seen["view"] = [axis.name for axis in client.tr.get_view_info(views["GL Balances by month"]).columns]
    data = client.tr.get_view_data(modules["AP Invoices"])
    seen["view_data"] = {"rows": len(data["rows"]), "first": data["rows"][0]}
    seen["tabular"] = client.tr.get_view_data(
        modules["AP Invoices"],
        parent_module_id=modules["AP Invoices"],
        max_rows=1,
        export_type="TABULAR_MULTI_COLUMN",
        data_format="text/csv",
    ).decode()

    plan = {"code": "L1", "name": "L1"}
    client.tr.insert_list_items(lists["Plan Lines"], [plan])
    at = {"dimensions": [{"dimensionName": "Plan Lines", "itemCode": "L1"}]}
    cells = {"Amount": 12.5, "Text": 'Rent, "first"', "Period": "Jan 27", "Version": "Budget 2027", "Approved": True}
    written = [{"lineItemName": name, "value": value, **at} for name, value in cells.items()]
    seen["planned"] = client.tr.update_module_data(modules["Plan Lines"], written)
    seen["plan"] = client.export_and_download(exports["Plan Lines.csv"]).decode()
    saved = client.tr.get_view_data(views["Plan Lines for posting"])
    seen["saved_view"] = [saved["columnCoordinates"][0], saved["rows"][0]["rowCoordinates"]]
    seen["serials"] = [client.get_model().last_saved_serial_number for _ in range(2)]

    warehouses = lists["Warehouses"]
    added = client.tr.insert_list_items(warehouses, [{"code": "W1", "name": "One"}, {"code": "W1", "name": "Two"}])
    updated = client.tr.update_list_items(
        warehouses, [{"code": "W1", "name": "First", "properties": {"Company": "EDU1"}}]
    )
    seen["found"] = [item.name for item in client.tr.lookup_dimension_items(warehouses, codes=["W1"])]
    deleted = client.tr.delete_list_items(warehouses, [{"code": "W1"}])
    seen["writes"] = [added.added, added.failures[0].index, updated.updated, deleted.deleted]
    balance = {"lineItemName": "Status", "dimensions": [{"dimensionName": "AP Invoices", "itemCode": "INV-0001"}]}
    seen["cells"] = client.tr.update_module_data(modules["AP Invoices"], [{**balance, "value": "Closed"}])
    calculated = {**balance, "lineItemName": "Paid", "value": 1}
    refused = client.tr.update_module_data(modules["AP Invoices"], [calculated])
    seen["refused_cell"] = refused["failures"][0]["failureType"]
    client.tr.close_model()
    client.tr.wake_model()
    return seen


if __name__ == "__main__":
    print(json.dumps(session(json.load(sys.stdin)["anaplan"])))
