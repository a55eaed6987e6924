"""Posts plan data. Posting twice does no harm: the second time replaces the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from connector_kit.documents.meant import lines_meant
from connector_kit.documents.model import Document, Message, Outcome, Posted, Refused, Rules
from connector_kit.sap.csrf import ODataWriter, RefusedByRulesError
from connector_kit.sap.doubt import FAILURES, in_doubt, not_logged_on
from connector_kit.sap.planning import SERVICE, SET, Currency, faults, payload, scope

if TYPE_CHECKING:
    from connector_kit.sap.connecting import SapConnection


class PlanData:
    """The plan data of a tenant.

    Args:
        connection: the tenant.
        rules: what is fixed, with the tenant's further properties.
        amounts: in which currency the lines' amounts are.
    """

    per_call = 1
    books = None

    def __init__(self, connection: SapConnection, rules: Rules, *, amounts: Currency = "company_code") -> None:
        self._connection = connection
        self._writer = ODataWriter(connection, SERVICE)
        self._amounts = amounts
        self._written: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = {}
        self.system = connection.system
        self.rules = rules

    def time(self) -> float | None:
        """By SAP's last answer."""
        return self._connection.session.time()

    def check(self, document: Document) -> Sequence[Message]:
        """What SAP would refuse for certain, and a document that would replace what another one of this run wrote."""
        found = faults(document)
        if not found:
            own, cells = (*document.scope, *document.key), scope(document)
            if self._written.setdefault(cells, own) != own:
                what = ", ".join(f"{name} {value}" for name, value in cells)
                hint = "map the fields of document in header, so that each document has a scope of its own"
                found.append(Message("", f"another document of this run replaces the same plan ({what}): {hint}"))
        return found

    def validate(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """Nothing: SAP has no test run for plan data."""
        return [Posted("")] * len(documents)

    def post(self, documents: Sequence[Document]) -> Iterator[Outcome]:
        """Post."""
        for document in documents:
            yield not_logged_on(self._connection) or self._post(document)

    def look_up(self, documents: Sequence[Document]) -> Mapping[str, Posted]:  # noqa: ARG002 - as Poster has it
        """Nothing: plan data bear no reference. What may have been lost is posted again."""
        return {}

    def _post(self, document: Document) -> Outcome:
        cells = scope(document)
        what = "plan data " + " ".join(value for _, value in cells)
        try:
            self._writer.post(SET, payload(document, self._amounts), what=what)
        except RefusedByRulesError as refusal:
            told = [(one, lines_meant(one.text, document) or (None,)) for one in refusal.messages]
            return Refused(tuple(Message(one.code, one.text, at) for one, places in told for at in places))
        except FAILURES as error:
            return in_doubt(error)
        values = dict(cells)
        return Posted(values["FiscalYearPeriod"], document.company, document.year, f"{len(document.lines)} cells")
