"""Retry-After in both of its forms, and whatever servers write there instead."""

from __future__ import annotations

import email.utils
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_kit.http.retry import parse_retry_after


@given(st.integers(0, 10**9))
def test_seconds_are_seconds(seconds):
    assert parse_retry_after(f" {seconds} ") == seconds


@given(st.integers(0, 10**7))
def test_a_date_counts_from_now(ahead):
    text = email.utils.formatdate(time.time() + ahead, usegmt=True)
    assert parse_retry_after(text) == pytest.approx(ahead, abs=2)


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_a_date_is_meant_on_the_servers_clock(ahead, skew):
    now = time.time() + skew
    date, later = (email.utils.formatdate(at, usegmt=True) for at in (now, now + ahead))
    assert parse_retry_after(later, date) == pytest.approx(ahead, abs=1)


def test_a_date_that_is_past_means_now():
    assert parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0


@pytest.mark.parametrize("text", [None, "", "soon", "-1", "1.5", "²", "Fri, 99 Foo 2024", "31 Dec 99999 00:00:00 GMT"])
def test_what_cannot_be_read_is_no_wish(text):
    assert parse_retry_after(text) is None


@given(st.text(), st.text())
def test_no_header_breaks_the_reader(value, date):
    wish = parse_retry_after(value, date)
    assert wish is None or wish >= 0
