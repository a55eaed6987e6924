"""All that is killed, by name."""

from __future__ import annotations

from chaos.kills import sap, syspro
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

SUBJECTS: dict[str, type[Subject]] = {one.name: one for one in POSTING}
