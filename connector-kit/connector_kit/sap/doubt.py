"""What a failed request to SAP says of the documents in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_kit.documents import doubt
from connector_kit.documents.model import Unknown, Unsent
from connector_kit.errors import ConnectorError
from connector_kit.http.tokens import TokenAuth
from connector_kit.odata.client import PageTimeout

if TYPE_CHECKING:
    from connector_kit.sap.connecting import SapConnection

FAILURES = (ConnectorError, PageTimeout)


def in_doubt(error: ConnectorError | PageTimeout) -> Unknown | Unsent:
    """As `connector_kit.documents.doubt`; an answer that did not come in time was lost."""
    return Unknown(str(error.error)) if isinstance(error, PageTimeout) else doubt.in_doubt(error)


def not_logged_on(connection: SapConnection) -> Unsent | None:
    """What it says of documents that the tenant's token can't be had; None when it is there, or none is needed."""
    auth = connection.session.auth
    if isinstance(auth, TokenAuth):
        try:
            auth.ensure()
        except FAILURES as error:
            return Unsent(str(error))
    return None
