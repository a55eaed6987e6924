"""What is renewed once in a while: passwords, certificates, refresh tokens; at the servers, then in the settings."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.core.certificate import make

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.world import World

_ANAPLAN = ("tap-anaplan", "target-anaplan")
_SAP = ("tap-sap-s4hana", "target-sap-s4hana")


class Credentials:
    """Those of a world. The methods that begin with ``new`` are what administrators of the systems do, the others what
    the operator of the flows does then.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = world.sandbox.control
        self._anaplan: dict[str, Any] = world.sandbox.info["anaplan"]
        self._number = 0
        self._certificate: tuple[Path, Path] | None = None

    def _next(self, what: str) -> str:
        self._number += 1
        return f"{what}-of-the-soak-{self._number}"

    def _set(self, plugins: tuple[str, ...], **settings: Any) -> None:  # noqa: ANN401  of any kind
        for plugin in plugins:
            known = self._world.settings.setdefault(plugin, {})
            known.update(settings)

    # Passwords.

    def new_anaplan_password(self) -> str:
        """Changed in Anaplan; the new one."""
        password = self._next("anaplan")
        self._control.switch("anaplan", "new_password", password)
        return password

    def use_anaplan_password(self, password: str) -> None:
        """Set for both plugins."""
        self._set(_ANAPLAN, password=password)

    def new_sap_password(self) -> str:
        """Changed in SAP; the new one."""
        password = self._next("sap")
        self._control.switch("sap", "new_password", password)
        return password

    def use_sap_password(self, password: str) -> None:
        """Set for both plugins."""
        self._set(_SAP, password=password)

    def new_syspro_passwords(self) -> tuple[str, str]:
        """Changed in SYSPRO: those of the OData service and of the operator."""
        both = self._next("odata"), self._next("operator")
        self._control.switch("syspro", "new_odata_password", both[0])
        self._control.switch("syspro", "new_operator_password", both[1])
        return both

    def use_syspro_passwords(self, odata: str, operator: str) -> None:
        """Set for both plugins."""
        self._set(("tap-syspro",), password=odata)
        self._set(("target-syspro",), operator_password=operator)

    # Certificates.

    def new_certificate(self, days: float) -> tuple[Path, Path]:
        """One for Anaplan, valid from now on and registered there; the files of it and of its key."""
        since = datetime.fromtimestamp(self._world.clock.now(), timezone.utc) - timedelta(hours=1)
        _, certificate, key = make(self._anaplan["username"], since, days)
        files = []
        for name, content in ((self._next("certificate"), certificate), (self._next("key"), key)):
            file = self._world.folder / f"{name}.pem"
            file.touch(mode=0o600)
            file.write_bytes(content)
            files.append(file)
        self._control.switch("anaplan", "new_certificate", certificate.decode())
        return files[0], files[1]

    def use_certificate(self, certificate: Path, key: Path) -> None:
        """Set for both plugins, in place of any other log-on."""
        self._set(_ANAPLAN, auth_method="certificate", certificate=str(certificate), private_key=str(key))

    def use_tls(self, certificate: str) -> None:
        """SAP is reached behind a server's certificate of this kind, of a private authority."""
        url, bundle = self._control.tls("sap", certificate)
        self._set(_SAP, api_url=url, ca_bundle=bundle)

    # Refresh tokens.

    def prepare_store(self) -> None:
        """An encrypted store, which keeps rotated tokens."""
        folder = self._world.folder
        self._world.variables |= {
            "CONNECTOR_SECRETS_FILE": str(folder / "secrets"),
            "CONNECTOR_SECRETS_KEY_FILE": str(folder / "secrets.key"),
        }
        self._command("connector-secrets", "init")
        self._control.switch("anaplan", "device_approval", "automatic")

    def log_in_by_refresh_token(self) -> None:
        """Log on in a browser, keep the first refresh token, set it for both plugins in place of any other log-on."""
        client = self._anaplan["oauth_client_id"]
        self._command("connector-anaplan-login", "--client-id", client, "--oauth-url", self._anaplan["oauth_url"])
        token = "file:anaplan/refresh-token"  # noqa: S105  a reference
        self._set(_ANAPLAN, auth_method="oauth", oauth_client_id=client, oauth_refresh_token=token)

    def _command(self, *arguments: str) -> None:
        said = self._world.command(*arguments)
        if said.code:
            raise RuntimeError(f"{' '.join(arguments)}: exit code {said.code}: {said.stderr}")
