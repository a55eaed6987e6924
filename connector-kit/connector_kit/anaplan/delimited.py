"""Rows of delimited text, with cells of any length."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable

_LONGEST = 2**31 - 1
"""Characters of a cell: as many as the csv module can be told everywhere. By itself it takes 131,072."""


def csv_rows(lines: Iterable[str], **format_parameters: Any) -> Reader:  # noqa: ANN401 - of csv.reader
    """As `csv.reader`, which refuses cells of more than 131,072 characters unless it is told otherwise.

    The limit is one of the whole process, and what else reads in it may have set it back: it is raised at each call.
    """
    csv.field_size_limit(_LONGEST)
    return csv.reader(lines, **format_parameters)
