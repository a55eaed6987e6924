"""A model's status, opening and closing, calendar and versions."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from sandbox.anaplan.call import ModelCall, Spec, check_state
from sandbox.anaplan.envelope import ApiError, encoded, success
from sandbox.anaplan.tasks import milliseconds

if TYPE_CHECKING:
    from sandbox.anaplan.calendar import Period
    from sandbox.anaplan.tasks import Task

ACTUAL_ID = 107000000001
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _tooltip(call: ModelCall, task: Task) -> str:
    user = call.tenant.user_by_id(task.user)
    noun = {"imports": "Import", "exports": "Export", "processes": "Process"}.get(task.kind, "Action")
    started = datetime.fromtimestamp(task.started, timezone.utc)
    return (
        f"The system is currently processing an {noun}:\n\n"
        f"{noun} started by user {user.first_name} {user.last_name} ({user.email})\n\n"
        f"{noun} started at {started:%H:%M} (UTC)\nTasks can be cancelled in Model Management."
    )


async def status(call: ModelCall) -> Response:
    """What the model is doing. This answer has no envelope."""
    task = call.model.queue.running
    body: dict[str, object] = {
        "currentStep": "Open" if call.model.open else "Closed",
        "progress": -1.0,
        "taskId": None,
        "tooltip": None,
        "exportTaskType": None,
        "creationTime": milliseconds(call.tenant.clock.now()),
        "peakMemoryUsageEstimate": None,
        "peakMemoryUsageTime": None,
    }
    if task is not None:
        body |= {
            "currentStep": "Processing ...",
            "progress": task.progress,
            "taskId": task.id,
            "tooltip": _tooltip(call, task),
            "creationTime": task.created,
        }
    return encoded({"requestStatus": body})


def _check_admin(call: ModelCall) -> None:
    check_state(call.model, call.switches, writes=False, structural=False)
    if not call.user.admin:
        raise ApiError(403)


async def open_model(call: ModelCall) -> Response:
    """Load the model: 202, or 200 when it is open already."""
    _check_admin(call)
    was_open, call.model.open = call.model.open, True
    return Response(status_code=200 if was_open else 202)


async def close_model(call: ModelCall) -> Response:
    """Unload the model."""
    _check_admin(call)
    call.model.open = False
    return Response(status_code=204)


def _current(period: Period) -> dict[str, object]:
    return {"periodText": period.name, "lastDay": period.last_day.isoformat()}


def _fiscal_year(year: int) -> dict[str, object]:
    return {"year": f"FY{year % 100:02}", "startDate": f"{year}-01-01", "endDate": f"{year}-12-31"}


def _calendar(call: ModelCall) -> dict[str, object]:
    calendar = call.model.calendar
    totals = ("quarterTotals", "halfYearTotals", "yearToDateSummary", "yearToGoSummary", "totalOfAllPeriods")
    return {
        "calendarType": "Calendar Months/Quarters/Years",
        "pastYearsCount": calendar.fiscal_year - calendar.first_year,
        "fiscalYear": _fiscal_year(calendar.fiscal_year),
        "currentPeriod": _current(calendar.current),
        "totalsSelection": dict.fromkeys(totals, False),
    }


async def calendar(call: ModelCall) -> Response:
    """The model calendar."""
    return success(call.schema("modelCalendar"), modelCalendar=_calendar(call))


async def current_period(call: ModelCall) -> Response:
    """The current period."""
    return _period_response(call)


def _period_response(call: ModelCall) -> Response:
    body = {**_current(call.model.calendar.current), "calendarType": "Calendar Months/Quarters/Years"}
    return success(call.schema("currentPeriod"), currentPeriod=body)


async def set_current_period(call: ModelCall) -> Response:
    """Set the current period by a date, given in the query or in the body, not in both."""
    in_query = call.request.query_params.get("date")
    in_body = (await call.json(dict[str, str])).get("date")
    if in_query and in_body:
        raise ApiError(400, "use query parameter or body to set date, not both")
    call.model.calendar.current = _period_of(call, in_query or in_body or "")
    return _period_response(call)


def _period_of(call: ModelCall, text: str) -> Period:
    """The period of a date; 400 in the words of live probes when it is no date, or outside the timescale."""
    if not _ISO_DATE.fullmatch(text):
        raise ApiError(400, f"Invalid ISO date format '{text}'. Date should match format YYYY-MM-DD")
    try:
        return call.model.calendar.month_of(date.fromisoformat(text))
    except ValueError as error:
        raise ApiError(400, str(error)) from None


class _FiscalYear(msgspec.Struct):
    year: str


async def set_fiscal_year(call: ModelCall) -> Response:
    """Set the current fiscal year by its label."""
    label = (await call.json(_FiscalYear)).year
    period = call.model.calendar.by_name.get(label)
    if period is None or not period.is_aggregate:
        raise ApiError(400, f"Invalid fiscal year: {label}")
    call.model.calendar.fiscal_year = period.year
    return success(call.schema("modelCalendar"), modelCalendar=_calendar(call))


async def versions(call: ModelCall) -> Response:
    """The model's versions: one, for these models do not use any."""
    return success(call.schema("versions"), versionMetadata=[_version(call)])


def _version(call: ModelCall) -> dict[str, object]:
    version: dict[str, object] = {"id": str(ACTUAL_ID), "name": "Actual", "isCurrent": True, "isActual": True}
    if call.model.switchover is not None:
        version["switchover"] = call.model.switchover.name
    return version


async def set_switchover(call: ModelCall) -> Response:
    """The period up to which a version takes its values from Actual, by a date; a blank one takes it away."""
    if call.number("version_id") != ACTUAL_ID:
        raise ApiError(404)
    text = (await call.json(dict[str, str])).get("date", "")
    call.model.switchover = _period_of(call, text) if text else None
    return success(call.schema("versions"), versionMetadata=_version(call))


ROUTES = (
    Spec("GET", "/status", status, any_state=True),
    Spec("POST", "/status", status, any_state=True),
    Spec("POST", "/open", open_model, any_state=True),
    Spec("POST", "/close", close_model, any_state=True),
    Spec("GET", "/modelCalendar", calendar),
    Spec("PUT", "/modelCalendar/fiscalYear", set_fiscal_year, writes=True, structural=True),
    Spec("GET", "/currentPeriod", current_period),
    Spec("PUT", "/currentPeriod", set_current_period, writes=True),
    Spec("GET", "/versions", versions),
    Spec("PUT", "/versions/{version_id}/switchover", set_switchover, writes=True),
)
