"""The data of a mid-size distributor and its subsidiary, deterministic from a seed, with books that balance."""

from __future__ import annotations
