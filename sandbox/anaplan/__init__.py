"""A tenant of Anaplan: authentication and OAuth services and the Integration API v2 over models in memory."""

from __future__ import annotations

from sandbox.anaplan.system import build

__all__ = ["build"]
