"""Filters on text: the same words in a column's options and behind a "|" in a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from target_anaplan.mapping.values import Unmappable

TextFilter = Callable[[str], str]


class FilterError(ValueError):
    """An unknown filter or wrong arguments; the text says which."""


def strip_zeros(text: str) -> str:
    """Leading zeros away from an all-digit key; at least one digit stays. Other keys are left alone."""
    return (text.lstrip("0") or "0") if text.isdecimal() else text


def truncate(length: int) -> TextFilter:
    """The first `length` characters."""

    def convert(text: str) -> str:
        return text[:length]

    return convert


def part(separator: str, index: int) -> TextFilter:
    """Segment `index` (from 0; negative from the end) of a text split at `separator`; blank text stays blank."""

    def convert(text: str) -> str:
        if not text:
            return text
        try:
            return text.split(separator)[index]
        except IndexError:
            raise Unmappable(f"no part {index} at '{separator}'", text) from None

    return convert


def blank_as(instead: str) -> TextFilter:
    """`instead` for blank text."""

    def convert(text: str) -> str:
        return text if text and not text.isspace() else instead

    return convert


_PLAIN: dict[str, TextFilter] = {
    "strip_zeros": strip_zeros,
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
}
NAMES = (*_PLAIN, "truncate", "part", "default", "blank_as")


def make(name: str, arguments: Sequence[str]) -> TextFilter:
    """The filter `name` with its arguments, or a FilterError that says what is wrong."""
    if name in _PLAIN and not arguments:
        return _PLAIN[name]
    if name == "truncate" and len(arguments) == 1 and arguments[0].isdecimal() and int(arguments[0]) > 0:
        return truncate(int(arguments[0]))
    if name == "part" and len(arguments) == 2 and arguments[0] and arguments[1].lstrip("-").isdecimal():
        return part(arguments[0], int(arguments[1]))
    if name in {"default", "blank_as"} and len(arguments) == 1:
        return blank_as(arguments[0])
    if name in NAMES:
        usage = {"truncate": "truncate:30", "part": "part:-:0", "default": "default:NONE", "blank_as": "blank_as:NONE"}
        raise FilterError(f"filter {name} is written {usage.get(name, name)}, got {':'.join([name, *arguments])}")
    raise FilterError(f"unknown filter '{name}' (there are {', '.join(NAMES)})")


def chain(filters: Sequence[TextFilter]) -> TextFilter | None:
    """One filter out of several, None out of none."""
    if not filters:
        return None
    if len(filters) == 1:
        return filters[0]
    steps = tuple(filters)

    def convert(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return convert
