"""How much data: documents in proportion to the AP invoices, masters growing more slowly above the demo."""

from __future__ import annotations

from dataclasses import dataclass, replace

_DEMO_INVOICES = 4000


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of rows to generate for one company."""

    suppliers: int
    customers: int
    branches: int
    ap_invoices: int
    ar_invoices: int
    stock_items: int
    purchase_orders: int
    sales_orders: int


_TINY = Sizes(
    suppliers=12,
    customers=12,
    branches=1,
    ap_invoices=20,
    ar_invoices=20,
    stock_items=12,
    purchase_orders=6,
    sales_orders=6,
)
"""Of each kind something, for those who read it whole thousands of times."""


def _scaled(factor: float, branches: int) -> Sizes:
    masters = factor if factor <= 1 else factor**0.5
    return Sizes(
        suppliers=max(24, round(300 * masters)),
        customers=max(24, round(400 * masters)),
        branches=branches,
        ap_invoices=max(40, round(_DEMO_INVOICES * factor)),
        ar_invoices=max(50, round(5000 * factor)),
        stock_items=max(30, round(600 * masters)),
        purchase_orders=max(20, round(800 * factor)),
        sales_orders=max(20, round(600 * factor)),
    )


def sizes_for(size: str, share: float = 1.0) -> Sizes:
    """The sizes for ``--size``: demo, small, tiny, ``N`` AP invoices, or ``N:ApInvoice``: N on the AP side, the rest a
    demo.

    ``share`` is the company's part of it. ValueError when ``size`` is none of these.
    """
    named = {"demo": 1.0, "small": 0.1}
    if size == "tiny":
        return _TINY
    if size in named:
        return _scaled(named[size] * share, 5 if size == "demo" and share == 1 else 2)
    number, _, table = size.partition(":")
    if not number.isdigit() or int(number) == 0 or table not in {"", "ApInvoice"}:
        raise ValueError(f"--size {size}: expected demo, small, tiny, a number, or a number followed by :ApInvoice")
    whole = _scaled(int(number) / _DEMO_INVOICES * share, 5 if share == 1 else 2)
    if table:
        return replace(_scaled(share, whole.branches), suppliers=whole.suppliers, ap_invoices=whole.ap_invoices)
    return whole
