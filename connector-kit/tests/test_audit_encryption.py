from __future__ import annotations

import contextlib
import json
import os

import pytest
from audit_rows import begin_batch, begin_run, block, deliver, key
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.codec import CLEAR, Codec, new_key
from connector_kit.audit.command import cli
from connector_kit.audit.database import Database
from connector_kit.audit.document_types import Ending, Entry
from connector_kit.audit.documents import DocumentBook
from connector_kit.audit.export import export
from connector_kit.audit.failures import Selection
from connector_kit.audit.history import history
from connector_kit.audit.prune import prune
from connector_kit.audit.replay import replay
from connector_kit.audit.report import summary
from connector_kit.errors import ConfigurationError

KEY, OLD = new_key(), new_key()
SECRET = "Ada Lovelace Ltd"


def bad(place, number):
    return Rejected(place, key(number), "Unknown parent", "Unknown parent")


def fill(url, audit_key):
    """Three batches: all delivered, one row refused, and a row that was refused before it was sent."""
    with Trail.open(url, key=audit_key) as trail:
        run = begin_run(trail)
        deliver(run, range(5), version=SECRET)
        deliver(run, range(5, 8), version=SECRET, rejects=[bad(1, 6)])
        batch = begin_batch(run)
        record = f'{{"Name":"{SECRET}"}}'.encode()
        batch.reject_invalid([Rejected(None, key(9), "invalid", f"not a date, got {SECRET}", record)])
        batch.settle(outcome="unchanged")
        run.finish("succeeded", f"1 refused: {SECRET}")


@contextlib.contextmanager
def reading(url, audit_key=None):
    with contextlib.closing(Database(url, codec=Codec.of(audit_key))) as database, database.reading() as connection:
        yield connection


def replayed(connection):
    out = []
    done = replay(connection, Selection(), out.append)
    return done.records, b"".join(out)


@given(st.binary(max_size=300))
def test_what_is_sealed_is_opened_by_its_key_and_by_no_other(data):
    codec = Codec.of(KEY)
    sealed = codec.seal(data)
    assert codec.unseal(codec.encoding, sealed) == data
    assert Codec.of(f"{OLD},{KEY}").unseal(codec.encoding, sealed) == data
    for other in (CLEAR, Codec.of(OLD)):
        with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
            other.unseal(codec.encoding, sealed)


def test_changed_bytes_are_told():
    codec = Codec.of(KEY)
    sealed = bytearray(codec.seal(b"record"))
    sealed[-1] ^= 1
    with pytest.raises(ConfigurationError, match="changed bytes"):
        codec.unseal(codec.encoding, bytes(sealed))


@pytest.mark.parametrize("text", ["hunter2", "not a key" * 5, "QUJD" * 10, "Q" * 44 + ",hunter2"])
def test_something_that_is_not_a_key_is_refused_and_not_shown(text):
    with pytest.raises(ConfigurationError, match="44 characters") as refused:
        Codec.of(text)
    assert text.rpartition(",")[2] not in str(refused.value)


def test_no_record_can_be_read_in_the_file(tmp_path):
    fill(f"sqlite:///{tmp_path / 'clear.db'}", None)
    fill(f"sqlite:///{tmp_path / 'sealed.db'}", KEY)
    with reading(f"sqlite:///{tmp_path / 'sealed.db'}") as connection:
        stored = connection.rows("SELECT encoding, payload FROM audit_blocks")
    assert {row["encoding"] for row in stored} == {2}
    content = b"".join(path.read_bytes() for path in tmp_path.glob("sealed.db*"))
    for word in (SECRET, KEY):
        assert word.encode() not in content


@pytest.mark.parametrize("settled", [True, False])
def test_no_message_can_be_read_in_the_file(tmp_path, settled):
    url = f"sqlite:///{tmp_path / 'sealed.db'}"
    with Trail.open(url, key=KEY) as trail:
        run = begin_run(trail)
        batch = begin_batch(run)
        batch.add(block([1]))
        batch.sending()
        if settled:
            batch.settle(outcome="failed", message=SECRET)
        run.finish("failed", SECRET)
    assert not [path for path in tmp_path.glob("sealed.db*") if SECRET.encode() in path.read_bytes()]
    with reading(url, KEY) as connection:
        found = summary(connection, "last")
        assert (found.message, found.actions[0].message) == (SECRET, SECRET)
    with reading(url) as connection:
        found = summary(connection, "last")
        assert (found.message, found.actions[0].message) == ("(encrypted)", "(encrypted)")


def test_with_the_key_everything_is_as_without_encryption(audit_url):
    fill(audit_url, KEY)
    with reading(audit_url, KEY) as connection:
        (one,) = history(connection, "suppliers", ["EDU1", f"{6:015d}"])
        assert (json.loads(bytes(one.record))["Name"], one.encrypted) == (SECRET, False)
        assert sum(record.record is not None for record in export(connection, records=True)) == 9
        records, text = replayed(connection)
    assert records == 2
    assert text.count(SECRET.encode()) == 2


def test_without_the_key_the_outcomes_are_there_and_what_is_missing_is_said(audit_url):
    fill(audit_url, KEY)
    with reading(audit_url) as connection:
        (one,) = history(connection, "suppliers", ["EDU1", f"{6:015d}"])
        assert (one.outcome, one.record, one.encrypted) == ("rejected", None, True)
        assert [record.key for record in export(connection)] == [*map(key, range(8)), key(9)]
        with pytest.raises(ConfigurationError, match="the key that it is encrypted with, got none"):
            list(export(connection, records=True))
        with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
            replayed(connection)


def test_after_a_change_of_keys_old_records_need_the_old_one_behind_the_new(audit_url):
    fill(audit_url, OLD)
    with Trail.open(audit_url, key=f"{KEY},{OLD}") as trail:
        deliver(begin_run(trail), [20], rejects=[bad(0, 20)])
        with trail.database.reading() as connection:
            assert replayed(connection)[0] == 3
    with reading(audit_url, KEY) as connection:
        assert history(connection, "suppliers", ["EDU1", f"{20:015d}"])[0].record is not None
        with pytest.raises(ConfigurationError, match="got another key"):
            replayed(connection)


def test_a_trail_that_was_begun_without_encryption_goes_on_with_it(audit_url):
    fill(audit_url, None)
    fill(audit_url, KEY)
    with reading(audit_url, KEY) as connection:
        assert sum(record.record is not None for record in export(connection, records=True)) == 18


def test_documents_are_encrypted_too_and_what_people_know_them_by_is_not(audit_url):
    entry = Entry(b"u", b"p", '["Budget"]', "REF1", b"d" * 16, b"plan", "plan", "", SECRET.encode())
    with Trail.open(audit_url, key=KEY) as trail:
        batch = begin_batch(begin_run(trail), whole=True)
        batch.add(block([1]))
        book = DocumentBook(trail, "scope")
        book.intend(batch.no, [entry], 1.0)
        book.sending(batch.no, ["REF1"], 2.0)
        book.end([Ending("REF1", "posted", number="100")], 3.0)
        assert book.standing(b"p")[0].content == SECRET.encode()
    with Trail.open(audit_url) as trail:
        with pytest.raises(ConfigurationError, match="AUDIT_KEY"):
            DocumentBook(trail, "scope").standing(b"p")
        with trail.database.reading() as connection:
            assert connection.value("SELECT title FROM audit_documents") == '["Budget"]'


def test_old_records_are_thinned_with_their_key_and_left_alone_without(audit_url):
    fill(audit_url, KEY)
    for audit_key, kept in ((None, 4), (KEY, 2)):
        with contextlib.closing(Database(audit_url, codec=Codec.of(audit_key))) as database:
            prune(database, before=9e9)
        with reading(audit_url, KEY) as connection:
            assert sum(record.record is not None for record in export(connection, records=True)) == kept


def test_the_command_takes_the_key_from_the_environment_and_makes_new_ones(tmp_path):
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    made = CliRunner().invoke(cli, ["new-key"]).stdout.strip()
    fill(url, made)
    arguments = ["--url", url, "record", "suppliers", "EDU1", f"{6:015d}"]
    without = CliRunner().invoke(cli, arguments, env={"AUDIT_KEY": None})
    assert SECRET not in without.stdout
    assert "give its key in AUDIT_KEY" in without.stderr
    assert SECRET in CliRunner().invoke(cli, arguments, env={"AUDIT_KEY": made}).stdout
    reference = {"AUDIT_KEY": "env:STORED_KEY", "STORED_KEY": made}
    assert SECRET in CliRunner().invoke(cli, arguments, env=reference).stdout
    assert os.environ.get("STORED_KEY") is None
