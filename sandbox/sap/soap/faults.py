"""What the SOAP runtime answers when it cannot even hand a message to the application: HTTP 500 and a fault.

The provider's log has the details; the client is told the time and a transaction id (recorded faults of SAP systems).
"""

from __future__ import annotations

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
GENERIC = "Web service processing error; more details in the web service error log on provider side"


class SoapError(Exception):
    """A message that the runtime does not understand; the argument is what the provider's log would say."""
