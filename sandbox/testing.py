"""The sandbox from a test: started as a process of its own, steered through its control API."""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ROOT = Path(__file__).resolve().parent.parent


class Control:
    """The control API, one method per route; each returns the decoded JSON and raises on an HTTP error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy is asked for on the way to this host, thousands of times

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:  # noqa: ANN401  JSON of any shape
        """Any route, with a JSON body and query parameters (None is left out)."""
        present = {name: str(value) for name, value in query.items() if value is not None}
        answer = self._session.request(method, self.url + path, json=body, params=present, timeout=600)
        if not answer.ok:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text}")
        return msgspec.json.decode(answer.content)

    def requests(self, system: str | None = None, since: float | None = None) -> list[dict[str, Any]]:
        """The journal."""
        return list(self.call("GET", "/requests", system=system, since=since))

    def report(self) -> dict[str, Any]:
        """Totals per system."""
        return dict(self.call("GET", "/report"))

    def fault(
        self,
        system: str,
        action: Mapping[str, object],
        *,
        path: str = "",
        method: str | None = None,
        after: int = 0,
        times: int = 1,
    ) -> int:
        """Inject a fault; its id."""
        rule = {
            "system": system,
            "method": method,
            "path": path,
            "after": after,
            "times": times,
            "action": dict(action),
        }
        return int(self.call("POST", "/faults", rule)["id"])

    def keep_answers(self) -> None:
        """From now on, until the next reset, the journal has the bodies of answers, in base64."""
        self.call("POST", "/answers")

    def faults(self) -> list[dict[str, Any]]:
        """The rules with their hit counts."""
        return list(self.call("GET", "/faults"))

    def clear_faults(self) -> None:
        """No faults any more."""
        self.call("DELETE", "/faults")

    def switch(self, system: str, name: str, value: str | float | bool) -> None:
        """Set a switch."""
        self.call("POST", "/switches", {"system": system, "name": name, "value": value})

    def switches(self) -> dict[str, dict[str, Any]]:
        """All switches per system with value, default, allowed values and doc."""
        return dict(self.call("GET", "/switches"))

    def advance(self, seconds: float) -> float:
        """Move the sandbox's clock; its new time."""
        return float(self.call("POST", "/clock", {"advance": seconds})["now"])

    def tls(self, system: str, certificate: str) -> tuple[str, str]:
        """A system's https URL behind a certificate of a kind (see `sandbox.core.certificate`), and the CA's file."""
        answer = self.call("POST", "/tls", {"system": system, "certificate": certificate})
        return str(answer["url"]), str(answer["ca_bundle"])

    def reset(self) -> None:
        """Seeded data, default switches, no faults, empty journal, the machine's time."""
        self.call("POST", "/reset")

    def change(
        self, operations: Sequence[Mapping[str, object]], after_pages: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """SYSPRO: insert, update, delete rows, at once or after so many pages of a table were served."""
        body: dict[str, object] = {"operations": [dict(operation) for operation in operations]}
        if after_pages is not None:
            body["after_pages"] = dict(after_pages)
        return dict(self.call("POST", "/syspro/change", body))

    def disarm(self, system: Literal["syspro", "sap"]) -> None:
        """SYSPRO or SAP: changes that still wait for pages never happen."""
        self.call("DELETE", f"/{system}/change")

    def business_day(self, day: int) -> dict[str, Any]:
        """SYSPRO: one more day of business; counts per kind of change."""
        return dict(self.call("POST", "/syspro/business-day", {"day": day}))

    def rows(self, company: str, table: str) -> list[dict[str, Any]]:
        """SYSPRO: all rows of a table, decimals as strings."""
        return list(self.call("GET", "/syspro/rows", company=company, table=table)["rows"])

    def sessions(self) -> list[dict[str, Any]]:
        """SYSPRO: live e.net sessions."""
        return list(self.call("GET", "/syspro/sessions")["sessions"])

    def sap_change(
        self, operations: Sequence[Mapping[str, object]], after_pages: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """SAP: insert, update, delete rows, at once or after so many pages of an entity set were served."""
        body: dict[str, object] = {"operations": [dict(operation) for operation in operations]}
        if after_pages is not None:
            body["after_pages"] = dict(after_pages)
        return dict(self.call("POST", "/sap/change", body))

    def sap_business_day(self, day: int) -> dict[str, Any]:
        """SAP: one more day of business; counts per kind of change."""
        return dict(self.call("POST", "/sap/business-day", {"day": day}))

    def sap_rows(self, table: str) -> list[dict[str, Any]]:
        """SAP: all rows of a table, decimals as strings."""
        return list(self.call("GET", "/sap/rows", table=table)["rows"])

    def sap_entry(self, company_code: str, posting_date: str, lines: Sequence[Mapping[str, str]], **header: str) -> str:
        """SAP: a journal entry as a user posts it; its document number. Amounts are strings, debit positive."""
        body = {"company_code": company_code, "posting_date": posting_date, "lines": [dict(line) for line in lines]}
        return str(self.call("POST", "/sap/entry", {**body, **header})["document"])

    def sap_reverse(self, company_code: str, document: str, fiscal_year: str, posting_date: str) -> str:
        """SAP: a journal entry is reversed; the number of the reversing document."""
        body = {"company_code": company_code, "document": document, "fiscal_year": fiscal_year}
        return str(self.call("POST", "/sap/reverse", {**body, "posting_date": posting_date})["document"])

    def sap_documents(self, reference: str) -> list[dict[str, Any]]:
        """SAP: headers, each with its ``lines`` in all ledgers, by DocumentReferenceID."""
        return list(self.call("GET", "/sap/documents", reference=reference)["documents"])

    def sap_balances(self) -> list[dict[str, str]]:
        """SAP: totals per ledger, company code, account, fiscal year, period and currency."""
        return list(self.call("GET", "/sap/balances")["balances"])

    def sap_plan(self) -> list[dict[str, Any]]:
        """SAP: plan data."""
        return list(self.call("GET", "/sap/plan")["rows"])

    def sap_period(self, company_code: str, year: str, period: str, *, is_open: bool) -> None:
        """SAP: a posting period is opened or closed."""
        body = {"company_code": company_code, "year": year, "period": period, "open": is_open}
        self.call("POST", "/sap/period", body)

    def sap_block_account(self, account: str, *, blocked: bool = True) -> None:
        """SAP: an account is blocked for posting, or no longer."""
        self.call("POST", "/sap/block-account", {"account": account, "blocked": blocked})

    def sap_block_cost_center(self, cost_center: str, *, blocked: bool = True) -> None:
        """SAP: a cost center is blocked for primary costs, or no longer."""
        self.call("POST", "/sap/block-cost-center", {"cost_center": cost_center, "blocked": blocked})

    def list_items(self, name: str, model: str | None = None) -> list[dict[str, Any]]:
        """Anaplan: the items of a list."""
        return list(self.call("GET", f"/anaplan/lists/{name}", model=model)["items"])

    def module_rows(self, name: str, model: str | None = None) -> list[dict[str, Any]]:
        """Anaplan: the cells of a module by its dimensions."""
        return list(self.call("GET", f"/anaplan/modules/{name}", model=model)["rows"])

    def model_state(self, state: str, model: str | None = None) -> None:
        """Anaplan: lock, archive, deploy, ... a model."""
        self.call("POST", "/anaplan/model-state", {"model": model, "state": state})

    def extend_timescale(self, last_year: int, model: str | None = None) -> None:
        """Anaplan: the administrator gives a model, or all of them, more years behind the last one."""
        self.call("POST", "/anaplan/timescale", {"last_year": last_year, "model": model})

    def foreign_task(self, seconds: float, model: str | None = None) -> None:
        """Anaplan: somebody else's import occupies the model."""
        self.call("POST", "/anaplan/foreign-task", {"model": model, "seconds": seconds})

    def consume_rate(self, tokens: int) -> None:
        """Anaplan: another client eats the tenant's budget."""
        self.call("POST", "/anaplan/consume-rate", {"tokens": tokens})

    def edit_cell(
        self, module: str, line_item: str, dimensions: Mapping[str, str], value: object, *, model: str | None = None
    ) -> None:
        """Anaplan: a planner types a value."""
        where = {"module": module, "line_item": line_item, "dimensions": dict(dimensions), "model": model}
        self.call("POST", "/anaplan/edit-cell", {**where, "value": value})

    def fill(
        self,
        rows: Sequence[Mapping[str, object]],
        *,
        list_name: str | None = None,
        module: str | None = None,
        model: str | None = None,
    ) -> int:
        """Anaplan: put rows into a list (code, name, parent, properties) or a module (dimensions, values) without
        an import; missing items of transaction lists are created. How many rows.
        """
        body = {"list": list_name, "module": module, "model": model, "rows": [dict(row) for row in rows]}
        return int(self.call("POST", "/anaplan/fill", body)["rows"])

    def refuse(self, import_name: str, pattern: str, message: str, *, model: str | None = None) -> None:
        """Anaplan: rows of an import that match are refused with this message."""
        rule = {"import": import_name, "pattern": pattern, "message": message, "model": model}
        self.call("POST", "/anaplan/refuse", rule)

    def replace_upload(self, file: str, content: str, *, model: str | None = None) -> None:
        """Anaplan: before its next import another client of the same user uploads this into the file."""
        self.call("POST", "/anaplan/replace-upload", {"file": file, "content": content, "model": model})

    def accept(self, *, model: str | None = None) -> None:
        """Anaplan: what `refuse` was told is put right, in the whole model."""
        self.call("DELETE", "/anaplan/refuse", model=model)


@dataclass(frozen=True, slots=True)
class Running:
    """A running sandbox: the JSON line it printed, its control API, its process id."""

    info: dict[str, Any]
    control: Control
    pid: int


@contextlib.contextmanager
def running(
    *,
    seed: int = 7,
    size: str | int = "small",
    data: Path | None = None,
    task_seconds: float = 0.05,
    only: Literal["syspro", "anaplan", "sap"] | None = None,
    switches: Mapping[str, str | float | bool] | None = None,
    clock: Path | None = None,
    start_timeout: float = 600.0,
) -> Iterator[Running]:
    """Start ``python -m sandbox``, wait for its line, stop it in the end.

    ``switches`` maps ``system.name`` to a value; ``clock`` is the file of a time to share. RuntimeError with the
    process's stderr when it does not come up.
    """
    command = [sys.executable, "-m", "sandbox", "--seed", str(seed), "--size", str(size)]
    command += ["--task-seconds", str(task_seconds)]
    command += ["--only", only] if only else []
    command += ["--data", str(data)] if data else []
    command += ["--clock", str(clock)] if clock else []
    for name, value in (switches or {}).items():
        command += ["--switch", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603  own module, own arguments
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            line = _first_line(process, start_timeout)
            if not line:
                process.kill()
                process.wait()
                errors.seek(0)
                raise RuntimeError(f"the sandbox did not start: {errors.read().strip()}")
            info = json.loads(line)
            yield Running(info, Control(info["control"]["url"]), process.pid)
        finally:
            _stop(process)


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    if process.stdout is None:
        raise RuntimeError("the sandbox has no stdout")
    deadline = time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        ready = selector.select(max(0.0, deadline - time.monotonic()))
    return process.stdout.readline() if ready else ""


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
