"""INVQRY: one stock item with its warehouses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.xml import document, element, parse, text_of

if TYPE_CHECKING:
    from sandbox.syspro.enet.calls import Call, Registry

_ITEM = ("StockCode", "Description", "LongDesc", "StockUom", "ProductClass", "Supplier", "WarehouseToUse")
_QUANTITIES = ("QtyOnHand", "QtyAllocated", "QtyOnOrder", "QtyOnBackOrder", "QtyInTransit", "QtyInInspection")


def register(registry: Registry) -> None:
    """Add the object."""
    registry.add("INVQRY", "query")(inventory_query)


def inventory_query(call: Call) -> str:
    """The item and, by the filter, its warehouses: numbers padded with blanks, ``AvailableQty`` computed."""
    query = parse(call.document, "XmlIn")
    code = text_of(query, "Key/StockCode")
    item = call.store.get("InvMaster", (code,))
    if item is None:
        raise EnetError(f"Stock code '{code}' not found")
    content = ["<StockItem>", *(element(name, str(item[name])) for name in _ITEM), "</StockItem>"]
    chosen = query.find("Filter/Warehouse")
    kind = chosen.get("FilterType", "A") if chosen is not None else "A"
    wanted = {each.strip() for each in (chosen.get("FilterValue", "") if chosen is not None else "").split(",")}
    for row in call.store.select("InvWarehouse", '"StockCode" = ?', (code,)):
        if kind != "A" and row["Warehouse"] not in wanted:
            continue
        on_hand, *taken = (Decimal(str(row[name])) for name in ("QtyOnHand", "QtyAllocated", "QtyAllocatedWip"))
        available = on_hand - sum(taken)
        content += ["<WarehouseItem>", element("Warehouse", str(row["Warehouse"]))]
        content += [f"<{name}>{row[name]!s:>19}</{name}>" for name in _QUANTITIES]
        content += [f"<AvailableQty>{available!s:>19}</AvailableQty>", f"<UnitCost>{row['UnitCost']!s:>16}</UnitCost>"]
        content.append("</WarehouseItem>")
    return document("InvQuery", "\n".join(content))
