"""The objects that recipes can name: what is fixed for each, and what posts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_kit.errors import ConfigurationError
from connector_kit.syspro import fields, invoices, journals, mapped
from connector_kit.syspro.comfnd import Conditions
from connector_kit.syspro.fields import Field
from connector_kit.syspro.transactions import Flags
from connector_kit.syspro.upkeep import Upkeep

if TYPE_CHECKING:
    from connector_kit.documents.model import Poster, Rules
    from connector_kit.syspro.masters import SetupObject
    from connector_kit.syspro.session import EnetSession


class Objects:
    """What can be posted and kept, as the settings describe the site.

    Raises:
        ConfigurationError: `transactions` can't be read.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._further = {
            (of, level): self._fields(of, level)
            for of in (journals.NAME, invoices.NAME)
            for level in ("header", "line")
        }
        self._mapped = _shapes(config)

    def _fields(self, of: str, level: str) -> dict[str, Field]:
        further = self._config.get("further_elements") or ()
        return fields.by_name(
            *(
                Field(one["name"], one["element"], int(one.get("length") or 0))
                for one in further
                if (one["object"], one["level"]) == (of, level)
            )
        )

    def _two(self, of: str) -> tuple[dict[str, Field], dict[str, Field]]:
        return self._further[of, "header"], self._further[of, "line"]

    @property
    def rules(self) -> dict[str, Rules]:
        """By the names that recipes use."""
        found = (journals.rules(*self._two(journals.NAME)), invoices.rules(*self._two(invoices.NAME)))
        return {one.name: one for one in (*found, *(shape.rules for shape in self._mapped.values()))}

    def poster(self, name: str, session: EnetSession) -> Poster:
        """What posts an object."""
        config = self._config
        if shape := self._mapped.get(name):
            flags = self.flags(shape.business_object)
            return mapped.MappedTransactions(session, shape, company=config["company"], flags=flags)
        header, line = self._two(name)
        if name == invoices.NAME:
            return invoices.ApInvoices(
                session,
                company=config["company"],
                flags=self.flags("APSTIN"),
                posting_period=config["posting_period"],
                header=header,
                line=line,
            )
        return journals.GlJournals(
            session,
            company=config["company"],
            flags=self.flags("GENTJL"),
            post=config["post_journals"],
            authorize=config["authorize_journals"],
            period=config["journal_period"],
            tables=config["journal_tables"],
            conditions=Conditions(**(config.get("comfnd_conditions") or {})),
            header=header,
            line=line,
        )

    def upkeep(self, master: SetupObject, session: EnetSession) -> Upkeep:
        """What reads and writes the records of a setup object."""
        config = self._config
        return Upkeep(
            session,
            master,
            ignore_warnings=config["ignore_warnings"],
            validate_only=config["validate_only"],
            per_call=max(1, int(config["items_per_call"])),
            parameters=self._parameters(master.business_object),
        )

    def _parameters(self, business_object: str) -> dict[str, str]:
        more = (self._config.get("parameters") or {}).get(business_object) or {}
        if not isinstance(more, Mapping):
            raise ConfigurationError(
                system="target-syspro",
                subject=f"setting parameters, {business_object}",
                expected="names and values",
                got=f"{more!r:.40}",
            )
        return {str(name): _text(value) for name, value in more.items()}

    def flags(self, business_object: str) -> Flags:
        """How a business object shall treat documents."""
        config = self._config
        return Flags(
            ignore_warnings=config["ignore_warnings"],
            entire_document=config["apply_if_entire_document_valid"],
            unmappable=config["unmappable"],
            parameters=tuple(self._parameters(business_object).items()),
        )


def _shapes(config: Mapping[str, Any]) -> dict[str, mapped.Shape]:
    found: dict[str, mapped.Shape] = {}
    faults: list[str] = []
    for position, entry in enumerate(config.get("transactions") or ()):
        shape, own = mapped.parse(entry)
        faults += [f"transactions[{position}] ({entry.get('name', 'no name')}): {fault}" for fault in own]
        if shape is not None and shape.name in {journals.NAME, invoices.NAME, *found}:
            faults.append(f"transactions[{position}]: there is a {shape.name} already")
        elif shape is not None:
            found[shape.name] = shape
    if faults:
        raise ConfigurationError(system="target-syspro", subject="setting transactions", faults=faults)
    return found


def _text(value: object) -> str:
    return ("Y" if value else "N") if isinstance(value, bool) else str(value)
