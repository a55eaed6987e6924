"""What comes back from e.net: XML documents and session ids, told from half an answer or a gateway's page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector_kit.errors import RefusedError
from connector_kit.http import Unreadable
from connector_kit.syspro.failures import SYSTEM
from connector_kit.syspro.xml import errors_in, name_of, parse

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_MAY_HAVE_ERRORS = re.compile("<ErrorDescription>", re.IGNORECASE)
# 32 hex digits and the instance in the samples; other versions may differ, but not into words or markup.
_USER_ID = re.compile(r"[0-9A-Za-z{}-]{8,64}")


def document(text: str, what: str) -> Element:
    """The root of an answer in XML.

    Raises:
        RefusedError: SYSPRO's numbers and texts, where the answer holds any.
        Unreadable: half a document, or a gateway's page.
    """
    root = document_with_faults(text, what)
    errors = errors_in(root) if _MAY_HAVE_ERRORS.search(text) else []
    if errors:
        raise RefusedError(system=SYSTEM, subject=what, got="; ".join(errors))
    return root


def document_with_faults(text: str, what: str) -> Element:
    """The root of an answer in XML, which may tell the faults of single items.

    Raises:
        Unreadable: half a document, or a gateway's page.
    """
    try:
        root = parse(text)
    except ValueError as error:
        raise Unreadable(f"not XML: {error} ({what})") from error
    if name_of(root) == "html":
        raise Unreadable("a web page in place of XML")
    return root


def user_id(text: str) -> str:
    """A session's id without the blanks that follow it, and the quotes that some versions may put around it."""
    found = text.strip().strip('"').strip()
    if not _USER_ID.fullmatch(found):
        raise Unreadable("no session id in it")
    return found
