"""Two records for one cell of a module, where the mapping does not say what that means: found before anything is sent.

Anaplan's module import takes the last of several rows for one cell in silence (community article 108512). Its API does
not tell which columns of an import are dimensions, so they are taken to be those that hold no number and no boolean.
Where the stream's whole key is in them, each record has a cell of its own and nothing has to be remembered. Elsewhere
the trail keeps which record each cell belongs to, over all runs: an incremental run brings one of two records alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connector_kit.audit import keys as audit_keys
from connector_kit.audit.cells import CellBook, Part
from connector_kit.errors import RefusedError
from connector_kit.mapping.columns import numeric_texts

if TYPE_CHECKING:
    from connector_kit.audit import Trail
    from target_anaplan.destination import Destination
    from target_anaplan.mapping.spec import StreamMapping

_AMOUNTS = {"number", "boolean", "integer"}


def shared_cells(
    mapping: StreamMapping, destination: Destination, schema: Mapping[str, Any], key: Collection[str]
) -> tuple[str, ...]:
    """The columns that say which cell a row is for, where several records may be for the same one; none elsewhere.

    None too where the mapping says what several records mean (`sum`, `key`), and for lists, which refuse an item that
    comes twice.
    """
    in_module = bool(destination.loaders) and all(loader.in_module for loader in destination.loaders)
    if mapping.key or mapping.sums or not in_module:
        return ()
    numbers = numeric_texts(schema) | {
        name for name, part in (schema.get("properties") or {}).items() if _kinds(part) & _AMOUNTS
    }
    amounts = mapping.amounts | {
        column.name
        for column in mapping.columns
        if column.name in mapping.plain and column.fields[0] in numbers - set(key)
    }
    cell = [column for column in mapping.columns if column.name not in amounts and column.fields]
    if not amounts or (key and set(key) <= {field for column in cell for field in column.fields}):
        return ()
    return tuple(column.name for column in cell)


def _kinds(part: Any) -> set[str]:  # noqa: ANN401 - a JSON schema
    kinds = part.get("type") if isinstance(part, dict) else None
    return {kinds} if isinstance(kinds, str) else set(kinds or ())


class Claims:
    """Which record each cell of one mapping belongs to."""

    def __init__(self, title: str, cell: Sequence[str], headers: Sequence[str], trail: Trail, scope: str) -> None:
        self.book = CellBook(trail, f"{scope}#cells", seen_in=scope)
        self._title = title
        self._cell = cell
        self._at = [headers.index(name) for name in cell]

    def take(self, hashes: Sequence[bytes], keys: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
        """Note which cells records are for. columns: the texts of their rows, by column."""
        texts = list(zip(*(columns[at] for at in self._at), strict=True))
        cells = [audit_keys.key_hash(audit_keys.key_text(row)) for row in texts]
        last = {record: at for at, record in enumerate(hashes)}
        parts = [Part(record, cells[at], [keys[at]]) for record, at in last.items()]
        self.book.put(parts, [(cell, texts[at], "") for cell, at in {cells[at]: at for at in last.values()}.items()])

    def check(self) -> None:
        """Before anything is sent.

        Raises:
            RefusedError: two records are for one cell; both are named.
        """
        found = self.book.shared()
        if found is None:
            return
        texts, records = found
        where = ", ".join(f"{name} {text}" for name, text in zip(self._cell, texts, strict=True))
        raise RefusedError(
            system="target-anaplan",
            subject=self._title,
            expected="one record for each cell",
            got=f"{' and '.join(name for (name,) in records)} for {where}",
            hint="Anaplan would take the last one. Nothing of this delivery was uploaded. Add them up (sum), or name "
            "the columns that say which cell (key): then the last record counts.",
        )
