"""The decision about one record, whatever the source says, SYSPRO holds and the entry allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector_kit.syspro.upkeep import normal
from target_syspro.deciding import carried, decide, digest, owned
from target_syspro.keeping import parse

ELEMENTS = ["SupplierName", "Email", "MinPoVal", "DateSuppAdded", "SupAddr1"]
VALUES = {
    "MinPoVal": st.sampled_from(["", "0", "0.00", "1.5", "1.50", "2"]),
    "DateSuppAdded": st.sampled_from(["", "2026-01-01", "2026-01-02"]),
}
TEXTS = st.fixed_dictionaries({name: VALUES.get(name, st.sampled_from(["", "a", "b"])) for name in ELEMENTS})


@st.composite
def keepings(draw):
    entry = {
        "stream": "s",
        "object": "supplier",
        "key": {"Supplier": "Code"},
        "columns": {name: name for name in ELEMENTS},
        "owns": draw(st.lists(st.sampled_from(ELEMENTS), unique=True)),
        "mode": draw(st.sampled_from(["upsert", "update_only", "add_only"])),
        "on_conflict": draw(st.sampled_from(["overwrite", "keep", "reject"])),
        "blanks": draw(st.sampled_from(["keep", "clear"])),
    }
    found, faults = parse([entry])
    assert faults == []
    return found[0]


def standing(keeping, texts):
    return {name: normal(keeping.master.field_of(name), text) for name, text in texts.items()}


@given(keepings(), TEXTS, TEXTS, st.booleans())
def test_an_update_carries_owned_elements_that_differ_and_nothing_else(keeping, wanted, there, changed):
    current = standing(keeping, there)
    decision = decide(keeping, wanted, current, changed_there=changed)
    assert set(decision.values) <= keeping.owns
    said = standing(keeping, owned(keeping, carried(keeping, wanted)))
    right = all(current[name] == text for name, text in said.items())
    if keeping.mode == "add_only" or right:
        assert decision.verdict == "agrees"
    elif changed and keeping.on_conflict != "overwrite":
        assert decision.verdict == {"keep": "kept", "reject": "refused"}[keeping.on_conflict]
        assert decision.values == {}
    else:
        assert decision.verdict == "update"
        assert {**current, **standing(keeping, decision.values)} == {**current, **said}
        assert all(current[name] != text for name, text in standing(keeping, decision.values).items())


@given(keepings(), TEXTS, TEXTS)
def test_what_was_written_is_not_written_again(keeping, wanted, there):
    current = standing(keeping, there)
    first = decide(keeping, wanted, current, changed_there=False)
    after = {**current, **standing(keeping, first.values)}
    assert decide(keeping, wanted, after, changed_there=False).verdict == "agrees"


@given(keepings(), TEXTS)
def test_a_new_record_has_all_that_is_known_and_no_blanks(keeping, wanted):
    decision = decide(keeping, wanted, None, changed_there=False)
    if keeping.mode == "update_only":
        assert decision.verdict == "refused"
        return
    assert decision.verdict == "add"
    assert decision.values == {name: text for name, text in wanted.items() if text}


@given(keepings(), TEXTS, TEXTS)
def test_digests_are_equal_when_values_mean_the_same(keeping, one, other):
    same = standing(keeping, one) == standing(keeping, other)
    assert (digest(keeping.master, one) == digest(keeping.master, other)) == same
