"""What doesn't fit between a mapping and the columns of an import's source or the key of its stream."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connector_kit.mapping.columns import Column
from connector_kit.mapping.names import close_names
from target_anaplan.lists import is_property


def column_faults(columns: Sequence[Column], headers: Sequence[str], *, blank_missing: bool) -> list[str]:
    """What doesn't fit between mapped columns and the import's source columns, with close matches."""
    mapped = [column.name for column in columns]
    extra = [name for name in mapped if name not in headers]
    missing = [] if blank_missing else [name for name in headers if name not in mapped]
    faults = [f"column {name} is not among the source columns{close_names(name, missing or headers)}" for name in extra]
    if missing:
        faults.append(
            f"source column{'s' * (len(missing) > 1)} {', '.join(missing)} not mapped"
            " (map it, or set missing_columns: blank)"
        )
    return faults


def property_faults(name: str, headers: Sequence[str], properties: Sequence[str]) -> list[str]:
    """Columns of a mapping to a list that are neither the items' own nor properties of the list."""
    has = f"it has {', '.join(properties)}" if properties else "it has none"
    return [
        f"list {name} has no property {header}{close_names(header, properties)}; {has}"
        for header in headers
        if is_property(header) and header not in properties
    ]


def key_faults(columns: Sequence[Column], key: Collection[str]) -> list[str]:
    """Columns of a deletion that need more than the key, which is all that is known of a row that vanished."""
    return [
        f"delete: column {column.name} needs field {field}, but of a deleted record only the key is known"
        f" ({', '.join(key) or 'none'})"
        for column in columns
        for field in column.fields
        if field not in key
    ]
