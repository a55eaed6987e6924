"""INVQRY: one stock item with its warehouses and their totals; the elements stand in ``inventory.txt``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.syspro.enet.errors import EnetError
from sandbox.syspro.enet.xml import document, element, parse, text_of, width
from sandbox.syspro.store import table_called

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.syspro.enet.calls import Call, Registry
    from sandbox.syspro.tables import Column, Stored

_WIDTHS = {"q": (20, 6), "c": (17, 5), "v": (16, 2)}
_TAKEN = ("QtyAllocated", "QtyAllocatedWip")


def _read() -> dict[str, list[list[str]]]:
    """The lines of each of the three parts, as words; the braces of inner elements among them."""
    parts: dict[str, list[list[str]]] = {}
    name, depth = "", 0
    for line in (Path(__file__).with_name("inventory.txt")).read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or words[0] == "#" or line.startswith("#"):
            continue
        depth += (words[-1] == "{") - (words[0] == "}")
        if depth == 1 and words[-1] == "{":
            name, parts[words[0]] = words[0], []
        elif depth:
            parts[name].append(words)
    return parts


_PARTS = _read()


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
    chosen = query.find("Filter/Warehouse")
    kind = chosen.get("FilterType", "A") if chosen is not None else "A"
    wanted = {each.strip() for each in (chosen.get("FilterValue", "") if chosen is not None else "").split(",")}
    content = list(_part("StockItem", "InvMaster", item))
    held = [
        {**row, **_computed(row)}
        for row in call.store.select("InvWarehouse", '"StockCode" = ?', (code,))
        if kind == "A" or row["Warehouse"] in wanted
    ]
    for row in held:
        content += _part("WarehouseItem", "InvWarehouse", row)
    names = [words[0] for words in _PARTS["WarehouseTotals"]]
    totals = {name: str(sum((Decimal(str(row[name])) for row in held), Decimal(0))) for name in names}
    content += _part("WarehouseTotals", "InvWarehouse", totals)
    return document("InvQuery", "\n".join(content))


def _computed(row: Mapping[str, Stored]) -> dict[str, Stored]:
    on_hand, *taken = (Decimal(str(row[name])) for name in ("QtyOnHand", *_TAKEN))
    available = on_hand - sum(taken)
    free = available + Decimal(str(row["QtyOnOrder"])) - Decimal(str(row["QtyOnBackOrder"]))
    return {"AvailableQty": str(available), "FutureFree": str(free)}


def _part(name: str, table: str, row: Mapping[str, Stored]) -> Iterator[str]:
    columns = table_called(table).columns
    yield f"<{name}>"
    within: list[str] = []
    for words in _PARTS[name]:
        if words[0] == "}":
            yield f"</{within.pop()}>"
        elif words[-1] == "{":
            within.append(words[0])
            yield f"<{words[0]}>"
        else:
            source = next((word[1:] for word in words if word.startswith("=")), words[0])
            kind = words[1] if len(words) > 1 and not words[1].startswith("=") else "t"
            yield from _written(words[0], kind, row.get(source), columns.get(source))
    yield f"</{name}>"


def _written(name: str, kind: str, value: Stored, column: Column | None) -> Iterator[str]:
    if kind == "t":
        yield element(name, str(value or "")[:10] if column and column.kind == "datetime" else str(value or ""))
        return
    own = (width(column), column.scale) if column else (1, 0)
    places, scale = _WIDTHS.get(kind[0], own)
    number = Decimal(str(value or 0))
    yield f"<{name}>{number:>{places}.{scale}f}</{name}>"
    if kind.endswith("+"):
        yield element(f"Edited_{name}", f"{number:,.3f}" if kind[0] in "qc" else f"{number:,.2f}")
