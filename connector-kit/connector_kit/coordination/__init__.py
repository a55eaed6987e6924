"""What the processes of one tenant share: a rate that they stay under together, and jobs that one holds at a time."""

from connector_kit.coordination.base import Coordinator, Holder, Lease, LockLostError
from connector_kit.coordination.connect import connect

__all__ = ["Coordinator", "Holder", "Lease", "LockLostError", "connect"]
