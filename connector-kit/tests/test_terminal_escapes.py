"""What servers answer, and what models, streams and suppliers are called, moves no cursor and forges no log line."""

from __future__ import annotations

import io
import logging

import pytest
from click.testing import CliRunner
from http_asking import QUICK, ask
from hypothesis import given
from hypothesis import strategies as st
from local_server import Answer

from connector_kit import commands
from connector_kit.audit import Trail
from connector_kit.audit.command import cli as audit
from connector_kit.audit.types import Rejected
from connector_kit.coordination import connect
from connector_kit.coordination.command import cli as locks
from connector_kit.errors import ConfigurationError, ConnectorError, RefusedError
from connector_kit.http import HttpSession
from connector_kit.redaction import printable, redact_logs

EVIL = "Sup\x1b[2J\x9b31m\x07plier\u202e\n2026-12-01 INFO all is well\r\x85\u2028\x00"
UNSEEN = [
    chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x202E, 0x2066) if chr(code) not in "\n\t"
]


def harmless(text, *, forged="2026-12-01 INFO"):
    assert not [sign for sign in UNSEEN if sign in text], repr(text)
    assert not any(line.startswith(forged) for line in text.splitlines())
    return text


@pytest.fixture
def log():
    """What a handler of ours writes."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("escapes")
    logger.propagate = False
    logger.addHandler(handler)
    redact_logs()
    yield logger, out
    logger.removeHandler(handler)


def test_a_line_of_the_log_is_one_line_whatever_is_in_it(log):
    logger, out = log
    logger.warning("%s: read", EVIL)
    logger.warning(f"{EVIL}: read")
    assert len(harmless(out.getvalue()).splitlines()) == 2
    assert r"Sup\x1b[2J\x9b31m\x07plier\u202e\n2026-12-01" in out.getvalue()


def test_a_traceback_keeps_its_lines_and_an_errors_words_make_none(log):
    logger, out = log

    def fail():
        raise ValueError(EVIL)

    try:
        try:
            fail()
        except ValueError as error:
            raise KeyError("x") from error
    except KeyError:
        logger.exception("broken")
    assert harmless(out.getvalue()).count("Traceback") == 2
    assert "\n    raise ValueError(EVIL)\n" in out.getvalue()


def test_faults_of_an_error_keep_their_lines(log):
    logger, out = log
    faults = [f"mappings[{at}]: no import {EVIL}" for at in range(2)]
    logger.error("%s", ConfigurationError(system="target", subject="setting mappings", faults=faults))
    assert len(harmless(out.getvalue()).splitlines()) == 3


@given(st.text())
def test_an_errors_words_are_harmless(text):
    harmless(str(ConnectorError(system="ERP", subject=text, got=text)))


@given(st.text())
def test_what_is_printable_stays_so_and_words_stay_readable(text):
    safe = printable(text)
    assert printable(safe) == safe
    if text.isprintable():
        assert safe == text


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500])
def test_a_servers_answer_and_its_headers(serve, log, status):
    logger, out = log
    answer = Answer(status, EVIL.encode(), {"Retry-After": "0"})
    with pytest.raises(ConnectorError) as error:
        ask(serve([answer] * 4), session=HttpSession("ERP", retry=QUICK))
    logger.error("%s", error.value)
    harmless(out.getvalue())
    harmless(str(error.value))


def test_the_trails_tables_and_json(tmp_path):
    url = f"sqlite:///{tmp_path}/audit.db"
    with Trail.open(url) as trail:
        run = trail.begin_run(plugin="target", version="1", destination=EVIL)
        batch = run.begin_batch(
            system=EVIL, stream=EVIL, scope="s", action=EVIL, schema=b"{}", key_properties=["k"], deletes=False
        )
        batch.reject_invalid([Rejected(None, f'["{EVIL}"]', EVIL, EVIL, payload=b'{"k":"\xc2\x9b"}')])
        batch.settle(outcome="unchanged")
        run.finish("failed", EVIL)
        of_batch = batch.id
    for words in (
        ["runs"],
        ["show", "last"],
        ["failures"],
        ["failures", "--json"],
        ["batch", of_batch],
        ["runs", "--json"],
    ):
        result = CliRunner().invoke(audit, ["--url", url, *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        harmless(result.output)


def test_who_holds_a_lock(tmp_path):
    url = f"sqlite:///{tmp_path}/coordination.db"
    with connect(url) as coordinator, coordinator.lock(f"model:{EVIL}", purpose=EVIL, wait_seconds=0):
        result = CliRunner().invoke(locks, ["--url", url], catch_exceptions=False)
    harmless(result.output)


def test_the_last_line_of_a_command():
    harmless(commands.one_line("audit", RefusedError(system="ERP", subject=EVIL)))
    harmless(commands.one_line("audit", FileNotFoundError(2, "No such file", EVIL)))
