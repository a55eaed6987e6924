"""Posts documents through transaction business objects, one in a call, and tells for each what became of it.

One in a call, because then an answer is about that document whatever it names, and one that is refused keeps no other
from being posted. What an answer means is in `_Post.judge`; the rule behind it: a document counts as refused only when
SYSPRO has answered and does not have it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector_kit.documents.doubt import in_doubt
from connector_kit.documents.meant import lines_meant
from connector_kit.documents.model import Document, Message, Outcome, Posted, Refused, Rules, Unknown, Unsent
from connector_kit.errors import ConnectorError, RefusedError
from connector_kit.syspro import results
from connector_kit.syspro.failures import SessionGoneError
from connector_kit.syspro.writing import Node, Unmappable, flag, write

if TYPE_CHECKING:
    from connector_kit.documents.model import Books
    from connector_kit.syspro.results import Fault, Result
    from connector_kit.syspro.session import EnetSession

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Flags:
    """What every transaction object can be told. parameters: further ones, or other values, by element."""

    ignore_warnings: bool = False
    entire_document: bool = True
    unmappable: Unmappable = "reject"
    parameters: tuple[tuple[str, str], ...] = ()

    def nodes(self, *, validate_only: bool, more: Mapping[str, str]) -> list[Node]:
        """The elements of Parameters."""
        told = {
            "IgnoreWarnings": flag(self.ignore_warnings),
            "ApplyIfEntireDocumentValid": flag(self.entire_document),
            **more,
            **dict(self.parameters),
            "ValidateOnly": flag(validate_only),
        }
        return list(told.items())


class Transactions(ABC):
    """One business object's poster. What differs between objects is in the abstract methods.

    Args:
        session: of the operator.
        rules: what is fixed for the object.
        business_object: its six letters.
        root: the documents' root element; their schemas are named after the business object.
        company: where documents go that name none.
        flags: how SYSPRO shall treat them.
    """

    system = "SYSPRO"
    per_call = 1
    books: Books | None = None

    def __init__(
        self,
        session: EnetSession,
        rules: Rules,
        *,
        business_object: str,
        root: str,
        company: str,
        flags: Flags,
    ) -> None:
        self.rules = rules
        self.business_object = business_object
        self.flags = flags
        self._root = root
        self._session = session
        self._company = company
        self._proved = False
        self._unproved = ""

    @abstractmethod
    def item(self, document: Document) -> Sequence[Node]:
        """What is in the document's Item."""

    @abstractmethod
    def faults(self, document: Document) -> Sequence[Message]:
        """What SYSPRO would refuse for certain."""

    @abstractmethod
    def stands(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        """What stands in the company that the session is in, by reference. The base adds the company."""

    @abstractmethod
    def number(self, document: Document, result: Result) -> Posted | None:
        """What an answer without faults calls the document; None: it names no number. The base adds the company."""

    @abstractmethod
    def parameters(self, document: Document) -> Mapping[str, str]:
        """Parameters of this document beside the flags."""

    # The engine's interface.

    def time(self) -> float | None:
        """By SYSPRO's last answer."""
        return self._session.time()

    def check(self, document: Document) -> Sequence[Message]:
        """What SYSPRO would refuse for certain."""
        return self.faults(document)

    def validate(self, documents: Sequence[Document]) -> Iterator[Outcome]:
        """SYSPRO's own test run (ValidateOnly)."""
        for document in documents:
            yield self._try(document)

    def post(self, documents: Sequence[Document]) -> Iterator[Outcome]:
        """Post, one after the other."""
        for document in documents:
            yield self._post(document)

    def look_up(self, documents: Sequence[Document]) -> Mapping[str, Posted]:
        """What stands in SYSPRO, by reference.

        Raises:
            ConnectorError: SYSPRO can't be asked.
        """
        companies: dict[str, list[Document]] = {}
        for document in documents:
            companies.setdefault(self._home(document), []).append(document)
        found: dict[str, Posted] = {}
        for company, some in companies.items():
            self._enter(some[0])
            found.update({name: replace(one, company=company) for name, one in self.stands(some).items()})
        return found

    # One document.

    def _try(self, document: Document) -> Outcome:
        try:
            self._enter(document)
            result = self._send(document, validate_only=True)
        except RefusedError as refusal:
            return Refused((Message("", refusal.got or str(refusal)),))
        except ConnectorError as error:
            return in_doubt(error)
        return self._refusal(result, document) or Posted("", text=_warned(result))

    def _home(self, document: Document) -> str:
        return document.company or self._company

    def _enter(self, document: Document) -> None:
        self._session.switch_company(self._home(document))
        self._session.log_on()

    def _post(self, document: Document) -> Outcome:
        if self._unproved:
            return Unsent(self._unproved)
        try:
            self._enter(document)
        except ConnectorError as error:
            return Unsent(str(error))
        try:
            outcome = self._once(document)
        except SessionGoneError as gone:
            outcome = self._again(document, gone)
        if isinstance(outcome, Posted):
            self._prove(document, outcome)
        return outcome

    def _again(self, document: Document, gone: SessionGoneError) -> Outcome:
        """The session was ended from outside: look first, then once more in a new one."""
        log.warning("%s; logging on again", gone)
        try:
            standing = self.look_up([document]).get(document.reference)
            return standing or self._once(document)
        except ConnectorError as error:
            return Unsent(str(error))

    def _once(self, document: Document) -> Outcome:
        try:
            result = self._send(document, validate_only=False)
        except SessionGoneError:
            raise
        except ConnectorError as error:
            # Without a status it is SYSPRO's own word; with one it may be a gateway's.
            if isinstance(error, RefusedError) and error.status is None:
                return self._answered(document, (Message("", error.got or str(error)),))
            return in_doubt(error)
        return self._judge(document, result)

    def _send(self, document: Document, *, validate_only: bool) -> Result:
        parameters = self.flags.nodes(validate_only=validate_only, more=self.parameters(document))
        told = write(self._root, f"{self.business_object}.XSD", [("Parameters", parameters)])
        sent = write(self._root, f"{self.business_object}DOC.XSD", [("Item", self.item(document))])
        return results.read(self._session.post(self.business_object, told, sent))

    def _judge(self, document: Document, result: Result) -> Outcome:
        refusal = self._refusal(result, document)
        named = self.number(document, result)
        if refusal is not None:
            # An answer with faults and a number contradicts itself: what stands decides.
            return self._answered(document, refusal.messages) if named else refusal
        warned = _warned(result)
        if named is not None:
            return replace(named, company=self._home(document), text="; ".join(filter(None, (named.text, warned))))
        return self._without_number(document, result)

    def _without_number(self, document: Document, result: Result) -> Outcome:
        """No fault and no number: what stands decides, as far as it is proved that it can be found."""
        try:
            standing = self.look_up([document]).get(document.reference)
        except ConnectorError as error:
            return Unknown(f"an answer without a number, and it can't be looked up: {error}")
        if standing is not None:
            return standing
        warned = tuple(Message(one.number, str(one).removeprefix(one.number).strip()) for one in result.warnings)
        if warned and not self.flags.ignore_warnings:
            return Refused(warned)
        if self._proved:
            return Refused((Message("", "SYSPRO answered without a fault and without a number, and it is not there"),))
        # To call it refused could post it twice. The proof that follows fails, and ends the run.
        return Posted("", self._home(document), document.year, "accepted, but SYSPRO gave it no number")

    @staticmethod
    def _refusal(result: Result, document: Document) -> Refused | None:
        if result.faults:
            return Refused(tuple(_message(fault, document) for fault in result.faults))
        if result.invalid:
            words = [str(one) for one in result.warnings] or ["SYSPRO counts it as invalid and does not say why"]
            return Refused(tuple(Message("", text) for text in words))
        return None

    def _answered(self, document: Document, messages: tuple[Message, ...]) -> Outcome:
        """SYSPRO said no to the whole call, so it works on it no more: what stands now, stands for good."""
        try:
            standing = self.look_up([document]).get(document.reference)
        except ConnectorError as error:
            return Unknown(f"{'; '.join(one.text for one in messages)}; and it can't be looked up: {error}")
        return standing or Refused(messages)

    def _prove(self, document: Document, outcome: Posted) -> None:
        """Once in a run: that a posted document is found by its reference. Otherwise nothing more may be sent."""
        if self._proved:
            return
        try:
            found = self.look_up([document])
        except ConnectorError as error:
            log.warning("%s", error)
            return
        self._proved = document.reference in found
        if not self._proved:
            self._unproved = (
                f"{self.rules.name} {document.reference} was posted (number {outcome.number or 'not told'}), but is "
                "not found by its reference: without that no document can be posted safely. See the settings of the "
                "look-up, and whether the operator may see the tables"
            )
            log.error("%s: %s", self.system, self._unproved)


def _message(fault: Fault, document: Document) -> Message:
    """A fault with the line that it is about, where the account or another code beside it says so."""
    words = " ".join([fault.text, fault.value, *fault.beside.values()])
    meant = lines_meant(words, document)
    return Message(fault.number, str(fault).removeprefix(fault.number).strip(), meant[0] if len(meant) == 1 else None)


def _warned(result: Result) -> str:
    return "; ".join(str(one) for one in result.warnings)
