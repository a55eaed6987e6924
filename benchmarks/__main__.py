"""`make bench`: rows per second and peak memory, as ratios in one run.

Contenders: the plugin here, the same stream or sink with the Singer SDK's stock classes, and the bare limit (requests,
msgspec, csv and gzip without Singer). The servers replay from disk and swallow, so that they are not what is measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Container
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Measured, measure, server
from benchmarks.rows import COLUMNS, COMPANY, page_files
from benchmarks.sap_rows import V2, V4, Pages
from benchmarks.sap_rows import page_files as page_files_of_sap
from benchmarks.servers import HEADERS, MODEL, WORKSPACE
from connector_kit.audit import Trail
from sandbox.testing import Running, running

FOLDER = Path("var/bench")
PYTHON = sys.executable
BIN = Path(sys.executable).parent
STREAM = "ap_invoices"
AUDIT_URL = f"sqlite:///{FOLDER.resolve() / 'audit.db'}"
COLUMN_MAPPING: dict[str, object] = dict(
    zip(
        HEADERS,
        (
            {"template": "{CompanyId}-{Supplier|strip_zeros}-{Invoice|strip_zeros}"},
            {"template": "{CompanyId}-{Supplier|strip_zeros}"},
            "Reference",
            {"field": "InvoiceDate", "date": "%d/%m/%Y"},
            {"field": "DueDate", "date": "%d/%m/%Y"},
            {"period": ["InvoiceYear", "InvoiceMonth"], "format": "%b %y"},
            "Currency",
            {"field": "OrigInvValue", "decimals": 2},
            {"field": "MthInvBal1", "decimals": 2},
            "InvoiceStatus",
        ),
        strict=True,
    )
)


def _written(name: str, content: object) -> Path:
    path = FOLDER / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def tap_commands(url: str) -> dict[str, list[str | Path]]:
    """The three ways to read the stream."""
    login = {"api_url": url, "username": "bench", "password": "bench-password"}
    ours = _written(
        "tap.json", login | {"companies": [COMPANY], "metadata_location": "none", "reconcile_counts": False}
    )
    catalog = FOLDER / "catalog.json"
    measure([BIN / "tap-syspro", "--config", ours, "--discover"], stdout=catalog)
    _select(catalog, STREAM, COLUMNS)
    return {
        "stock": [PYTHON, "-m", "benchmarks.stock_tap", "--config", _written("stock-tap.json", login)],
        "ours": [BIN / "tap-syspro", "--config", ours, "--catalog", catalog],
        "limit": [PYTHON, "-m", "benchmarks.limit", "tap", url],
    }


def sap_commands(url: str, pages: Pages, sandbox: Running) -> dict[str, list[str | Path]]:
    """The three ways to read one of SAP's streams; the catalog is that of the local S/4HANA."""
    login = {"api_url": url, "username": "bench", "password": "bench-password"}
    sap = sandbox.info["sap"]
    there = {"api_url": sap["url"], "username": sap["username"], "password": sap["password"]}
    catalog = FOLDER / f"catalog-{pages.version}.json"
    measure([BIN / "tap-sap-s4hana", "--config", _written("discover.json", there), "--discover"], stdout=catalog)
    _select(catalog, pages.stream, pages.columns)
    ours = _written("tap-sap.json", login | {"paging": "links", "reconcile_counts": False, "ledgers": []})
    stock = _written("stock-sap.json", login)
    return {
        "stock": [PYTHON, "-m", "benchmarks.stock_sap", pages.version, "--config", stock],
        "ours": [BIN / "tap-sap-s4hana", "--config", ours, "--catalog", catalog],
        "limit": [PYTHON, "-m", "benchmarks.limit", "sap", url, pages.version],
    }


def _select(path: Path, stream: str, columns: Container[str]) -> None:
    """The one stream, and of it the columns that all contenders read."""
    catalog = json.loads(path.read_text(encoding="utf-8"))
    catalog["streams"] = [s for s in catalog["streams"] if s["tap_stream_id"] == stream]
    for entry in catalog["streams"][0]["metadata"]:
        column = entry["breadcrumb"][-1] if entry["breadcrumb"] else None
        entry["metadata"]["selected"] = column is None or column in columns
    path.write_text(json.dumps(catalog), encoding="utf-8")


def target_commands(url: str, *, skip_unchanged: bool = True) -> dict[str, list[str | Path]]:
    """The three ways to write it."""
    ours = {
        "api_url": url,
        "auth_url": url,
        "username": "bench",
        "password": "bench-password",
        "workspace_id": WORKSPACE,
        "model_id": MODEL,
        "poll_first": 0.01,
        "skip_unchanged": skip_unchanged,
        "audit_url": AUDIT_URL,
        "coordination_url": f"sqlite:///{FOLDER.resolve() / 'coordination.db'}",
        "mappings": [{"stream": STREAM, "import": "AP Invoices", "columns": COLUMN_MAPPING}],
    }
    return {
        "stock": [PYTHON, "-m", "benchmarks.stock_target", "--config", _written("stock-target.json", {"api_url": url})],
        "ours": [BIN / "target-anaplan", "--config", _written("target.json", ours)],
        "limit": [PYTHON, "-m", "benchmarks.limit", "target", url],
    }


def fresh() -> None:
    """A first load into an empty trail each time: nothing of the last measurement counts as already delivered."""
    for old in FOLDER.glob("audit.db*"):
        old.unlink()
    Trail.open(AUDIT_URL).close()


def scenarios(rows: int, contenders: list[str]) -> dict[str, dict[str, Measured]]:
    """Tap alone, target alone, both in a pipe."""
    pages = page_files(rows, FOLDER)
    lines = FOLDER / f"messages-{rows}.jsonl"
    results: dict[str, dict[str, Measured]] = {"tap": {}, "target": {}, "tap | target": {}}
    with server("odata", str(pages)) as odata, server("anaplan") as anaplan:
        taps, targets = tap_commands(odata), target_commands(anaplan)
        if not lines.exists():
            measure(taps["stock"], stdout=lines)
        steps: dict[str, Callable[[str], Measured]] = {
            "tap": lambda who: measure(taps[who]),
            "target": lambda who: measure(targets[who], stdin=lines),
            "tap | target": lambda who: measure(taps[who], targets[who]),
        }
        for name, step in steps.items():
            for who in contenders:
                fresh()
                results[name][who] = step(who)
    return results


def sap_scenarios(rows: int, contenders: list[str], sandbox: Running) -> dict[str, dict[str, Measured]]:
    """SAP's tap alone, over pages of OData V2 and V4."""
    results: dict[str, dict[str, Measured]] = {}
    for pages in (V2, V4):
        with server("linked", str(page_files_of_sap(pages, rows, FOLDER))) as url:
            commands = sap_commands(url, pages, sandbox)
            results[f"SAP, OData V{pages.version[0]}"] = {who: measure(commands[who]) for who in contenders}
    return results


def show(rows: int, results: dict[str, dict[str, Measured]], console: Console) -> None:
    """A table, ratios included."""
    table = Table(title=f"{rows:,} rows of about {len(COLUMNS)} columns")
    for heading in ("", "contender", "rows/s", "x stock", "of the limit", "peak MB"):
        table.add_column(heading, justify="left" if heading in {"", "contender"} else "right")
    for name, measured in results.items():
        for who, value in measured.items():
            rate = rows / value.seconds
            stock, limit = measured.get("stock"), measured.get("limit")
            table.add_row(
                name,
                who,
                f"{rate:,.0f}",
                f"{stock.seconds / value.seconds:.1f}" if stock else "-",
                f"{limit.seconds / value.seconds:.2f}" if limit else "-",
                f"{value.megabytes:.0f}",
            )
        table.add_section()
    console.print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument(
        "--contenders", nargs="+", default=["stock", "ours", "limit"], choices=["stock", "ours", "limit"]
    )
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running(size="small", only="sap") as sandbox:
        for rows in options.rows:
            measured = scenarios(rows, options.contenders) | sap_scenarios(rows, options.contenders, sandbox)
            show(rows, measured, Console(width=100))


if __name__ == "__main__":
    main()
