"""Operators, companies and the sessions between them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.syspro.enet.errors import EnetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches
    from sandbox.syspro.seed.company import Profile


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator with the password of e.net and the one generated for OData."""

    code: str
    password: str
    odata_password: str


@dataclass(slots=True)
class Session:
    """One logon. ``used`` is epoch seconds of the sandbox's clock."""

    id: str
    operator: Operator
    company: Profile
    started: float
    used: float


class Sessions:
    """The live sessions. A second logon of an operator ends the first, as SYSPRO does."""

    def __init__(
        self, operators: Sequence[Operator], companies: Mapping[str, Profile], switches: Switches, clock: Clock
    ) -> None:
        self._operators = {operator.code: operator for operator in operators}
        self._companies = companies
        self._switches = switches
        self._clock = clock
        self._live: dict[str, Session] = {}
        self.logons = 0
        self.evictions = 0

    def log_on(self, operator_code: str, password: str, company_id: str, company_password: str) -> Session:
        """A new session; EnetError with SYSPRO's text when something is wrong."""
        operator = self._operators.get(operator_code.upper())
        if operator is None:
            raise EnetError("Invalid operator code")
        if password != (self._switches.text("new_operator_password") or operator.password):
            raise EnetError("Invalid operator password")
        company = self._companies.get(company_id.upper())
        if company is None:
            raise EnetError("Invalid company id")
        if company_password:
            raise EnetError("Invalid company password")
        self._drop_idle()
        if self._switches.flag("single_session"):
            self._evict(operator)
        licences = self._switches.number("licences")
        if licences and len(self._live) >= licences:
            raise EnetError("No e.net licenses available")
        now = self._clock.now()
        session = Session(secrets.token_hex(16).upper() + "00", operator, company, now, now)
        self._live[session.id] = session
        self.logons += 1
        return session

    def _evict(self, operator: Operator) -> None:
        for session in [each for each in self._live.values() if each.operator is operator]:
            del self._live[session.id]
            self.evictions += 1

    def _drop_idle(self) -> None:
        limit = self._switches.seconds("idle_seconds")
        oldest = self._clock.now() - limit
        for session in [each for each in self._live.values() if limit and each.used < oldest]:
            del self._live[session.id]

    def use(self, user_id: str) -> Session:
        """The session with this id, trimmed or not; EnetError when there is none any more."""
        self._drop_idle()
        session = self._live.get(user_id.strip().strip('"').strip())
        if session is None:
            prefixed = self._switches.text("session_error") == "prefixed"
            raise EnetError("The supplied UserID is invalid", prefixed=prefixed)
        session.used = self._clock.now()
        return session

    def log_off(self, user_id: str) -> None:
        """End a session; EnetError when the id belongs to none."""
        if not user_id.strip().endswith("00") and len(user_id.strip()) == 34:
            raise EnetError("Unable to read the SYSPRO base directory registry string BaseDir8")
        del self._live[self.use(user_id).id]

    def listing(self) -> list[dict[str, object]]:
        """Live sessions: operator, company, started, used."""
        self._drop_idle()
        return [
            {"operator": s.operator.code, "company": s.company.company, "started": s.started, "used": s.used}
            for s in self._live.values()
        ]

    def end_all(self) -> None:
        """End all of them."""
        self._live.clear()

    def clear(self) -> None:
        """End all of them, and count anew."""
        self._live.clear()
        self.logons = self.evictions = 0
