"""`connector-secrets`: fill and list the encrypted file. It never shows a value."""

from __future__ import annotations

import sys

import click

from connector_kit.commands import run_click
from connector_kit.errors import ConfigurationError
from connector_kit.redaction import register_secret
from connector_kit.secrets.keys import Keys
from connector_kit.secrets.places import KEY, KEY_FILE, STORE, key_path, store_path
from connector_kit.secrets.store import SecretStore


@click.group()
def cli() -> None:
    """Secrets for the connectors, in an encrypted file.

    A setting refers to one as file:NAME. The file is CONNECTOR_SECRETS_FILE; its key is in CONNECTOR_SECRETS_KEY
    or in the file CONNECTOR_SECRETS_KEY_FILE; each has a default in the user's configuration folder.
    """


@cli.command()
def init() -> None:
    """Make the first key."""
    Keys.create()
    click.echo(f"New key in {key_path()}. Keep a copy where the encrypted file is not: without it nothing is readable.")


@cli.command(name="set")
@click.argument("name")
@click.argument("value", nargs=-1, type=click.UNPROCESSED, metavar="")
def set_(name: str, value: tuple[str, ...]) -> None:
    """Store the secret NAME: asked for on a terminal, else read from standard input."""
    if value:
        raise ConfigurationError(
            system="secrets",
            subject=f"secret {name}",
            expected="its value on a terminal or from standard input",
            got="something after its name, where other users and the shell's history see it",
            hint="If that was the secret, change it where it belongs to.",
        )
    _store(name)


def _store(name: str) -> None:
    if sys.stdin.isatty():
        value = click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True)
    else:
        # The line end that echo and editors add is not part of the secret; inner ones (a PEM file) are.
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise ConfigurationError(system="secrets", subject=f"secret {name}", expected="a value", got="nothing")
    register_secret(value)
    SecretStore.open().set(name, value)
    click.echo(f"Stored {name}. Refer to it as file:{name}")


@cli.command(name="list")
def list_() -> None:
    """The names of all stored secrets."""
    for name in SecretStore.open().names():
        click.echo(name)


@cli.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the secret NAME."""
    if not SecretStore.open().remove(name):
        raise ConfigurationError(
            system="secrets", subject=f"secret {name}", got="none of that name", hint="See: connector-secrets list"
        )
    click.echo(f"Removed {name}.")


@cli.command()
def rotate() -> None:
    """Make a new key and encrypt everything with it."""
    count = SecretStore.open().rotate()
    click.echo(f"{count} secrets are now encrypted with the newest key.")


@cli.command()
def where() -> None:
    """Where the encrypted file and its key are."""
    click.echo(f"encrypted file ({STORE}): {store_path()}")
    click.echo(f"key file ({KEY_FILE}, unless {KEY} is set): {key_path()}")


def main() -> None:
    """Run the command; what a person can put right is said in one line."""
    run_click("connector-secrets", cli)
