"""With an audit_key nothing of a plan's lines stands in the trail's files in clear: not in keys, not in messages."""

from __future__ import annotations

import pytest
from plans import row

from connector_kit.audit import Trail
from connector_kit.audit.codec import new_key
from connector_kit.documents.delivery import _reason
from connector_kit.documents.model import Message

TEXT, AMOUNT, MONTH, ODD = "Bonus of the board", "98765.43", "Jan 26", "Smarch 26"
PLAN = [
    row("1010", MONTH, "4000", "A", AMOUNT, Text=TEXT),
    row("2020", MONTH, "BAD", "A", AMOUNT, Text=TEXT),
    row("3030", ODD, "4000", "A", AMOUNT, Text=TEXT),
    row("4040", MONTH, "4000", "A", AMOUNT, Text=TEXT * 5),
]


@pytest.mark.parametrize("key", [(), ("Company", "Period")], ids=["no key", "key"])
def test_lines_posted_refused_and_unmappable_are_not_readable_in_the_files(bench, tmp_path, key):
    audit_key = new_key()
    bench.run(PLAN, key=key, audit_key=audit_key)
    assert bench.action().rejected == 3
    words = (TEXT.encode(), AMOUNT.encode(), b"characters, 50 are allowed")
    for file in tmp_path.glob("audit.db*"):
        assert not [word for word in words if word in file.read_bytes()], file
    with Trail.open(bench.audit_url, key=audit_key) as trail:
        action = trail.summary("last").actions[0]
        assert any("BAD is not defined" in "; ".join(line.messages) for line in action.documents)
    assert {message for line in bench.action().documents for message in line.messages} == {"(encrypted)"}


def test_a_record_without_key_is_named_by_a_hash_and_is_the_same_when_it_comes_again(bench):
    bench.run(PLAN[:1])
    first = bench.erp.documents()
    bench.run(PLAN[:1])
    assert bench.erp.documents() == first


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("amount 98765.4321: SAP takes at most 3 decimals", "amount …: SAP takes at most … decimals"),
        ("Ledger code '00-40' is unknown", "Ledger code … is unknown"),
        ("no period is open", "no period is open"),
    ],
)
def test_a_reason_which_is_never_encrypted_has_no_values_in_it(text, reason):
    assert _reason([Message("", text)]) == reason
    assert _reason([Message("102(F5)", text)]) == "refused: 102(F5)"
