"""Filters on columns of text: the same words in a column's options and behind a "|" in a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector_kit.mapping.values import Unmappable
from connector_kit.numerals import whole

TextFilter = Callable[[list[str]], list[str]]


class FilterError(ValueError):
    """An unknown filter or wrong arguments; the text says which."""


def strip_zeros(texts: list[str]) -> list[str]:
    """Leading zeros away from all-digit keys; at least one digit stays. Other keys are left alone."""
    return [(text.lstrip("0") or "0") if text.isdecimal() else text for text in texts]


def upper(texts: list[str]) -> list[str]:
    """Upper case."""
    return list(map(str.upper, texts))


def lower(texts: list[str]) -> list[str]:
    """Lower case."""
    return list(map(str.lower, texts))


def trim(texts: list[str]) -> list[str]:
    """White space away from both ends."""
    return list(map(str.strip, texts))


def truncate(length: int) -> TextFilter:
    """The first `length` characters."""
    return lambda texts: [text[:length] for text in texts]


def part(separator: str, index: int) -> TextFilter:
    """Segment `index` (from 0; negative from the end) of a text split at `separator`; blank text stays blank."""

    def one(text: str) -> str:
        try:
            return text.split(separator)[index] if text else text
        except IndexError:
            raise Unmappable(f"no part {index} at '{separator}'", text) from None

    return lambda texts: [one(text) for text in texts]


def blank_as(instead: str) -> TextFilter:
    """`instead` for blank text."""
    return lambda texts: [text if text and not text.isspace() else instead for text in texts]


_PLAIN: dict[str, TextFilter] = {"strip_zeros": strip_zeros, "upper": upper, "lower": lower, "trim": trim}
NAMES = (*_PLAIN, "truncate", "part", "default", "blank_as")


def make(name: str, arguments: Sequence[str]) -> TextFilter:
    """The filter `name` with its arguments, or a FilterError that says what is wrong."""
    if name in _PLAIN and not arguments:
        return _PLAIN[name]
    if name == "truncate" and len(arguments) == 1 and (length := whole(arguments[0])):
        return truncate(length)
    if name == "part" and len(arguments) == 2 and arguments[0]:
        index = whole(arguments[1].removeprefix("-"))
        if index is not None:
            return part(arguments[0], -index if arguments[1].startswith("-") else index)
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
    steps = tuple(filters)

    def convert(texts: list[str]) -> list[str]:
        for step in steps:
            texts = step(texts)
        return texts

    return steps[0] if len(steps) == 1 else convert
