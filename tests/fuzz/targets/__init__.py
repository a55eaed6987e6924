"""All parsers, by system; importing one registers its targets."""

from fuzz.targets import anaplan, http, mapping, odata, sap, secrets, singer, stores, syspro

__all__ = ["anaplan", "http", "mapping", "odata", "sap", "secrets", "singer", "stores", "syspro"]
