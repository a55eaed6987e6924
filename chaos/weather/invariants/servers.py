"""What the servers saw of us."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.weather.seen import Seen


def one_job_on_a_model(seen: Seen) -> Iterator[str]:
    """No action of ours overlaps another on its model, and nobody uploads while one runs."""
    anaplan = seen.report.get("anaplan", {})
    if seen.foreign or not anaplan:
        return
    pending = anaplan["max_pending"].get(seen.model, 0)
    if pending > 1:
        yield f"{pending} actions were pending on one model at once"
    uploads = anaplan["uploads_during_tasks"].get(seen.model, 0)
    if uploads:
        yield f"{uploads} uploads came while an action ran"


def the_rate_is_kept(seen: Seen) -> Iterator[str]:
    """The tenant refuses nothing for its rate, unless somebody else ate it."""
    refused = seen.report.get("anaplan", {}).get("rate_limited", 0)
    if refused and not seen.rate_eaten:
        yield f"Anaplan refused {refused} requests as too many"


def nothing_is_left(seen: Seen) -> Iterator[str]:
    """When the last run has ended: no session, process or temporary file of ours."""
    if not seen.ended:
        return
    if seen.sessions:
        yield f"{seen.sessions} e.net sessions are left"
    yield from seen.leftovers
