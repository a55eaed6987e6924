"""What one side writes the other side reads as it was meant; the reading is the sandbox's, or another library's."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from pyodata.v2.model import NullAssociation, Types

from connector_kit.http.retry import moment, parse_retry_after
from connector_kit.mapping import template
from connector_kit.mapping.block import RowsBlock
from connector_kit.odata.filters import Compare, all_of, odata_filter
from connector_kit.odata.literals import literal
from connector_kit.odata.moments import key_value, value_of_text
from connector_kit.syspro import comfnd
from sandbox.core.odata.syntax import Comparison, Junction, parse
from sandbox.sap.odata import literals as sap
from sandbox.sap.schema import Property
from sandbox.syspro.enet.xml import parse as parse_enet

# The same inputs each time, unless a seed is asked for.
RUNS = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    derandomize="FUZZ_SEED" not in os.environ,
    database=None,
    deadline=None,
)

YEARS = (datetime.min.replace(year=1900), datetime.max.replace(year=2999))  # noqa: DTZ901
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MOMENTS = st.datetimes(*YEARS, timezones=st.just(timezone.utc))
VALUES = st.one_of(
    st.tuples(st.just("Edm.String"), st.just("string"), TEXTS),
    st.tuples(st.just("Edm.Decimal"), st.just("decimal"), st.decimals(-(10**9), 10**9, places=3)),
    st.tuples(st.just("Edm.Int32"), st.just("int32"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("Edm.Int64"), st.just("int64"), st.integers(-(2**62), 2**62)),
    st.tuples(st.just("Edm.Boolean"), st.just("boolean"), st.booleans()),
    st.tuples(st.just("Edm.Guid"), st.just("guid"), st.uuids()),
    st.tuples(st.just("Edm.Date"), st.just("date"), st.dates()),
    st.tuples(st.just("Edm.DateTimeOffset"), st.just("datetimeoffset"), MOMENTS),
    st.tuples(st.just("Edm.TimeOfDay"), st.just("time"), st.times().map(lambda one: one.replace(microsecond=0))),
)


def stored(value: object, each: Property) -> object:
    """As the sandbox keeps it."""
    if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        return int(Decimal(value).scaleb(each.scale))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond:06}0Z"
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, (date, UUID)):
        return str(value)
    return int(value) if isinstance(value, bool) else value


@RUNS
@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from(["2.0", "4.0"]), st.sampled_from(["eq", "gt", "le"]))
def test_a_server_reads_in_a_filter_the_values_that_were_meant(values, version, operator):
    names = {f"F{at}": edm for at, (edm, _, _) in enumerate(values)}
    wanted = [Compare(f"F{at}", operator, value) for at, (_, _, value) in enumerate(values)]
    v2 = {"Edm.Date": "Edm.DateTime", "Edm.TimeOfDay": "Edm.Time"}
    types = {name: v2.get(edm, edm) if version == "2.0" else edm for name, edm in names.items()}
    text = odata_filter(all_of(*wanted), lambda name, value: literal(value, types[name], version=version))
    read = parse(text, sap.LEXICONS[version])
    parts = read.parts if isinstance(read, Junction) else (read,)
    assert len(parts) == len(values)
    for at, (part, (_, kind, value)) in enumerate(zip(parts, values, strict=True)):
        assert isinstance(part, Comparison)
        assert (part.left.name, part.operator) == (f"F{at}", operator)
        each = Property(f"F{at}", kind, scale=3 if kind == "decimal" else 0)
        assert sap.stored(part.right, each) == stored(value, each)


@RUNS
@given(st.one_of(TEXTS, st.booleans(), st.datetimes(*YEARS)))
def test_pyodata_reads_a_literal_as_it_was_meant(value):
    edm = {str: "Edm.String", bool: "Edm.Boolean", datetime: "Edm.DateTime"}[type(value)]
    read = Types.from_name(edm).traits.from_literal(literal(value, edm, version="2.0"))
    if isinstance(value, str):
        read = read.replace("''", "'")  # pyodata takes the quotes off and leaves doubled ones
    assert (read.replace(tzinfo=None) if isinstance(read, datetime) else read) == value
    assert NullAssociation is not None


@RUNS
@given(st.one_of(st.dates().map(lambda one: (one, "date")), MOMENTS.map(lambda one: (one, "timestamp"))))
def test_a_key_in_a_state_is_the_key_that_was_read(pair):
    value, kind = pair
    text = value.isoformat()
    read = key_value(text, kind)
    assert read is not None
    again = value_of_text(read.isoformat(), kind)
    assert again == read
    whole = isinstance(value, datetime) and value.time() != time.min
    assert read == (value if whole else value.date() if isinstance(value, datetime) else value)


@RUNS
@given(st.lists(st.sampled_from(["{", "}", "|", ":", "\\", "a", " ", "\u00e4"]), max_size=12).map("".join), TEXTS)
def test_a_template_writes_any_text_and_any_field(text, value):
    fixed = text.replace("{", "{{").replace("}", "}}")
    name = "".join("\\" + sign if sign in "|:}{\\" else sign for sign in text).strip() or "x"
    made = template.parse(fixed + "{" + name + "}")
    [field] = made.fields
    assert made.build()(RowsBlock([{field: value}])) == [text + value]


@RUNS
@given(st.lists(st.tuples(st.from_regex(r"[A-Z][A-Za-z]{0,8}", fullmatch=True), TEXTS), min_size=1, max_size=4))
def test_enet_reads_in_a_query_the_values_that_were_meant(pairs):
    pairs = [
        (name, value) for name, value in pairs if all(sign >= " " and sign not in "\ufffe\uffff" for sign in value)
    ]
    where = [[comfnd.Condition(name, "EQ", value) for name, value in pairs]] if pairs else []
    root = parse_enet(comfnd.build("Table", ["A"], where, [], 5), "query")
    read = [(one.findtext("Column"), one.findtext("Value")) for one in root.iter("Expression")]
    assert [(name, value or "") for name, value in read] == pairs


@RUNS
@given(st.integers(0, 10**6), MOMENTS)
def test_a_pause_is_as_long_as_the_server_says(seconds, now):
    now = now.replace(microsecond=0)
    if now.year > 2900:
        return
    until = now + timedelta(seconds=seconds)
    stamp = "{:%a, %d %b %Y %H:%M:%S} GMT"
    assert parse_retry_after(str(seconds)) == seconds
    assert parse_retry_after(stamp.format(until), stamp.format(now)) == seconds
    assert moment(stamp.format(now)) == now.timestamp()
