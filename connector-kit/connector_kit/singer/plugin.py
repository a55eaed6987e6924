"""The console entry point of every plugin: secrets resolved, logs redacted, errors on one line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from connector_kit.errors import ConnectorError
from connector_kit.redaction import RedactingFilter, redact, redact_logs

if TYPE_CHECKING:
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
        return super()._validate_config(raise_errors=raise_errors)


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


def with_numbers(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with texts such as "0.5" as numbers where the settings schema wants a number; others as they are."""
    kinds = {name: part.get("type", ()) for name, part in schema.get("properties", {}).items()}

    def number(name: str, value: Any) -> Any:  # noqa: ANN401 - a setting's value
        if isinstance(value, str) and "number" in kinds.get(name, ()) and "string" not in kinds[name]:
            try:
                return float(value)
            except ValueError:
                return value  # the validation says what is wrong with it
        return value

    return {name: number(name, value) for name, value in config.items()}


def run(plugin: type[_Base], arguments: Sequence[str] | None = None) -> None:
    """Run the SDK's command of `plugin`; the `main` of each plugin's package.

    An error of the family ends the process with one line on stderr and exit code 1; a traceback comes with the
    debug log level. Any other exception is a defect: it keeps its traceback, with secrets masked.
    """
    command = plugin.cli  # sets the SDK's logging up
    redact_logs()
    for handler in logging.getLogger().handlers:
        handler.addFilter(_leave_to_last_line)
    try:
        command(args=list(arguments) if arguments is not None else None)
    except ConnectorError as error:
        debug = plugin.logger.isEnabledFor(logging.DEBUG)
        plugin.logger.error("%s", error, exc_info=debug)  # noqa: TRY400 - one line, unless debugging
        sys.exit(1)
    except Exception as error:
        record = logging.makeLogRecord({"msg": "", "exc_info": (type(error), error, error.__traceback__)})
        RedactingFilter().filter(record)
        sys.stderr.write(redact(record.exc_text or str(error)) + "\n")
        sys.exit(1)


def _leave_to_last_line(record: logging.LogRecord) -> bool:
    return record.msg not in _SDK_ANNOUNCEMENTS
