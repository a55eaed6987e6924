"""How much data: entries in proportion to the journal lines, masters growing more slowly above the demo."""

from __future__ import annotations

from dataclasses import dataclass

_DEMO_LINES = 12_000
_MOST_INVOICES, _MOST_ORDERS = 20_000, 10_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of rows to generate for both company codes together; ``lines`` is those of the leading ledger."""

    suppliers: int
    customers: int
    purchase_orders: int
    invoices: int
    sales: int
    lines: int


_TINY = Sizes(suppliers=12, customers=12, purchase_orders=8, invoices=12, sales=6, lines=150)
"""Of each kind something, for those who read it whole thousands of times."""


def sizes_for(size: str) -> Sizes:
    """The sizes for ``--size``: demo, small, tiny, or a number of journal lines (``N:Table`` counts another system's
    rows: a demo). ValueError when ``size`` is none of these.
    """
    if size == "tiny":
        return _TINY
    named = {"demo": 1.0, "small": 0.1}
    number, colon, _ = size.partition(":")
    if size not in named and (not number.isdigit() or int(number) == 0):
        raise ValueError(f"--size {size}: expected demo, small, tiny, a number, or a number followed by :ApInvoice")
    factor = 1.0 if colon else named.get(size) or int(number) / _DEMO_LINES
    masters = factor if factor <= 1 else factor**0.5
    return Sizes(
        suppliers=max(24, round(150 * masters)),
        customers=max(20, round(120 * masters)),
        purchase_orders=min(_MOST_ORDERS, max(16, round(400 * factor))),
        invoices=min(_MOST_INVOICES, max(24, round(600 * factor))),
        sales=max(10, round(1000 * factor)),
        lines=max(600, round(_DEMO_LINES * factor)),
    )
