"""Ends an attempt of the legacy planner: the final commit writes all states at once, a retry none."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from assignments.engine.flags import Mode
from assignments.engine.plans import Decision, Plan
from assignments.engine.reasons import Reason
from assignments.legacy.attempts import Run, attempt_record, retry_record, save_attempt, summary_record
from assignments.legacy.deciding import Deciding, Processed
from assignments.legacy.policy import RETRY_DELAYS, give_up_reason, summary_result
from assignments.legacy.records import auto_assign_event
from assignments.outcomes import Confirmed, ManualReview, Retry
from assignments.records import last_result
from bookings import state_machine
from bookings.allocations import hold
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.news import tell_guest
from bookings.queue.tasks import enqueue
from bookings.state_machine import Position, StaleBookingError, Step
from bookings.states import PATH_TO_CLAIM, State
from observability import events

SOURCE = "auto_assign"

#: Closes the comparison of a booking whose worker was lost between its commit and the shadow run.
SETTLE_TASK = "assignments.shadow.tasks.settle"
SETTLE_AFTER = timedelta(seconds=60)


def confirm(*, run: Run, decision: Decision, plan: Plan, now: datetime) -> Processed:
    """Hold the plan's tables and confirm the booking, in one commit.

    Raises AllocationLostError or StaleBookingError; then nothing is written.
    """
    claim = run.claim
    last = (Step(to=State.ASSIGNED, metadata={"strategy": plan.strategy}), Step(to=State.CONFIRMED))
    with transaction.atomic():
        hold(booking=claim.booking, tables=[int(table) for table in plan.tables], now=now)
        _move(
            claim.position,
            (*_way_to_claim(claim.position), *last),
            now,
            {
                "status": BookingStatus.CONFIRMED,
                "assignment_strategy": plan.strategy,
                **_closing(run, reason=None, strategy=plan.strategy),
            },
        )
        save_attempt(run, decision, reason=None, plan=plan, now=now)
        tell_guest(booking_id=claim.booking.pk, kind=MailKind.CONFIRMATION)
        events.record(
            [
                attempt_record(run, decision, reason=None, plan=plan, now=now),
                summary_record(run, result="succeeded", reason=None, now=now),
            ]
        )
        _await_comparison(claim.booking, claim.mode)
        return Processed(outcome=Confirmed(strategy=plan.strategy), deciding=_deciding(run, plan, None))


def fail(*, run: Run, decision: Decision | None, cause: Reason, now: datetime) -> Processed:
    """Record a failed attempt and have it tried again, or hand the booking to people, in one commit.

    Raises StaleBookingError; then nothing is written.
    """
    claim = run.claim
    verdict = give_up_reason(cause, attempts=claim.cycle_attempts, start=claim.booking.start_at, now=now)
    with transaction.atomic():
        if verdict is None:
            return _to_retry(run, decision, cause, now)
        return _to_review(run, decision, verdict, cause, now)


def refuse(
    *, booking: Booking, reason: Reason, mode: Mode, flag_version: int | None, now: datetime
) -> Processed:
    """Hand the booking to people without looking for a table, in one commit."""
    position = state_machine.position_of(booking)
    pin = {"assignment_path": mode, "assignment_flag_version": flag_version, "next_attempt_at": None}
    with transaction.atomic():
        _move(position, (Step(to=State.MANUAL_REVIEW, reason=reason),), now, pin)
        tell_guest(booking_id=booking.pk, kind=MailKind.RECEIVED)
        context: dict[str, Any] = {
            "result": "exhausted",
            "reason": reason,
            "attempts": 0,
            "duration_ms": 0,
            "path": mode,
        }
        events.record([auto_assign_event(booking, "auto_assign.summary", now, **context)])
        _await_comparison(booking, mode)
    deciding = Deciding(
        position=position, flag_version=flag_version, frozen=None, plan=None, reason=reason, refused=True
    )
    return Processed(outcome=ManualReview(reason=reason), deciding=deciding if mode is Mode.SHADOW else None)


def _to_retry(run: Run, decision: Decision | None, cause: Reason, now: datetime) -> Processed:
    claim = run.claim
    delay = RETRY_DELAYS[claim.cycle_attempts - 1]
    scheduled = Booking.objects.filter(
        pk=claim.booking.pk,
        assignment_state=claim.position.state,
        assignment_state_version=claim.position.version,
        assignment_attempts=claim.attempt_no,
    ).update(
        # By the database's clock, like the task: workers on other machines look at it.
        next_attempt_at=Now() + delay,
        auto_assign_last_result=_last_result(run, reason=cause),
        updated_at=now,
    )
    if scheduled != 1:
        raise StaleBookingError(f"{claim.booking.reference} moved on during attempt {claim.attempt_no}")
    save_attempt(run, decision, reason=cause, plan=None, now=now)
    enqueue(ASSIGN_TASK, claim.booking.pk, "retry", delay=delay)
    events.record(
        [
            attempt_record(run, decision, reason=cause, plan=None, now=now),
            retry_record(run, cause, delay, now),
        ]
    )
    return Processed(outcome=Retry(reason=cause, delay=delay))


def _to_review(
    run: Run, decision: Decision | None, verdict: Reason, cause: Reason, now: datetime
) -> Processed:
    claim = run.claim
    metadata = {"cause": cause} if cause != verdict else {}
    last = Step(to=State.MANUAL_REVIEW, reason=verdict, metadata=metadata)
    _move(claim.position, (*_way_to_claim(claim.position), last), now, _closing(run, reason=verdict))
    save_attempt(run, decision, reason=cause, plan=None, now=now)
    tell_guest(booking_id=claim.booking.pk, kind=MailKind.RECEIVED)
    result = summary_result(verdict, cause)
    events.record(
        [
            attempt_record(run, decision, reason=cause, plan=None, now=now),
            summary_record(run, result=result, reason=verdict, now=now),
        ]
    )
    _await_comparison(claim.booking, claim.mode)
    return Processed(outcome=ManualReview(reason=verdict), deciding=_deciding(run, None, cause))


def _way_to_claim(position: Position) -> list[Step]:
    return [Step(to=state) for state in PATH_TO_CLAIM[position.state]]


def _move(position: Position, steps: tuple[Step, ...], now: datetime, changes: Mapping[str, Any]) -> None:
    state_machine.move(
        position=position,
        steps=steps,
        at=now,
        source=events.AUTO_ASSIGN,
        event_type="auto_assign.transition",
        changes=changes,
    )


def _closing(run: Run, *, reason: Reason | None, strategy: str | None = None) -> dict[str, Any]:
    """The columns that end the booking's cycle."""
    return {
        "assignment_cycle_start": run.claim.attempt_no,
        "next_attempt_at": None,
        "auto_assign_last_result": _last_result(run, reason=reason, strategy=strategy),
    }


def _last_result(run: Run, *, reason: Reason | None, strategy: str | None = None) -> dict[str, Any]:
    return last_result(
        run.claim.booking, source=SOURCE, reason=reason, strategy=strategy, duration_ms=run.duration_ms
    )


def _await_comparison(booking: Booking, mode: Mode) -> None:
    if mode is Mode.SHADOW:
        enqueue(SETTLE_TASK, booking.pk, delay=SETTLE_AFTER)


def _deciding(run: Run, plan: Plan | None, cause: Reason | None) -> Deciding | None:
    claim = run.claim
    if claim.mode is not Mode.SHADOW:
        return None
    return Deciding(
        position=claim.position,
        flag_version=claim.flag_version,
        frozen=run.frozen,
        plan=plan,
        reason=cause,
    )
