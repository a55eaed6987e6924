"""Line items: what a module calculates or holds, and of which kind their values are.

Source: Anaplan transactional API reference and community OpenAPI specification (`lineItems?includeAll=true`:
`format` is the word that people see, `formatMetadata.dataType` tells the kind).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from connector_kit.anaplan.reading import mapping, number, rows, text, truth

ValueKind = Literal["text", "item", "number", "boolean", "date", "period"]
"""What a column's texts mean: `item` is an item of a list by its name, `period` a time period by its name."""

_KINDS: Mapping[str, ValueKind] = {
    "NUMBER": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TEXT": "text",
    "ENTITY": "item",
    "LIST": "item",
    "TIME_ENTITY": "period",
    "TIME PERIOD": "period",
}


def value_kind(data_type: str) -> ValueKind:
    """The kind behind a data type of Anaplan's: of a line item's format, a list's property or an export's column.

    MIXED, NONE, and whatever the vendor may add are texts.
    """
    return _KINDS.get(data_type.strip().upper(), "text")


class LineItem(msgspec.Struct, frozen=True):
    """A line item of a module.

    `format` as people see it, e.g. NUMBER or TIME PERIOD; `list_id` of the list whose items a LIST format holds;
    `applies_to` the names of its dimensions; `version` and `time_scale` say Not Applicable where there is none.
    """

    id: str = ""
    name: str = ""
    module_id: str = ""
    module_name: str = ""
    format: str = ""
    data_type: str = ""
    list_id: str = ""
    applies_to: tuple[str, ...] = ()
    time_scale: str = ""
    time_range: str = ""
    version: str = ""
    formula: str = ""
    summary: str = ""
    is_summary: bool = False
    cell_count: int = 0
    code: str = ""
    notes: str = ""

    @property
    def kind(self) -> ValueKind:
        """What its values are."""
        return value_kind(self.data_type or self.format)


def line_item(data: Mapping[str, Any]) -> LineItem:
    """A line item from its JSON object."""
    form = mapping(data.get("formatMetadata"))
    return LineItem(
        id=text(data.get("id")),
        name=text(data.get("name")),
        module_id=text(data.get("moduleId")),
        module_name=text(data.get("moduleName")),
        format=text(data.get("format")),
        data_type=text(form.get("dataType")),
        list_id=text(form.get("hierarchyEntityLongId")),
        applies_to=tuple(text(each.get("name")) for each in rows(data.get("appliesTo"))),
        time_scale=text(data.get("timeScale")),
        time_range=text(data.get("timeRange")),
        version=text(mapping(data.get("version")).get("name")),
        formula=text(data.get("formula")),
        summary=text(data.get("summary")),
        is_summary=truth(data.get("isSummary")),
        cell_count=number(data.get("cellCount")),
        code=text(data.get("code")),
        notes=text(data.get("notes")),
    )
