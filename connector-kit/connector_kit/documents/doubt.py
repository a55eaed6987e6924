"""What a failed request says of the documents in it: whether they may have been posted."""

from __future__ import annotations

from connector_kit.documents.model import Unknown, Unsent
from connector_kit.errors import BusyError, ConnectorError, TransientError
from connector_kit.http import NotSentError


def in_doubt(error: ConnectorError) -> Unknown | Unsent:
    """`Unsent` when it is certain that the ERP has not begun to work on the request; otherwise `Unknown`.

    It is certain when nothing left (no connection, no token, no lease), over the rate limit (429, which comes before
    any work), and when the ERP itself turned the request away. Whatever else is answered, 401, 404 and 409 included,
    may be a gateway's word on a request that the ERP is still working on.
    """
    if error.status is None:
        left = isinstance(error, TransientError) and not isinstance(error, (NotSentError, BusyError))
    else:
        left = error.status != 429 and not error.own
    return Unknown(str(error), again=error.retriable) if left else Unsent(str(error))
