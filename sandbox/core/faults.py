"""Faults to inject: which requests, and what happens to them."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Damage = Literal[
    "half", "garbled", "empty", "no_content", "wrong_type",
    "gzip", "gzip_half", "gzip_garbled", "gzip_bomb", "gzip_lie",
    "long_length", "short_length", "double_length", "half_chunk", "repeated_headers", "broken_headers", "no_http",
    "slow_headers", "slow_body",
]  # fmt: skip


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens: exactly one of ``status``, ``html``, ``redirect``, ``gave_up``, ``reset``, ``truncate``,
    ``damage``, ``edit``, ``revoke``, ``lapse``, or ``delay`` alone or beside one.

    In place of the system, which gets to see nothing:
    ``status``, with ``headers`` and ``body``; ``html``: the status of a proxy's error page; ``redirect``: 307 to the
    same address (``loop``), to the same host or another one with a query parameter ``redirected`` that the journal
    shows, or to plain http (``plain_http``); ``reset: before_request``.

    Around the system's work, whose answer is lost or late:
    ``delay`` (seconds) lies between the request and the work: the request has been read, and a client that gives up
    meanwhile does not keep the work from being done. ``reset: late`` cuts the connection at once and does the work
    after the delay. ``gave_up`` is the status of a gateway that waits no longer: it answers at once, and the work is
    done after the delay. ``reset: before_response`` loses the answer, ``mid_body`` half of an announced length,
    ``after_body`` the connection right behind a whole answer.

    The system's true answer, spoilt on its way: ``truncate`` cuts the body to so many bytes but ends the message
    properly. ``damage`` is one of: ``half`` of the body; ``garbled``: bytes in its middle that are no text; ``empty``:
    no body; ``no_content``: status 204; ``wrong_type``: called an image; ``gzip``: compressed and nothing wrong with
    it; ``gzip_half``, ``gzip_garbled``; ``gzip_bomb``: a megabyte that unpacks to a gigabyte; ``gzip_lie``: called gzip
    and plain; ``long_length``, ``short_length``: a Content-Length that is not the body's; ``double_length``: two that
    differ; ``half_chunk``: chunked, and ended in a chunk; ``repeated_headers``: each header twice, and one folded;
    ``broken_headers``: a line that is no header, before all others; ``no_http``; ``slow_headers``, ``slow_body``: a
    byte each ``pace`` seconds. ``edit``: from a place on so many bytes of the body are replaced by others (base64).

    ``revoke``: all tokens and sessions end before the system gets the request. ``lapse``: so many seconds pass on the
    sandbox's clock, not the client's, before the system gets the request.
    """

    status: int | None = None
    headers: dict[str, str] = {}
    body: str = ""
    html: int | None = None
    redirect: Literal["loop", "same_host", "other_host", "plain_http"] | None = None
    gave_up: int | None = None
    reset: Literal["before_request", "before_response", "mid_body", "after_body", "late"] | None = None
    truncate: int | None = None
    damage: Damage | None = None
    edit: tuple[int, int, bytes] | None = None
    revoke: bool | None = None
    lapse: float | None = None
    delay: float = 0.0
    pace: float = 0.1

    def __post_init__(self) -> None:
        kinds = {
            "status": self.status,
            "html": self.html,
            "redirect": self.redirect,
            "gave_up": self.gave_up,
            "reset": self.reset,
            "truncate": self.truncate,
            "damage": self.damage,
            "edit": self.edit,
            "revoke": self.revoke,
            "lapse": self.lapse,
        }
        chosen = [name for name, value in kinds.items() if value is not None]
        if len(chosen) > 1 or not (chosen or self.delay):
            raise ValueError(f"an action is one of {', '.join(kinds)}, or a delay")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``action`` for requests of ``system`` whose method is ``method`` (any when null) and whose ``path?query``
    contains the regular expression ``path``; the first ``after`` matches pass, the next ``times`` are hit (-1: all).
    """

    system: str
    action: Action
    method: str | None = None
    path: str = ""
    after: int = 0
    times: int = 1

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from None


class _Counted:
    __slots__ = ("hits", "id", "matches", "pattern", "rule")

    def __init__(self, identifier: int, rule: Rule) -> None:
        self.id = identifier
        self.rule = rule
        self.pattern = re.compile(rule.path)
        self.matches = 0
        self.hits = 0

    def claims(self, system: str, method: str, target: str) -> bool:
        rule = self.rule
        if rule.system != system or (rule.method is not None and rule.method.upper() != method):
            return False
        if self.pattern.search(target) is None:
            return False
        self.matches += 1
        if self.matches <= rule.after or (rule.times >= 0 and self.hits >= rule.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force. The first rule that claims a request wins; later rules do not count that request."""

    def __init__(self) -> None:
        self._rules: dict[int, _Counted] = {}
        self._last_id = 0

    def add(self, rule: Rule) -> int:
        """Put a rule in force; its id."""
        self._last_id += 1
        self._rules[self._last_id] = _Counted(self._last_id, rule)
        return self._last_id

    def claim(self, system: str, method: str, target: str) -> tuple[int, Action] | None:
        """The fault for this request, if any: (rule id, action). ``target`` is path?query as sent."""
        hit: tuple[int, Action] | None = None
        for counted in self._rules.values():
            if hit is None and counted.claims(system, method, target):
                hit = (counted.id, counted.rule.action)
        return hit

    def listing(self) -> list[dict[str, object]]:
        """All rules with their counts."""
        return [
            {"id": counted.id, "matches": counted.matches, "hits": counted.hits, **msgspec.to_builtins(counted.rule)}
            for counted in self._rules.values()
        ]

    def clear(self) -> None:
        """No rules any more."""
        self._rules.clear()
