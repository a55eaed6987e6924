"""All that is killed, by name."""

from __future__ import annotations

from chaos.kills import anaplan, sap, syspro, taps
from chaos.kills.subject import Subject

POSTING: tuple[type[Subject], ...] = (
    sap.JournalEntries,
    sap.SupplierInvoices,
    sap.PlanData,
    syspro.Journals,
    syspro.Invoices,
    syspro.Suppliers,
)
"""What the two posting targets write into ERPs."""

OTHERS: tuple[type[Subject], ...] = (anaplan.Items, taps.SysproTables, taps.SapTables)
"""What brings nothing into an ERP: nothing is lost, and nothing is there twice."""

SUBJECTS: dict[str, type[Subject]] = {one.name: one for one in (*POSTING, *OTHERS)}
