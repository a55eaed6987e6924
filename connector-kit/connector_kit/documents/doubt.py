"""What a failed request says of the documents in it: whether they may have been posted."""

from __future__ import annotations

from connector_kit.documents.model import Unknown, Unsent
from connector_kit.errors import BusyError, ConnectorError, TransientError
from connector_kit.http import NotSentError


def in_doubt(error: ConnectorError) -> Unknown | Unsent:
    """`Unknown` when the answer was lost or is a gateway's; `Unsent` when the ERP has not begun to work on the request.

    That is certain without a connection, without a login or permission, over the rate limit (429), and when the
    request was turned away as such (any other status of 400 to 499).
    """
    if isinstance(error, TransientError) and not isinstance(error, (NotSentError, BusyError)):
        return Unknown(str(error))
    return Unsent(str(error))
