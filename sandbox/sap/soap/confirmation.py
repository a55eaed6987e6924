"""The answer as the service writes it, after recorded answers: prefixes, blanks and empty elements included."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from sandbox.sap.posting.messages import ERROR
from sandbox.sap.soap.faults import GENERIC, SOAP11, SOAP12
from sandbox.sap.soap.reading import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.sap.posting.messages import Message

SENDER = "S4H"
LOGICAL_SYSTEM = "0M5SBX1"
MEDIA = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry. A refused one has a blank document number and year 0000."""

    message_id: str
    messages: tuple[Message, ...]
    document: str = " "
    company_code: str = " "
    fiscal_year: str = "0000"

    @property
    def refused(self) -> bool:
        """Whether a message is an error."""
        return any(message.severity >= ERROR for message in self.messages)


@dataclass(frozen=True, slots=True)
class Style:
    """How this tenant writes answers: the envelope's prefix, an element that its WSDL does not have, whether messages
    name the document's line that they are about.
    """

    prefix: str
    origin_name: bool
    lines: bool


def confirmation(
    message_id: str, outcomes: Sequence[Outcome], general: Sequence[Message], now: datetime, style: Style
) -> str:
    """The payload; ``general`` are messages about the request as a whole."""
    origin = "<ConfirmationInterfaceOrignName/>" if style.origin_name else ""
    entries = "".join(_entry(outcome, style) for outcome in outcomes)
    return (
        f'<n0:JournalEntryBulkCreateConfirmation xmlns:n0="{NAMESPACE}" '
        f'xmlns:prx="urn:sap.com:proxy:{SENDER}:/1SAI/TAS00000000000000000000:795">'
        f"<MessageHeader><UUID>{uuid.uuid4()}</UUID>{_reference(message_id)}"
        f"<CreationDateTime>{now:%Y-%m-%dT%H:%M:%S.%f}Z</CreationDateTime>"
        f"<SenderBusinessSystemID>{SENDER}</SenderBusinessSystemID></MessageHeader>"
        f"{origin}{entries}{_log(general, style)}</n0:JournalEntryBulkCreateConfirmation>"
    )


def _reference(message_id: str) -> str:
    return f"<ReferenceID>{escape(message_id)}</ReferenceID>" if message_id else ""


def _entry(outcome: Outcome, style: Style) -> str:
    return (
        "<JournalEntryCreateConfirmation>"
        f"<MessageHeader><UUID/>{_reference(outcome.message_id)}<CreationDateTime/></MessageHeader>"
        f"<JournalEntryCreateConfirmation><AccountingDocument>{outcome.document}</AccountingDocument>"
        f"<CompanyCode>{outcome.company_code}</CompanyCode><FiscalYear>{outcome.fiscal_year}</FiscalYear>"
        f"</JournalEntryCreateConfirmation>{_log(outcome.messages, style)}</JournalEntryCreateConfirmation>"
    )


def _log(messages: Sequence[Message], style: Style) -> str:
    if not messages:
        return "<Log/>"
    items = "".join(_item(message, style) for message in messages)
    worst = max(message.severity for message in messages)
    return f"<Log><MaximumLogItemSeverityCode>{worst}</MaximumLogItemSeverityCode>{items}</Log>"


def _item(message: Message, style: Style) -> str:
    name = "ReferenceObjectNodeSenderTechnicalID"
    technical = f"<{name}>{message.line}</{name}>" if message.line and style.lines else ""
    variables = "".join(f"&MSGV{place}={quote(value)}" for place, value in enumerate(message.variables, 1))
    link = f"http://{SENDER.lower()}.local/sap/xi/docu_apperror?ID=NA&OBJECT={message.area}{message.number}"
    return (
        f"<Item><TypeID>{message.type_id}</TypeID><SeverityCode>{message.severity}</SeverityCode>{technical}"
        f"<Note>{escape(message.note[:200])}</Note>"
        f"<WebURI>{escape(f'{link}&LANGUAGE=E{variables}')}</WebURI></Item>"
    )


def in_envelope(payload: str, version: str, style: Style) -> bytes:
    """The whole answer. SOAP 1.2 always comes with the prefix ``env`` (recorded)."""
    prefix = "env" if version == SOAP12 else style.prefix
    return (
        f'<{prefix}:Envelope xmlns:{prefix}="{version}"><{prefix}:Header/>'
        f"<{prefix}:Body>{payload}</{prefix}:Body></{prefix}:Envelope>"
    ).encode()


def fault(version: str, reason: str, now: datetime, style: Style) -> bytes:
    """A fault as recorded; ``reason`` is empty where the tenant keeps it in its log."""
    stamp = f"(UTC timestamp {now.astimezone(timezone.utc):%Y%m%d%H%M%S}; Transaction ID {uuid.uuid4().hex.upper()})"
    text = f"{escape(reason or GENERIC)} {stamp}"
    if version == SOAP12:
        payload = (
            "<env:Fault><env:Code><env:Value>env:Receiver</env:Value></env:Code>"
            f'<env:Reason><env:Text xml:lang="en">{text}</env:Text></env:Reason><env:Detail/></env:Fault>'
        )
    else:
        prefix = style.prefix
        payload = (
            f"<{prefix}:Fault><faultcode>{prefix}:Server</faultcode>"
            f'<faultstring xml:lang="en">{text}</faultstring><detail/></{prefix}:Fault>'
        )
    return in_envelope(payload, version, style)
