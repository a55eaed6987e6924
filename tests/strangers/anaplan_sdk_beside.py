"""anaplan-sdk at work in a model until it is told to stop. Runs in an interpreter of its own, as `anaplan_sdk_session`.

`works` loads a list of its own, exports and reads; `overwrites` uploads rows of its own into the file of another job,
as a careless script of the same user would; `reads` only says what the model holds.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import httpx2
from anaplan_sdk import Client
from anaplan_sdk_session import Rewriting, basic_token, named

WAREHOUSES = "Code,Name,Company\n"
SUPPLIERS = "Code,Name,Company,Supplier,Class,Currency,Terms,Branch,On Hold,Balance\n"


def foreign_suppliers(round_):
    return SUPPLIERS + "".join(f"X{round_}-{n},Foreign {round_}-{n},EDU1,,,,,,no,1\n" for n in range(20))


def works(client, stop):
    lists, files, imports = named(client.tr.get_lists()), named(client.get_files()), named(client.get_imports())
    exports = named(client.get_exports())
    rounds = exported = read = 0
    while not stop.exists() or not rounds:
        rows = "".join(f"W{rounds}-{n},Warehouse {rounds}-{n},EDU1\n" for n in range(10))
        task = client.upload_and_import(
            files["warehouses.csv"], WAREHOUSES + rows, imports["Warehouses from warehouses.csv"]
        )
        assert task.result.successful, task
        rounds += 1
        exported += len(client.export_and_download(exports["Suppliers.csv"]).decode().splitlines()) - 1
        read += len(client.tr.get_list_items(lists["Suppliers"]))
    return {"rounds": rounds, "exported": exported, "read": read}


def overwrites(client, stop):
    file = named(client.get_files())["suppliers.csv"]
    rounds = 0
    while not stop.exists() or not rounds:
        client.upload_file(file, foreign_suppliers(rounds))
        rounds += 1
    return {"rounds": rounds}


def reads(client, _stop):
    items = client.tr.get_list_items(named(client.tr.get_lists())["Suppliers"])
    exported = client.export_and_download(named(client.get_exports())["Suppliers.csv"]).decode()
    return {
        "items": {item.code: item.model_dump(mode="json") for item in items},
        "exported": list(csv.DictReader(io.StringIO(exported))),
    }


def main():
    order = json.load(sys.stdin)
    info = order["info"]
    transport = Rewriting(info)
    client = Client(
        workspace_id=info["workspace_id"],
        model_id=info["model_id"],
        token=basic_token(httpx2.Client(transport=transport), info),
        transport=transport,
        status_poll_delay=0,
        retry_count=8,
    )
    print("ready", flush=True)
    print(json.dumps(globals()[order["does"]](client, Path(order["stop"]))))


if __name__ == "__main__":
    main()
