"""Faults to inject: which requests, and what happens to them."""

from __future__ import annotations

import re
from typing import Literal

import msgspec


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens: exactly one of ``status``, ``gave_up``, ``reset``, ``truncate``, ``html``, or ``delay`` alone or
    beside one.

    A ``delay`` (seconds) lies between the request and the work: the request has been read, and a client that gives up
    meanwhile does not keep the work from being done. ``reset: late`` cuts the connection at once and does the work
    after the delay; ``reset: mid_body`` loses the connection half-way through an announced length. ``truncate`` cuts
    the body to so many bytes but ends the message properly. ``html`` is the status of a proxy's error page. ``gave_up``
    is the status of a gateway that waits no longer: it answers at once, and the work is done after the delay.
    """

    status: int | None = None
    gave_up: int | None = None
    headers: dict[str, str] = {}
    body: str = ""
    reset: Literal["before_request", "before_response", "mid_body", "late"] | None = None
    truncate: int | None = None
    html: int | None = None
    delay: float = 0.0

    def __post_init__(self) -> None:
        chosen = [
            kind for kind in (self.status, self.gave_up, self.reset, self.truncate, self.html) if kind is not None
        ]
        if len(chosen) > 1 or not (chosen or self.delay):
            raise ValueError("an action is one of status, gave_up, reset, truncate, html, or a delay")


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
