"""What the shadow path writes: one comparison row, and events that carry `mode: "shadow"`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from assignments.engine.compare import Comparison, Ending
from assignments.engine.reasons import Reason
from assignments.legacy import Deciding
from assignments.shadow.trial import Trial
from bookings.state_machine import Step, transition_records
from bookings.states import PATH_TO_CLAIM, State
from observability import events
from observability.events import Severity

MODE = "shadow"
_OUTCOMES = {Ending.SEATED: "confirmed", Ending.UNSEATED: "manual_review"}
_SEVERITIES = {Comparison.CANDIDATE_ERROR: Severity.ERROR, Comparison.TIMEOUT: Severity.WARNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A comparison about to be written; `error_id` is what its error was logged under."""

    deciding: Deciding
    trial: Trial
    comparison: Comparison
    noise: Comparison | None
    error_id: str | None = None


def insert(columns: Mapping[str, Any]) -> bool:
    """Insert a comparison in the current transaction; False if the booking has one already."""
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO shadow_comparisons ({names}) VALUES ({places})"  # noqa: S608 - names are ours
            " ON CONFLICT (booking_id) DO NOTHING",
            list(columns.values()),
        )
        return bool(cursor.rowcount == 1)


def row_of(compared: Compared, now: datetime) -> dict[str, Any]:
    """The comparison as column values."""
    deciding, trial = compared.deciding, compared.trial
    return {
        **blank_row(
            booking_id=deciding.position.booking_id, restaurant_id=deciding.position.restaurant_id, now=now
        ),
        "class": compared.comparison,
        "noise_class": compared.noise,
        "detail": trial.detail,
        **_legacy_columns(deciding),
        **_v3_columns(trial),
        "duration_ms": trial.duration_ms,
        "flag_version": deciding.flag_version,
        "facts_at": deciding.frozen.facts.now if deciding.frozen else None,
    }


def blank_row(*, booking_id: int, restaurant_id: int, now: datetime) -> dict[str, Any]:
    """A row of a comparison that was not made."""
    return {
        "booking_id": booking_id,
        "restaurant_id": restaurant_id,
        "class": Comparison.SKIPPED,
        "legacy_tables": [],
        "v3_tables": [],
        "v3_moves": "[]",
        "created_at": now,
    }


def _legacy_columns(deciding: Deciding) -> dict[str, Any]:
    plan = deciding.plan
    return {
        "legacy_outcome": "confirmed" if plan else "manual_review",
        "legacy_reason": deciding.reason,
        "legacy_tables": list(plan.tables) if plan else [],
        "legacy_score": plan.score if plan else None,
    }


def _v3_columns(trial: Trial) -> dict[str, Any]:
    decision = trial.decision
    plan = decision.plan if decision else None
    return {
        "v3_outcome": _OUTCOMES.get(trial.ending),
        "v3_reason": decision.reason if decision else None,
        "v3_tables": list(plan.tables) if plan else [],
        "v3_moves": json.dumps([move.as_json() for move in plan.moves] if plan else []),
        "v3_score": plan.score if plan else None,
        "v3_strategy": plan.strategy if plan else None,
        "v3_rung": decision.rung if decision else None,
    }


def records_of(compared: Compared, now: datetime) -> list[events.Record]:
    """The transitions V3 would have made, and the comparison."""
    position = compared.deciding.position
    steps = _would_be(compared)
    transitions = [
        replace(record, context={**record.context, "mode": MODE})
        for record in (transition_records(position=position, steps=steps, at=now) if steps else ())
    ]
    return [*transitions, _comparison_record(compared, now)]


def skipped_record(*, booking_id: int, restaurant_id: int, reason: str, now: datetime) -> events.Record:
    """The event of a comparison that was not made."""
    return events.Record(
        source=events.SHADOW,
        event_type="shadow.compared",
        severity=Severity.WARNING,
        at=now,
        restaurant_id=restaurant_id,
        booking_id=booking_id,
        context={"mode": MODE, "class": Comparison.SKIPPED, "reason": reason},
    )


def _comparison_record(compared: Compared, now: datetime) -> events.Record:
    plan, decision = compared.deciding.plan, compared.trial.decision
    context: dict[str, Any] = {
        "class": compared.comparison,
        "noise_class": compared.noise,
        "legacy_score": plan.score if plan else None,
        "v3_score": decision.plan.score if decision and decision.plan else None,
        "duration_ms": compared.trial.duration_ms,
        "reason": _failure(compared),
    }
    if compared.error_id:
        context |= {"error_class": type(compared.trial.error).__name__, "error_id": compared.error_id}
    position = compared.deciding.position
    return events.Record(
        source=events.SHADOW,
        event_type="shadow.compared",
        severity=_SEVERITIES.get(compared.comparison, Severity.INFO),
        at=now,
        restaurant_id=position.restaurant_id,
        booking_id=position.booking_id,
        context={**context, "mode": MODE},
    )


def _failure(compared: Compared) -> str | None:
    """Why V3 has no seating, or None if it has one."""
    trial = compared.trial
    if trial.ending is Ending.SEATED:
        return None
    return trial.decision.reason if trial.decision else trial.detail


def _would_be(compared: Compared) -> list[Step]:
    """Where V3's run on these facts would have taken the booking, and why when something failed."""
    deciding, trial = compared.deciding, compared.trial
    if deciding.refused:
        return [Step(to=State.MANUAL_REVIEW, reason=deciding.reason)]
    if trial.ending is Ending.NOT_RUN:
        return []
    claimed = [Step(to=state) for state in PATH_TO_CLAIM[deciding.position.state]]
    return claimed + _ending_steps(trial)


def _ending_steps(trial: Trial) -> list[Step]:
    if trial.ending is Ending.SEATED:
        return [Step(to=State.ASSIGNED), Step(to=State.CONFIRMED)]
    if trial.decision is None:
        return [Step(to=State.ASSIGNMENT_PENDING, reason=Reason.ERROR)]
    return [Step(to=State.MANUAL_REVIEW, reason=trial.decision.reason)]
