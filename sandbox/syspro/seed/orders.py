"""Purchase orders and sales orders with their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.syspro.seed import names
from sandbox.syspro.seed.calendar import DAYS, TODAY, later, money, stored
from sandbox.syspro.store import columns

if TYPE_CHECKING:
    from random import Random

    from sandbox.syspro.seed.payables import Supplier
    from sandbox.syspro.seed.receivables import Customer
    from sandbox.syspro.seed.stock import Item
    from sandbox.syspro.store import Loader

_PO = columns(
    "PurchaseOrder NextDetailLine OrderStatus ActiveFlag CancelledFlag Supplier OrderEntryDate "
    "OrderDueDate DateLastDocPrt "
    "OrderType SupplierClass Warehouse Currency TaxStatus DatePoCompleted ExchangeRate MulDiv "
    "TermsCode Buyer DeliveryName"
)
_PO_LINE = columns(
    "PurchaseOrder Line LineType MStockCode MStockDes MWarehouse MOrderUom MStockingUom MOrderQty MReceivedQty "
    "MLatestDueDate MLastReceiptDat MPrice MForeignPrice MPriceUom MProductClass MCompleteFlag MGlCode MOrigDueDate "
    "NComment"
)
_SO = columns(
    "SalesOrder NextDetailLine OrderStatus ActiveFlag CancelledFlag DocumentType Customer Salesperson CustomerPoNumber "
    "OrderDate EntrySystemDate ReqShipDate Branch Warehouse ExchangeRate MulDiv Currency CustomerName Operator"
)
_SO_LINE = columns(
    "SalesOrder SalesOrderLine LineType MStockCode MStockDes MWarehouse MOrderQty MShipQty MBackOrderQty MUnitCost "
    "MOrderUom MStockingUom MPrice MPriceUom MProductClass MLineShipDate"
)


def purchase_orders(rng: Random, count: int, suppliers: list[Supplier], items: list[Item], loader: Loader) -> None:
    """``count`` purchase orders: most complete, some in process, a few cancelled; every tenth has a comment line."""
    for number in range(count):
        day = DAYS[rng.randrange(len(DAYS))]
        supplier, order = rng.choice(suppliers), names.padded(30_000 + number)
        due = later(day.date, rng.randint(5, 60))
        complete, cancelled = due < TODAY and rng.random() < 0.9, rng.random() < 0.03
        lines = rng.randint(1, 5)
        warehouse = rng.choice(("FG", "RM", "SR"))
        loader.add("PorMasterHdr", _PO, (
            order, lines + 1, "*" if cancelled else "9" if complete else rng.choice("14"),
            "N" if complete or cancelled else "Y", "Y" if cancelled else "N", supplier.code, day.text, stored(due),
            day.text if rng.random() < 0.9 else None, "L", "MATERIAL", warehouse, supplier.currency, "N",
            stored(due) if complete else None, "1.000000", "M", supplier.terms, f"B{rng.randint(1, 5)}",
            "Goods-in, dock 2",
        ))  # fmt: skip
        for line in range(1, lines + 1):
            item = rng.choice(items)
            ordered = rng.randint(1, 500)
            received = ordered if complete else rng.randint(0, ordered // 2)
            loader.add("PorMasterDetail", _PO_LINE, (
                order, line, "1", item.code, item.description[:50], warehouse, "EA", "EA", f"{ordered}.000000",
                f"{received}.000000", stored(due), stored(due) if complete else None, f"{money(item.cost)}000",
                f"{money(item.cost)}000", "EA", item.product_class, "Y" if complete else "N", "", stored(due), "",
            ))  # fmt: skip
        if number % 10 == 0:
            loader.put("PorMasterDetail", {
                "PurchaseOrder": order, "Line": lines + 1, "LineType": "6",
                "NComment": "Deliver before 10:00; ring 'Max'",
            })  # fmt: skip


def sales_orders(rng: Random, count: int, customers: list[Customer], items: list[Item], loader: Loader) -> None:
    """``count`` sales orders of the last two months."""
    for number in range(count):
        day = DAYS[-1 - rng.randrange(40)]
        customer, order = rng.choice(customers), names.padded(900_000 + number)
        lines = rng.randint(1, 4)
        loader.add("SorMaster", _SO, (
            order, lines + 1, rng.choice("1489"), "Y", "", "O", customer.code, customer.salesperson,
            f"PO {rng.randint(1000, 9999)}", day.text, day.text, stored(later(day.date, 7)), customer.branch, "FG",
            "1.000000", "M", "", customer.name, "INTEG",
        ))  # fmt: skip
        for line in range(1, lines + 1):
            item = rng.choice(items)
            quantity = rng.randint(1, 30)
            loader.add("SorDetail", _SO_LINE, (
                order, line, "1", item.code, item.description[:50], item.warehouse, f"{quantity}.000000", "0.000000",
                f"{quantity}.000000", f"{money(item.cost)}000", "EA", "EA", f"{money(item.price)}000", "EA",
                item.product_class, stored(later(day.date, 7)),
            ))  # fmt: skip
