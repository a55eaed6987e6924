"""What a failed request says of the documents in it: whether they may have been posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_kit.documents.model import Unknown, Unsent
from connector_kit.errors import BusyError, ConnectorError, TransientError
from connector_kit.http import NotSentError
from connector_kit.http.tokens import TokenAuth
from connector_kit.odata.client import PageTimeout

if TYPE_CHECKING:
    from connector_kit.sap.connecting import SapConnection

FAILURES = (ConnectorError, PageTimeout)


def in_doubt(error: ConnectorError | PageTimeout) -> Unknown | Unsent:
    """`Unknown` when the answer was lost or is a gateway's; `Unsent` when SAP has not begun to work on the request.

    That is certain without a connection, without a login or permission, over the rate limit (429), and when the
    request was turned away as such (any other status of 400 to 499).
    """
    if isinstance(error, PageTimeout):
        return Unknown(str(error.error))
    if isinstance(error, TransientError) and not isinstance(error, (NotSentError, BusyError)):
        return Unknown(str(error))
    return Unsent(str(error))


def not_logged_on(connection: SapConnection) -> Unsent | None:
    """What it says of documents that the tenant's token can't be had; None when it is there, or none is needed."""
    auth = connection.session.auth
    if isinstance(auth, TokenAuth):
        try:
            auth.ensure()
        except FAILURES as error:
            return Unsent(str(error))
    return None
