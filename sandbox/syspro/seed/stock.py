"""Warehouses, stock items, their balances per warehouse and movements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.syspro.seed import names
from sandbox.syspro.seed.calendar import DAYS, fixed, later, money, stored
from sandbox.syspro.store import columns

if TYPE_CHECKING:
    from random import Random

    from sandbox.syspro.seed.payables import Supplier
    from sandbox.syspro.seed.sizes import Sizes
    from sandbox.syspro.store import Loader

IDLE = 3
WAREHOUSES = (("FG", "Finished goods"), ("RM", "Raw materials, main"), ("SR", "Showroom Köln"))
_CLASSES = (("HARDWARE", 0), ("TOOLS", 1), ("BEARINGS", 0), ("FASTENERS", 0))
_MASTER = columns(
    "StockCode Description LongDesc AlternateKey1 StockUom AlternateUom OtherUom ConvFactAltUom "
    "ConvMulDiv Mass Decimals "
    "Supplier ProductClass PartCategory AbcClass LeadTime WarehouseToUse MaterialCost StockOnHold DateStkAdded"
)
_WAREHOUSE = columns(
    "StockCode Warehouse QtyOnHand QtyAllocated QtyOnOrder QtyOnBackOrder MinimumQty MaximumQty UnitCost DefaultBin "
    "DateLastSale DateLastStockMove DateLastCostChange DateLastPurchase SafetyStockQty QtyAllocatedWip LastCostEntered "
    "OpeningBalance DateWhAdded Supplier"
)
_MOVEMENT = columns(
    "StockCode Warehouse TrnYear TrnMonth EntryDate TrnTime MovementType TrnQty TrnValue Source Journal JournalEntry "
    "TrnType Reference UnitCost"
)


@dataclass(frozen=True, slots=True)
class Item:
    """What documents need to know of a stock item. ``cost`` and ``price`` in cents."""

    code: str
    description: str
    product_class: str
    group: int
    warehouse: str
    cost: int
    price: int


def generate(rng: Random, sizes: Sizes, suppliers: list[Supplier], loader: Loader) -> list[Item]:
    """All stock tables; the items that documents may name: a few stay idle, without stock or movements."""
    for code, description in WAREHOUSES:
        loader.put("InvWhControl", {"Warehouse": code, "Description": description, "Branch": "00"})
    items = [_item(rng, number) for number in range(sizes.stock_items)]
    idle = set(items[-IDLE:])
    for item in sorted(items, key=lambda item: item.code):
        supplier = rng.choice(suppliers).code
        loader.add("InvMaster", _MASTER, (
            item.code, item.description, f"{item.description} ({item.product_class.lower()})", item.code[:20].lower(),
            "EA", "BX", "EA", "12.000000", "M", fixed(rng.randint(1, 9_000_000), 6), 0, supplier, item.product_class,
            "B",
            rng.choice("ABC"), rng.randint(1, 45), item.warehouse, f"{money(item.cost)}000",
            "" if rng.random() < 0.97 else "F", stored(later(DAYS[0].date, -rng.randint(0, 900))),
        ))  # fmt: skip
        loader.put("InvPrice", {
            "StockCode": item.code, "PriceCode": "A", "SellingPrice": f"{money(item.price)}000", "PriceBasis": "S",
        })  # fmt: skip
        if rng.random() < 0.1:
            loader.put("InvMaster+", {"StockCode": item.code, "Region": "EU", "Rating": "5.00"})
        for warehouse, _ in WAREHOUSES:
            if item in idle:
                loader.put("InvWarehouse", {"StockCode": item.code, "Warehouse": warehouse, "Supplier": supplier})
            else:
                _write_warehouse(rng, loader, item, warehouse, supplier)
    return items[:-IDLE]


def _item(rng: Random, number: int) -> Item:
    if number < len(names.HARD_STOCK):
        code, description = names.HARD_STOCK[number]
    else:
        code, description = f"{rng.choice('ABCDEFGH')}{100 + number * 3:05d}", names.part_name(rng)
    product_class, group = _CLASSES[number % len(_CLASSES)]
    cost = rng.randint(40, 30_000)
    return Item(
        code, description, product_class, group, WAREHOUSES[number % 3][0], cost, cost * rng.randint(125, 220) // 100
    )


def _write_warehouse(rng: Random, loader: Loader, item: Item, warehouse: str, supplier: str) -> None:
    opening = rng.randint(0, 800)
    on_hand = opening
    last = None
    for entry, index in enumerate(sorted(rng.sample(range(len(DAYS)), 3)), start=1):
        day = DAYS[index]
        quantity = rng.randint(1, 60) if rng.random() < 0.5 else -rng.randint(0, min(60, on_hand))
        on_hand += quantity
        loader.add("InvMovements", _MOVEMENT, (
            item.code, warehouse, day.year, day.month, day.text, 8_000_000 + entry * 10_000 + rng.randrange(5000), "I",
            f"{quantity}.000000", money(quantity * item.cost), "I", 70_000 + index, entry,
            "R" if quantity >= 0 else "I", f"REF {index}-{entry}", f"{money(item.cost)}000",
        ))  # fmt: skip
        last = day
    moved = last.text if last else None
    loader.add("InvWarehouse", _WAREHOUSE, (
        item.code, warehouse, f"{on_hand}.{rng.choice(('000000', '000000', '250000', '125000'))}",
        f"{rng.randint(0, on_hand // 3)}.000000", f"{rng.randint(0, 200)}.000000", "0.000000", "10.000000",
        "1000.000000", f"{money(item.cost)}{rng.randint(0, 999):03d}", f"{warehouse}-{rng.randint(1, 40):02d}",
        moved if rng.random() < 0.8 else None, moved, moved if rng.random() < 0.4 else None, moved, "5.000000",
        f"{rng.randint(0, 5)}.000000", f"{money(item.cost)}000", f"{opening}.000000", stored(DAYS[0].date), supplier,
    ))  # fmt: skip
