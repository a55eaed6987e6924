"""How the tests of the HTTP session ask: impatiently, and counting their turns."""

from __future__ import annotations

import requests
from local_server import Answer

from connector_kit.http import HttpSession, Retry, Unreadable

QUICK = Retry(tries=4, first=0.01, cap=0.03, longest=5.0)
GOOD = Answer(body=b'{"ok": true}')


def read_json(response):
    try:
        return response.json()
    except requests.exceptions.JSONDecodeError as error:
        raise Unreadable(str(error)) from error


def ask(server, method="GET", session=None, path="/thing", **options):
    options.setdefault("read", read_json)
    session = session or HttpSession("ERP", retry=QUICK)
    return session.request(method, server.url + path, what="thing 7", **options)


class Recorder:
    """A limiter that lets everybody pass."""

    def __init__(self):
        self.turns = 0
        self.pauses = []

    def acquire(self):
        self.turns += 1

    def hold_off(self, seconds):
        self.pauses.append(seconds)
