"""One run of the coordinator, from lock to outcome."""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from assignments import flags, legacy, shadow
from assignments.coordinator.claim import Claim, claim, refusal
from assignments.coordinator.finish import Run, confirm, fail, hand_to_people
from assignments.coordinator.records import (
    record_circuit,
    record_error,
    record_idle,
    record_refusal,
    record_return,
)
from assignments.coordinator.retry_policy import CLAIM_ERROR_DELAY, NO_PERMIT_DELAY, THOROUGH, Failure
from assignments.coordinator.route import Route, route_of
from assignments.coordinator.subject import Subject, load_subject
from assignments.edge import LIVE, Edge
from assignments.engine.decide import decide, decide_patiently
from assignments.engine.flags import Mode
from assignments.engine.plans import Decision
from assignments.engine.reasons import Reason
from assignments.facts_store import load_facts
from assignments.outcomes import ManualReview, Noop, Outcome, Retry
from assignments.protection import permits
from assignments.protection.breaker import Breaker, Verdict
from assignments.protection.locks import Grant, booking_lock
from assignments.protection.permits import LeaseLostError
from bookings import state_machine
from bookings.allocations import AllocationLostError
from bookings.intake import ASSIGN_TASK
from bookings.models import Booking
from bookings.queue.tasks import enqueue
from bookings.state_machine import StaleBookingError
from bookings.states import FINAL, PATH_TO_CLAIM, State
from observability.traces import span, traced

logger = logging.getLogger(__name__)

#: Plans on fresh facts within one attempt, after other bookings took the tables first.
RACES_PER_ATTEMPT = 3

_OVERTAKEN = Noop(reason=Reason.BOOKING_CHANGED)


@traced("assignment.run")
def process_booking(*, booking_id: int, trigger: str, edge: Edge = LIVE) -> Outcome:
    """Take one booking as far as it gets: to its tables, to another attempt, or to people.

    Safe to call any number of times and from any number of workers: what is not to do is a Noop.
    Raises Booking.DoesNotExist for an id there is none of.
    """
    with booking_lock(booking_id) as lock:
        subject = load_subject(booking_id)
        idle = _nothing_to_do(subject.booking) if lock.held else Reason.LOCK_CONTENTION
        if idle is not None:
            record_idle(subject.booking, idle, lock, edge.clock())
            return Noop(reason=idle)
        processed = _on_its_route(subject, trigger, lock, edge)
    if processed.outcome == _OVERTAKEN:
        _take_up_again(booking_id, edge.clock())
    # The lock is free again and the booking decided: whatever becomes of the comparison is no matter of it.
    if processed.deciding is not None:
        shadow.compare(deciding=processed.deciding, now=edge.clock())
    return processed.outcome


def _on_its_route(subject: Subject, trigger: str, lock: Grant, edge: Edge) -> legacy.Processed:
    booking = subject.booking
    route = route_of(booking, flags.current())
    refused = refusal(booking, count=subject.arriving)
    if route.mode is not Mode.ACTIVE:
        return legacy.process(
            booking=booking,
            trigger=trigger,
            edge=edge,
            mode=route.mode,
            flag_version=route.flag_version,
            refused=refused,
        )
    try:
        if refused is None:
            outcome = _guarded_run(booking, route, trigger, lock, edge)
        else:
            outcome = _refuse(booking, route, refused, edge.clock())
    except (StaleBookingError, LeaseLostError) as error:
        logger.info("run of %s given up: %s", booking.reference, error)
        return legacy.Processed(outcome=_OVERTAKEN)
    return legacy.Processed(outcome=outcome)


def _take_up_again(booking_id: int, now: datetime) -> None:
    """Have a booking planned that was changed under the run: its task may have met the lock and left."""
    due = Booking.objects.filter(
        pk=booking_id, assignment_state__in=list(PATH_TO_CLAIM), next_attempt_at__lte=now
    )
    if due.exists():
        enqueue(ASSIGN_TASK, booking_id, "changed")


def _nothing_to_do(booking: Booking) -> str | None:
    """Why this booking needs no run now, or None if it needs one."""
    if booking.assignment_state is None:
        return "history"
    state = State(booking.assignment_state)
    if state in FINAL:
        return f"already_{state}"
    return None if state in PATH_TO_CLAIM else str(state)


def _guarded_run(booking: Booking, route: Route, trigger: str, lock: Grant, edge: Edge) -> Outcome:
    """Run if the circuit lets it, and tell the circuit how that went."""
    breaker = Breaker()
    admission = breaker.admit()
    if admission.verdict is Verdict.OPEN:
        return _come_back(booking, Reason.CIRCUIT_OPEN, admission.delay, edge.clock())
    began = time.perf_counter()
    claimed: Claim | None = None
    try:
        claimed = claim(booking=booking, route=route, trigger=trigger, lock=lock, now=edge.clock())
        if claimed is None:
            breaker.abstain(admission)
            return _come_back(booking, Reason.RATE_LIMITED, NO_PERMIT_DELAY, edge.clock())
        outcome = _attempt(Run(claim=claimed, began=began), edge, thorough=trigger == THOROUGH)
    except (StaleBookingError, LeaseLostError):
        breaker.abstain(admission)
        if claimed is not None:
            permits.abandon(claimed.permit)
        raise
    except Exception as error:  # noqa: BLE001 - whatever failed, the booking goes on
        record_error(booking, error, edge.clock())
        record_circuit(booking, breaker.report(success=False), edge.clock())
        if claimed is None:
            return _come_back(booking, Reason.ERROR, CLAIM_ERROR_DELAY, edge.clock())
        return _failed(Run(claim=claimed, began=began), None, Reason.ERROR, edge)
    record_circuit(booking, breaker.report(success=True, admission=admission), edge.clock())
    return outcome


def _attempt(run: Run, edge: Edge, *, thorough: bool) -> Outcome:
    """Plan and commit; plan again on fresh facts while other bookings take the tables first."""
    for lost_races in range(RACES_PER_ATTEMPT):
        run = replace(run, lost_races=lost_races)
        facts, request = load_facts(booking=run.claim.booking, now=edge.clock())
        with span("assignment.decide"):
            decision = decide_patiently(facts, request) if thorough else decide(facts, request)
        if decision.plan is None:
            return _failed(run, decision, decision.reason or Reason.NO_ASSIGNMENT, edge, thorough=thorough)
        try:
            return confirm(run=run, facts=facts, decision=decision, plan=decision.plan, now=edge.clock())
        except AllocationLostError:
            # What changed may be the house itself: its rules and the version of its floor plan.
            run.claim.booking.restaurant.refresh_from_db()
    return _failed(replace(run, lost_races=RACES_PER_ATTEMPT), decision, Reason.ALLOCATION_LOST, edge)


def _failed(
    run: Run, decision: Decision | None, reason: Reason, edge: Edge, *, thorough: bool = False
) -> Outcome:
    failure = Failure(
        reason=reason,
        proven=decision is not None and decision.proven,
        attempts=run.claim.cycle_attempts,
        thorough=thorough,
    )
    return fail(run=run, decision=decision, failure=failure, now=edge.clock(), jitter=edge.jitter())


def _refuse(booking: Booking, route: Route, reason: Reason, now: datetime) -> Outcome:
    """No table is looked for: the booking goes straight to people, without permit or attempt."""
    with transaction.atomic():
        hand_to_people(
            booking=booking,
            position=state_machine.position_of(booking),
            reason=reason,
            now=now,
            changes=route.pin,
        )
        record_refusal(booking, reason, now)
    return ManualReview(reason=reason)


def _come_back(booking: Booking, reason: Reason, delay: timedelta, now: datetime) -> Outcome:
    """Not counted as an attempt: the booking stays as it is, and its task comes back.

    When is written down, or a sweep would take the task for lost and give the booking one more each time.
    """
    seen = Booking.objects.filter(pk=booking.pk, assignment_state_version=booking.assignment_state_version)
    with transaction.atomic():
        # By the database's clock, like the task.
        seen.update(next_attempt_at=Now() + delay)
        enqueue(ASSIGN_TASK, booking.pk, "retry", delay=delay)
        record_return(booking, reason, delay, now)
    return Retry(reason=reason, delay=delay)
