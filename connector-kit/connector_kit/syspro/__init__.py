"""SYSPRO's e.net REST service: logon sessions, queries by business object, and tables read through COMFND."""

from connector_kit.syspro.comfnd import Condition, Conditions
from connector_kit.syspro.session import EnetSession

__all__ = ["Condition", "Conditions", "EnetSession"]
