"""The OData service: read-only tables over HTTP, OData 4.0."""

from __future__ import annotations
