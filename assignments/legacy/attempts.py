"""An attempt of the legacy planner as it is recorded: its row, and the events that tell of it."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from assignments import records
from assignments.engine.plans import Decision, Plan
from assignments.engine.reasons import Reason
from assignments.legacy.claim import Claim
from assignments.legacy.deciding import Frozen
from assignments.legacy.records import auto_assign_event
from bookings.state_machine import StaleBookingError
from observability import events


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """An attempt with what it saw and, if something unexpected happened, the error's class and id."""

    claim: Claim
    began: float
    frozen: Frozen | None = None
    error_class: str | None = None
    error_id: str | None = None

    @property
    def duration_ms(self) -> float:
        return round((time.perf_counter() - self.began) * 1000, 1)


def save_attempt(
    run: Run, decision: Decision | None, *, reason: Reason | None, plan: Plan | None, now: datetime
) -> None:
    """Write the attempt's row in the current transaction, after the booking's.

    Its number is the fence of a worker that was stopped and woke up: the attempt after it has written
    this one down as lost. Raises StaleBookingError then; the caller's transaction must roll back.
    """
    claim = run.claim
    try:
        records.save_attempt(
            booking=claim.booking,
            attempt_no=claim.attempt_no,
            decision=decision,
            strategy=plan.strategy if plan else None,
            reason=reason,
            now=now,
        )
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise StaleBookingError(f"attempt {claim.attempt_no} of {claim.booking.reference} is over") from None


def attempt_record(
    run: Run, decision: Decision | None, *, reason: Reason | None, plan: Plan | None, now: datetime
) -> events.Record:
    context: dict[str, Any] = {
        "attempt": run.claim.attempt_no,
        "result": records.result_of(reason),
        "reason": reason,
        "strategy": plan.strategy if plan else None,
        "plans": decision.considered if decision else 0,
        "duration_ms": run.duration_ms,
    }
    if run.error_id:
        context |= {"error_class": run.error_class, "error_id": run.error_id}
    severity = events.Severity.ERROR if run.error_id else events.Severity.INFO
    return auto_assign_event(run.claim.booking, "auto_assign.attempt", now, severity=severity, **context)


def retry_record(run: Run, cause: Reason, delay: timedelta, now: datetime) -> events.Record:
    return auto_assign_event(
        run.claim.booking,
        "auto_assign.retry_scheduled",
        now,
        attempt=run.claim.attempt_no,
        reason=cause,
        delay_ms=round(delay.total_seconds() * 1000),
    )


def summary_record(run: Run, *, result: str, reason: Reason | None, now: datetime) -> events.Record:
    """What ends the booking's cycle; `path` tells whether it is eligible for a comparison."""
    severity = events.Severity.INFO if reason is None else events.Severity.NOTICE
    return auto_assign_event(
        run.claim.booking,
        "auto_assign.summary",
        now,
        severity=severity,
        result=result,
        reason=reason,
        attempts=run.claim.cycle_attempts,
        duration_ms=run.duration_ms,
        path=run.claim.mode,
    )
