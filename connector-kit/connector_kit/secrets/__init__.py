"""Settings that refer to an encrypted store instead of holding a secret: resolved when a plugin starts."""

from connector_kit.secrets.references import resolve

__all__ = ["resolve"]
