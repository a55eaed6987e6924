"""`connector-anaplan-login`: the first OAuth refresh token, and the next when one has ended. It shows no token."""

from __future__ import annotations

import click

from connector_kit.anaplan.errors import SYSTEM
from connector_kit.anaplan.oauth import LOGIN_COMMAND, device_login
from connector_kit.anaplan.regions import hosts
from connector_kit.anaplan.token_service import auth_session
from connector_kit.commands import run_click, say
from connector_kit.errors import ConfigurationError
from connector_kit.secrets.store import SecretStore

TOKEN = "anaplan/refresh-token"  # noqa: S105  a name


@click.command()
@click.option("--client-id", required=True, help="Of an OAuth client that is registered for devices.")
@click.option("--region", help="As the setting of that name. Default: us1.")
@click.option("--oauth-url", help="Host of OAuth, instead of the region's.")
@click.option("--ca-bundle", help="File with the certificates to trust, for a company's own authority.")
@click.option("--secret", default=TOKEN, show_default=True, help="Its name in the encrypted file.")
def cli(client_id: str, region: str | None, oauth_url: str | None, ca_bundle: str | None, secret: str) -> None:
    """Log the integration's user on in a browser, and keep the refresh token in the encrypted file.

    The setting oauth_refresh_token refers to it as file:NAME, and rotated tokens are kept there too.
    """
    store = SecretStore.open()  # what is wrong with it is told before anybody goes to a browser
    tokens = device_login(
        auth_session(verify=ca_bundle or True), hosts(region, oauth_url=oauth_url).oauth_url, client_id, tell=say
    )
    if not tokens.refresh_token:
        raise ConfigurationError(
            system=SYSTEM,
            subject=f"device login of client {client_id}",
            expected="a refresh token",
            got="none",
            hint="Allow the client the scope offline_access.",
        )
    store.set(secret, tokens.refresh_token)
    say(f"Stored {secret}. Set oauth_client_id: {client_id} and oauth_refresh_token: file:{secret}")


def main() -> None:
    """Run the command; what a person can put right is said in one line."""
    run_click(LOGIN_COMMAND, cli)
