"""Finishes a claimed run: the second commit writes the plan, or what became of the failure."""

import json
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
from assignments.outcomes import Confirmed, ManualReview, Retry
from assignments.protection import permits
from assignments.protection.permits import LeaseLostError
from assignments.records import last_result, save_attempt
from bookings import state_machine
from bookings.allocations import (
    AllocationLostError,
    give_way,
    hold_after_moves,
    hold_values,
    holding,
)
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.news import tell_guest, telling, telling_values
from bookings.outbox.promise import SEND_TASK, enqueue_sending
from bookings.queue.at_hand import acknowledged, acknowledging, acknowledging_values
from bookings.queue.tasks import ENQUEUE, enqueue, enqueue_values
from bookings.state_machine import Arrival, Position, Rider, Step
from bookings.states import State
from observability import events
from observability.traces import traced

SOURCE = "coordinator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A claimed run with the figures its records carry; durations in milliseconds."""

    claim: Claim
    began: float
    lost_races: int = 0

    @property
    def duration_ms(self) -> float:
        return round((time.perf_counter() - self.began) * 1000, 1)


_ATTEMPT = """
INSERT INTO booking_assignment_attempts
    (booking_id, attempt_no, strategy, result, reason, metadata, created_at)
SELECT id, %(attempt_no)s, %(strategy)s, 'success', NULL, %(decision)s::jsonb, %(at)s FROM moved"""

#: What is written with the move of a confirmed booking: its attempt, the mail with its task, and that the
#: run's own task is done. The mail's names the id drawn for the mail; one that was taken back and is promised
#: again has an id of its own.
_RECORDED = f"""
attempt AS ({_ATTEMPT}),
mail AS ({telling(booked="moved", mail_id="%(mail_id)s")}),
task AS ({ENQUEUE} FROM mail WHERE mail.id = %(mail_id)s),
done AS ({acknowledging(after="moved")})"""
_MAIL = "(SELECT id FROM mail)"

#: What the move hangs on: the lease is still this run's and is given back, and all tables were free.
_SEATED = f"""
given_back AS ({permits.GIVE_BACK} RETURNING booking_id),
held AS ({holding(after="given_back")} RETURNING table_id),
all_held AS (SELECT count(*) FROM held HAVING count(*) = %(wanted)s)"""  # noqa: S608 - all parts are ours
_SEATED_ANSWER = "EXISTS (SELECT FROM given_back), EXISTS (SELECT FROM all_held)"

#: Without moves of other bookings, and with those: they are made before, in statements of their own.
_SEATING = Rider(before=_SEATED, gate="all_held", after=_RECORDED, answer=f"{_MAIL}, {_SEATED_ANSWER}")
_AFTER_MOVES = Rider(after=_RECORDED, answer=_MAIL)


@traced("assignment.commit")
def confirm(*, run: Run, facts: Facts, decision: Decision, plan: Plan, now: datetime) -> Confirmed:
    """Allocate the plan's tables and confirm the booking, in one commit; without moves in one statement
    and the lock before it.

    Raises AllocationLostError, LeaseLostError or StaleBookingError; then nothing is written.
    """
    with transaction.atomic():
        if plan.moves:
            permits.give_back(run.claim.permit)
            _take_tables(run.claim.booking, facts, plan, now)
        else:
            give_way(run.claim.booking.restaurant_id)
        arrival = _close(run, decision, plan, now)
        mail_id, *seated = arrival.answer
        if not plan.moves:
            _check_seated(run, plan, *seated)
        state_machine.arrived(arrival, run.claim.position)
        if mail_id not in (None, run.claim.mail_id):
            enqueue_sending(mail_id)
    acknowledged()
    return Confirmed(strategy=plan.strategy)


def _close(run: Run, decision: Decision, plan: Plan, now: datetime) -> Arrival:
    position = run.claim.position
    steps = (Step(to=State.ASSIGNED, metadata={"strategy": plan.strategy}), Step(to=State.CONFIRMED))
    transitions = state_machine.transition_records(position=position, steps=steps, at=now)
    return state_machine.move_with(
        rider=_AFTER_MOVES if plan.moves else _SEATING,
        values={
            **_attempt_values(run, decision, strategy=plan.strategy),
            **_mail_values(run),
            **acknowledging_values(),
            **_seating_values(run, plan, now),
        },
        position=position,
        steps=steps,
        at=now,
        changes={
            "status": BookingStatus.CONFIRMED.value,
            "assignment_strategy": plan.strategy,
            "assignment_cycle_start": run.claim.attempt_no,
            "auto_assign_last_result": _last_result(run, reason=None, strategy=plan.strategy),
        },
        records=[*transitions, _attempt_succeeded(run, decision, plan, now), _confirmed(run, plan, now)],
    )


def _attempt_values(run: Run, decision: Decision, *, strategy: str) -> dict[str, Any]:
    metadata = {**decision.as_json(), "lost_races": run.lost_races}
    return {"attempt_no": run.claim.attempt_no, "strategy": strategy, "decision": json.dumps(metadata)}


def _mail_values(run: Run) -> dict[str, Any]:
    mail_id = run.claim.mail_id
    return {
        "mail_id": mail_id,
        **telling_values(MailKind.CONFIRMATION),
        **enqueue_values(SEND_TASK, mail_id, patient=True),
    }


def _seating_values(run: Run, plan: Plan, now: datetime) -> dict[str, Any]:
    if plan.moves:
        return {}
    tables = table_ids(plan.tables)
    held = hold_values(booking=run.claim.booking, tables=tables, now=now)
    return {**held, "token": run.claim.permit.token, "wanted": len(tables)}


def _check_seated(run: Run, plan: Plan, given_back: bool, all_held: bool) -> None:  # noqa: FBT001 - columns
    """Say what kept the booking from its tables: its lease comes first, as nothing else counts without."""
    if not given_back:
        raise LeaseLostError(run.claim.booking.pk)
    if not all_held:
        raise AllocationLostError.of(table_ids(plan.tables))


def _take_tables(booking: Booking, facts: Facts, plan: Plan, now: datetime) -> None:
    hold_after_moves(
        booking=booking,
        tables=table_ids(plan.tables),
        moves=exchanges_of(plan, facts),
        cause=plan.strategy,
        now=now,
    )


@traced("assignment.commit")
def fail(
    *, run: Run, decision: Decision | None, failure: Failure, now: datetime, jitter: float
) -> Retry | ManualReview:
    """Record a failed attempt and have it tried again, or hand the booking to people, in one commit.

    Raises LeaseLostError or StaleBookingError; then nothing is written.
    """
    verdict = give_up_reason(failure, start=run.claim.booking.start_at, now=now)
    with transaction.atomic():
        permits.give_back(run.claim.permit)
        save_attempt(
            booking=run.claim.booking,
            attempt_no=run.claim.attempt_no,
            decision=decision,
            strategy=None,
            reason=failure.reason,
            now=now,
            lost_races=run.lost_races,
        )
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
            "auto_assign_last_result": _last_result(run, reason=verdict),
        },
        also=[_attempt_failed(run, decision, cause, now), _reviewed(run, verdict, now)],
    )
    return ManualReview(reason=verdict)


def _to_retry(run: Run, decision: Decision | None, reason: Reason, delay: timedelta, now: datetime) -> Retry:
    state_machine.move(
        position=run.claim.position,
        steps=[Step(to=State.ASSIGNMENT_PENDING, reason=reason)],
        at=now,
        changes={"next_attempt_at": now + delay, "auto_assign_last_result": _last_result(run, reason=reason)},
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
    actor_id: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    also: Sequence[events.Record] = (),
) -> None:
    """Move the booking to manual review and tell the guest it was received, in the current transaction."""
    state_machine.move(
        position=position,
        steps=[Step(to=State.MANUAL_REVIEW, reason=reason, metadata=metadata or {})],
        at=now,
        actor_id=actor_id,
        changes={"next_attempt_at": None, **(changes or {})},
        also=also,
    )
    tell_guest(booking_id=booking.pk, kind=MailKind.RECEIVED)


def _last_result(run: Run, *, reason: Reason | None, strategy: str | None = None) -> dict[str, Any]:
    return last_result(
        run.claim.booking, source=SOURCE, reason=reason, strategy=strategy, duration_ms=run.duration_ms
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
