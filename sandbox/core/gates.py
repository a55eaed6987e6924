"""TLS in front of a system: the same application on another port, behind a certificate that is good or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.certificate import SERVER_CERTIFICATES, Authority, ServerCertificate
from sandbox.core.serve import Servers, bind, url_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import ASGIApp


class Gates:
    """Opened when they are asked for, one per system and kind of certificate, and kept.

    ``apps``: by system. ``folder``: where certificates go.
    """

    def __init__(self, servers: Servers, apps: Mapping[str, ASGIApp], host: str, folder: Path) -> None:
        self._servers = servers
        self._apps = apps
        self._host = host
        self._folder = folder
        self._authorities: dict[str, Authority] = {}
        self._urls: dict[tuple[str, ServerCertificate], str] = {}

    async def url(self, system: str, certificate: ServerCertificate) -> str:
        """The https URL of a system behind a certificate of that kind. ValueError: there is no such system or kind."""
        if system not in self._apps or certificate not in SERVER_CERTIFICATES:
            expected = f"system one of {', '.join(self._apps)}, certificate one of {', '.join(SERVER_CERTIFICATES)}"
            raise ValueError(f"expected {expected}")
        key = (system, certificate)
        if key not in self._urls:
            authority = self._authority("unknown" if certificate == "unknown_ca" else "known")
            path = self._folder / f"server-{system}-{certificate}.pem"
            path.touch(mode=0o600)
            path.write_bytes(authority.issue(certificate, self._host))
            bound = bind(self._host, 0)
            self._servers.begin(self._apps[system], bound, path)
            await self._servers.ready()
            self._urls[key] = url_of(bound, "https")
        return self._urls[key]

    @property
    def bundle(self) -> str:
        """The file of the authority that signs all but ``unknown_ca`` and ``self_signed``."""
        return str(self._authority("known").path)

    def _authority(self, name: str) -> Authority:
        if name not in self._authorities:
            self._authorities[name] = Authority(self._folder / f"authority-{name}.pem", f"Sandbox {name} authority")
        return self._authorities[name]
