"""The lines of a document: added up, rounded, balanced, taken apart. Pure functions; amounts are exact.

The order of a document's lines is that of their identities, so that it does not depend on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal

from connector_kit.documents.model import TEXT, Line
from connector_kit.documents.recipe import Offset, Rounding

Identity = tuple[str, str, tuple[tuple[str, str], ...]]
"""Account, currency, fields without the text: what says where an amount lands."""

_EXACT = Context(prec=60)
_ZERO = Decimal(0)
_UNITS = [Decimal(1).scaleb(-digits) for digits in range(10)]

# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_UNITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def identity(line: Line) -> Identity:
    """Where a line's amount lands."""
    return line.account, line.currency, tuple([pair for pair in line.fields if pair[0] != TEXT])


def add_up(lines: Iterable[Line]) -> dict[Identity, Line]:
    """Lines of equal identity as one: amounts added, rows joined, the first text that is not blank."""
    found: dict[Identity, Line] = {}
    rows: dict[Identity, list[int]] = {}
    for line in lines:
        name = identity(line)
        known = found.get(name)
        if known is None:
            found[name] = line
            continue
        rows.setdefault(name, list(known.rows)).extend(line.rows)
        fields = known.fields if known.get(TEXT) else line.fields
        amount = _EXACT.add(known.amount, line.amount)
        found[name] = Line(known.account, amount, known.currency, fields, (), known.offset or line.offset)
    for name, joined in rows.items():
        found[name] = replace(found[name], rows=tuple(joined))
    return {name: found[name] for name in sorted(found)}


def with_amount(line: Line, amount: Decimal, rows: tuple[int, ...], *, offset: bool = False) -> Line:
    """A line with another amount; what `replace` does, for the many."""
    return Line(line.account, amount, line.currency, line.fields, rows, offset)


def decimals(currency: str, rounding: Rounding) -> int:
    """How many digits amounts of a currency have."""
    return rounding.decimals.get(currency, _MINOR_UNITS.get(currency, 2))


def round_lines(lines: Sequence[Line], rounding: Rounding) -> list[Line]:
    """Every amount rounded half up; per currency the sum stays what the exact sum rounds to.

    What is left over goes to the line with the largest amount, to the last line, or to a line of its own.
    """
    rounded = [
        with_amount(line, _round(line.amount, line.currency, rounding), line.rows, offset=line.offset) for line in lines
    ]
    for currency in dict.fromkeys(line.currency for line in lines):
        exact = _sum(line.amount for line in lines if line.currency == currency)
        rest = _round(exact, currency, rounding) - _sum(one.amount for one in rounded if one.currency == currency)
        if not rest:
            continue
        if rounding.rest == "account":
            rounded.append(Line(rounding.account, rest, currency))
            continue
        places = [at for at, line in enumerate(rounded) if line.currency == currency]
        at = (
            places[-1]
            if rounding.rest == "last"
            else max(places, key=lambda place: (abs(rounded[place].amount), -place))
        )
        rounded[at] = replace(rounded[at], amount=rounded[at].amount + rest)
    return rounded


def _round(amount: Decimal, currency: str, rounding: Rounding) -> Decimal:
    return amount.quantize(_UNITS[decimals(currency, rounding)], ROUND_HALF_UP, _EXACT)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def balances(lines: Iterable[Line]) -> dict[str, Decimal]:
    """What debits exceed credits by, for the currencies where they do."""
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line.currency] = _EXACT.add(found.get(line.currency, _ZERO), line.amount)
    return {currency: amount for currency, amount in sorted(found.items()) if amount}


def offsets(lines: Iterable[Line], offset: Offset) -> list[Line]:
    """The balancing lines: one per currency and per value of the fields that it is made per."""
    found: dict[Identity, Decimal] = {}
    for line in lines:
        fields = dict(offset.fields)
        fields.update({name: value for name in offset.per if (value := line.get(name))})
        name = (offset.account, line.currency, tuple(sorted(fields.items())))
        found[name] = _EXACT.subtract(found.get(name, _ZERO), line.amount)
    return [
        Line(account, amount, currency, fields, offset=True)
        for (account, currency, fields), amount in sorted(found.items())
        if amount
    ]


def differences(plan: Mapping[Identity, Line], standing: Mapping[Identity, Line]) -> list[Line]:
    """What has to be added to what stands so that the plan stands."""
    found = []
    for name in sorted({*plan, *standing}):
        new, old = plan.get(name), standing.get(name)
        amount = (new.amount if new else _ZERO) - (old.amount if old else _ZERO)
        if amount:
            like = new or old or Line("", _ZERO)
            offset = bool((new and new.offset) or (old and old.offset))
            found.append(with_amount(like, amount, new.rows if new else (), offset=offset))
    return found


def parts(lines: Sequence[Line], most: int, offset: Offset | None) -> Iterator[list[Line]]:
    """Lines in documents of at most `most`, each balanced by offset lines of its own when there is an offset.

    The parts' lines add up to the given ones.
    """
    if len(lines) <= most:
        yield list(lines)
        return
    if offset is None:
        for start in range(0, len(lines), most):
            yield list(lines[start : start + most])
        return
    left = add_up(line for line in lines if line.offset)
    part: list[Line] = []
    groups: set[tuple[str, ...]] = set()
    for line in (one for one in lines if not one.offset):
        group = (line.currency, *(line.get(name) for name in offset.per))
        if part and len(part) + 1 + len(groups | {group}) > most:
            yield _closed(part, offset, left)
            part, groups = [], set()
        part.append(line)
        groups.add(group)
    if part:
        yield _closed(part, offset, left)
    # Offset lines that today's offset does not explain: those of a document made by another recipe.
    rest = [line for line in left.values() if line.amount]
    for start in range(0, len(rest), most):
        yield rest[start : start + most]


def _closed(part: list[Line], offset: Offset, left: dict[Identity, Line]) -> list[Line]:
    own = offsets(part, offset)
    for line in own:
        name = identity(line)
        known = left.get(name, replace(line, amount=_ZERO))
        left[name] = replace(known, amount=known.amount - line.amount)
    return [*part, *own]
