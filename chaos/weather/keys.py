"""Where in Anaplan a record of an ERP stands."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.weather.events.base import System
from demo.reconcile import sap, syspro

PLACES: dict[tuple[System, str], str] = {
    ("syspro", "gl_accounts"): "Accounts",
    ("syspro", "suppliers"): "Suppliers",
    ("syspro", "supplier_addresses"): "Suppliers",
    ("syspro", "customers"): "Customers",
    ("syspro", "customer_balances"): "Customers",
    ("syspro", "stock"): "Products",
    ("syspro", "stock_warehouses"): "Inventory",
    ("syspro", "ap_invoices"): "AP Invoices",
    ("syspro", "ap_distributions"): "AP Postings",
    ("syspro", "ar_invoices"): "AR Invoices",
    ("syspro", "gl_balances"): "GL Balances",
    ("sap", "gl_accounts"): "GL Accounts",
    ("sap", "cost_centers_v4"): "Cost Centers",
    ("sap", "suppliers"): "Suppliers",
    ("sap", "customers"): "Customers",
    ("sap", "gl_account_line_items"): "GL Line Items",
    ("sap", "supplier_invoices"): "Supplier Invoices",
    ("sap", "purchase_orders_v4"): "Purchase Orders",
    ("sap", "purchase_order_items_v4"): "Purchase Order Items",
    ("sap", "purchase_order_account_assignments_v4"): "Purchase Order Assignments",
}
"""The list or module in which a stream's records can be told one by one."""


def key_in_anaplan(system: System, stream: str, key: Sequence[object]) -> str:
    """The key of an item or a row for the values of a record's key properties, in their order."""
    reading = sap.anaplan_key if system == "sap" else syspro.anaplan_key
    return reading(stream, tuple(map(str, key)))
