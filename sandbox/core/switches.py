"""Named choices between behaviours, for everything that is not known of the real system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value = str | int | float | bool


class SwitchError(ValueError):
    """An unknown switch or a value it does not have; the message names what it does have."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One choice: the allowed ``values`` (a tuple) or their type, the default, and what it decides."""

    name: str
    values: tuple[str, ...] | type[bool | int | float | str]
    default: Value
    doc: str

    def parse(self, value: object) -> Value:
        """``value`` (from JSON or the command line) as this switch's type, or SwitchError."""
        if isinstance(self.values, tuple):
            if value in self.values:
                return str(value)
            raise self._refusal(value, " | ".join(self.values))
        if self.values is bool:
            words = {"true": True, "false": False}
            if isinstance(value, bool) or str(value).lower() in words:
                return value if isinstance(value, bool) else words[str(value).lower()]
            raise self._refusal(value, "true | false")
        if isinstance(value, bool) or value is None:
            raise self._refusal(value, f"a value of type {self.values.__name__}")
        try:
            return self.values(str(value))
        except ValueError:
            raise self._refusal(value, f"a value of type {self.values.__name__}") from None

    def _refusal(self, value: object, expected: str) -> SwitchError:
        return SwitchError(f"switch {self.name}: expected {expected}, got {value!r}")


class Switches:
    """The switches of one system with their present values."""

    def __init__(self, switches: Iterable[Switch]) -> None:
        self._switches = {switch.name: switch for switch in switches}
        self._start: dict[str, Value] = {name: switch.default for name, switch in self._switches.items()}
        self._values = dict(self._start)

    def __iter__(self) -> Iterator[Switch]:
        return iter(self._switches.values())

    def __getitem__(self, name: str) -> Value:
        return self._values[self.find(name).name]

    def find(self, name: str) -> Switch:
        """The switch called ``name``, or SwitchError."""
        try:
            return self._switches[name]
        except KeyError:
            raise SwitchError(f"no switch {name!r}; there are: {', '.join(sorted(self._switches))}") from None

    def get(self, name: str) -> Value:
        """Same as ``switches[name]``."""
        return self[name]

    def set(self, name: str, value: object) -> None:
        """Choose; SwitchError when there is no such switch or value."""
        self._values[name] = self.find(name).parse(value)

    def start_with(self, name: str, value: object) -> None:
        """Choose for good: ``reset`` returns to this value (the command line's --switch)."""
        self.set(name, value)
        self._start[name] = self._values[name]

    def reset(self) -> None:
        """Back to the values of the start."""
        self._values = dict(self._start)

    def flag(self, name: str) -> bool:
        """A bool switch, typed."""
        value = self[name]
        if not isinstance(value, bool):
            raise TypeError(f"switch {name} is no bool")
        return value

    def number(self, name: str) -> int:
        """An int switch, typed."""
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"switch {name} is no int")
        return value

    def seconds(self, name: str) -> float:
        """A float switch, typed."""
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"switch {name} is no float")
        return float(value)

    def text(self, name: str) -> str:
        """A str or one-of switch, typed."""
        value = self[name]
        if not isinstance(value, str):
            raise TypeError(f"switch {name} is no str")
        return value

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Name to value, default, allowed values and doc, for the control API."""
        return {
            switch.name: {
                "value": self._values[switch.name],
                "default": switch.default,
                "values": list(switch.values) if isinstance(switch.values, tuple) else switch.values.__name__,
                "doc": switch.doc,
            }
            for switch in self
        }
