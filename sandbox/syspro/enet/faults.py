"""What is wrong with an element of a document, and the numbers that SYSPRO gives such things.

The shape (Value, ErrorNumber of six digits, ErrorDescription inside the offending element) and number 240004 are
those of recorded replies (syspro-ruby); the other numbers are ours, because no list of them is public.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_FOUND = "240004"
MISSING = "240001"
TOO_LONG = "240005"
NOT_NUMERIC = "240006"
NOT_A_DATE = "240007"
NOT_ALLOWED = "240008"
EXISTS = "240010"
ON_HOLD = "240020"
PERIOD = "240030"
UNBALANCED = "240040"
IN_USE = "240050"
UNUSUAL = "240900"


@dataclass(frozen=True, slots=True)
class Fault:
    """One error or warning. ``element`` is blank for the item as a whole; ``within`` and ``entry`` name the repeated
    element around it and its number.
    """

    element: str
    value: str
    number: str
    text: str
    warning: bool = False
    within: str = ""
    entry: int = 0
