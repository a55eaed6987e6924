"""A whole database from a seed and a size."""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING

from sandbox.sap.journal import Journal
from sandbox.sap.seed import names
from sandbox.sap.seed.calendar import DAYS, TODAY, moment, working_days
from sandbox.sap.seed.chart import expense_accounts, fill_chart
from sandbox.sap.seed.ledger import fill_ledger
from sandbox.sap.seed.orders import FIRST_ORDER, Order, drawn_order, write_orders
from sandbox.sap.seed.organisation import COMPANIES, cost_centers_of, fill_organisation
from sandbox.sap.seed.partners import fill_partners
from sandbox.sap.seed.payables import (
    FIRST_INVOICE,
    Charge,
    Invoice,
    Posted,
    book_invoices,
    charge_of,
    pay_due,
)
from sandbox.sap.seed.receivables import fill_receivables
from sandbox.sap.seed.sizes import sizes_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sandbox.sap.seed.partners import Partner
    from sandbox.sap.store import Store


def fill(store: Store, seed: int, size: str) -> None:
    """Drop what is there and fill the tables; the same seed and size give the same rows."""
    sizes = sizes_for(size)
    store.create()
    with store.transaction():
        rng = Random(f"{seed}/sap/masters")
        fill_chart(store, rng)
        fill_organisation(store, rng)
        suppliers, customers = fill_partners(store, rng, sizes.suppliers, sizes.customers)
        journal = Journal(store, lambda: moment(TODAY, 18 * 3600))
        with journal.bulk():
            rng = Random(f"{seed}/sap/orders")
            orders = _orders(store, rng, suppliers, sizes.purchase_orders)
            rng = Random(f"{seed}/sap/payables")
            posted = _invoices(store, journal, rng, suppliers, orders, sizes.invoices)
            runs = pay_due(journal, rng, posted)
            lines = sum(int(each.item) for each in posted) + 2 * runs
            lines += fill_receivables(journal, Random(f"{seed}/sap/receivables"), customers, sizes.sales)
            rng = Random(f"{seed}/sap/ledger")
            fill_ledger(journal, store, rng, expense_accounts(store), sizes.lines - lines)
    store.index()
    store.seeded(f"{seed}/{size}")


def _centers(store: Store) -> dict[str, list[str]]:
    return {company.code: cost_centers_of(store, company.code) for company in COMPANIES}


def _orders(store: Store, rng: Random, suppliers: Sequence[Partner], count: int) -> list[Order]:
    accounts, centers = expense_accounts(store), _centers(store)
    orders = []
    for index, day in enumerate(working_days(rng, count)):
        supplier = rng.choice(suppliers)
        orders.append(drawn_order(rng, FIRST_ORDER + index, supplier, day, accounts, centers[supplier.company.code]))
    write_orders(store, rng, orders)
    store.insert("NumberRange", [_last("", "", "EBELN", FIRST_ORDER + count - 1)])
    return orders


def _last(company_code: str, year: str, name: str, number: int) -> dict[str, str | int | None]:
    return {"CompanyCode": company_code, "FiscalYear": year, "NumberRange": name, "LastNumber": number}


def _invoices(
    store: Store, journal: Journal, rng: Random, suppliers: Sequence[Partner], orders: Sequence[Order], count: int
) -> list[Posted]:
    """About half of them for orders, the others straight to accounts, in the order of their posting dates."""
    accounts, centers = expense_accounts(store), _centers(store)
    billed = list(orders[: count // 2])
    drawn: list[tuple[date, Partner, tuple[Charge, ...]]] = []
    for order in billed:
        charges = tuple(charge_of(order.number, item) for item in order.items)
        received = bisect_left(DAYS, order.day) + rng.randint(0, 15)
        if received < len(DAYS):
            drawn.append((DAYS[received], order.supplier, charges))
    for day in working_days(rng, count - len(drawn)):
        supplier = rng.choice(suppliers)
        picked = centers[supplier.company.code]
        charges = tuple(
            Charge(rng.randint(500, 900_000), rng.choice(accounts), rng.choice(picked), text=rng.choice(names.SERVICES))
            for _ in range(rng.choice((1, 1, 2, 3)))
        )
        drawn.append((day, supplier, charges))
    drawn.sort(key=lambda each: each[0])
    invoices = [
        Invoice(
            f"{FIRST_INVOICE + index:010d}", supplier, day, _reference(rng, index), charges,
            late=rng.randint(1, 6) if rng.random() < 0.08 else 0, credit_memo=rng.random() < 0.03,
        )
        for index, (day, supplier, charges) in enumerate(drawn)
    ]  # fmt: skip
    return book_invoices(store, journal, rng, invoices)


def _reference(rng: Random, index: int) -> str:
    """A supplier's own number, as suppliers write them; at most 16 characters."""
    style = rng.randrange(5)
    forms = (f"RE-{index:06d}", f"INV/{index:05d}", f"{4_700_000 + index}", f"Ü {index} & Co", f"100%-{index}")
    return forms[style]
