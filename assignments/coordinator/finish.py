"""Finishes a claimed run: the second commit writes the plan, or what became of the failure."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from assignments.coordinator.claim import Claim
from assignments.coordinator.records import coordinator_event, engine_event
from assignments.coordinator.retry_policy import THOROUGH, Failure, give_up_reason, next_delay
from assignments.engine.facts import Facts
from assignments.engine.plans import Decision, Plan
from assignments.engine.reasons import Reason
from assignments.facts_store import exchanges_of, table_ids
from assignments.models import Attempt, AttemptResult
from assignments.outcomes import Confirmed, ManualReview, Retry
from assignments.protection import permits
from bookings import state_machine
from bookings.allocations import hold, hold_after_moves
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.news import tell_guest
from bookings.queue import enqueue
from bookings.state_machine import Position, Step
from bookings.states import State
from observability import events

SOURCE = "coordinator"
_RESULTS = {None: AttemptResult.SUCCESS, Reason.ERROR: AttemptResult.ERROR}


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A claimed run with the figures its records carry; durations in milliseconds."""

    claim: Claim
    began: float
    lost_races: int = 0

    @property
    def duration_ms(self) -> float:
        return round((time.perf_counter() - self.began) * 1000, 1)


def confirm(*, run: Run, facts: Facts, decision: Decision, plan: Plan, now: datetime) -> Confirmed:
    """Allocate the plan's tables and confirm the booking, in one commit.

    Raises AllocationLostError, LeaseLostError or StaleBookingError; then nothing is written.
    """
    booking = run.claim.booking
    with transaction.atomic():
        permits.give_back(run.claim.permit)
        _take_tables(booking, facts, plan, now)
        state_machine.move(
            position=run.claim.position,
            steps=[Step(to=State.ASSIGNED, metadata={"strategy": plan.strategy}), Step(to=State.CONFIRMED)],
            at=now,
            changes={
                "status": BookingStatus.CONFIRMED,
                "assignment_strategy": plan.strategy,
                "assignment_cycle_start": run.claim.attempt_no,
                "auto_assign_last_result": last_result(run, reason=None, strategy=plan.strategy),
            },
            also=[_attempt_succeeded(run, decision, plan, now), _confirmed(run, plan, now)],
        )
        _record_attempt(run, decision, strategy=plan.strategy, reason=None, now=now)
        tell_guest(booking_id=booking.pk, kind=MailKind.CONFIRMATION)
    return Confirmed(strategy=plan.strategy)


def _take_tables(booking: Booking, facts: Facts, plan: Plan, now: datetime) -> None:
    tables = table_ids(plan.tables)
    if not plan.moves:
        hold(booking=booking, tables=tables, now=now)
        return
    moves = exchanges_of(plan, facts)
    hold_after_moves(booking=booking, tables=tables, moves=moves, cause=plan.strategy, now=now)


def fail(
    *, run: Run, decision: Decision | None, failure: Failure, now: datetime, jitter: float
) -> Retry | ManualReview:
    """Record a failed attempt and have it tried again, or hand the booking to people, in one commit.

    Raises LeaseLostError or StaleBookingError; then nothing is written.
    """
    verdict = give_up_reason(failure, start=run.claim.booking.start_at, now=now)
    with transaction.atomic():
        permits.give_back(run.claim.permit)
        _record_attempt(run, decision, strategy=None, reason=failure.reason, now=now)
        if verdict is not None:
            return _to_review(run, decision, verdict, failure.reason, now)
        return _to_retry(run, decision, failure.reason, next_delay(failure, jitter), now)


def _to_review(
    run: Run, decision: Decision | None, verdict: Reason, cause: Reason, now: datetime
) -> ManualReview:
    hand_to_people(
        booking=run.claim.booking,
        position=run.claim.position,
        reason=verdict,
        now=now,
        metadata={"cause": cause} if cause != verdict else {},
        changes={
            "assignment_cycle_start": run.claim.attempt_no,
            "auto_assign_last_result": last_result(run, reason=verdict),
        },
        also=[_attempt_failed(run, decision, cause, now), _reviewed(run, verdict, now)],
    )
    return ManualReview(reason=verdict)


def _to_retry(run: Run, decision: Decision | None, reason: Reason, delay: timedelta, now: datetime) -> Retry:
    state_machine.move(
        position=run.claim.position,
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason=reason)],
        at=now,
        changes={"next_attempt_at": now + delay, "auto_assign_last_result": last_result(run, reason=reason)},
        also=[_attempt_failed(run, decision, reason, now), _retried(run, reason, delay, now)],
    )
    trigger = THOROUGH if reason == Reason.UNDECIDED else "retry"
    enqueue(ASSIGN_TASK, run.claim.booking.pk, trigger, delay=delay)
    return Retry(reason=reason, delay=delay)


def hand_to_people(
    *,
    booking: Booking,
    position: Position,
    reason: Reason,
    now: datetime,
    metadata: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    also: Sequence[events.Record] = (),
) -> None:
    """Move the booking to manual review and tell the guest it was received, in the current transaction."""
    state_machine.move(
        position=position,
        steps=[Step(to=State.MANUAL_REVIEW, reason=reason, metadata=metadata or {})],
        at=now,
        changes={"next_attempt_at": None, **(changes or {})},
        also=also,
    )
    tell_guest(booking_id=booking.pk, kind=MailKind.RECEIVED)


def last_result(run: Run, *, reason: Reason | None, strategy: str | None = None) -> dict[str, Any]:
    """The booking's summary of its latest run, in the keys the monitoring queries read."""
    return {
        "source": SOURCE,
        "success": reason is None,
        "reason": reason,
        "strategy": strategy,
        "duration_ms": run.duration_ms,
        "emailSent": reason is None and bool(run.claim.booking.guest_email),
    }


def _record_attempt(
    run: Run, decision: Decision | None, *, strategy: str | None, reason: Reason | None, now: datetime
) -> None:
    metadata = decision.as_json() if decision else {}
    Attempt.objects.create(
        booking=run.claim.booking,
        attempt_no=run.claim.attempt_no,
        strategy=strategy,
        result=_RESULTS.get(reason, AttemptResult.FAILURE),
        reason=reason,
        metadata={**metadata, "lost_races": run.lost_races},
        created_at=now,
    )


def _attempt_succeeded(run: Run, decision: Decision, plan: Plan, now: datetime) -> events.Record:
    return engine_event(
        run.claim.booking,
        "attempt.success",
        now,
        strategy=plan.strategy,
        score=plan.score,
        plans=decision.considered,
        duration_ms=run.duration_ms,
    )


def _attempt_failed(run: Run, decision: Decision | None, reason: Reason, now: datetime) -> events.Record:
    return engine_event(
        run.claim.booking,
        "attempt.failure",
        now,
        reason=reason,
        plans=decision.considered if decision else 0,
        duration_ms=run.duration_ms,
    )


def _confirmed(run: Run, plan: Plan, now: datetime) -> events.Record:
    return coordinator_event(
        run.claim.booking,
        "coordinator.confirmed",
        now,
        strategy=plan.strategy,
        attempts=run.claim.cycle_attempts,
        duration_ms=run.duration_ms,
        moves=len(plan.moves),
    )


def _reviewed(run: Run, reason: Reason, now: datetime) -> events.Record:
    return coordinator_event(
        run.claim.booking,
        "coordinator.manual_review",
        now,
        severity=events.Severity.NOTICE,
        reason=reason,
        attempts=run.claim.cycle_attempts,
        duration_ms=run.duration_ms,
    )


def _retried(run: Run, reason: Reason, delay: timedelta, now: datetime) -> events.Record:
    return coordinator_event(
        run.claim.booking,
        "coordinator.retry",
        now,
        reason=reason,
        delay_ms=round(delay.total_seconds() * 1000),
        attempts=run.claim.cycle_attempts,
        duration_ms=run.duration_ms,
    )
