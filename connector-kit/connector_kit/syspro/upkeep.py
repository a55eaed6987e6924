"""Reads and writes records of a setup object: what stands, what is added, changed, deleted, and what SYSPRO says of it.

Facts: Flowgear's node and Codewell's class: Add fails when the key exists, Update when it does not, and nothing does
either, so what exists is asked before. syspro-ruby's recordings: an item that is refused comes back with its key.
rectella-shopify-service: elements that SYSPRO does not know are ignored without a word, which only reading shows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from connector_kit.errors import RefusedError
from connector_kit.syspro import results
from connector_kit.syspro.find import find, same, variants
from connector_kit.syspro.writing import Node, flag, write

if TYPE_CHECKING:
    from connector_kit.syspro.fields import Field
    from connector_kit.syspro.masters import SetupObject
    from connector_kit.syspro.results import Fault, Result
    from connector_kit.syspro.session import EnetSession, Method

log = logging.getLogger(__name__)

Key = tuple[str, ...]
Values = Mapping[str, str]
"""Texts by element."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to send: its key, as the source writes it, and elements with their texts."""

    key: Key
    values: Values


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why SYSPRO did not take a record. reason: without its values."""

    reason: str
    message: str


def normal(field: Field, text: str) -> str:
    """A value as it can be compared: blanks and zeros that mean nothing are gone, and dates that are not set."""
    text = text.strip()
    if field.kind == "number":
        try:
            return format(Decimal(text or 0).normalize(), "f")
        except InvalidOperation:
            return text
    if field.kind == "date":
        return "" if text.startswith("0000") else text[:10]
    return text


class Upkeep:
    """Records of one setup object.

    Args:
        session: of the operator.
        master: the object.
        ignore_warnings: whether SYSPRO goes on despite warnings.
        validate_only: whether SYSPRO only checks.
        per_call: records in one update at most. What is added or deleted travels alone: it may not be sent twice.
        parameters: further parameters, or other values.
    """

    def __init__(
        self,
        session: EnetSession,
        master: SetupObject,
        *,
        ignore_warnings: bool = False,
        validate_only: bool = False,
        per_call: int = 10,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.master = master
        self.validate_only = validate_only
        self._session = session
        self._per_call = per_call
        told = {"IgnoreWarnings": flag(ignore_warnings), "ApplyIfEntireDocumentValid": "N"}
        told |= {**master.parameters, **(parameters or {}), "ValidateOnly": flag(validate_only)}
        self._parameters = write(master.root, f"{master.business_object}.XSD", [("Parameters", list(told.items()))])

    def read(self, keys: Sequence[Key], elements: Sequence[str]) -> dict[Key, dict[str, str]]:
        """What stands of the records that exist, as `normal` texts by element.

        Raises:
            ConnectorError: SYSPRO can't be asked.
        """
        master = self.master
        if not master.table or not keys:
            return {}
        tables: dict[str, list[str]] = {master.table: []}
        for element in elements:
            tables.setdefault(master.table_of(element), []).append(element)
        found: dict[Key, dict[str, str]] = {}
        for table, columns in tables.items():
            wanted = [variants(dict(zip(master.key, key, strict=True))) for key in keys]
            rows = {
                plain(tuple(row[name] for name in master.key)): row
                for row in find(self._session, table, [*master.key, *columns], wanted)
            }
            for key in keys:
                row = rows.get(plain(key))
                if row is not None and (table == master.table or key in found):
                    texts = {name: normal(master.field_of(name), row[name]) for name in columns}
                    found.setdefault(key, {}).update(texts)
        return found

    def send(self, method: Method, records: Sequence[Record]) -> dict[Key, Refusal]:
        """Send records; those that were refused, and why.

        Raises:
            ConnectorError: SYSPRO can't be reached, the object is not licensed, or a gateway may have answered.
        """
        refused: dict[Key, Refusal] = {}
        left = list(records)
        while left:
            some = left[: self._per_call if method == "update" else 1]
            while len(some) > 1 and not self._session.fits(
                self.master.business_object, self._document(some), self._parameters
            ):
                some = some[: len(some) // 2]
            left = left[len(some) :]
            refused.update(self._call(method, some))
        return refused

    def _call(self, method: Method, records: Sequence[Record]) -> dict[Key, Refusal]:
        business_object, sent = self.master.business_object, self._document(records)
        try:
            answer = results.read(self._session.setup(method, business_object, self._parameters, sent))
        except RefusedError as refusal:
            if len(records) == 1:
                if refusal.status is not None:
                    raise  # perhaps a gateway's word on what SYSPRO has done all the same
                return {records[0].key: Refusal("refused as a whole", refusal.got or str(refusal))}
            return self._singly(method, records)
        for warning in answer.warnings:
            log.warning("%s %s: %s", method, business_object, warning)
        if not answer.faults and not answer.invalid:
            return {}
        if len(records) == 1:
            return {records[0].key: _refusal(answer.faults, answer)}
        blamed = self._blamed(answer, records)
        return blamed if blamed is not None else self._singly(method, records)

    def _singly(self, method: Method, records: Sequence[Record]) -> dict[Key, Refusal]:
        found: dict[Key, Refusal] = {}
        for record in records:
            found.update(self._call(method, [record]))
        return found

    def _blamed(self, answer: Result, records: Sequence[Record]) -> dict[Key, Refusal] | None:
        """The records that faults are about, by the keys beside them; None when that does not account for all."""
        faults: dict[Key, list[Fault]] = {}
        for fault in answer.faults:
            key = answer.keys[fault.item] if fault.item is not None else {}
            told = tuple(key.get(name.lower(), "") for name in self.master.key)
            meant = [one for one in records if all(map(same, one.key, told))]
            if len(meant) != 1:
                return None
            faults.setdefault(meant[0].key, []).append(fault)
        if answer.invalid and answer.invalid != len(faults):
            return None
        return {key: _refusal(tuple(some), answer) for key, some in faults.items()}

    def _document(self, records: Sequence[Record]) -> str:
        return write(
            self.master.root, f"{self.master.business_object}DOC.XSD", [("Item", self._item(one)) for one in records]
        )

    def _item(self, record: Record) -> Sequence[Node]:
        key: Node = ("Key", list(zip(self.master.key, record.key, strict=True)))
        return [key, *((name, self.master.field_of(name).written(text)) for name, text in record.values.items())]


def _refusal(faults: tuple[Fault, ...], answer: Result) -> Refusal:
    if not faults:
        words = "; ".join(map(str, answer.warnings)) or "SYSPRO counts it as invalid and does not say why"
        return Refusal("refused", words)
    codes = ", ".join(dict.fromkeys(fault.number or fault.text for fault in faults))
    return Refusal(f"refused: {codes}", "; ".join(map(str, faults)))


def plain(key: Key) -> Key:
    """A key without the zeros that SYSPRO puts before numbers: the same for all ways to write it."""
    return tuple(part.lstrip("0") or "0" if part.isdecimal() else part for part in (one.strip() for one in key))
