"""Do the ERPs' books hold what is approved now, each document once? Read from the books alone, without the audit trail.

A reading of meltano/plan-to-sap.yml and meltano/plan-to-syspro.yml of its own. What was posted for a version whose
approval was withdrawn stands, and is left out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from demo.planning import MODULE
from demo.reconcile.core import Comparison, Contents, cents, compare_contents
from sandbox.testing import Control

Refused = Mapping[str, Collection[tuple[str, ...]]]
"""By stream, the keys of rows that an ERP refused."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_INVOICES = "Planned Invoices"
_OUR_REFERENCE = re.compile(r"[A-Z0-9]{16}")


def compare_sap(control: Control, model: str, user: str, offset: str, refused: Refused) -> list[Comparison]:
    """Journal entries and supplier invoices.

    Args:
        control: the sandbox's control client.
        model: id of the model that plans for SAP.
        user: who posts.
        offset: the account that takes the other side.
        refused: rows that SAP refused: what they would change is left out on both sides.
    """
    versions = _approved(control, model)
    plan, left_out = _planned(control, model, versions, refused, _sap_place)
    headers = {
        (row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"]): row
        for row in control.sap_rows("JournalHeader")
        if row["AccountingDocCreatedByUser"] == user and row["AccountingDocumentType"] == "SA"
    }
    books: dict[str, Decimal] = defaultdict(Decimal)
    for row in control.sap_rows("JournalLine"):
        header = headers.get((row["CompanyCode"], row["FiscalYear"], row["AccountingDocument"]))
        if header is None or row["Ledger"] != "0L" or row["GLAccount"].lstrip("0") == offset:
            continue
        year, month, _ = row["PostingDate"].split("-")
        text = header.get("AccountingDocumentHeaderText") or ""
        place = (row["CompanyCode"], row["GLAccount"].lstrip("0"), row["CostCenter"].lstrip("0"))
        key = "|".join((text, *place, f"{_MONTHS[int(month) - 1]} {year[2:]}"))
        books[key] += Decimal(row["AmountInTransactionCurrency"])
    found = {key: total for key, total in books.items() if key.partition("|")[0] in {one[:25] for one in versions}}
    invoices = [
        (row["InvoicingParty"].lstrip("0"), row["SupplierInvoiceIDByInvcgParty"], row["InvoiceGrossAmount"])
        for row in control.sap_rows("SupplierInvoice")
        if row["AccountingDocumentType"] == "KR" and not row["ReverseDocument"]
    ]
    return [
        compare_contents("the plan", "Amounts in SAP", _totals(plan), _totals(found), left_out),
        _once("Journal entries in SAP", (row["DocumentReferenceID"] for row in headers.values())),
        _compare_invoices(control, model, "SAP", invoices, refused),
    ]


def compare_syspro(control: Control, company: str, offset: str, refused: Refused) -> list[Comparison]:
    """GL journals, AP invoices, and the fields of suppliers and customers that planning owns; see `compare_sap`."""
    versions = _approved(control, None)
    plan, left_out = _planned(control, None, versions, refused, _syspro_place(company))
    journals = {
        (row["GlYear"], row["GlPeriod"], row["GlJournal"]): row
        for row in control.rows(company, "GenJournalCtl")
        if _OUR_REFERENCE.fullmatch(row["Reference"]) and row["JournalSource"] == "GL"
    }
    books: dict[str, Decimal] = defaultdict(Decimal)
    for row in control.rows(company, "GenJournalDetail"):
        header = journals.get((row["GlYear"], row["GlPeriod"], row["Journal"]))
        if header is not None and row["GlCode"].strip() != offset:
            period = f"{_MONTHS[int(row['GlPeriod']) - 1]} {str(row['GlYear'])[2:]}"
            version = header["Notation"].strip().removesuffix(f" {period}")
            books[f"{version}|{company}|{row['GlCode'].strip()}||{period}"] += Decimal(row["EntryValue"])
    found = {key: total for key, total in books.items() if key.partition("|")[0] in versions}
    invoices = [
        (f"{company}-{row['Supplier'].lstrip('0')}", row["Invoice"].lstrip("0"), row["InvoiceValue"])
        for row in control.rows(company, "ApJnlSummary")
        if _OUR_REFERENCE.fullmatch(row["Reference"]) and row["TransactionCode"] == "I"
    ]
    return [
        compare_contents("the plan", "Amounts in SYSPRO", _totals(plan), _totals(found), left_out),
        _once("Journals in SYSPRO", (row["Reference"] for row in journals.values())),
        _compare_invoices(control, None, "SYSPRO", invoices, refused, company),
        *(_compare_owned(control, company, refused, *one) for one in _OWNED),
    ]


_OWNED = (
    ("planned_suppliers", "Suppliers", "Supplier", "Class", "ApSupplier", "SupplierClass"),
    ("planned_customers", "Customers", "Customer", "Credit Limit", "ArCustomer", "CreditLimit"),
)


def _compare_owned(
    control: Control,
    company: str,
    refused: Refused,
    stream: str,
    name: str,
    key: str,
    column: str,
    table: str,
    field: str,
) -> Comparison:
    left_out = {parts[0] for parts in refused.get(stream, ())}
    wanted = {
        item["properties"][key]: {field: _plain(item["properties"][column])}
        for item in control.list_items(name)
        if item["properties"]["Company"] == company and item["properties"][column] and item["code"] not in left_out
    }
    rows = {row[key]: {field: _plain(row[field])} for row in control.rows(company, table)}
    return compare_contents("the plan", f"{field} in SYSPRO", wanted, {k: v for k, v in rows.items() if k in wanted})


def _plain(value: Any) -> str:
    text = str(value).strip()
    return str(round(Decimal(text))) if re.fullmatch(r"-?[0-9.]+", text) else text


def _approved(control: Control, model: str | None) -> set[str]:
    return {
        row["dimensions"]["Plan Versions"]
        for row in control.module_rows("Plan Approval", model)
        if row["values"]["Approved"] == "true"
    }


def _sap_place(values: Mapping[str, str]) -> str:
    account, center = (values[name].rpartition("-")[2] for name in ("Account", "Cost Center"))
    return "|".join((values["Version"][:25], values["Company Code"], account, center, values["Period"]))


def _syspro_place(company: str) -> Callable[[Mapping[str, str]], str]:
    def place(values: Mapping[str, str]) -> str:
        account = values["Account"].removeprefix(f"{company}-")
        if values["Company Code"] != company:
            return ""
        return "|".join((values["Version"], company, account, "", values["Period"]))

    return place


def _planned(
    control: Control,
    model: str | None,
    versions: Collection[str],
    refused: Refused,
    place: Callable[[Mapping[str, str]], str],
) -> tuple[Mapping[str, Decimal], set[str]]:
    """What is approved, by place; and the places that refused rows touch."""
    plan: dict[str, Decimal] = defaultdict(Decimal)
    left_out = set()
    lines = {parts[0] for parts in refused.get("plan_lines", ())}
    for row in control.module_rows(MODULE, model):
        values = row["values"]
        if values["Version"] in versions and (where := place(values)):
            plan[where] += Decimal(values["Amount"] or "0")
            if row["dimensions"][MODULE] in lines:
                left_out.add(where)
    return plan, left_out


def _totals(sums: Mapping[str, Decimal]) -> Contents:
    return {key: {"Total": cents(total)} for key, total in sums.items() if total}


def _once(name: str, references: Iterable[str]) -> Comparison:
    counted = Counter(references)
    twice = [f"{reference} stands {number} times" for reference, number in counted.items() if number > 1]
    return Comparison(name, len(counted), counted.total(), tuple(sorted(twice)))


def _compare_invoices(
    control: Control,
    model: str | None,
    system: str,
    posted: Iterable[tuple[str, str, str]],
    refused: Refused,
    company: str = "",
) -> Comparison:
    """Per supplier and number the amount; one that stands twice has twice its amount. Others' invoices are not ours.
    `company`: of those that come here; all when empty.
    """
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    left_out = set()
    lines = {parts[0] for parts in refused.get("planned_invoices", ())}
    every = set()
    for row in control.module_rows(_INVOICES, model):
        values = row["values"]
        key = f"{values['Supplier']}|{values['Invoice']}"
        every.add(key)
        if values["Approved"] == "true" and company in {"", values["Company Code"]}:
            wanted[key] += Decimal(values["Amount"] or "0")
        else:
            left_out.add(key)
        if row["dimensions"][_INVOICES] in lines:
            left_out.add(key)
    found: dict[str, Decimal] = defaultdict(Decimal)
    for party, number, amount in posted:
        if f"{party}|{number}" in every:
            found[f"{party}|{number}"] += Decimal(amount)
    return compare_contents("the plan", f"Invoices in {system}", _totals(wanted), _totals(found), left_out)
