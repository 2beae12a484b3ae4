"""Undo: a resolution is taken back within its window, and the case is open again with who ended it.

The mail about it has not left by then. Whatever happened to the booking since makes it too late.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from assignments.models import Resolution, ResolutionKind, ReviewCase
from assignments.review.claims import LEASE, CaseError
from assignments.review.records import log, tell
from assignments.review.resolutions import BY_STAFF, UNDO_WINDOW
from bookings import state_machine
from bookings.allocations import AllocationLostError, Exchange, be_alone, exchange, release
from bookings.models import Booking, BookingStatus, MailKind
from bookings.outbox.promise import void_pending
from bookings.state_machine import Step
from bookings.states import State
from bookings.wishes import wish_of

#: Mails a resolution promised.
_PROMISED = {
    ResolutionKind.SEATED: MailKind.CONFIRMATION,
    ResolutionKind.REJECTED: MailKind.DECLINED,
}


class TooLateError(CaseError):
    """The resolution stands: the window is over, or something else happened to the booking since."""


def undo(*, resolution_id: int, user: User, now: datetime) -> ReviewCase:
    """Take back what this person did; return the case, which is open again and this person's.

    Raises TooLateError; then nothing is changed.
    """
    found = Resolution.objects.select_related("case__booking").get(pk=resolution_id)
    with transaction.atomic():
        be_alone(found.case.booking.restaurant_id)
        booking = Booking.objects.select_for_update(of=("self",)).get(pk=found.case.booking_id)
        resolution = _locked(found, booking, user)
        _take_back_mail(resolution, booking, now)
        state_machine.move(
            position=state_machine.position_of(booking),
            steps=[Step(to=State.MANUAL_REVIEW, reason=BY_STAFF, metadata={"cause": "undone"})],
            at=now,
            actor_id=user.pk,
            changes={**_columns(resolution.before), "status": BookingStatus.PENDING},
        )
        _give_back_tables(resolution, booking, now)
        Resolution.objects.filter(pk=resolution.pk).update(undone_at=Now())
        return _reopened(resolution, user, now)


def _locked(found: Resolution, booking: Booking, user: User) -> Resolution:
    within = Resolution.objects.filter(created_at__gt=Now() - UNDO_WINDOW, undone_at__isnull=True, actor=user)
    resolution = within.select_for_update(of=("self",)).select_related("case").filter(pk=found.pk).first()
    if resolution is None:
        raise TooLateError(
            f"{booking.reference} stays as it is: only who did it can undo it, for {UNDO_WINDOW.seconds} s."
        )
    if resolution.kind not in _PROMISED or booking.assignment_state_version != resolution.version:
        raise TooLateError(f"{booking.reference} has moved on since; look at it and change it there.")
    return resolution


def _take_back_mail(resolution: Resolution, booking: Booking, now: datetime) -> None:
    kind = _PROMISED[ResolutionKind(resolution.kind)]
    # A mail that was due before is not this resolution's: a guest told the same earlier got none by it.
    mails = booking.mails.filter(kind=kind, revision=booking.revision, due_at__gte=resolution.created_at)
    promised = mails.exists()
    if promised and not void_pending(booking_id=booking.pk, kinds=[kind], now=now):
        raise TooLateError(f"The mail about {booking.reference} has left; change or cancel the booking.")


def _columns(before: dict[str, Any]) -> dict[str, Any]:
    """The booking's columns as they were, from JSON's types."""
    return {name: parse_datetime(value) if name.endswith("_at") else value for name, value in before.items()}


def _give_back_tables(resolution: Resolution, booking: Booking, now: datetime) -> None:
    """Free the tables, and put those who made room back where they sat."""
    release(booking=booking)
    if not resolution.moves:
        return
    moved = Booking.objects.in_bulk([booking_id for booking_id, _, _ in resolution.moves])
    back = [
        Exchange(
            booking_id=booking_id,
            from_tables=tuple(there),
            to_tables=tuple(here),
            wish=wish_of(moved[booking_id]),
        )
        for booking_id, here, there in resolution.moves
    ]
    try:
        exchange(booking=booking, moves=back, cause="undone", now=now, actor_id=resolution.actor_id)
    except AllocationLostError:
        raise TooLateError(
            f"Another party has taken a table back that had made room for {booking.reference}; it stands."
        ) from None


def _reopened(resolution: Resolution, user: User, now: datetime) -> ReviewCase:
    """The case the transition has just opened goes on where the old one was: age, notes, owner."""
    old = resolution.case
    case = ReviewCase.objects.select_related("booking__restaurant").get(
        booking_id=old.booking_id, closed_at__isnull=True
    )
    ReviewCase.objects.filter(pk=case.pk).update(
        opened_at=old.opened_at, reason=old.reason, owner=user, claimed_until=Now() + LEASE
    )
    old.notes.update(case=case)
    case.refresh_from_db()
    tell(case, "case.undone", now=now, action=str(resolution.kind))
    log(case, actor_id=user.pk, message=f"Review: undone ({resolution.sentence}).")
    return case
