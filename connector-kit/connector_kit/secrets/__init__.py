"""Settings that refer to an encrypted store instead of holding a secret: resolved when a plugin starts."""

from connector_kit.secrets.references import resolve
from connector_kit.secrets.rotating import RotatingSecret, rotating

__all__ = ["RotatingSecret", "resolve", "rotating"]
