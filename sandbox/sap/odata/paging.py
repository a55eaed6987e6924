"""Pages: how many rows one answer has, and the continuation that leads on.

1000 rows without $top and at most 5000 with it for V2 (SAP KBA 3072317), 100 and 5000 for V4 (SAP community article on
RAP paging). A continuation is opaque and follows the last row's order, or is an offset where the switch says so.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from sandbox.core.odata.errors import bad_request
from sandbox.core.odata.seek import Sql, Term
from sandbox.sap.odata.plan import behind, planned
from sandbox.sap.odata.reading import Slice, both, terms_of

if TYPE_CHECKING:
    from sandbox.sap.odata.options import Node, Query
    from sandbox.sap.odata.reading import Reader
    from sandbox.sap.schema import Stored

_OFFSET = re.compile(r"\d{1,15}", re.ASCII)
_Natural = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Value = str | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None
_DECODER = msgspec.json.Decoder(tuple[list[_Value] | None, _Natural, _Natural | None, _Natural])


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows of a page without and with $top, None for no limit; the client's own wish; form of continuations."""

    default: int | None
    cap: int | None
    wish: int | None = None
    numeric: bool = False
    shuffle: bool = False
    endless: bool = False
    collation: str = ""

    def size(self, left: int | None) -> int | None:
        """Rows of the next page when the client still wants ``left`` (None: all)."""
        sizes = (left, self.default if left is None else self.cap, self.wish)
        return min((size for size in sizes if size is not None), default=None)


@dataclass(frozen=True, slots=True)
class Page:
    """Entities, the count of all matches when asked, the token of the next page when there is one."""

    rows: list[object]
    count: int | None
    token: str | None


@dataclass(frozen=True, slots=True)
class _Continuation:
    """What a token carries: the last row's order values or an offset, what is left of $top, the shuffle's seed."""

    after: tuple[Stored, ...] | None
    offset: int
    left: int | None
    seed: int

    @property
    def token(self) -> str:
        packed = msgspec.json.encode((self.after, self.offset, self.left, self.seed))
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _read(token: str, node: Node) -> _Continuation:
    if _OFFSET.fullmatch(token):
        offset = int(token)
        return _Continuation(None, node.skip + offset, None if node.top is None else max(node.top - offset, 0), 0)
    try:
        behind, offset, left, seed = _DECODER.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        raise bad_request(f"The skiptoken '{token}' is invalid.") from None
    return _Continuation(None if behind is None else tuple(behind), offset, left, seed)


def read_page(reader: Reader, query: Query, base: Sql, limits: Limits) -> Page:
    """The rows of one request among those that ``base`` admits; ODataError 400 for a token that is none of ours."""
    node = query.node
    if query.skiptoken is None:
        start = _Continuation(None, node.skip, node.top, random.randrange(1, 2**31))
    else:
        start = _read(query.skiptoken, node)
    where, prefix = planned(reader, node, continued=query.skiptoken is not None)
    where = both(base, where)
    terms, seekable = _terms(reader, node, prefix, start.seed if limits.shuffle else 0, limits.collation)
    seekable = seekable and not limits.numeric
    size = limits.size(start.left)
    admitted = where
    if start.after is not None:
        if len(start.after) != len(terms):
            raise bad_request("The skiptoken does not belong to this query.")
        admitted = both(where, behind(reader, node, terms, start.after))
    part = Slice(terms, None if size is None else size + 1, start.offset)
    rows, raw = reader.read(node, admitted, part, [term.sql for term in terms])
    count = reader.count(node, where) if query.count else None
    if size is None or len(rows) <= size or start.left == size:
        shown = rows if size is None else rows[:size]
        beyond = _Continuation(start.after, start.offset + max(len(shown), 1), start.left, start.seed)
        return Page(shown, count, beyond.token if limits.endless else None)
    left = None if start.left is None else start.left - size
    if seekable:
        following = _Continuation(raw(size - 1), 0, left, start.seed)
    else:
        following = _Continuation(None, start.offset + size, left, start.seed)
    token = str(following.offset - node.skip) if limits.numeric else following.token
    return Page(rows[:size], count, token)


def _terms(reader: Reader, node: Node, prefix: str, seed: int, collation: str) -> tuple[tuple[Term, ...], bool]:
    """The whole order, and whether a page can begin behind a row of it: not behind a sum."""
    wanted = terms_of(node, prefix, collation)
    own = reader.default_terms(node, prefix)
    if seed and not wanted and not node.entity_set.aggregate:
        text = " || '/' || ".join(term.sql for term in own)
        wanted = (Term(f"sap_shuffle({seed}, {text})", descending=False),)
    given = {term.sql for term in wanted}
    seekable = not (reader.sums(node) and any(each.measure for each, _ in node.order))
    return (*wanted, *(term for term in own if term.sql not in given)), seekable
