"""The e.net REST service: sessions and business objects, as a WCF host of SYSPRO answers."""

from __future__ import annotations
