"""The console entry point of every plugin: secrets resolved, logs redacted, errors on one line."""

from __future__ import annotations

import difflib
import io
import json
import logging
import math
import sys
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from typing_extensions import override

from connector_kit.commands import let_go_of_output, one_line
from connector_kit.errors import UnavailableError
from connector_kit.private_files import warn_of_exposure
from connector_kit.redaction import RedactingFilter, redact, redact_logs
from connector_kit.singer.files import check_catalog, json_object
from connector_kit.singer.settings import check_setting, refuse

if TYPE_CHECKING:
    import click
    from singer_sdk.plugin_base import PluginBase as _Base
else:
    _Base = object

# What the SDK logs, with a full traceback to follow, before it re-raises. Our own last line says it better.
_SDK_ANNOUNCEMENTS = ("An unhandled error occurred while syncing '%s'",)


class SecretsMixin(_Base):
    """Put before Tap or Target: settings such as `keyring:syspro/password` are resolved before they are validated.

    Values of settings marked `secret=True` are masked in everything that is logged. Numbers may come as text, which is
    how orchestrators and environments pass them. `configured` keeps the settings as they were written.
    """

    configured: Mapping[str, Any]

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        from connector_kit.secrets import resolve  # noqa: PLC0415 - `--version` and `--about` need no secret store

        self.configured = dict(self._config)
        resolved = resolve(self._config, secret_settings(self.config_jsonschema))
        self._config = with_numbers(resolved, self.config_jsonschema)
        faults = super()._validate_config(raise_errors=False)
        if raise_errors:
            refuse(self.name, faults)
        known = self.config_jsonschema["properties"]
        for name, value in self._config.items():
            if name in known:
                check_setting(self.name, name, value, known[name])
            else:
                close = difflib.get_close_matches(name, known, 1)
                self.logger.warning(
                    "%s: setting %s is unknown and means nothing.%s",
                    self.name,
                    name,
                    f" Did you mean {close[0]}?" if close else "",
                )
        return faults

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        for path in value:
            if path != "ENV":
                text = json_object(cls.name, f"--config {path}", partial(Path(path).read_text, encoding="utf-8"))
                if holds_secrets(json.loads(text), secret_settings(cls.config_jsonschema)):
                    warn_of_exposure("The settings, with passwords in clear,", Path(path))
        return super().cb_config(ctx, param, value)

    @classmethod
    @override
    def invoke(cls, **options: Any) -> None:
        """The command itself, behind a look at the files that a tap is given."""
        for name in ("state", "catalog"):
            file: IO[str] | None = options.get(name)
            if file is not None:
                subject, empty = f"--{name} {file.name}", "{}" if name == "state" else ""
                text = json_object(cls.name, subject, file.read, empty)
                if name == "catalog":
                    check_catalog(cls.name, subject, text)
                options[name] = io.StringIO(text)
        try:
            super().invoke(**options)
        except BrokenPipeError as error:  # click would end the process without a word
            let_go_of_output()
            raise UnavailableError(
                system=cls.name,
                subject="its output",
                got="a pipe whose reader ended before it had read everything",
                hint="Look at what the reader says.",
            ) from error


def secret_settings(schema: Mapping[str, Any]) -> set[str]:
    """The names of all settings that a plugin's settings schema marks as secret (`writeOnly`), nested ones included."""
    found: set[str] = set()
    for name, part in schema.get("properties", {}).items():
        if part.get("writeOnly") or part.get("secret"):
            found.add(name)
        found |= secret_settings(part)
        if isinstance(part.get("items"), Mapping):
            found |= secret_settings(part["items"])
    return found


def holds_secrets(config: Mapping[str, Any], names: Collection[str]) -> bool:
    """Whether the value of one of these settings, at any depth, is a secret itself and no reference to one."""
    from connector_kit.secrets.references import REFERENCE  # noqa: PLC0415 - `--version` needs no secret store

    def inside(value: object, secret: bool) -> bool:
        if isinstance(value, Mapping):
            return any(inside(inner, secret or name in names) for name, inner in value.items())
        if isinstance(value, list):
            return any(inside(inner, secret) for inner in value)
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return secret and bool(value) and (found is None or found[1] == "raw")

    return inside(config, secret=False)


def with_numbers(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with texts such as "0.5" as numbers where the settings schema wants a number; others as they are.

    The SDK reads a fraction in a settings file as Decimal, which times in seconds can't be added to.
    """
    kinds = {name: part.get("type", ()) for name, part in schema.get("properties", {}).items()}

    def number(name: str, value: Any) -> Any:  # noqa: ANN401 - a setting's value
        if isinstance(value, Decimal):
            return float(value)
        made: dict[str, Callable[[str], float]] = {"number": float, "integer": int}
        for kind, make in made.items():
            if isinstance(value, str) and kind in kinds.get(name, ()) and "string" not in kinds[name]:
                try:
                    made_of = make(value)
                except (ValueError, OverflowError):
                    return value  # the validation says what is wrong with it
                return made_of if math.isfinite(made_of) else value
        return value

    return {name: number(name, value) for name, value in config.items()}


_open: list[weakref.finalize[Any, Any]] = []


def close_with(plugin: object, close: Callable[[], object]) -> None:
    """Call `close` when `plugin` goes, and at the latest when its command ends.

    The interpreter's own end would be too late for whoever still has something to say to a server, such as a log-off:
    urllib3 has emptied its pools by then, and a request would wait for a connection for ever.
    """
    _open[:] = [one for one in _open if one.alive]
    _open.append(weakref.finalize(plugin, close))


def run(plugin: type[_Base], arguments: Sequence[str] | None = None) -> None:
    """Run the SDK's command of `plugin`; the `main` of each plugin's package.

    An error of the family, and one of the file system (a full disk, a file that may not be read), ends the process with
    one line on stderr and exit code 1; a traceback comes with the debug log level. Any other exception is a defect: it
    keeps its traceback, with secrets masked.
    """
    try:
        _run(plugin, arguments)
    finally:
        for close in reversed(_open):
            close()


def _run(plugin: type[_Base], arguments: Sequence[str] | None) -> None:
    command = plugin.cli  # sets the SDK's logging up
    redact_logs()
    for handler in logging.getLogger().handlers:
        handler.addFilter(_leave_to_last_line)
    try:
        command(args=list(arguments) if arguments is not None else None)
    except Exception as error:
        if said := one_line(plugin.name, error):
            _end(plugin, said)
        record = logging.makeLogRecord({"msg": "", "exc_info": (type(error), error, error.__traceback__)})
        RedactingFilter().filter(record)
        sys.stderr.write(redact(record.exc_text or str(error)) + "\n")
        sys.exit(1)


def _end(plugin: type[_Base], message: str) -> NoReturn:
    """Called while the error is handled."""
    if plugin.logger.isEnabledFor(logging.ERROR):
        plugin.logger.error("%s", message, exc_info=plugin.logger.isEnabledFor(logging.DEBUG))
    else:  # whatever the log level is: a process that fails says why
        sys.stderr.write(message + "\n")
    sys.exit(1)


def _leave_to_last_line(record: logging.LogRecord) -> bool:
    return record.msg not in _SDK_ANNOUNCEMENTS
