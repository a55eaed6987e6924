"""What every system of the sandbox shares: clock, journal, faults, switches, control API, serving."""

from __future__ import annotations
