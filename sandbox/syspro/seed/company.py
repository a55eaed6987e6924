"""One company, from empty tables to consistent books."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from sandbox.syspro.seed import orders, stock
from sandbox.syspro.seed.calendar import DAYS, TODAY, period_ends
from sandbox.syspro.seed.chart import BANK, BRANCHES, HEAD, chart
from sandbox.syspro.seed.ledger import Ledger, Link
from sandbox.syspro.seed.payables import Payables
from sandbox.syspro.seed.receivables import Receivables
from sandbox.syspro.seed.sizes import sizes_for
from sandbox.syspro.store import Loader

if TYPE_CHECKING:
    from sandbox.syspro.seed.sizes import Sizes
    from sandbox.syspro.store import CompanyStore

_DETAIL_UP_TO = 20_000  # AP invoices; above, the ledger is posted in summary, as a busy site sets it


@dataclass(frozen=True, slots=True)
class Profile:
    """What sets one company apart. ``share`` of the data of the whole."""

    company: str
    name: str
    currency: str
    share: float


PROFILES = (
    Profile("EDU1", "Education Distributors", "USD", 1.0),
    Profile("EDU2", "Education Distributors (Europe)", "EUR", 0.1),
)


def seed_company(store: CompanyStore, profile: Profile, seed: int, size: str) -> None:
    """Fill the store; the same seed and size give the same rows."""
    sizes = sizes_for(size, profile.share)
    store.create()
    store.connection.execute("BEGIN")
    loader = Loader(store)
    detail = sizes.ap_invoices <= _DETAIL_UP_TO
    ledger = Ledger(profile.company, profile.currency, chart(sizes.branches), detail=detail)

    def rng(part: str) -> Random:
        return Random(f"{seed}/{profile.company}/{part}")

    payables = Payables(rng("payables"), sizes, ledger, loader)
    payables.generate()
    items = stock.generate(rng("stock"), sizes, payables.suppliers, loader)
    receivables = Receivables(rng("receivables"), sizes, ledger, loader, items)
    receivables.generate()
    orders.purchase_orders(rng("purchasing"), sizes.purchase_orders, payables.suppliers, items, loader)
    orders.sales_orders(rng("sales"), sizes.sales_orders, receivables.customers, items, loader)
    _manual_journals(rng("ledger"), sizes, ledger)
    ledger.write(loader)
    loader.finish()
    store.write_note("period", f"{TODAY.year}-{TODAY.month:02d}")
    store.write_note("seed", f"{seed}/{size}")
    store.connection.execute("COMMIT")


def _manual_journals(rng: Random, sizes: Sizes, ledger: Ledger) -> None:
    """Payroll, rent and depreciation at each month's end; two journals of this week that nobody has posted yet."""
    branches = [branch for branch, _ in BRANCHES[: sizes.branches]]
    for day in period_ends():
        heading = ledger.journal(day, "GL", 0, f"Month end {day.month:02d}/{day.year}")
        for branch in branches:
            salaries, rent, depreciation = rng.randint(4, 9) * 10_000_00, rng.randint(8, 12) * 1_000_00, 1_250_00
            for account, amount in (
                (f"{branch}-6000", salaries),
                (f"{branch}-6200", rent),
                (BANK, -salaries - rent),
                (f"{branch}-6550", depreciation),
                (f"{branch}-1590", -depreciation),
            ):
                ledger.post(heading, account, amount, Link(f"ME-{day.year}-{day.month:02d}", "Month end, standing"))
    for number, day in enumerate(DAYS[-2:]):
        heading = ledger.journal(day, "GL", 900 + number, "Accrual, to be posted", posted=False)
        amount = rng.randint(100_00, 900_00)
        ledger.post(heading, f"{HEAD}-6530", amount, Link("ACCR", "Audit fee"))
        ledger.post(heading, f"{HEAD}-2110", -amount, Link("ACCR", "Audit fee"))
