"""A target whose settings name streams, and what the versions of those streams prove."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import (
    TARGET_VALIDATE_RECORDS_CONFIG,
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)
from typing_extensions import override

from connector_kit.audit.types import REPLAY_MARK, REPLAY_SEEN
from connector_kit.delivery.intake import RecordSink
from connector_kit.delivery.versions import StreamVersions
from connector_kit.errors import ConfigurationError
from connector_kit.singer.plugin import SecretsMixin
from connector_kit.singer.target import BlockTarget

if TYPE_CHECKING:
    from connector_kit.delivery.intake import Route


class DeliveryTarget(SecretsMixin, BlockTarget):
    """What our targets share.

    Attributes:
        entries: the settings in which streams are named, for messages.
        untouched: what an error before the first delivery left undone, for messages.
    """

    entries: ClassVar[str]
    untouched: ClassVar[str]
    default_sink_class = RecordSink
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own keyword arguments
        super().__init__(**options)
        self._ignored = set(self.config.get("streams_ignored") or [])
        self._versions: dict[str, StreamVersions] = {}

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Of the SDK's own settings the one that means something here."""
        config_jsonschema["properties"].setdefault(
            "validate_records", TARGET_VALIDATE_RECORDS_CONFIG["properties"]["validate_records"]
        )

    @property
    @abstractmethod
    def known_streams(self) -> set[str]:
        """The streams that the settings say something about."""

    @abstractmethod
    def routes_of(self, stream: str) -> Sequence[Route]:
        """What becomes of a known stream's records; connects, and checks what the settings name."""

    def is_known(self, stream: str) -> bool:
        """Whether records of a stream go anywhere."""
        return stream in self.known_streams and stream not in self._ignored

    def must_know(self, stream: str) -> None:
        """Raises ConfigurationError when a stream, of which a record came, is neither named nor ignored."""
        if stream not in self.known_streams and stream not in self._ignored:
            raise ConfigurationError(
                system=self.name,
                subject=f"stream {stream}",
                expected=f"an entry in {self.entries}, or its name in streams_ignored",
                got="neither",
                hint=f"In {self.entries}: {', '.join(sorted(self.known_streams)) or 'none'}. {self.untouched}",
            )

    def versions_of(self, stream: str) -> StreamVersions:
        """What the stream's versions prove so far."""
        return self._versions.setdefault(stream, StreamVersions())

    def _is_replay(self, stream: str) -> bool:
        """Whether the stream comes from the trail: what is gone at the source is no question then."""
        sink = self._sinks_active.get(stream)
        return sink is not None and bool({REPLAY_MARK, REPLAY_SEEN} & set(sink.original_schema))

    def proven(self, stream: str) -> int | None:
        """The version of a stream that came whole, so that what it did not show is gone; asked when the input has
        ended. None when there is none; why not is in the log, once.
        """
        if self.fault is not None:
            return None
        found = self.versions_of(stream)
        if found.unproven and not self._is_replay(stream):
            self.logger.info(
                "%s: %s, so nothing was looked for that is gone at the source; what did not come stands.",
                stream,
                found.unproven,
            )
        return found.proven
