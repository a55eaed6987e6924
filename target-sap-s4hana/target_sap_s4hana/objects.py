"""The objects that recipes can name: what is fixed for each, and what posts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector_kit.errors import ConfigurationError
from connector_kit.sap import invoice_poster, journal_poster, plan_poster, planning, supplier_invoices
from connector_kit.sap.journal_entries import Form
from connector_kit.sap.journal_fields import FurtherElement, Layout, layout

if TYPE_CHECKING:
    from connector_kit.documents.model import Poster, Rules
    from connector_kit.sap.connecting import SapConnection

SYSTEM = "target-sap-s4hana"
_MOST_USER = 12  # CreatedByUser


class Objects:
    """Journal entries, supplier invoices and plan data as the settings describe the tenant.

    Raises:
        ConfigurationError: further elements or reversal fields that don't fit SAP's request.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        known = _layout(config)
        self._form = Form(
            layout=known,
            header={
                "reference_document_type": "BKPFF",
                "transaction_type": config.get("transaction_type") or "RFBU",
                "document_type": config.get("document_type") or "SA",
                "created_by": _user(config),
            },
            reversal_header=_reversal(config, "reversal_header", known.header_names),
            reversal_lines=_reversal(config, "reversal_lines", known.line_names),
        )
        self._plan = planning.rules(config.get("plan_fields") or ())

    @property
    def rules(self) -> dict[str, Rules]:
        """By the names that recipes use."""
        found = (journal_poster.rules(self._form.layout), self._plan, supplier_invoices.RULES)
        return {one.name: one for one in found}

    def poster(self, name: str, connection: SapConnection) -> Poster:
        """What posts an object."""
        if name == planning.NAME:
            return plan_poster.PlanData(connection, self._plan, amounts=self._config["plan_amounts"])
        if name == supplier_invoices.NAME:
            return invoice_poster.SupplierInvoices(connection, memo_items=self._config["credit_memo_items"])
        return journal_poster.JournalEntries(
            connection,
            self._form,
            per_request=max(1, int(self._config["per_call"])),
            parallel=max(1, int(self._config["parallel"])),
        )


def _layout(config: Mapping[str, Any]) -> Layout:
    further = config.get("further_elements") or ()
    try:
        return layout(
            [
                FurtherElement(
                    one["name"], one["level"], one["path"], one.get("after") or "", int(one.get("length") or 0)
                )
                for one in further
            ]
        )
    except ValueError as error:
        raise ConfigurationError(system=SYSTEM, subject="setting further_elements", got=str(error)) from error


def _reversal(config: Mapping[str, Any], setting: str, known: frozenset[str]) -> dict[str, str]:
    given = {str(name): _text(value) for name, value in (config.get(setting) or {}).items()}
    if unknown := sorted(set(given) - known):
        raise ConfigurationError(
            system=SYSTEM,
            subject=f"setting {setting}",
            expected=f"fields among {', '.join(sorted(known))}",
            got=", ".join(unknown),
        )
    return given


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _user(config: Mapping[str, Any]) -> str:
    given = config.get("created_by") or config.get("username") or config.get("client_id") or "INTEGRATION"
    return str(given)[:_MOST_USER]
