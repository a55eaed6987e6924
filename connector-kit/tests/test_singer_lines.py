"""Lines of a tap's output: whatever bytes come, each record is taken or told by its line."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from connector_kit.singer.lines import Poison, decode

GOOD = b'{"type":"RECORD","stream":"s","record":{"id":1,"name":"x"},"version":3}'
damage = st.tuples(st.integers(0, len(GOOD) - 1), st.binary(max_size=3)).map(
    lambda pair: GOOD[: pair[0]] + pair[1].replace(b"\n", b"") + GOOD[pair[0] + 1 :]
)


@given(st.lists(st.one_of(st.just(GOOD), st.just(b""), damage), min_size=1, max_size=6), st.booleans())
def test_no_line_is_lost_and_none_is_told_by_a_wrong_number(lines, ended):
    block = b"\n".join(lines) + (b"\n" if ended else b"")
    found = decode(block, 11)
    numbers = []
    for first, messages in found.stretches:
        numbers += [first] if isinstance(messages, Poison) else range(first, first + len(messages))
    wanted = [number for number, line in enumerate(lines, 11) if line.strip()]
    assert numbers == (wanted if found.fault is None else wanted[: len(numbers)])
    if found.fault is not None:
        at = wanted[len(numbers)]
        assert f"line {at} of its output" in str(found.fault)
        assert lines[at - 11] != GOOD
    for number, line in enumerate(lines, 11):
        if line == GOOD and number in numbers:
            [messages] = [
                stretch.messages[number - stretch.first]
                for stretch in found.stretches
                if not isinstance(stretch.messages, Poison)
                and stretch.first <= number < stretch.first + len(stretch.messages)
            ]
            assert json.loads(bytes(messages.record)) == {"id": 1, "name": "x"}


def test_a_broken_record_is_known_by_its_stream_version_and_what_can_be_read_of_it():
    line = b'{"version": 4, "stream": "s", "record": {"id": "A", "text": "}", "rate": NaN}, "type": "RECORD"}\n'
    [(number, poison)] = decode(line, 1).stretches
    assert number == 1
    assert poison == Poison(
        "s", 4, "NaN or Infinity, which JSON does not have", b'{"id": "A", "text": "}", "rate": NaN}'
    )


def test_the_version_of_a_broken_record_is_not_taken_from_its_fields():
    line = b'{"type": "RECORD", "stream": "s", "record": {"version": 4, "rate": NaN}}\n'
    assert decode(line, 1).stretches[0].messages.version is None
