"""Posts journal entries, and tells for each what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from connector_kit.documents.model import (
    Document,
    Message,
    Outcome,
    Posted,
    Refused,
    Rules,
    Unknown,
    together,
)
from connector_kit.http import Unreadable
from connector_kit.sap import journal_entries, lookup
from connector_kit.sap.doubt import FAILURES, in_doubt, not_logged_on
from connector_kit.sap.journal_books import JournalBooks
from connector_kit.sap.journal_confirmations import outcomes as outcomes_of
from connector_kit.sap.journal_fields import Layout
from connector_kit.sap.soap import CONTENT_TYPE, SoapFaultError, body_of
from connector_kit.threads import ThreadPool

if TYPE_CHECKING:
    import requests
    from lxml.etree import _Element as Element

    from connector_kit.sap.connecting import SapConnection

NAME = "journal_entry"
_CONFIRMATION = "JournalEntryBulkCreateConfirmation"
# What SAP's SOAP runtime says, as the server's fault, of requests with elements that it doesn't know.
_COULD_NOT_READ = "Web service processing error"
# "Sub-Message '&1' process failed", "Error in document: &1": they say that, not why.
_NO_CAUSES = frozenset({"FINS_FI_POSTING_IF/021", "RW/609"})


def rules(layout: Layout) -> Rules:
    """What is fixed for journal entries. The ledger group, where the tenant knows it, says where amounts land."""
    header = layout.header_names
    return Rules(
        name=NAME,
        header=tuple(sorted(header - {"company_code"})),
        line=tuple(sorted(layout.line_names)),
        identity=("company_code", *(["ledger_group"] if "ledger_group" in header else [])),
        max_lines=journal_entries.MOST_LINES,
    )


class JournalEntries:
    """The service "Journal Entry - Post (Synchronous)" of a tenant.

    Args:
        connection: the tenant.
        form: how documents are written.
        per_request: documents in one request at most.
        parallel: requests at the same time.
        now: the clock, with a time zone.
    """

    def __init__(
        self,
        connection: SapConnection,
        form: journal_entries.Form,
        *,
        per_request: int = 50,
        parallel: int = 1,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._connection = connection
        self._form = form
        self._per_request = per_request
        self._parallel = parallel
        self._now = now
        self.system = connection.system
        self.books = JournalBooks(connection, by_ledger="ledger_group" in form.layout.header_names)
        self.rules = rules(form.layout)
        self.per_call = per_request * parallel

    def time(self) -> float | None:
        """By SAP's last answer."""
        return self._connection.session.time()

    def check(self, document: Document) -> Sequence[Message]:
        """What SAP's schema would refuse."""
        return journal_entries.faults(self._form, document)

    def validate(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """SAP's test run."""
        return self._in_requests(documents, self._try)

    def post(self, documents: Sequence[Document]) -> Iterable[Outcome]:
        """Post, in as many requests as it takes."""
        return self._in_requests(documents, self._post)

    def look_up(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        """What stands in SAP under the documents' references.

        Raises:
            ConnectorError: SAP can't be asked.
        """
        found = self._found(documents, lookup.ENTRY_VIEW)
        by_ledger = [one for one in documents if journal_entries.by_ledger(one) and one.reference not in found]
        return {**found, **self._found(by_ledger, lookup.LEDGER_VIEW)}

    def _found(self, documents: Sequence[Document], view: lookup.View) -> dict[str, Posted]:
        companies: dict[str, list[str]] = {}
        for document in documents:
            companies.setdefault(document.company, []).append(document.reference)
        found: dict[str, Posted] = {}
        for company, references in companies.items():
            for reference, standing in lookup.entries(self._connection, company, references, view).items():
                found[reference] = together(standing)
        return found

    def _in_requests(
        self, documents: Sequence[Document], send: Callable[[Sequence[Document]], list[Outcome]]
    ) -> Iterator[Outcome]:
        parts = [documents[at : at + self._per_request] for at in range(0, len(documents), self._per_request)]
        if len(parts) < 2 or self._parallel < 2:
            for part in parts:
                yield from send(part)
            return
        with ThreadPool(self._parallel) as pool:
            for outcomes in pool.map(send, parts):
                yield from outcomes

    def _post(self, documents: Sequence[Document]) -> list[Outcome]:
        if unsent := not_logged_on(self._connection):
            return [unsent] * len(documents)
        try:
            return self._without_the_bad(documents, self._send(documents, test_run=False), self._post)
        except SoapFaultError as fault:
            return self._after_fault(documents, fault)
        except FAILURES as error:
            return [in_doubt(error)] * len(documents)

    def _try(self, documents: Sequence[Document]) -> list[Outcome]:
        try:
            return self._without_the_bad(documents, self._send(documents, test_run=True), self._try)
        except SoapFaultError as fault:
            return self._apart(documents, fault, self._try)
        except FAILURES as error:
            return [in_doubt(error)] * len(documents)

    def _send(self, documents: Sequence[Document], *, test_run: bool) -> list[Outcome]:
        request = journal_entries.request(self._form, documents, now=self._now(), test_run=test_run)
        first = documents[0].reference
        what = f"journal entry {first}" if len(documents) == 1 else f"{len(documents)} journal entries from {first}"

        def read(response: requests.Response) -> Element:
            body = body_of(response.content, system=self.system, subject=what)
            if not str(body.tag).endswith(_CONFIRMATION):
                raise Unreadable(f"a body {body.tag}")
            return body

        confirmation = self._connection.session.request(
            "POST",
            self._connection.url(journal_entries.PATH),
            what=what,
            read=read,
            repeatable=False,
            allow=(500,),
            data=request.content,
            headers={
                **self._connection.headers,
                "Content-Type": CONTENT_TYPE,
                "Accept": "text/xml, application/soap+xml",
                "SOAPAction": f'"{journal_entries.ACTION}"',
            },
        )
        return outcomes_of(confirmation, request, documents)

    @staticmethod
    def _without_the_bad(
        documents: Sequence[Document], outcomes: list[Outcome], send: Callable[[Sequence[Document]], list[Outcome]]
    ) -> list[Outcome]:
        """The outcomes, with those that were refused for the company they were in sent again without it.

        Whether SAP posts the good entries of a request that has a bad one is not documented. Where it doesn't, it
        refuses them without a cause of their own.
        """
        dragged = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Refused) and _no_cause(outcome)]
        to_blame = any(isinstance(outcome, Refused) and not _no_cause(outcome) for outcome in outcomes)
        if not dragged or not to_blame:
            return outcomes
        for at, outcome in zip(dragged, send([documents[at] for at in dragged]), strict=True):
            outcomes[at] = outcome
        return outcomes

    def _after_fault(self, documents: Sequence[Document], fault: SoapFaultError) -> list[Outcome]:
        """A fault is for the whole request.

        Is the request at fault, SAP has done with it: what doesn't stand can be sent again, in smaller parts, to find
        the document that is to blame. Otherwise the service, or a gateway before it, broke down at work, and nobody
        knows how far it came.
        """
        if not (fault.by_sender or fault.text.startswith(_COULD_NOT_READ)):
            return [Unknown(str(fault))] * len(documents)
        try:
            standing = self.look_up(documents)
        except FAILURES:
            return [Unknown(str(fault))] * len(documents)
        missing = [document for document in documents if document.reference not in standing]
        outcomes = iter(self._apart(missing, fault, self._post) if missing else ())
        return [standing.get(document.reference) or next(outcomes) for document in documents]

    @staticmethod
    def _apart(
        documents: Sequence[Document], fault: SoapFaultError, send: Callable[[Sequence[Document]], list[Outcome]]
    ) -> list[Outcome]:
        if len(documents) == 1:
            return [Refused((Message("SOAP", fault.text, None),))]
        half = len(documents) // 2
        return [*send(documents[:half]), *send(documents[half:])]


def _no_cause(refused: Refused) -> bool:
    return all(message.code in _NO_CAUSES for message in refused.messages)
