"""One run of the coordinator, from lock to outcome."""

import logging
import random
import time
import traceback
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from assignments.coordinator.claim import claim, refusal
from assignments.coordinator.finish import AllocationLostError, Run, confirm, fail, hand_to_people
from assignments.coordinator.outcomes import ManualReview, Noop, Outcome, Retry
from assignments.coordinator.retry_policy import NO_PERMIT_DELAY, Failure
from assignments.engine.decide import decide
from assignments.engine.plans import Decision
from assignments.engine.reasons import Reason
from assignments.facts_store import load_facts
from assignments.protection import permits
from assignments.protection.locks import TTL_SECONDS, Grant, booking_lock
from assignments.protection.permits import LeaseLostError
from bookings import state_machine
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from bookings.queue import enqueue
from bookings.state_machine import StaleBookingError
from bookings.states import FINAL, PATH_TO_CLAIM, State
from observability import events

logger = logging.getLogger(__name__)

#: Plans on fresh facts within one attempt, after other bookings took the tables first.
RACES_PER_ATTEMPT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """What a run reads from outside: the clock of the domain and the jitter of retries."""

    clock: Callable[[], datetime] = timezone.now
    jitter: Callable[[], float] = random.random


def process_booking(*, booking_id: int, trigger: str, edge: Edge = Edge()) -> Outcome:
    """Take one booking as far as it gets: to its tables, to another attempt, or to people.

    Safe to call any number of times and from any number of workers: what is not to do is a Noop.
    """
    with booking_lock(booking_id) as lock:
        booking = Booking.objects.select_related("restaurant").get(pk=booking_id)
        idle = _nothing_to_do(booking) if lock.held else "lock_contention"
        if idle is not None:
            _record_idle(booking, idle, lock, edge.clock())
            return Noop(reason=idle)
        try:
            return _run(booking, trigger, lock, edge)
        except (StaleBookingError, LeaseLostError) as error:
            logger.info("run of %s given up: %s", booking.reference, error)
            return Noop(reason=Reason.BOOKING_CHANGED)


def _nothing_to_do(booking: Booking) -> str | None:
    """Why this booking needs no run now, or None if it needs one."""
    if booking.assignment_state is None:
        return "history"
    state = State(booking.assignment_state)
    if state in FINAL:
        return f"already_{state}"
    return None if state in PATH_TO_CLAIM else str(state)


def _run(booking: Booking, trigger: str, lock: Grant, edge: Edge) -> Outcome:
    refused = refusal(booking)
    if refused is not None:
        return _refuse(booking, refused, edge.clock())
    began = time.perf_counter()
    claimed = claim(booking=booking, trigger=trigger, lock=lock, now=edge.clock())
    if claimed is None:
        return _wait_for_permit(booking, edge.clock())
    run = Run(claim=claimed, began=began)
    try:
        return _attempt(run, edge)
    except (StaleBookingError, LeaseLostError):
        permits.abandon(claimed.permit)
        raise
    except Exception as error:  # noqa: BLE001 - whatever failed, the booking goes on
        _report(booking, error, edge.clock())
        return _failed(run, None, Reason.ERROR, edge)


def _attempt(run: Run, edge: Edge) -> Outcome:
    """Plan and commit; plan again on fresh facts while other bookings take the tables first."""
    for lost_races in range(RACES_PER_ATTEMPT):
        run = replace(run, lost_races=lost_races)
        facts, request = load_facts(booking=run.claim.booking, now=edge.clock())
        decision = decide(facts, request, rungs=("direct",))
        if decision.plan is None:
            return _failed(run, decision, decision.reason or Reason.NO_ASSIGNMENT, edge)
        with suppress(AllocationLostError):
            return confirm(run=run, decision=decision, plan=decision.plan, now=edge.clock())
    return _failed(replace(run, lost_races=RACES_PER_ATTEMPT), decision, Reason.ALLOCATION_LOST, edge)


def _failed(run: Run, decision: Decision | None, reason: Reason, edge: Edge) -> Outcome:
    failure = Failure(
        reason=reason,
        proven=decision is not None and decision.proven,
        attempts=run.claim.cycle_attempts,
    )
    return fail(run=run, decision=decision, failure=failure, now=edge.clock(), jitter=edge.jitter())


def _refuse(booking: Booking, reason: Reason, now: datetime) -> Outcome:
    """No table is looked for: the booking goes straight to people, without permit or attempt."""
    with transaction.atomic():
        hand_to_people(booking=booking, position=state_machine.position_of(booking), reason=reason, now=now)
        events.record(
            [_event(booking, "coordinator.manual_review", now, reason=reason, attempts=0, duration_ms=0)]
        )
    return ManualReview(reason=reason)


def _wait_for_permit(booking: Booking, now: datetime) -> Outcome:
    """Not counted as an attempt: the booking is as it was, and its task comes back."""
    delay = NO_PERMIT_DELAY
    with transaction.atomic():
        enqueue(ASSIGN_TASK, booking.pk, "permit", delay=delay)
        events.record(
            [
                _event(
                    booking,
                    "coordinator.retry",
                    now,
                    reason=Reason.RATE_LIMITED,
                    delay_ms=round(delay.total_seconds() * 1000),
                    attempts=booking.assignment_attempts - booking.assignment_cycle_start,
                    duration_ms=0,
                )
            ]
        )
    return Retry(reason=Reason.RATE_LIMITED, delay=delay)


def _record_idle(booking: Booking, why: str, lock: Grant, now: datetime) -> None:
    records = [_event(booking, "coordinator.noop", now, reason=why)]
    if not lock.held:
        records.append(
            _event(
                booking, "coordinator.lock_contention", now, wait_ms=lock.wait_ms, ttl_ms=TTL_SECONDS * 1000
            )
        )
    events.record(records)


def _report(booking: Booking, error: Exception, now: datetime) -> None:
    """Log and record an unexpected error under one id.

    Its message stays out of both: a database error quotes the row, which holds the guest.
    """
    error_id = uuid.uuid4().hex[:12]
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("error %s (%s) on %s\n%s", error_id, type(error).__name__, booking.reference, frames)
    events.record(
        [
            _event(
                booking,
                "coordinator.error",
                now,
                severity=events.Severity.ERROR,
                error_class=type(error).__name__,
                error_id=error_id,
            )
        ]
    )


def _event(
    booking: Booking,
    event_type: str,
    now: datetime,
    *,
    severity: events.Severity = events.Severity.INFO,
    **context: Any,
) -> events.Record:
    return events.Record(
        source=events.COORDINATOR,
        event_type=event_type,
        at=now,
        severity=severity,
        restaurant_id=booking.restaurant_id,
        booking_id=booking.pk,
        context=context,
    )
