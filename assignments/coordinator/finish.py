"""Finishes a claimed run: the second commit writes the plan, or what became of the failure."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from assignments.coordinator.claim import Claim
from assignments.coordinator.outcomes import Confirmed, ManualReview, Retry
from assignments.coordinator.retry_policy import THOROUGH, Failure, give_up_reason, next_delay
from assignments.engine.facts import Id
from assignments.engine.plans import Decision, Plan
from assignments.engine.reasons import Reason
from assignments.models import Attempt, AttemptResult
from assignments.protection import permits
from bookings import state_machine
from bookings.allocations import Exchange, hold, hold_after_moves
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.promise import promise
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


def confirm(*, run: Run, decision: Decision, plan: Plan, now: datetime) -> Confirmed:
    """Allocate the plan's tables and confirm the booking, in one commit.

    Raises AllocationLostError, LeaseLostError or StaleBookingError; then nothing is written.
    """
    booking = run.claim.booking
    with transaction.atomic():
        permits.give_back(run.claim.permit)
        _take_tables(booking, plan, now)
        confirmed = state_machine.move(
            position=run.claim.position,
            steps=[Step(to=State.ASSIGNED, metadata={"strategy": plan.strategy}), Step(to=State.CONFIRMED)],
            at=now,
            changes={
                "status": BookingStatus.CONFIRMED,
                "assignment_strategy": plan.strategy,
                "assignment_cycle_start": run.claim.attempt_no,
                "auto_assign_last_result": last_result(run, reason=None, strategy=plan.strategy),
            },
        )
        _record_attempt(run, decision, strategy=plan.strategy, reason=None, now=now)
        promise_mail(booking=booking, kind=MailKind.CONFIRMATION, revision=confirmed.version)
        events.record(
            [
                _event(
                    run,
                    events.COORDINATOR,
                    "coordinator.confirmed",
                    now,
                    strategy=plan.strategy,
                    attempts=run.claim.cycle_attempts,
                    duration_ms=run.duration_ms,
                    moves=len(plan.moves),
                )
            ]
        )
    return Confirmed(strategy=plan.strategy)


def _take_tables(booking: Booking, plan: Plan, now: datetime) -> None:
    tables = _ids(plan.tables)
    if not plan.moves:
        hold(booking=booking, tables=tables, now=now)
        return
    moves = [
        Exchange(
            booking_id=int(move.booking), from_tables=_ids(move.from_tables), to_tables=_ids(move.to_tables)
        )
        for move in plan.moves
    ]
    hold_after_moves(booking=booking, tables=tables, moves=moves, cause=plan.strategy, now=now)


def _ids(tables: Iterable[Id]) -> tuple[int, ...]:
    """The engine's table ids as the database's."""
    return tuple(int(table) for table in tables)


def hand_to_people(
    *,
    booking: Booking,
    position: Position,
    reason: Reason,
    now: datetime,
    metadata: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Move the booking to manual review and tell the guest it was received, in the current transaction."""
    reviewed = state_machine.move(
        position=position,
        steps=[Step(to=State.MANUAL_REVIEW, reason=reason, metadata=metadata or {})],
        at=now,
        changes={"next_attempt_at": None, **(changes or {})},
    )
    promise_mail(booking=booking, kind=MailKind.RECEIVED, revision=reviewed.version)


def promise_mail(*, booking: Booking, kind: MailKind, revision: int) -> None:
    """Promise the guest a mail, if there is an address to send it to."""
    if booking.guest_email:
        promise(booking_id=booking.pk, kind=kind, revision=revision)


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
            _to_review(run, verdict, failure.reason, now)
            return ManualReview(reason=verdict)
        delay = next_delay(failure, jitter)
        _to_retry(run, failure.reason, delay, now)
        return Retry(reason=failure.reason, delay=delay)


def _to_review(run: Run, verdict: Reason, cause: Reason, now: datetime) -> None:
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
    )
    events.record(
        [
            _event(
                run,
                events.COORDINATOR,
                "coordinator.manual_review",
                now,
                severity=events.Severity.NOTICE,
                reason=verdict,
                attempts=run.claim.cycle_attempts,
                duration_ms=run.duration_ms,
            )
        ]
    )


def _to_retry(run: Run, reason: Reason, delay: timedelta, now: datetime) -> None:
    state_machine.move(
        position=run.claim.position,
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason=reason)],
        at=now,
        changes={"next_attempt_at": now + delay, "auto_assign_last_result": last_result(run, reason=reason)},
    )
    trigger = THOROUGH if reason == Reason.UNDECIDED else "retry"
    enqueue(ASSIGN_TASK, run.claim.booking.pk, trigger, delay=delay)
    events.record(
        [
            _event(
                run,
                events.COORDINATOR,
                "coordinator.retry",
                now,
                reason=reason,
                delay_ms=round(delay.total_seconds() * 1000),
                attempts=run.claim.cycle_attempts,
                duration_ms=run.duration_ms,
            )
        ]
    )


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
    context: dict[str, Any] = {
        "plans": decision.considered if decision else 0,
        "duration_ms": run.duration_ms,
    }
    if decision and decision.plan and reason is None:
        context |= {"strategy": strategy, "score": decision.plan.score}
        events.record([_event(run, events.ENGINE, "attempt.success", now, **context)])
    else:
        events.record([_event(run, events.ENGINE, "attempt.failure", now, reason=reason, **context)])


def _event(
    run: Run,
    source: str,
    event_type: str,
    now: datetime,
    *,
    severity: events.Severity = events.Severity.INFO,
    **context: Any,
) -> events.Record:
    return events.Record(
        source=source,
        event_type=event_type,
        at=now,
        severity=severity,
        restaurant_id=run.claim.booking.restaurant_id,
        booking_id=run.claim.booking.pk,
        context=context,
    )
