"""`tap-audit-trail`: what a target refused, as a Singer tap, so that one Meltano job sends it to that target again.

It speaks to no source: SCHEMA and RECORD messages come out of the trail as they came the first time. There is no state
to keep, because a failure that was repaired is closed and does not come again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from typing_extensions import override

from connector_kit.commands import run_guarded
from connector_kit.errors import ConfigurationError
from connector_kit.redaction import redact

NAME = "tap-audit-trail"

SETTINGS: Mapping[str, str] = {
    "audit_url": "Database of the audit trail. Default: AUDIT_URL, or a SQLite file of this user.",
    "audit_key": "The target's audit_key, where records are encrypted. Default: AUDIT_KEY.",
    "target": "Only what this target was refused, e.g. target-anaplan.",
    "destination": "Only what was refused by this model or ERP: a part of its name in the audit trail.",
    "system": "Only records of this source system.",
    "run": 'Only what a run left open: its id, the beginning of it, or "last".',
    "streams": "Only these streams.",
    "reason": "Only failures whose reason has this part.",
    "key": "Only this record: the values of its key properties, in their order.",
}
_LISTS = {"streams", "key"}
_SECRET = {"audit_url", "audit_key"}


def read_config(paths: Sequence[str]) -> dict[str, Any]:
    """The settings of some files, the later ones before the earlier ones, with references resolved.

    Raises:
        ConfigurationError: no JSON object, an unknown setting, a value of the wrong kind, or a reference to nothing.
    """
    from connector_kit.secrets import resolve  # noqa: PLC0415 - `--version` needs no secret store

    parts = [part for path in paths for part in _read(path).items()]
    # As the command `audit` does: one variable for all that reads the trail.
    outside = {"audit_url": os.environ.get("AUDIT_URL"), "audit_key": os.environ.get("AUDIT_KEY")}
    config = {name: value for name, value in [*outside.items(), *parts] if value}
    for name, value in config.items():
        if name not in SETTINGS:
            raise _wrong(f"setting {name}", f"one of {', '.join(SETTINGS)}", "an unknown one")
        if not isinstance(value, str) and not (name in _LISTS and _is_list_of_texts(value)):
            raise _wrong(f"setting {name}", "a list of texts" if name in _LISTS else "a text", _kind_of(value))
    return resolve(config, _SECRET)


def write_failures(config: Mapping[str, Any], write: Any) -> str:  # noqa: ANN401 - of a binary file
    """Write the chosen open failures as Singer messages; what was done, in a line.

    Raises:
        ConfigurationError: there is no trail, or the failures are of several targets.
    """
    from connector_kit.audit.codec import Codec  # noqa: PLC0415 - not needed for --about
    from connector_kit.audit.database import Database, default_url  # noqa: PLC0415
    from connector_kit.audit.migrations import prepare  # noqa: PLC0415
    from connector_kit.audit.replay import replay  # noqa: PLC0415

    url = config.get("audit_url") or default_url()
    database = Database(url, create=False, codec=Codec.of(config.get("audit_key")))
    try:
        prepare(database)
        with database.reading() as connection:
            return str(replay(connection, _selection(config), write))
    finally:
        database.close()


def discover(config: Mapping[str, Any]) -> dict[str, Any]:
    """The catalog: streams of which something can be replayed, with the schema that they had last."""
    messages: dict[str, dict[str, Any]] = {}

    def keep(line: bytes) -> None:
        message = msgspec.json.decode(line)
        if message["type"] == "SCHEMA":
            messages[message["stream"]] = message

    write_failures(config, keep)
    return {
        "streams": [
            {
                "tap_stream_id": stream,
                "stream": stream,
                "schema": message["schema"],
                "key_properties": message.get("key_properties") or [],
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
            for stream, message in messages.items()
        ]
    }


def _selection(config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - loaded late
    from connector_kit.audit.failures import Selection  # noqa: PLC0415 - brings the database along

    return Selection(
        run=config.get("run", ""),
        streams=_texts(config.get("streams")),
        reason=config.get("reason", ""),
        key=_texts(config.get("key")),
        system=config.get("system", ""),
        plugin=config.get("target", ""),
        destination=config.get("destination", ""),
    )


def _read(path: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise _wrong(f"file {path}", "a JSON object of settings", str(error)) from error


def _texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value or ())


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _kind_of(value: object) -> str:
    """What a value is, without the value: it may be a secret."""
    return {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), "a number")


def _wrong(subject: str, expected: str, got: str) -> ConfigurationError:
    return ConfigurationError(system=NAME, subject=subject, expected=expected, got=got)


def _about() -> dict[str, Any]:
    text, texts = {"type": ["string", "null"]}, {"type": ["array", "string", "null"], "items": {"type": "string"}}
    properties = {
        name: {**(texts if name in _LISTS else text), "description": description, "writeOnly": name in _SECRET}
        for name, description in SETTINGS.items()
    }
    return {
        "name": NAME,
        "description": "What a target refused, from the audit trail, as it came the first time.",
        "capabilities": ["about", "discover"],
        "settings": {"type": "object", "properties": properties},
    }


class _Parser(argparse.ArgumentParser):
    """Repeats what it does not know with secrets masked."""

    @override
    def error(self, message: str) -> NoReturn:
        super().error(redact(message))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog=NAME, description=__doc__)
    parser.add_argument("--config", action="append", default=[], metavar="FILE", help="settings, a JSON file")
    parser.add_argument("--discover", action="store_true", help="write the catalog instead")
    parser.add_argument("--about", action="store_true", help="write the settings instead")
    parser.add_argument("--format", choices=["json"], default="json", help="of --about")
    parser.add_argument("--catalog", "--properties", metavar="FILE", help="accepted; the settings choose what is read")
    parser.add_argument("--state", metavar="FILE", help="accepted; a repaired failure does not come again")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tap; what a person can put right is said in one line."""
    run_guarded(NAME, lambda: _run(_arguments(arguments)))


def _run(chosen: argparse.Namespace) -> None:
    if chosen.about:
        print(msgspec.json.encode(_about()).decode())
    elif chosen.discover:
        print(msgspec.json.encode(discover(read_config(chosen.config))).decode())
    else:
        out = sys.stdout.buffer
        said = write_failures(read_config(chosen.config), out.write)
        out.flush()
        print(f"{NAME}: {said}", file=sys.stderr)
