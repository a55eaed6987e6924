"""The settings. What Anaplan does not document about its texts is one, with the likeliest default."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from connector_kit.anaplan.settings import COORDINATION, LOGIN, MODEL, PATIENCE

KINDS = ("text", "number", "boolean", "date")
METADATA = ("models", "lists", "modules", "line_items", "imports", "exports", "processes", "actions", "files", "tasks")

_APPROVAL = th.ObjectType(
    th.Property("module", th.StringType, required=True, description="Module, by name or id."),
    th.Property("line_item", th.StringType, required=True, description="Boolean line item that approves."),
    th.Property(
        "item",
        th.CustomType({"type": ["string", "object"], "additionalProperties": {"type": "string"}}),
        description="Whose cells must be true: an item, or one per dimension as {dimension: item}. Default: all cells.",
    ),
    th.Property(
        "column", th.StringType, description="Column that holds the approved item: rows of other items are left out."
    ),
    th.Property("by", th.StringType, description="Who approves, for the message when it is not approved yet."),
    additional_properties=False,
)
_OF_EACH = (
    th.Property("stream", th.StringType, description="Name of the stream. Default: the object's, in snake case."),
    th.Property("key", th.ArrayType(th.StringType), description="Columns that identify a row."),
    th.Property("replication_key", th.StringType, description="Column by which only rows from the last value on come."),
    th.Property("columns", th.ObjectType(additional_properties=th.StringType), description="Other names of columns."),
    th.Property(
        "types",
        th.ObjectType(additional_properties=th.StringType(allowed_values=[*KINDS])),
        description="Types of columns for which the model tells none.",
    ),
    th.Property(
        "codes", th.ArrayType(th.StringType), description="Columns of list items to write as codes instead of names."
    ),
    th.Property("approval", _APPROVAL, description="Read only while this is true."),
    th.Property("approved_rows", th.StringType, description="Boolean column: only rows in which it is true."),
)


def _named(*properties: th.Property[Any]) -> th.ArrayType[Any]:
    """Objects of the model, each by its name alone or with more to say. A misspelt word must not open a gate."""
    described = th.ObjectType(*properties, *_OF_EACH, additional_properties=False).to_dict()
    return th.ArrayType(th.CustomType({**described, "type": ["string", "object"]}))


_WHAT = (
    th.Property(
        "exports",
        _named(
            th.Property("export", th.StringType, required=True, description="Export action, by name or id."),
            th.Property("module", th.StringType, description="Module that it exports: its line items give the types."),
        ),
        default=[],
        description="Export actions to run and read: names, or objects as in the table below.",
    ),
    th.Property(
        "views",
        _named(
            th.Property("module", th.StringType, required=True, description="Module, by name or id."),
            th.Property("view", th.StringType, description="Saved view, by name or id. Default: the whole module."),
        ),
        default=[],
        description="Modules or saved views to read: names of modules, or objects as in the table below.",
    ),
    th.Property(
        "lists",
        _named(th.Property("list", th.StringType, required=True, description="List, by name or id.")),
        default=[],
        description="Lists to read with their properties: names, or objects as in the table below.",
    ),
    th.Property(
        "metadata",
        th.ArrayType(th.StringType(allowed_values=[*METADATA])),
        default=[],
        description=f"What to read of the model's definition: {', '.join(METADATA)}.",
    ),
    th.Property(
        "task_actions",
        th.ArrayType(th.StringType),
        default=[],
        description="Stream `tasks`: whose history, by names or ids. Default: all imports, exports, processes and "
        "actions, at a request for each.",
    ),
    th.Property(
        "skip_unchanged_model",
        th.BooleanType,
        default=False,
        description="Read exports, views and lists only if the model was changed since they were last read whole.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=True,
        description="Report vanished rows (ACTIVATE_VERSION) after each complete read of a whole stream.",
    ),
)
_TEXTS = (
    th.Property("decimal_separator", th.StringType, default=".", description="What stands before a number's decimals."),
    th.Property("group_separator", th.StringType, default="", description="What stands between groups of digits."),
    th.Property(
        "date_format",
        th.StringType,
        default="yyyy-MM-dd",
        description="How dates are written, e.g. dd/MM/yyyy. ISO dates are understood in any case.",
    ),
    th.Property("spool_dir", th.StringType, description="Folder for downloads. Default: the temporary files."),
)


def settings() -> dict[str, Any]:
    """The settings' JSON schema."""
    return th.PropertiesList(*LOGIN, *MODEL, *_WHAT, *_TEXTS, *PATIENCE, COORDINATION).to_dict()


def of_each() -> dict[str, Any]:
    """The schema of what can be said about an export, view or list."""
    schema: dict[str, Any] = settings()["properties"]
    return {name: schema[name]["items"]["properties"] for name in ("exports", "views", "lists")}
