"""``$filter`` from text to a tree: tokens, then a recursive descent by precedence (OData 4.0, part 2, 5.1.1).

The grammar of V2 is the same; literals and functions differ, and so a lexicon says what they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from sandbox.core.odata.errors import ODataError, bad_request

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
_NUMBER = r"(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?){suffix}(?![A-Za-z_0-9])"
_REST = r"(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*\+?) | (?P<mark>[(),])"
_PREFIXED = re.compile(r"([A-Za-z]*)'(.*)'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of a version: its tokens, and the functions with their number of arguments.

    The tokens' group names are the kinds of the literals; the kinds in ``quoted`` are unquoted for their value.
    """

    token: re.Pattern[str]
    functions: dict[str, int]
    quoted: frozenset[str]


def lexicon(literals: str, functions: dict[str, int], *quoted: str, number_suffix: str = "") -> Lexicon:
    """A lexicon from the alternatives (a verbose regular expression) for the literals other than numbers."""
    number = _NUMBER.format(suffix=number_suffix)
    pattern = re.compile(rf"\s*(?: {literals} | (?P<string>'(?:[^']|'')*') | {number} | {_REST} )", re.VERBOSE)
    return Lexicon(pattern, functions, frozenset({"string", *quoted}))


V4 = lexicon(
    r"""
      (?P<binary>binary'[^']*')
    | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?![A-Za-z_0-9-])
    | (?P<offset>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|z|[+-]\d\d:\d\d)?)
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<time>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?![A-Za-z_0-9:])
    """,
    {
        "contains": 2, "startswith": 2, "endswith": 2, "tolower": 1, "toupper": 1, "trim": 1, "length": 1,
        "year": 1, "month": 1, "day": 1,
    },
    "binary",
)  # fmt: skip
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Value:
    """A literal as it was written, without its quotes."""

    kind: str
    text: str

    @property
    def number(self) -> Decimal:
        """The value of a number."""
        return Decimal(self.text)


@dataclass(frozen=True, slots=True)
class Field:
    """A property of the entity."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function."""

    function: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Junction:
    """All (``and``) or any (``or``) of two or more parts; a part is never a junction of the same operator."""

    operator: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``not part``."""

    part: Condition


Operand = Value | Field | Call
Condition = Comparison | Junction | Negation | Call


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str, words: Lexicon) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = words.token.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad_request(
                f"Syntax error: character {text[at : at + 10]!r} is not valid at position {at} in '{text}'."
            )
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*tokens, _Token("end", "", len(text))]


def junction(operator: str, parts: list[Condition]) -> Condition:
    """The parts joined, nested junctions of the same operator flattened; one part stays itself."""
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Junction) and part.operator == operator else [part])
    return flat[0] if len(flat) == 1 else Junction(operator, tuple(flat))


def parse(text: str, words: Lexicon = V4) -> Condition:
    """The tree of a ``$filter``; ODataError 400 when it is malformed."""
    parser = _Parser(text, words)
    condition = parser.disjunction()
    parser.expect("end")
    return condition


class _Parser:
    def __init__(self, text: str, words: Lexicon) -> None:
        self._text = text
        self._words = words
        self._tokens = _tokens(text, words)
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _is(self, text: str) -> bool:
        return self._next.text == text and self._next.kind in {"name", "mark"}

    def _error(self, expected: str) -> ODataError:
        found = self._next.text or "the end"
        return bad_request(
            f"Syntax error at position {self._next.at} in '{self._text}': {expected} expected, {found} found."
        )

    def expect(self, wanted: str) -> None:
        if not (self._next.kind == wanted == "end" or self._is(wanted)):
            raise self._error("end of the expression" if wanted == "end" else f"'{wanted}'")
        self._take()

    def disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._is("or"):
            self._take()
            parts.append(self._conjunction())
        return junction("or", parts)

    def _conjunction(self) -> Condition:
        parts = [self._unary()]
        while self._is("and"):
            self._take()
            parts.append(self._unary())
        return junction("and", parts)

    def _unary(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad_request("The node count limit of the filter has been exceeded.")
        try:
            if self._is("not"):
                self._take()
                return Negation(self._unary())
            if self._is("("):
                self._take()
                inner = self.disjunction()
                self.expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        left = self._operand()
        if self._next.kind == "name" and self._next.text in COMPARISONS:
            operator = self._take().text
            return Comparison(operator, left, self._operand())
        if isinstance(left, Call):
            return left
        raise self._error("a comparison operator")

    def _operand(self) -> Operand:
        token = self._next
        if token.kind not in {"name", "mark", "end"}:
            self._take()
            return self._literal(token)
        if token.kind != "name" or token.text in {"and", "or", "not", *COMPARISONS}:
            raise self._error("a property, literal or function")
        self._take()
        if self._is("("):
            return self._call(token)
        if token.text == "null":
            return Value("null", "")
        if token.text in {"true", "false"}:
            return Value("boolean", token.text)
        return Field(token.text)

    def _literal(self, token: _Token) -> Value:
        quoted = _PREFIXED.fullmatch(token.text) if token.kind in self._words.quoted else None
        return Value(token.kind, token.text if quoted is None else quoted[2].replace("''", "'"))

    def _call(self, name: _Token) -> Call:
        if name.text not in self._words.functions:
            raise bad_request(f"An unknown function with name '{name.text}' was found.")
        self.expect("(")
        arguments = [self._operand()]
        while self._is(","):
            self._take()
            arguments.append(self._operand())
        self.expect(")")
        if len(arguments) != self._words.functions[name.text]:
            raise bad_request(f"No function signature for '{name.text}' with {len(arguments)} arguments.")
        return Call(name.text, tuple(arguments))
