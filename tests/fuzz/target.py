"""A parser under test: what it is given, and inputs to begin from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzz.judge import MEGABYTES, SECONDS, Verdict, judge

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Target:
    """name: group and parser, "odata/page". expected: signals to the parser's caller that it may raise.

    tokens: words of its own grammar. share: of the examples of a run that it gets; slow ones get fewer.
    """

    name: str
    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    expected: tuple[type[Exception], ...] = ()
    tokens: tuple[bytes, ...] = ()
    share: float = 1.0
    seconds: float = SECONDS

    @property
    def folder(self) -> Path:
        """Where its finds are."""
        return CORPUS / self.name.replace("/", "-")

    @property
    def finds(self) -> dict[str, bytes]:
        """The inputs that once broke it, by file name."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.glob("*"))} if self.folder.is_dir() else {}

    def judge(self, data: bytes, *, times: int = 1) -> Verdict:
        """Give it an input; `times` the usual bounds of time and memory.

        Raises:
            Violation: see `judge`.
        """
        bounds = {"seconds": times * self.seconds, "megabytes": times * MEGABYTES}
        return judge(lambda: self.parse(data), self.expected, **bounds)


TARGETS: dict[str, Target] = {}


def fuzzed(
    name: str,
    *seeds: bytes | str,
    expected: Sequence[type[Exception]] = (),
    tokens: Sequence[bytes] = (),
    share: float = 1.0,
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Register a parser of bytes under a name."""

    def register(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
        made = tuple(seed.encode() if isinstance(seed, str) else seed for seed in seeds)
        assert name not in TARGETS, name
        TARGETS[name] = Target(name, parse, made, tuple(expected), tuple(tokens), share)
        return parse

    return register
