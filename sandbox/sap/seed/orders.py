"""Purchase orders: items for stock or for cost centers, each with its schedule line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.sap.catalogue.values import timestamp
from sandbox.sap.catalogue.views import CHART, CONTROLLING_AREA
from sandbox.sap.seed import names
from sandbox.sap.seed.calendar import moment, money, office_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from random import Random

    from sandbox.sap.seed.organisation import Company
    from sandbox.sap.seed.partners import Partner
    from sandbox.sap.store import Row, Store

FIRST_ORDER = 4_500_000_000


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item; ``price`` in cents a piece. Without cost center it is for stock."""

    number: str
    text: str
    material: str
    quantity: int
    price: int
    account: str = ""
    cost_center: str = ""

    @property
    def value(self) -> int:
        """Net, in cents."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Order:
    """One order."""

    number: str
    supplier: Partner
    day: date
    items: tuple[OrderItem, ...]


def drawn_order(
    rng: Random, number: int, supplier: Partner, day: date, accounts: Sequence[str], centers: Sequence[str]
) -> Order:
    """An order of one to four items, more for cost centers than for stock."""
    items = []
    for index in range(rng.randint(1, 4)):
        quantity, price = rng.randint(1, 40), rng.randint(250, 90_000)
        if rng.random() < 0.35:
            material, text = rng.choice(names.MATERIALS)
            items.append(OrderItem(f"{(index + 1) * 10:05d}", text, material, quantity, price))
        else:
            text, account, center = rng.choice(names.SERVICES), rng.choice(accounts), rng.choice(centers)
            items.append(OrderItem(f"{(index + 1) * 10:05d}", text, "", quantity, price, account, center))
    return Order(f"{number:010d}", supplier, day, tuple(items))


def write_orders(store: Store, rng: Random, orders: Iterable[Order]) -> None:
    """Headers, items, account assignments and schedule lines."""
    headers: list[Row] = []
    items: list[Row] = []
    assignments: list[Row] = []
    schedules: list[Row] = []
    for order in orders:
        company, currency = order.supplier.company, order.supplier.currency
        headers.append(_header(order, company, rng))
        for item in order.items:
            items.append(_item(order, item, company))
            schedules.append(
                {
                    "PurchaseOrder": order.number, "PurchaseOrderItem": item.number, "ScheduleLine": "0001",
                    "ScheduleLineDeliveryDate": order.day.isoformat(), "PurchaseOrderQuantityUnit": "EA",
                    "ScheduleLineOrderQuantity": item.quantity * 1000, "Currency": currency, "DelivDateCategory": "1",
                    "SchedLineStscDeliveryDate": order.day.isoformat(), "ScheduleLineOrderDate": order.day.isoformat(),
                }
            )  # fmt: skip
            if item.cost_center:
                assignments.append(
                    {
                        "PurchaseOrder": order.number, "PurchaseOrderItem": item.number,
                        "AccountAssignmentNumber": "01", "GLAccount": item.account, "CostCenter": item.cost_center,
                        "ControllingArea": CONTROLLING_AREA, "Quantity": item.quantity * 1000,
                        "PurchaseOrderQuantityUnit": "EA", "OrderQuantityUnit": "EA", "DocumentCurrency": currency,
                        "PurgDocNetAmount": money(item.value), "MultipleAcctAssgmtDistrPercent": 1000,
                        "ChartOfAccounts": CHART, "CompanyCode": company.code, "CreationDate": order.day.isoformat(),
                    }
                )  # fmt: skip
    store.insert("PurchaseOrder", headers)
    store.insert("PurchaseOrderItem", items)
    store.insert("PurchaseOrderAcctAssignment", assignments)
    store.insert("PurchaseOrderScheduleLine", schedules)


def _header(order: Order, company: Company, rng: Random) -> Row:
    created = moment(order.day, office_hours(rng))
    return {
        "PurchaseOrder": order.number, "CompanyCode": company.code, "PurchaseOrderType": "NB",
        "PurchasingProcessingStatus": "02", "CreatedByUser": "BUYER", "CreationDate": order.day.isoformat(),
        "LastChangeDateTime": timestamp(created.replace(microsecond=rng.randrange(1_000_000))),
        "Supplier": order.supplier.number, "Language": company.language, "PaymentTerms": "0001", "NetPaymentDays": 30,
        "PurchasingOrganization": company.code, "PurchasingGroup": "001", "PurchaseOrderDate": order.day.isoformat(),
        "DocumentCurrency": order.supplier.currency, "ExchangeRate": 100_000, "InvoicingParty": order.supplier.number,
        "IncotermsClassification": "EXW", "IncotermsLocation1": order.supplier.place[1], "IncotermsVersion": "",
        "YY1_CostApproval_PDH": rng.choice(("APPROVED", "PENDING", "")),
    }  # fmt: skip


def _item(order: Order, item: OrderItem, company: Company) -> Row:
    gross = item.value + item.value * company.input_tax[1] // 100
    return {
        "PurchaseOrder": order.number, "PurchaseOrderItem": item.number, "PurchaseOrderItemText": item.text[:40],
        "Plant": company.plant, "MaterialGroup": "L001" if item.material else "P001", "Material": item.material,
        "OrderQuantity": item.quantity * 1000, "PurchaseOrderQuantityUnit": "EA", "OrderPriceUnit": "EA",
        "OrderPriceUnitToOrderUnitNmrtr": 1, "OrdPriceUnitToOrderUnitDnmntr": 1,
        "DocumentCurrency": order.supplier.currency, "NetPriceAmount": money(item.price), "NetPriceQuantity": 1,
        "TaxCode": company.input_tax[0], "InvoiceIsExpected": 1, "GoodsReceiptIsExpected": int(bool(item.material)),
        "AccountAssignmentCategory": "K" if item.cost_center else "", "ProductType": "1" if item.material else "2",
        "NetAmount": money(item.value), "GrossAmount": money(gross), "EffectiveAmount": money(item.value),
        "CompanyCode": company.code, "BaseUnit": "EA",
    }  # fmt: skip
