"""One run of the legacy planner: an attempt, and what becomes of it."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from assignments.edge import Edge
from assignments.engine.flags import Mode
from assignments.engine.policies import legacy as quote
from assignments.engine.reasons import Reason
from assignments.facts_store import load_facts
from assignments.legacy.attempts import Run
from assignments.legacy.claim import take
from assignments.legacy.deciding import Frozen, Processed
from assignments.legacy.finish import confirm, fail, refuse
from assignments.legacy.policy import MAX_LOST
from assignments.legacy.records import auto_assign_event
from assignments.outcomes import Noop
from assignments.records import log_error
from bookings.allocations import AllocationLostError
from bookings.models import Booking
from bookings.state_machine import StaleBookingError
from bookings.states import PATH_TO_CLAIM, State
from observability import events


def process(
    *,
    booking: Booking,
    trigger: str,
    edge: Edge,
    mode: Mode,
    flag_version: int | None,
    refused: Reason | None = None,
) -> Processed:
    """Take one booking as far as it gets: to its tables, to another attempt, or to people.

    The caller holds the booking's lock and has read the booking, with its restaurant, under it.
    `refused` is the house's own reason not to look for a table. Two commits at most for an attempt:
    its start and its end. Safe to call any number of times: what is not to do is a Noop.
    """
    began = time.perf_counter()
    if booking.assignment_state not in PATH_TO_CLAIM:
        return _overtaken(booking, began, edge.clock())
    try:
        if refused is not None:
            return refuse(
                booking=booking, reason=refused, mode=mode, flag_version=flag_version, now=edge.clock()
            )
        claim = take(booking=booking, trigger=trigger, mode=mode, flag_version=flag_version, now=edge.clock())
        if claim is None:
            return Processed(outcome=Noop(reason=Reason.LOCK_CONTENTION))
        return _run(Run(claim=claim, began=began), edge)
    except StaleBookingError:
        return _overtaken(booking, began, edge.clock())


def _run(run: Run, edge: Edge) -> Processed:
    if run.claim.lost >= MAX_LOST:
        return fail(run=run, decision=None, cause=Reason.POISONED, now=edge.clock())
    try:
        return _attempt(run, edge)
    except StaleBookingError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever failed, the booking goes on
        error_id = log_error(error, run.claim.booking.reference)
        failed = replace(run, error_id=error_id, error_class=type(error).__name__)
        return fail(run=failed, decision=None, cause=Reason.ERROR, now=edge.clock())


def _attempt(run: Run, edge: Edge) -> Processed:
    facts, request = load_facts(booking=run.claim.booking, now=edge.clock())
    run = replace(run, frozen=Frozen(facts=facts, request=request))
    decision = quote(facts, request)
    if decision.plan is None:
        cause = decision.reason or Reason.NO_ASSIGNMENT
        return fail(run=run, decision=decision, cause=cause, now=edge.clock())
    with suppress(AllocationLostError):
        return confirm(run=run, decision=decision, plan=decision.plan, now=edge.clock())
    return fail(run=run, decision=decision, cause=Reason.ALLOCATION_LOST, now=edge.clock())


def _overtaken(booking: Booking, began: float, now: datetime) -> Processed:
    """Somebody else moved the booking; nothing of this run is written."""
    state = Booking.objects.values_list("assignment_state", flat=True).get(pk=booking.pk)
    if state != State.CONFIRMED:
        return Processed(outcome=Noop(reason=Reason.BOOKING_CHANGED))
    events.record(
        [
            auto_assign_event(
                booking,
                "auto_assign.summary",
                now,
                result="already_confirmed",
                attempts=booking.assignment_attempts - booking.assignment_cycle_start,
                duration_ms=round((time.perf_counter() - began) * 1000, 1),
            )
        ]
    )
    return Processed(outcome=Noop(reason="already_confirmed"))
